// SPDX-License-Identifier: ISC
// What whoever starts the agent, or reaches its metrics, can put in its way.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe } from 'node:test';

import {
	PASSWORD, ROOT, cannotRun, echoCount, labTest,
} from '../support/lab.mjs';
import { run } from '../support/net.mjs';
import { until } from '../support/process.mjs';

/** It ends with that status, and that is all it says of why. */
async function refused(l, { args = ['lan0'], env, prefix }, status, words) {
	const agent = l.agent(args, { env, prefix });
	assert.equal((await agent.end()).code, status, agent.log());
	const said = agent.text('err').filter(t => !/: in tcx/.test(t));
	assert.equal(said.length, 1, said.join('\n'));
	assert.match(said[0], words);
}

/** A shell that does this and then becomes the agent. */
const after = script => ['sh', '-c', `${script}; exec "$@"`, 'sh'];

const descriptors = agent => readdirSync(`/proc/${agent.pid}/fd`).length;

describe('settings that cannot be had', { concurrency: 4 }, () => {
	for (const [what, how, status, words] of [
		['a user that does not exist', { env: { RUN_AS: 'no-such-user' } }, 78,
			/user 'no-such-user' does not exist: .*--user or RUN_AS/],
		['a password file that is a directory',
			{ env: { PASSWORD: undefined, PASSWORD_FILE: '/tmp' } }, 78,
			/password file \/tmp: Is a directory; .*--password-file/],
		['a proxy of another kind, with %i',
			{ env: { CLIENTNAME: '%i', http_proxy: 'socks5://127.0.0.1:1' } },
			78, /only HTTP proxies/],
		['an address of metrics that is not ours',
			{ args: ['lan0', '--metrics', '192.0.2.1:9427'] }, 69,
			/192\.0\.2\.1:9427: Cannot assign.*--metrics/],
	]) {
		labTest(`${what}: status ${status}, one line`, l =>
			refused(l, how, status, words));
	}
});

describe('descriptors', { concurrency: 4 }, () => {
	labTest('too few, wherever they end: status 69 and the reason', async l => {
		for (let n = 20; n < 60; n++) {
			const agent = l.agent(['lan0'],
				{ prefix: ['prlimit', `--nofile=${n}`] });
			const { text } = await agent.line(/runs as|Too many open files/);
			if (/runs as/.test(text))
				return;
			assert.equal((await agent.end()).code, 69, agent.log());
		}
		assert.fail('never enough');
	});

	labTest('a low limit that may be raised is', async l => {
		const [pair] = l.net.pairs;
		await l.backend();
		const { viewer } = await l.joined(['lan0'],
			{ prefix: ['prlimit', '--nofile=20:4096'] });
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, 2);
	});

	labTest('standard ones that are closed go to nobody else', async l => {
		const [pair] = l.net.pairs;
		await l.backend();
		const { agent, viewer } = await l.joined(['lan0'],
			{ prefix: after('exec <&- >&- 2>&-') });
		for (const n of [0, 1, 2])
			assert.equal(run('readlink', `/proc/${agent.pid}/fd/${n}`).trim(),
				'/dev/null');
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, 2);
	});

	labTest('no standard output to write to: status 74', async l => {
		const [pair] = l.net.pairs;
		const agent = l.agent(['lan0', '--output', 'text'],
			{ prefix: after('exec >&-') });
		await agent.line(/runs as/);
		await l.ping(pair.a4, 1).end();
		assert.equal((await agent.end()).code, 74);
		await agent.line(/standard output: Bad file descriptor/);
	});
});

describe('signals', () => {
	// timeout(1) and a shell signal the process and its group
	labTest('a second one takes no packet away', async l => {
		const [pair] = l.net.pairs;
		await l.backend();
		const agent = l.agent(['lan0'], { env: { METRICS: undefined } });
		await agent.line(/connected, room/);
		await l.ping(pair.a4, 200, 0.002).end();
		process.kill(agent.pid, 'SIGTERM');
		process.kill(agent.pid, 'SIGINT');
		const { code } = await agent.end();
		assert.equal(code, 0);
		assert.match(agent.text('err').at(-1), / \+ 0 pending /);
		assert.equal(agent.text('err').filter(t => /stopping/.test(t)).length, 1);
	});
});

describe('metrics', () => {
	labTest('200 idle clients take neither the backend nor the metrics',
		async l => {
			const [pair] = l.net.pairs;
			const address = '198.18.250.1';
			run('ip', '-n', l.net.a, 'addr', 'add', `${address}/32`, 'dev', 'lo');
			const backend = await l.backend();
			const agent = l.agent(['lan0', '--metrics', `${address}:9427`],
				{ prefix: ['prlimit', '--nofile=128'] });
			await agent.line(/connected, room/);
			const before = descriptors(agent);
			const idle = l.spawn('idle clients', l.net.a, ['node', '-e', `
				for (let i = 0; i < 200; i++)
					require('net').connect(9427, '${address}')
						.on('error', () => {});
				setInterval(() => {}, 1000);`]);
			await until(() => descriptors(agent) >= before + 20, 5000,
				'clients are connected');
			await backend.stop();
			await l.backend();
			await agent.line(/connected, room/, 10000,
				agent.lines.findIndex(o => /lost|refused/.test(o.text)));
			assert.ok(descriptors(agent) < before + 40);
			await idle.stop('SIGKILL');
			const viewer = await l.viewer();
			await l.inRoom(viewer);
			await l.ping(pair.a4, 1).end();
			await echoCount(viewer, 2);
		});

	// `make test` builds it; LeakSanitizer has no place behind the sandbox
	const SANITIZED = process.env.ICMP_AGENT_SAN ??
		`${ROOT}build/san-address-undefined/icmp-agent`;
	labTest('clients that are there at the end, under ASan and UBSan',
		async l => {
			const [pair] = l.net.pairs;
			await l.backend();
			const agent = l.spawn('agent', l.net.a, [SANITIZED, 'lan0',
				'--metrics', '127.0.0.1:9427'], { env: {
				CLIENTNAME: '%i', PASSWORD, ASAN_OPTIONS: 'detect_leaks=0',
			} });
			await agent.line(/connected, room/);
			const idle = l.spawn('idle clients', l.net.a, ['node', '-e', `
				for (let i = 0; i < 40; i++)
					require('net').connect(9427, '127.0.0.1')
						.on('error', () => {})
						.on('connect', () => console.log('open'))
						.write(['', 'GET /m', 'GET /metrics HTTP/1.1\\r\\n' +
							'Host: a\\r\\n\\r\\n'][i % 3]);
				setInterval(() => {}, 1000);`]);
			await until(() => idle.text('out').length === 40, 5000,
				'clients are connected');
			await l.ping(pair.a4, 2).end();
			assert.equal((await agent.stop()).code, 0, agent.log());
			await idle.stop('SIGKILL');
		}, { skip: cannotRun() || !existsSync(SANITIZED) &&
			`${SANITIZED} is not built: make SAN=address,undefined` });
});
