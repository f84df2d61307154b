// SPDX-License-Identifier: ISC
// Floods, and what became of them: what the room was told.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

import { assertBalanced, metrics, sum, totals } from './account.mjs';
import { ROOT, messages } from './lab.mjs';
import { run } from './net.mjs';
import { until } from './process.mjs';

export {
	METRICS, assertBalanced, get, metrics, totals,
} from './account.mjs';

const FLOOD = `${ROOT}build/tests/e2e/flood`;

/**
 * Why there can be no flood, or false. The program is built by `make test` and
 * `make test-e2e`.
 */
export const cannotFlood = () =>
	!existsSync(FLOOD) && `${FLOOD.replace(ROOT, '')} is not built`;

/** From `b` to `a`, through `pair`; its end has `sent`, see flooded(). */
export function flood(l, { packets, sources = 1, rate = 0, seconds = 10,
	pair = l.net.pairs[0] }) {
	const [link] = JSON.parse(run('ip', '-n', l.net.a, '-j', 'link', 'show',
		pair.dev));
	return l.spawn('flood', l.net.b, [FLOOD, pair.dev, link.address, pair.a4,
		...[packets, sources, rate, seconds].map(String)]);
}

/** How many packets left. */
export async function flooded(process, ms = 60000) {
	const { code } = await process.end(ms);
	assert.equal(code, 0, process.log());
	return JSON.parse(process.text('out')[0]).sent;
}

/** How many packets a line stands for; a notice for none. */
export function packetsOf(line) {
	if (line.startsWith('{'))
		return JSON.parse(line).count;
	if (!line.startsWith('ICMP'))
		return 0;
	return Number(/ ×(\d+) in \d+\.\d s( \(.*\))?$/.exec(line)?.[1] ?? 1);
}

export const linesOf = viewer =>
	messages(viewer).flatMap(m => m.message.split('\n'));

export const packetsIn = viewer => sum(linesOf(viewer).map(packetsOf));

/**
 * Lines of JSON with identifier, sequence and time are never alike: the same
 * one again was delivered twice. How many packets each way.
 */
export function delivered(viewer) {
	const lines = linesOf(viewer);
	const distinct = sum([...new Set(lines)].map(packetsOf));
	return { distinct, twice: sum(lines.map(packetsOf)) - distinct };
}

/** Stops it within a second, and with status 0; its totals. */
export async function stopped(agent) {
	const asked = Date.now();
	const { code, signal, at } = await agent.stop('SIGTERM', 5000);
	assert.equal(signal, null);
	assert.equal(code, 0, agent.log());
	assert.ok(at - asked < 1000, `SIGTERM took ${at - asked} ms`);
	return { ...totals(agent), took: at - asked };
}

/** Resolves once nothing waits any more; then all is balanced. */
export async function atRest(l, ms = 10000) {
	let m;
	await until(() => {
		m = metrics(l);
		return m('pending_packets') === 0 && m('seen_packets_total') ===
			m('reported_packets_total') + m('dropped_packets_total');
	}, ms, 'nothing is pending');
	assertBalanced(m);
	return m;
}

/** Resident memory of a process in MiB. */
export const residentMib = pid =>
	Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`,
		'utf8'))[1]) / 1024;
