// SPDX-License-Identifier: ISC
// The table of packets, read by the programs' parser and by Wireshark's.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { ROOT } from '../support/lab.mjs';

const TABLE = `${ROOT}build/tests/e2e/packet_table`;

// What tshark calls them; of a repeated field the first is the outer one.
const NAMES = {
	4: {
		src: 'ip.src', dst: 'ip.dst', ttl: 'ip.ttl', proto: 'ip.proto',
		length: 'ip.len', type: 'icmp.type', code: 'icmp.code',
		id: 'icmp.ident', seq: 'icmp.seq', mtu: 'icmp.mtu',
		pointer: 'icmp.pointer', gateway: 'icmp.redir_gw',
		extended: 'icmp.ext.echo.seq',
	},
	6: {
		src: 'ipv6.src', dst: 'ipv6.dst', ttl: 'ipv6.hlim',
		proto: 'ipv6.nxt', length: 'ipv6.plen', type: 'icmpv6.type',
		code: 'icmpv6.code', id: 'icmpv6.echo.identifier',
		seq: 'icmpv6.echo.sequence_number', mtu: 'icmpv6.mtu',
		pointer: 'icmpv6.pointer',
		gateway: 'icmpv6.nd.rd.target_address',
		extended: 'icmpv6.ext.echo.seq',
	},
};
/*
 * Where the two differ, and why, as "packet: field ours theirs". A packet that
 * only one of the two takes for ICMP is "packet: icmp".
 */
const KNOWN = [
	// 0 says that the router knows no MTU, and the octet that only code 0 has
	'fragmentation needed, old router: mtu undefined 0',
	'parameter problem, option missing: pointer undefined 20',
	// tshark goes on where ours counts the packet as unparsed
	'three tags: icmp', 'length 0: icmp', 'v6 nine extensions: icmp',
	'v6 payload 3: icmp',
	// tshark wants 8 bytes, or shows what is beyond the IP length
	'length ends behind the checksum: type 8 undefined',
	'length ends behind the checksum: code 0 undefined',
	'length ends in the sequence: id undefined 4386',
	// a routing header of type 4 without a segment: tshark stops there
	...['v6 routing', 'v6 all five'].flatMap(name =>
		['type 128', 'code 0', 'id 4386', 'seq 13124']
			.map(field => `${name}: ${field} undefined`)),
	// 8 bytes are not enough for its SCTP
	'inner SCTP: inner_sport 40000 undefined',
	'inner SCTP: inner_dport 53 undefined',
	// these belong to the packet inside, which is an echo
	'inner ICMP: id undefined 1', 'inner ICMP: seq undefined 2',
	// half a header: ours leaves out all of it
	'inner header cut: inner_src undefined 198.51.100.1',
	'v6 inner header cut: inner_src undefined 2001:db8::2',
	// the other family's number, and tunnels: not ICMP of this host
	'ICMPv6 number in IPv4: icmp', 'ICMP number in IPv6: icmp',
	'MPLS: icmp', 'PPPoE: icmp',
];

const VLAN = ['vlan.id', 'ieee8021ad.id'];
const PORTS = ['tcp', 'udp', 'sctp'].map(p => [`${p}.srcport`, `${p}.dstport`]);
const FIELDS = [...new Set([...Object.values(NAMES[4]),
	...Object.values(NAMES[6]), ...VLAN, ...PORTS.flat()])];

/** One object a packet: field -> its values in the order of the packet. */
function tshark(file) {
	const out = execFileSync('tshark', ['-n', '-r', file,
		'-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE',
		'-T', 'fields', '-E', 'separator=|', '-E', 'occurrence=a',
		...FIELDS.flatMap(f => ['-e', f])],
	{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
	return out.replace(/\n$/, '').split('\n').map(line => {
		const values = line.split('|');
		return Object.fromEntries(FIELDS.map((f, i) =>
			[f, values[i] ? values[i].split(',') : []]));
	});
}

const first = values => values.length ? values[0] : undefined;
const number = text => text === undefined ? undefined : Number(text);

/** What tshark saw, in the words of the program; undefined: not seen. */
function theirs(seen, family) {
	const at = name => first(seen[NAMES[family][name]]);
	const inner = name => seen[NAMES[family][name]][1];
	const ports = PORTS.find(p => seen[p[0]].length) ?? PORTS[0];
	const extended = number(at('extended'));
	return {
		src: at('src'), dst: at('dst'), ttl: number(at('ttl')),
		length: number(at('length')) + (family === 6 ? 40 : 0),
		type: number(at('type')), code: number(at('code')),
		vlan: number(first(seen['ieee8021ad.id']) ?? first(seen['vlan.id'])),
		id: number(at('id')), seq: extended ?? number(at('seq')),
		mtu: number(at('mtu')), pointer: number(at('pointer')),
		gateway: at('gateway'),
		inner_src: inner('src'), inner_dst: inner('dst'),
		inner_sport: number(first(seen[ports[0]])),
		inner_dport: number(first(seen[ports[1]])),
	};
}

function differences(ours, seen) {
	if (!ours.icmp) {
		const types = [...seen['icmp.type'], ...seen['icmpv6.type']];
		return types.length ? [`${ours.name}: icmp`] : [];
	}
	const other = theirs(seen, ours.family);
	return Object.keys(other).filter(k => other[k] !== ours[k])
		.map(k => `${ours.name}: ${k} ${ours[k]} ${other[k]}`);
}

test('the parser and tshark read the same', { timeout: 60000 }, () => {
	const dir = mkdtempSync(join(tmpdir(), 'icmp-e2e-'));
	try {
		const file = join(dir, 'table.pcap');
		const ours = execFileSync(TABLE, [file], { encoding: 'utf8' })
			.trim().split('\n').map(line => JSON.parse(line));
		const seen = tshark(file);
		assert.equal(seen.length, ours.length);
		assert.ok(ours.length >= 120);
		const found = ours.flatMap((o, i) => differences(o, seen[i]));
		assert.deepEqual(found.sort(), KNOWN.sort());
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
});
