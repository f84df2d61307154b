// SPDX-License-Identifier: ISC
// A ping on the wire becomes a line in the room.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import {
	PASSWORD, echoCount, echoes, labTest, messages, onlyCaps,
} from '../support/lab.mjs';
import { sleep, until } from '../support/process.mjs';

/** The lines of `count` pings of `from` to `to`. */
function dialogue(protocol, from, to, count) {
	const line = (what, src, dst) =>
		`${protocol} Echo ${what} from ${src} to ${dst} (code: 0)`;
	return Array.from({ length: count }, () => [
		line('Request', from, to), line('Reply', to, from)]).flat();
}

/** What follows the line of a packet where it stands for several. */
const SUMMARY = / \(code: 0\) ×(\d+) in \d+(\.\d+)? s$/;

/** How many echo packets the room was told of. */
const packets = viewer => echoes(viewer).reduce((sum, text) =>
	sum + Number(SUMMARY.exec(text)?.[1] ?? 1), 0);

describe('the room', { concurrency: 4 }, () => {
	for (const [protocol, a, b] of [['ICMP', 'a4', 'b4'],
		['ICMPv6', 'a6', 'b6']]) {
		labTest(`${protocol}: three pings are six lines`, async l => {
			const [pair] = l.net.pairs;
			await l.backend();
			const { viewer } = await l.joined();
			const ping = await l.ping(pair[a], 3, 0.4).end();
			assert.equal(ping.code, 0);
			await echoCount(viewer, 6);
			await sleep(300); // a seventh would be a defect too
			assert.deepEqual(echoes(viewer),
				dialogue(protocol, pair[b], pair[a], 3));
			for (const m of messages(viewer))
				assert.equal(m.client, 'ICMP');
		});

		labTest(`${protocol}: the host's own ping shows its requests`,
			async l => {
				const [pair] = l.net.pairs;
				await l.backend();
				const { viewer } = await l.joined();
				await l.spawn('ping', l.net.a, ['ping', '-c', '2',
					'-i', '0.4', pair[b]]).end();
				await echoCount(viewer, 4);
				assert.deepEqual(echoes(viewer),
					dialogue(protocol, pair[a], pair[b], 2));
			});
	}

	labTest('CAP_NET_ADMIN and CAP_BPF are enough', async l => {
		const [pair] = l.net.pairs;
		await l.backend();
		const { viewer } = await l.joined(['lan0'],
			{ prefix: onlyCaps('net_admin,+bpf') });
		await l.ping(pair.a4, 2, 0.4).end();
		await l.ping(pair.a6, 2, 0.4).end();
		await echoCount(viewer, 8);
		assert.deepEqual(echoes(viewer), [
			...dialogue('ICMP', pair.b4, pair.a4, 2),
			...dialogue('ICMPv6', pair.b6, pair.a6, 2)]);
	});

	labTest('several interfaces, one room', async l => {
		const [first] = l.net.pairs;
		const second = l.net.addPair();
		await l.backend();
		const { viewer } = await l.joined(['lan0', 'lan1']);
		await l.ping(first.a4, 2, 0.4).end();
		await l.ping(second.a4, 2, 0.4).end();
		await echoCount(viewer, 8);
		assert.deepEqual(echoes(viewer), [
			...dialogue('ICMP', first.b4, first.a4, 2),
			...dialogue('ICMP', second.b4, second.a4, 2)]);
	});

	labTest('with %i each interface has a room', async l => {
		const [first] = l.net.pairs;
		const second = l.net.addPair();
		await l.backend();
		const viewers = [await l.viewer({ room: 'lan0-ICMP' }),
			await l.viewer({ room: 'lan1-ICMP' })];
		l.agent(['lan0', 'lan1'], { env: { CLIENTNAME: '%i-ICMP' } });
		for (const viewer of viewers)
			await l.inRoom(viewer);
		await l.ping(first.a4, 2, 0.4).end();
		await l.ping(second.a4, 2, 0.4).end();
		for (const [i, pair] of l.net.pairs.entries()) {
			await echoCount(viewers[i], 4);
			assert.deepEqual(echoes(viewers[i]),
				dialogue('ICMP', pair.b4, pair.a4, 2));
		}
	});

	labTest('two agents share a room', async l => {
		const [first] = l.net.pairs;
		const second = l.net.addPair();
		await l.backend();
		const { viewer } = await l.joined(['lan0']);
		const other = l.agent(['lan1']);
		await other.line(/connected|joined/i);
		await l.ping(first.a4, 1).end();
		await until(() => echoes(viewer).length === 2, 15000,
			'the first agent\'s two lines');
		await l.ping(second.a4, 1).end();
		await echoCount(viewer, 4);
		assert.deepEqual(echoes(viewer), [
			...dialogue('ICMP', first.b4, first.a4, 1),
			...dialogue('ICMP', second.b4, second.a4, 1)]);
	});

	labTest('without a password, where the backend has none', async l => {
		const [pair] = l.net.pairs;
		await l.backend({ password: '' });
		const viewer = await l.viewer();
		await l.joined(['lan0'], { viewer, env: { PASSWORD: undefined } });
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, 2);
		assert.deepEqual(echoes(viewer),
			dialogue('ICMP', pair.b4, pair.a4, 1));
	});

	labTest('the password may come from a file', async l => {
		const [pair] = l.net.pairs;
		const file = l.file('password', `${PASSWORD}\n`);
		await l.backend();
		const { viewer } = await l.joined(
			['--password-file', file, 'lan0'],
			{ env: { PASSWORD: undefined } });
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, 2);
		assert.deepEqual(echoes(viewer),
			dialogue('ICMP', pair.b4, pair.a4, 1));
	});

	labTest('a flood: ten lines a second and a count of the rest',
		async l => {
			const [pair] = l.net.pairs;
			const count = 400;
			await l.backend();
			// IPv6 hosts say something now and then.
			const { viewer } = await l.joined(['--family', '4', 'lan0'],
				{ env: { OVERFLOW: 'drop' } });
			const ping = l.ping(pair.a4, count, 0.008);
			await ping.end();
			const reached = '⚠️ [ICMP] Rate limit reached (10/sec), ' +
				'dropping messages...';
			const exceeded = new RegExp('^⚠️ \\[ICMP\\] Rate limit ' +
				'exceeded: (\\d+) messages dropped in the last second$');

			// After the last packet one more second tells what it dropped.
			await sleep(1500);
			const seconds = [[]];
			let dropped = 0, lines = 0;
			for (const { message } of messages(viewer)) {
				const n = exceeded.exec(message);
				if (n) {
					dropped += Number(n[1]);
					seconds.push([]);
				} else {
					seconds.at(-1).push(message);
					lines += message !== reached;
				}
			}
			assert.ok(seconds.length > 3, `${seconds.length} seconds`);
			for (const [i, second] of seconds.slice(0, -1).entries()) {
				// Begun at the end of a second, which had no more than
				// its ten, the first part has these before its own.
				const before = i ? 0 : Math.max(0, second.length - 11);
				assert.ok(before <= 10, `${before} lines before`);
				assert.equal(second.indexOf(reached), 10 + before);
				assert.equal(second.length, 11 + before);
			}
			assert.ok(seconds.at(-1).length <= 10);
			assert.equal(lines + dropped, 2 * count, 'none is lost');
		});

	labTest('a flood by default: the rest in summaries, none lost',
		async l => {
			const [pair] = l.net.pairs;
			const count = 400;
			await l.backend();
			const { viewer } = await l.joined();
			const began = Date.now();
			await l.ping(pair.a4, count, 0.008).end();
			await until(() => packets(viewer) >= 2 * count, 15000,
				`${2 * count} packets`);
			const seconds = Math.ceil((Date.now() - began) / 1000) + 1;
			assert.equal(packets(viewer), 2 * count);
			assert.ok(messages(viewer).length <= 10 * seconds,
				`${messages(viewer).length} in ${seconds} s`);
			assert.ok(echoes(viewer).some(t => SUMMARY.test(t)));
		});

	labTest('--format json sends JSON to the room', async l => {
		const [pair] = l.net.pairs;
		await l.backend();
		const { viewer } = await l.joined(['--format', 'json', '--family', '4',
			'lan0']);
		await l.ping(pair.a4, 1).end();
		await until(() => messages(viewer).length >= 2, 15000, 'two messages');
		const [request, reply] = messages(viewer)
			.map(m => JSON.parse(m.message));
		assert.equal(request.icmp_type, 8);
		assert.equal(reply.icmp_type, 0);
		assert.equal(request.src_ip, pair.b4);
		assert.equal(reply.src_ip, pair.a4);
	});
});
