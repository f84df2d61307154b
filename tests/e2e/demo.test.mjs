// SPDX-License-Identifier: ISC
// docker/demo.sh, in a network namespace of the test's own.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe } from 'node:test';

import { ROOT, echoCount, labTest } from '../support/lab.mjs';
import { run } from '../support/net.mjs';

/** Not `ip netns exec`: the demo makes a namespace, in /run/netns of us all. */
const demo = (l, env) => l.start('demo',
	['nsenter', `--net=/run/netns/${l.net.a}`, `${ROOT}docker/demo.sh`], { env });

describe('the demo', { concurrency: 4 }, () => {
	labTest('shows pings of both families and removes what it made',
		async l => {
			const p = demo(l, { PASSWORD: 'demo-password' });
			await p.line('Ctrl-C', 15000);
			const text = p.text('out').join('\n');
			assert.match(text, /http:\/\/127\.0\.0\.1:5000\//);
			assert.match(text, /demo-password/);
			const viewer = await l.viewer();
			await l.inRoom(viewer);
			const lines = await echoCount(viewer, 8, 15000);
			for (const what of [/^ICMP Echo Request/, /^ICMP Echo Reply/,
				/^ICMPv6 Echo Request/, /^ICMPv6 Echo Reply/])
				assert.ok(lines.some(t => what.test(t)), `${what}`);

			assert.ok(existsSync(`/run/netns/icmp-demo-${p.pid}`));
			const { code } = await p.stop('SIGINT');
			assert.equal(code, 130);
			assert.ok(!existsSync(`/run/netns/icmp-demo-${p.pid}`));
			assert.doesNotMatch(run('ip', '-n', l.net.a, '-br', 'link'),
				/icmpdemo/);
			assert.ok(!l.listening(5000), 'the backend is gone');
		});

	labTest('on an interface of the user\'s', async l => {
		const [pair] = l.net.pairs;
		const p = demo(l, { IFACE: pair.dev, PORT: '5000' });
		await p.line('Ctrl-C', 15000);
		const viewer = await l.viewer();
		await l.inRoom(viewer);
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, 2);
		await p.stop('SIGTERM');
	});

	labTest('a busy port: says which, whose and how to choose another',
		async l => {
			await l.backend();
			const p = demo(l, {});
			const { code } = await p.end();
			assert.equal(code, 1);
			assert.match(p.text('err').join('\n'),
				/port 5000 is in use by node.*PORT=5001/);
		});

	labTest('an interface that does not exist', async l => {
		const p = demo(l, { IFACE: 'eth9' });
		const { code } = await p.end();
		assert.equal(code, 1);
		assert.match(p.text('err').join('\n'), /eth9.*lan0/);
	});
});
