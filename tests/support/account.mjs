// SPDX-License-Identifier: ISC
// What an agent says became of the packets that it saw: in its metrics, and in
// its last line. Both have to add up.
import assert from 'node:assert/strict';

import { run } from './net.mjs';

export const METRICS = '127.0.0.1:9427';

export const sum = numbers => numbers.reduce((a, b) => a + b, 0);

/** The agent's last line; checked to add up. */
export function totals(agent) {
	const line = agent.text('err').findLast(t => / seen = /.test(t));
	const n = /: (\d+) seen = (\d+) reported \+ (\d+) pending \+ (\d+) dropped/
		.exec(line ?? '');
	assert.ok(n, `no totals in: ${agent.log()}`);
	const [seen, reported, pending, dropped] = n.slice(1).map(Number);
	assert.equal(seen, reported + pending + dropped, line);
	return { seen, reported, pending, dropped };
}

/** Status and body of a GET from the agent's own server. */
export function get(l, path, address = METRICS) {
	const text = run(...l.net.inside(l.net.a, 'bash', '-c',
		`exec 3<>/dev/tcp/${address.replace(':', '/')}
		 printf 'GET ${path} HTTP/1.1\\r\\nHost: a\\r\\n' >&3
		 printf 'Connection: close\\r\\n\\r\\n' >&3
		 cat <&3`));
	const at = text.indexOf('\r\n\r\n');
	return { status: Number(text.split(' ')[1]), body: text.slice(at + 4) };
}

/** The figures of /metrics: a function that adds up those that match. */
export function metrics(l, address = METRICS) {
	const { status, body } = get(l, '/metrics', address);
	assert.equal(status, 200);
	const samples = body.split('\n').filter(t => t && !t.startsWith('#'))
		.map(t => /^icmp_agent_(\w+)(\{.*\})? (\S+)$/.exec(t));
	return (name, label = '') => sum(samples
		.filter(s => s[1] === name && (s[2] ?? '').includes(label))
		.map(s => Number(s[3])));
}

/** The identity, whatever waits. */
export function assertBalanced(m) {
	const seen = m('seen_packets_total');
	assert.equal(m('recorded_packets_total') + m('folded_packets_total') +
		m('remainder_packets_total'), seen, 'in the kernel');
	assert.equal(m('reported_packets_total') + m('pending_packets') +
		m('dropped_packets_total'), seen, 'in the agent');
}
