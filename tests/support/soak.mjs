// SPDX-License-Identifier: ISC
// Floods and outages in turn for SOAK_MINUTES (60), with one agent and the
// backend that the repository ships. After each: every packet is accounted for,
// the room was told of it, and resident memory stays where it was. Needs root.
import assert from 'node:assert/strict';

import { Lab, PORT } from './lab.mjs';
import {
	METRICS, assertBalanced, atRest, delivered, flood, flooded, metrics,
	residentMib, stopped,
} from './pipeline.mjs';
import { sleep, until } from './process.mjs';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 60);
const GROWTH_MIB = 4; // over what the first of each kind has left
const CABLE_PORT = PORT + 1;
const ends = Date.now() + MINUTES * 60000;
const began = Date.now();

async function setUp(l) {
	const s = { l, sent: 0, rounds: 0, worstMs: 0 };
	s.backend = await l.backend();
	s.cable = l.spawn('cable', l.net.a, ['node',
		new URL('cable.mjs', import.meta.url).pathname,
		String(CABLE_PORT), String(PORT)], { stdin: 'pipe' });
	await s.cable.line('listening');
	s.viewer = await l.viewer({ hold: true });
	s.agent = l.agent(['--metrics', METRICS, '--family', '4',
		'--format', 'json', 'lan0'], // see delivered()
	{ env: { URL: `http://127.0.0.1:${CABLE_PORT}` } });
	await s.agent.line('connected, room');
	return s;
}

async function fill(s, what) {
	s.sent += await flooded(flood(s.l, what), 120000);
}

/** While the agent is held, so that the viewer misses nothing. */
async function restart(s) {
	s.agent.signal('SIGSTOP');
	const from = s.viewer.lines.length;
	s.backend = await s.l.backend();
	await s.viewer.line('"connect"', 20000, from);
	s.agent.signal('SIGCONT');
}

const KINDS = {
	'one source': s => fill(s, { packets: 1e9, seconds: 5 }),
	'50,000 sources': s =>
		fill(s, { packets: 1e9, sources: 50000, seconds: 5 }),
	'killed under a flood': async s => {
		const traffic = fill(s,
			{ packets: 1e9, sources: 50000, rate: 20000, seconds: 8 });
		for (let i = 0; i < 2; i++) {
			await sleep(1500);
			await s.backend.stop('SIGKILL');
			await sleep(500);
			await restart(s);
		}
		await traffic;
	},
	'away, the queue full': async s => {
		await s.backend.stop('SIGKILL');
		await fill(s, { packets: 1e9, sources: 5000, rate: 5000,
			seconds: 20 });
		assertBalanced(metrics(s.l));
		await restart(s);
	},
	'the cable cut for a minute': async s => {
		const traffic = fill(s,
			{ packets: 1e9, sources: 100, rate: 200, seconds: 90 });
		await sleep(5000);
		s.cable.child.stdin.write('cut\n');
		await sleep(60000);
		s.cable.child.stdin.write('mend\n');
		await traffic;
	},
	'little': s => fill(s, { packets: 50, sources: 5, rate: 5, seconds: 10 }),
};

async function round(s, kind) {
	await KINDS[kind](s);
	const m = await atRest(s.l, 60000);
	assert.equal(m('seen_packets_total'), s.sent, 'sent and seen');
	assert.equal(m('dropped_packets_total'), 0);
	await until(() => delivered(s.viewer).distinct >= s.sent, 10000,
		`${s.sent} packets in the room`);
	const { distinct, twice } = delivered(s.viewer);
	assert.equal(distinct, s.sent, 'sent and in the room');
	assert.ok(twice <= s.sent * 0.02, `${twice} of ${s.sent} twice`);
	const mib = residentMib(s.agent.pid);
	console.log(`${((Date.now() - began) / 60000).toFixed(1)} min  ` +
		`${kind.padEnd(26)} ${s.sent} sent = seen = reported, ` +
		`${twice} told twice, ${m('messages_sent_total')} messages, ` +
		`${m('messages_resent_total')} again, ` +
		`${m('connects_total')} connections, ${mib.toFixed(1)} MiB`);
	return mib;
}

async function soak(l) {
	const s = await setUp(l);
	let highest = 0;
	for (const kind of Object.keys(KINDS))
		highest = Math.max(highest, await round(s, kind));
	while (Date.now() < ends)
		for (const kind of Object.keys(KINDS)) {
			const mib = await round(s, kind);
			assert.ok(mib <= highest + GROWTH_MIB,
				`${mib} MiB resident, ${highest} after the first of each`);
			if (Date.now() >= ends)
				break;
		}
	const end = await stopped(s.agent);
	assert.equal(end.pending, 0);
	console.log(s.agent.text('err').at(-1));
}

const l = new Lab();
try {
	await soak(l);
	console.log('soak: passed');
} catch (e) {
	console.error(l.log());
	console.error(e);
	process.exitCode = 1;
} finally {
	await l.ends();
}
