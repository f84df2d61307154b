// SPDX-License-Identifier: ISC
// Outages: what was seen meanwhile is in the room afterwards, at least once,
// and hardly anything twice.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import { ROOT, cannotRun, labTest } from '../support/lab.mjs';
import {
	METRICS, assertBalanced, atRest, cannotFlood, delivered, flood, flooded,
	linesOf, metrics, packetsOf, stopped, totals,
} from '../support/pipeline.mjs';
import { sleep, until } from '../support/process.mjs';

const outageTest = (name, body) =>
	labTest(name, body, { skip: cannotRun() || cannotFlood() });

/** Each line is one of a kind, see delivered(). */
const JSON_LINES = ['--format', 'json', '--family', '4', '--rate', '0',
	'--metrics', METRICS];

/** Resolves with what echo-server.mjs was told once it is `sent` packets. */
async function told(server, sent) {
	let lines;
	await until(() => {
		lines = server.text('out').map(t => JSON.parse(t))
			.filter(o => 'data' in o).map(o => o.data);
		return sumOf(new Set(lines)) >= sent;
	}, 5000, `the server was told of ${sent} packets`);
	assert.equal(sumOf(new Set(lines)), sent);
	return lines;
}

const sumOf = lines => [...lines].map(packetsOf).reduce((a, b) => a + b, 0);

/** The agents are held until the viewer is back: so nothing passes unseen. */
async function restart(l, agents, viewer, downMs) {
	await sleep(downMs);
	agents.forEach(a => a.signal('SIGSTOP'));
	const from = viewer.lines.length;
	const backend = await l.backend();
	await viewer.line('"connect"', 10000, from);
	agents.forEach(a => a.signal('SIGCONT'));
	return backend;
}

/** In the room: all `sent` packets, hardly any twice. How many. */
async function checkRoom(viewer, sent) {
	await until(() => delivered(viewer).distinct >= sent, 10000,
		`${sent} packets in the room`);
	const { distinct, twice } = delivered(viewer);
	assert.equal(distinct, sent, 'none is lost');
	assert.ok(twice < sent * 0.02, `${twice} of ${sent} twice`);
	return `${sent} packets, ${twice} of them twice ` +
		`(${(100 * twice / sent).toFixed(2)} %)`;
}

describe('an outage', { concurrency: 3 }, () => {
	outageTest('the backend is killed ten times under traffic', async l => {
		let backend = await l.backend();
		const viewer = await l.viewer({ hold: true });
		const agent = l.agent([...JSON_LINES, 'lan0']);
		let sent = 0;
		await agent.line('connected, room');
		for (let i = 0; i < 10; i++) {
			const traffic = flood(l,
				{ packets: 600, sources: 50, rate: 300 });
			await sleep(500 + 50 * i);
			await backend.stop('SIGKILL');
			backend = await restart(l, [agent], viewer, 100);
			sent += await flooded(traffic);
			await atRest(l, 20000);
		}
		const m = metrics(l);
		assert.equal(m('seen_packets_total'), sent);
		assert.equal(m('connects_total'), 11);
		const what = await checkRoom(viewer, sent);
		const end = await stopped(agent);
		assert.equal(end.seen, sent);
		assert.equal(end.pending, 0);
		console.log(`killed ten times: ${what}; ` +
			`${m('messages_resent_total')} messages sent again`);
	});

	outageTest('the cable is cut for a while', async l => {
		const server = l.spawn('server', l.net.a,
			['node', `${ROOT}tests/support/echo-server.mjs`],
			{ env: { PING_MS: '1000', PORT: '5001' } });
		const cable = l.spawn('cable', l.net.a,
			['node', `${ROOT}tests/support/cable.mjs`, '5000', '5001'],
			{ stdin: 'pipe' });
		await cable.line('listening');
		await until(() => l.listening(5001), 10000, 'the server listens');
		const agent = l.agent([...JSON_LINES, 'lan0']);
		await agent.line('connected, room');
		const traffic = flood(l,
			{ packets: 6000, sources: 500, rate: 500, seconds: 60 });
		await sleep(2000);
		cable.child.stdin.write('cut\n');
		await cable.line('cut');
		await agent.line(/connection lost/, 10000);
		await sleep(3000);
		assertBalanced(metrics(l));
		cable.child.stdin.write('mend\n');
		const sent = await flooded(traffic);
		const m = await atRest(l, 40000);
		assert.equal(m('seen_packets_total'), sent);
		const lines = await told(server, sent);
		assert.ok(m('messages_resent_total') > 0);
		await stopped(agent);
		console.log(`cut: ${sent} packets, ${m('messages_resent_total')} ` +
			`messages sent again, ${lines.length - new Set(lines).size} twice`);
	});

	outageTest('cut with the first message: silence is no delivery',
		async l => {
			const server = l.spawn('server', l.net.a,
				['node', `${ROOT}tests/support/echo-server.mjs`],
				{ env: { PING_MS: '6000', PORT: '5001' } });
			const cable = l.spawn('cable', l.net.a,
				['node', `${ROOT}tests/support/cable.mjs`, '5000',
					'5001'], { stdin: 'pipe' });
			await cable.line('listening');
			await until(() => l.listening(5001), 10000,
				'the server listens');
			const agent = l.agent([...JSON_LINES, 'lan0']);
			await agent.line('connected, room');
			cable.child.stdin.write('cut\n');
			await cable.line('cut');
			const sent = await flooded(flood(l, { packets: 100 }));
			await sleep(7000); // longer than an echo is waited for
			assert.equal(metrics(l)('reported_packets_total'), 0);
			assert.equal(metrics(l)('pending_packets'), sent);
			await agent.line(/connection lost/, 10000);
			cable.child.stdin.write('mend\n');
			await atRest(l, 40000);
			assert.equal((await told(server, sent)).length, sent);
			await stopped(agent);
		});

	outageTest('a long one: summaries first, then the detail in order',
		async l => {
			const agent = l.agent([...JSON_LINES, '--queue', '300', 'lan0']);
			await agent.line('127.0.0.1:5000');
			const sent = await flooded(flood(l,
				{ packets: 5000, sources: 20, rate: 2000, seconds: 10 }));
			await agent.line('the queue is full');
			assertBalanced(metrics(l));
			agent.signal('SIGSTOP');
			await l.backend();
			const viewer = await l.viewer({ hold: true });
			agent.signal('SIGCONT');
			await until(() => delivered(viewer).distinct >= sent, 35000,
				`${sent} packets in the room`);
			const lines = linesOf(viewer).map(t => JSON.parse(t));
			const folds = lines.filter(o => o.count > 1);
			const single = lines.filter(o => o.count === 1);
			assert.equal(delivered(viewer).distinct, sent);
			assert.equal(folds.length, 20, 'a summary of each flow');
			assert.deepEqual(lines.slice(0, 20), folds, 'they are first');
			assert.equal(single.length, 300, 'as many as the queue holds');
			for (const o of folds)
				assert.ok(o.last - o.first > 1000 && o.last <
					single[0].timestamp + 50, JSON.stringify(o));
			single.forEach((o, i) => assert.ok(
				o.timestamp >= (single[i - 1]?.timestamp ?? 0), 'in order'));
			await stopped(agent);
		});

	outageTest('two agents in one room, the backend killed once', async l => {
		const pair = l.net.addPair();
		const backend = await l.backend();
		const viewer = await l.viewer({ hold: true });
		const args = ['--format', 'json', '--family', '4', '--rate', '0'];
		const agents = ['lan0', 'lan1'].map(dev => l.agent([...args, dev]));
		for (const agent of agents)
			await agent.line('connected, room');
		const traffic = [
			flood(l, { packets: 2400, sources: 50, rate: 300 }),
			flood(l, { packets: 2400, sources: 50, rate: 300, pair })];
		await sleep(1500);
		await backend.stop('SIGKILL');
		await restart(l, agents, viewer, 300);
		let sent = 0;
		for (const t of traffic)
			sent += await flooded(t);
		const what = await checkRoom(viewer, sent);
		for (const agent of agents)
			assert.equal((await stopped(agent)).pending, 0);
		assert.equal(agents.map(a => totals(a).seen)
			.reduce((a, b) => a + b), sent);
		console.log(`two agents: ${what}`);
	});

	outageTest('a backend that echoes nothing is recognised', async l => {
		const server = l.spawn('server', l.net.a,
			['node', `${ROOT}tests/support/echo-server.mjs`],
			{ env: { ECHO: '0' } });
		await until(() => l.listening(5000), 10000, 'the server listens');
		const agent = l.agent([...JSON_LINES, 'lan0']);
		await agent.line('connected, room');
		const sent = await flooded(flood(l,
			{ packets: 6000, sources: 100, rate: 3000, seconds: 10 }));
		assert.ok(metrics(l)('pending_packets') > 0, 'not known yet');
		await agent.line('does not send messages back', 10000);
		const m = await atRest(l);
		assert.equal(m('messages_echoed_total'), 0);
		assert.equal(m('reported_packets_total'), sent);
		const more = await flooded(flood(l,
			{ packets: 10, sources: 1, rate: 100 }));
		await atRest(l, 1000); // at once
		await stopped(agent);
		const lines = await told(server, sent + more);
		assert.equal(sumOf(lines), sent + more, 'none twice');
	});
});
