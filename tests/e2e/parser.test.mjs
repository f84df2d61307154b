// SPDX-License-Identifier: ISC
// The decoder of packets beside npm's socket.io-parser: the fuzzer's corpus, and
// mutations of it from a fixed seed. What libsio takes, the other takes, too,
// and reads the same from it; what libsio alone refuses is listed here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CORPUS = `${ROOT}tests/fuzz/corpus/sio_packet/`;
const { Decoder } = createRequire(import.meta.url)('socket.io-parser');

const MUTATIONS = 40000;
const PIECES = ['[', ']', '{', '}', '"', ',', ':', '-', '0', '1', '9', '/', 'é',
	'\\', '\\u0000', '\\ud800', 'null', 'true', '1e5', '😀', '[]', '{}', '""',
	'connect', '"disconnect"', '\n', '/a,', '10-', '{"_placeholder":true,"num":0}'];

const seeds = readdirSync(CORPUS).sort()
	.map(name => readFileSync(CORPUS + name, 'utf8'));

/** xorshift32: the same packets in each run. */
function makeRandom(seed) {
	let x = seed;
	return below => {
		x ^= x << 13;
		x ^= x >>> 17;
		x ^= x << 5;
		return (x >>> 0) % below;
	};
}

function mutate(text, random) {
	const at = random(text.length + 1);
	switch (random(4)) {
	case 0: return text.slice(0, at) + text.slice(at + 1 + random(3));
	case 1: return text.slice(0, at);
	case 2: return text.slice(0, at) + PIECES[random(PIECES.length)] +
		text.slice(at + random(2));
	default: return text.slice(0, at) + PIECES[random(PIECES.length)] +
		PIECES[random(PIECES.length)] + text.slice(at);
	}
}

function makePackets() {
	const random = makeRandom(2463534242);
	const packets = [...seeds];
	while (packets.length < MUTATIONS) {
		// mostly one step away from what is valid, sometimes several
		let text = packets[random(random(4) ? seeds.length : packets.length)];
		for (let i = random(2); i >= 0; i--)
			text = mutate(text, random);
		// half a surrogate pair has no form in UTF-8
		if (text.isWellFormed?.() ?? !/[\ud800-\udfff]/.test(
			text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '')))
			packets.push(text);
	}
	return packets;
}

const hex = text => Buffer.from(text).toString('hex');
const unhex = text => Buffer.from(text, 'hex').toString();

function ours(packets) {
	const { stdout, status } = spawnSync(`${ROOT}build/tests/e2e/sio_decode`, {
		input: packets.map(p => `${hex(p)}\n`).join(''),
		maxBuffer: 1 << 28,
	});
	assert.equal(status, 0);
	return stdout.toString().trimEnd().split('\n').map(line => {
		if (line === 'error')
			return null;
		const [type, attachments, nsp, id, json] = line.split('\t');
		return {
			type: Number(type), attachments: Number(attachments),
			nsp: unhex(nsp), id: Number(id),
			data: json ? JSON.parse(unhex(json)) : undefined,
		};
	});
}

function theirs(text) {
	try {
		const p = new Decoder().decodeString(text);
		return { type: p.type, attachments: p.attachments ?? 0,
			nsp: p.nsp, id: p.id ?? -1, data: p.data };
	} catch {
		return null;
	}
}

function depth(value) {
	return value !== null && typeof value === 'object' ?
		1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
}

/** Why libsio refuses what the other takes; undefined: no reason is known. */
function difference(text, packet) {
	if (!/^\d/.test(text))
		return 'nothing, or white space, taken for the type 0';
	if (packet.data === undefined && [2, 3, 5, 6].includes(packet.type))
		return 'an event or an acknowledgement without its array';
	if (packet.id > 2 ** 48 - 1)
		return 'an id above 2^48';
	if (/^[56](?!\d+-)/.test(text))
		return 'attachments that are not written in digits';
	if (/^[56]0+-/.test(text))
		return 'a binary packet without attachments';
	if (/^\d(\d+-)?(\/[^,]*,)?\d*\s/.test(text))
		return 'white space taken for a digit';
	if (depth(packet.data) > 32)
		return 'nesting above 32';
	return undefined;
}

test('packets are read as socket.io-parser reads them', () => {
	const packets = makePackets();
	const read = ours(packets);
	const differences = new Map();
	let both = 0;

	assert.equal(read.length, packets.length);
	packets.forEach((text, i) => {
		const other = theirs(text);
		if (read[i]) {
			assert.deepEqual(read[i], other, JSON.stringify(text));
			both++;
		} else if (other) {
			const why = difference(text, other);
			assert.ok(why, `refused: ${JSON.stringify(text)}`);
			differences.set(why, (differences.get(why) ?? 0) + 1);
		}
	});
	// a comparison of what both refuse would prove nothing
	assert.ok(both > packets.length / 20, `only ${both} were taken by both`);
	console.log(`# ${packets.length} packets, ${both} taken by both;`,
		'refused here alone:', Object.fromEntries(differences));
});
