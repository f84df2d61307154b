// SPDX-License-Identifier: ISC
// Floods at full speed: detail degrades, counts do not, and the agent answers
// heartbeats and signals. One after the other: these are about time.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import { AGENT, ROOT, cannotRun, labTest, messages } from '../support/lab.mjs';
import {
	METRICS, atRest, cannotFlood, flood, flooded, linesOf, metrics, packetsIn,
	packetsOf, stopped,
} from '../support/pipeline.mjs';
import { sleep, until } from '../support/process.mjs';

/** The kernel's own ICMPv6 is traffic that no test here asked for. */
const V4 = ['--family', '4', 'lan0'];

const floodTest = (name, body) =>
	labTest(name, body, { skip: cannotRun() || cannotFlood() });

describe('a flood', () => {
	for (const [sources, what] of [[1, 'one source'],
		[50000, '50,000 sources']]) {
		floodTest(`from ${what}: every packet is counted in the room`,
			async l => {
				await l.backend();
				const { agent, viewer } = await l.joined(
					['--metrics', METRICS, ...V4]);
				const began = Date.now();
				const sent = await flooded(flood(l,
					{ packets: 400000, sources, seconds: 4 }));
				const m = await atRest(l);
				const seconds = Math.ceil((Date.now() - began) / 1000) + 1;
				assert.equal(m('seen_packets_total'), sent);
				assert.ok(m('folded_packets_total') > 0, 'it was a flood');
				assert.equal(m('messages_resent_total'), 0);
				await until(() => packetsIn(viewer) >= sent, 5000,
					`${sent} packets in the room`);
				assert.equal(packetsIn(viewer), sent);
				assert.ok(messages(viewer).length <= 10 * seconds,
					`${messages(viewer).length} lines in ${seconds} s`);
				const { seen, pending, took } = await stopped(agent);
				assert.equal(seen, sent);
				assert.equal(pending, 0);
				console.log(`${sent} packets of ${what} in ` +
					`${messages(viewer).length} lines; SIGTERM ${took} ms`);
			});
	}

	floodTest('SIGTERM in the middle: ended within a second, none lost',
		async l => {
			await l.backend();
			const { agent, viewer } = await l.joined(V4);
			const process = flood(l, { packets: 1e9, sources: 50000,
				seconds: 12 });
			await sleep(2500);
			const { seen, reported, pending, took } = await stopped(agent);
			const sent = await flooded(process);
			assert.ok(seen > 50000 && seen < sent, `${seen} of ${sent}`);
			assert.equal(pending, 0);
			await until(() => packetsIn(viewer) >= reported, 3000,
				'the room has the rest');
			assert.equal(packetsIn(viewer), seen);
			console.log(`SIGTERM under a flood: ${took} ms`);
		});

	floodTest('heartbeats are answered, the connection is kept', async l => {
		const server = l.spawn('server', l.net.a,
			['node', `${ROOT}tests/support/echo-server.mjs`],
			{ env: { PING_MS: '300', QUIET: '1' } });
		await until(() => l.listening(5000), 10000, 'the server listens');
		const agent = l.agent(V4);
		await server.line('"connect"');
		const sent = await flooded(flood(l,
			{ packets: 1e9, sources: 50000, seconds: 6 }));
		const { seen, pending } = await stopped(agent);
		assert.equal(seen, sent);
		assert.equal(pending, 0);
		const lines = server.text('out').map(t => JSON.parse(t));
		const pongs = lines.filter(o => 'pong' in o).map(o => o.pong);
		assert.equal(lines.filter(o => 'connect' in o).length, 1);
		assert.ok(pongs.length >= 10, `${pongs.length} heartbeats`);
		const latest = Math.max(...pongs);
		assert.ok(latest < 250, `a heartbeat answered after ${latest} ms`);
		console.log(`${sent} packets in 6 s; heartbeat answered after ` +
			`${latest} ms at most, ${pongs.length} of them`);
	});

	floodTest('--overflow drop: lines and the numbers dropped add up',
		async l => {
			await l.backend();
			const { agent, viewer } = await l.joined(
				['--overflow', 'drop', ...V4]);
			const sent = await flooded(flood(l,
				{ packets: 200000, sources: 1, seconds: 3 }));
			await sleep(1500);
			const { seen, dropped, reported } = await stopped(agent);
			assert.equal(seen, sent);
			const said = linesOf(viewer).map(t =>
				/^⚠️ \[ICMP\] Rate limit exceeded: (\d+) messages dropped in the last second$/
					.exec(t)).filter(Boolean).map(m => Number(m[1]));
			assert.ok(linesOf(viewer).includes('⚠️ [ICMP] Rate limit ' +
				'reached (10/sec), dropping messages...'));
			assert.equal(said.reduce((a, b) => a + b, 0), dropped);
			assert.equal(packetsIn(viewer), reported);
		});

	floodTest('--batch: several lines a message, still ten messages a second',
		async l => {
			await l.backend();
			const { agent, viewer } = await l.joined(
				['--batch', '50', ...V4]);
			const began = Date.now();
			const sent = await flooded(flood(l,
				{ packets: 6000, sources: 3000, rate: 2000, seconds: 5 }));
			await sleep(1500);
			const { seen, pending } = await stopped(agent);
			const seconds = (Date.now() - began) / 1000 + 1;
			assert.equal(seen, sent);
			assert.equal(pending, 0);
			assert.equal(packetsIn(viewer), sent);
			assert.ok(messages(viewer).length <= 10 * seconds + 20,
				`${messages(viewer).length} in ${seconds} s`);
			assert.ok(linesOf(viewer).length > 500,
				`${linesOf(viewer).length} lines`);
			for (const { message } of messages(viewer))
				assert.ok(message.split('\n').length <= 50);
		});

	floodTest('standard output: what a slow reader has is reported', async l => {
		const shell = l.spawn('pipe', l.net.a, ['bash', '-c',
			`"${AGENT}" --output text --metrics ${METRICS} ${V4.join(' ')} |
			 while head -c 60000; do sleep 0.1; done`]);
		await shell.line('runs as user');
		const traffic = flood(l, { packets: 1e9, sources: 5000, rate: 20000,
			seconds: 6 });
		await shell.line(/from 10\.0\./, 10000);
		for (let m = metrics(l), i = 0; i < 3; i++) {
			const before = m('reported_packets_total');
			await until(() => {
				m = metrics(l);
				return m('reported_packets_total') > before &&
					m('pending_packets') > 1000;
			}, 5000, `more than ${before} packets, and it is behind`);
		}
		await flooded(traffic);
	});

	floodTest('standard output: a slow reader gets fewer lines, all counts',
		async l => {
			const shell = l.spawn('pipe', l.net.a, ['bash', '-c',
				`"${AGENT}" --output text ${V4.join(' ')} |
				 (trap '' TERM; sleep 4; cat)`]);
			await shell.line('runs as user');
			const sent = await flooded(flood(l,
				{ packets: 200000, sources: 20000, seconds: 3 }));
			await shell.line(/from 10\.0\./, 10000);
			shell.signal('SIGTERM');
			await shell.end(5000);
			const total = shell.text('out').map(packetsOf)
				.reduce((a, b) => a + b, 0);
			assert.equal(total, sent);
			assert.ok(shell.text('out').length < sent);
		});
});
