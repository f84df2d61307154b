// SPDX-License-Identifier: ISC
// The backend comes, goes, refuses; the agent says so and goes on.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import {
	PASSWORD, echoCount, echoes, labTest, messages,
} from '../support/lab.mjs';
import { sleep, until } from '../support/process.mjs';

/** Lines of the agent that say anything about the backend. */
const about = (agent, pattern) =>
	agent.text('err').filter(t => pattern.test(t));

describe('the backend', { concurrency: 4 }, () => {
	labTest('stopped and started again', async l => {
		const [pair] = l.net.pairs;
		let backend = await l.backend();
		const { agent, viewer } = await l.joined();
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, 2);

		const before = agent.lines.length;
		await backend.stop();
		await agent.line(/127\.0\.0\.1:5000/, 15000, before);
		await sleep(1500);
		backend = await l.backend();
		await l.inRoom(viewer, 30000);

		const from = echoes(viewer).length;
		await l.ping(pair.a4, 2).end();
		await echoCount(viewer, from + 4);
		assert.deepEqual(echoes(viewer).slice(from, from + 2), [
			`ICMP Echo Request from ${pair.b4} to ${pair.a4} (code: 0)`,
			`ICMP Echo Reply from ${pair.a4} to ${pair.b4} (code: 0)`]);
	});

	labTest('away at the start: said once, then traffic shows', async l => {
		const [pair] = l.net.pairs;
		const agent = l.agent();
		const first = await agent.line(/127\.0\.0\.1:5000/);
		assert.match(first.text, /refused/i);
		await sleep(6000); // several attempts
		assert.equal(about(agent, /refused/i).length, 1, 'said once');

		await l.backend();
		const viewer = await l.viewer();
		await l.inRoom(viewer, 35000);
		const from = echoes(viewer).length;
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, from + 2);
		assert.equal(about(agent, /refused/i).length, 1);
		assert.equal(about(agent, /connected|joined/i).length, 1,
			'the change is said');
	});

	labTest('what was seen while it was away shows later', async l => {
		const [pair] = l.net.pairs;
		const agent = l.agent();
		await agent.line(/127\.0\.0\.1:5000/);
		await l.ping(pair.a4, 3, 0.4).end();
		// It waits until a viewer is there to see the first message.
		agent.signal('SIGSTOP');
		await l.backend();
		const viewer = await l.viewer({ hold: true });
		agent.signal('SIGCONT');
		await echoCount(viewer, 6, 35000);
		assert.equal(echoes(viewer)[0],
			`ICMP Echo Request from ${pair.b4} to ${pair.a4} (code: 0)`);
	});

	labTest('killed in the middle: every packet shows, once or twice',
		async l => {
			const [pair] = l.net.pairs;
			const count = 600;
			const backend = await l.backend();
			const viewer = await l.viewer({ hold: true });
			const agent = l.agent(['--rate', '0', '--format', 'json', 'lan0']);
			await agent.line('connected');
			const ping = l.ping(pair.a4, count, 0.002);
			await until(() => messages(viewer).length > count / 3, 15000,
				'a third of the messages');
			await backend.stop('SIGKILL');
			await ping.end();
			agent.signal('SIGSTOP');
			await l.backend();
			await viewer.line('"event":"connect"', 15000,
				viewer.lines.findIndex(i => /"disconnect"/.test(i.text)));
			agent.signal('SIGCONT');

			const missing = () => {
				const seen = new Set(messages(viewer)
					.map(m => JSON.parse(m.message))
					.map(o => `${o.icmp_type}/${o.seq}`));
				return Array.from({ length: count }, (_, i) => i + 1)
					.flatMap(seq => [`8/${seq}`, `0/${seq}`])
					.filter(key => !seen.has(key));
			};
			await until(() => missing().length === 0, 35000,
				'every request and reply').catch(e => {
				throw new Error(`${e.message}; missing ${missing()}`);
			});
		});

	labTest('a wrong password: said, tried slowly, then right', async l => {
		const [pair] = l.net.pairs;
		const wrong = await l.backend({ password: 'another' });
		const agent = l.agent();
		const line = await agent.line(/password/i);
		assert.match(line.text, /PASSWORD/, 'the remedy names the setting');
		assert.doesNotMatch(agent.text().join('\n'),
			new RegExp(PASSWORD), 'never in a log');
		await sleep(4000);
		assert.equal(about(agent, /password/i).length, 1, 'said once');

		await wrong.stop();
		await l.backend();
		const viewer = await l.viewer();
		await l.inRoom(viewer, 60000);
		const from = echoes(viewer).length;
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, from + 2);
	});

	labTest('no password, where the backend wants one', async l => {
		await l.backend();
		const agent = l.agent(['lan0'], { env: { PASSWORD: undefined } });
		const line = await agent.line(/password/i);
		assert.match(line.text, /PASSWORD/);
	});

	labTest('a password file that is mended', async l => {
		const file = l.file('password', 'mistyped\n');
		await l.backend();
		const agent = l.agent(['--password-file', file, 'lan0'],
			{ env: { PASSWORD: undefined } });
		await agent.line(/Invalid token/);
		l.file('password', `${PASSWORD}\n`);
		const viewer = await l.viewer();
		await l.inRoom(viewer, 60000);
	});

	labTest('no such host', async l => {
		const agent = l.agent(['lan0'],
			{ env: { URL: 'http://nowhere.invalid:5000' } });
		const line = await agent.line('nowhere.invalid', 10000);
		assert.match(line.text, /DNS/);
		await agent.stop();
		assert.equal(agent.result.code, 0);
	});

	labTest('a web server that is no Socket.IO server', async l => {
		l.spawn('web', l.net.a, ['node', '-e',
			`require('http').createServer((q, s) => { s.statusCode = 404;
			s.end('no'); }).listen(5000, '127.0.0.1')`]);
		await until(() => l.listening(5000), 15000, 'the server listens');
		const agent = l.agent();
		const line = await agent.line('127.0.0.1:5000');
		assert.match(line.text, /no Socket\.IO server/);
	});

	labTest('a backend that goes silent is noticed', async l => {
		const [pair] = l.net.pairs;
		const backend = await l.backend();
		const { agent, viewer } = await l.joined();
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, 2);
		const before = agent.lines.length;
		backend.child.kill('SIGSTOP');
		await agent.line(/heartbeat|ping/i, 60000, before);
		backend.child.kill('SIGCONT');
		await l.inRoom(viewer, 35000);
		const from = echoes(viewer).length;
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, from + 2);
	});
});
