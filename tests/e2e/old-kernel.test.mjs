// SPDX-License-Identifier: ISC
// Kernels older than this one, as far as the agent can tell: what they lack is
// refused to it. See also tests/kernel, with a real one.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import { ROOT, labTest } from '../support/lab.mjs';
import { run } from '../support/net.mjs';

const UNAVAILABLE = 69;

function agentOn(l, release, args) {
	const shim = `${l.dir}/old_kernel.so`;
	run('cc', '-shared', '-fPIC', '-O1', '-o', shim,
		`${ROOT}tests/kernel/old_kernel.c`, '-ldl');
	return l.agent(args, { env: { LD_PRELOAD: shim, OLD_KERNEL: release } });
}

describe('old kernels', { concurrency: 4 }, () => {
	for (const release of ['5.4.0-150-generic', '4.19.0', '5.7.19'])
		labTest(`${release} is too old, and is told so`, async l => {
			const agent = agentOn(l, release, ['--output', 'json', 'lan0']);
			const { code } = await agent.end();
			assert.equal(code, UNAVAILABLE);
			const err = agent.text('err');
			assert.equal(err.length, 1, err.join('\n'));
			assert.match(err[0], /Linux 5\.9 or newer is needed/);
			assert.ok(err[0].endsWith(`this is ${release}`), err[0]);
		});

	for (const release of ['5.10.0', '6.5.0'])
		labTest(`${release}: clsact, and XDP where it can be`, async l => {
			const [pair] = l.net.pairs;
			const agent = agentOn(l, release, ['--output', 'json',
				'--family', '4', 'lan0']);
			await agent.line('lan0: in tc (clsact), out tc (clsact)');
			await l.ping(pair.a4, 2).end();
			await agent.line(/"icmp_type":0,.*"seq":2/);
			assert.equal(agent.text('out').length, 4);
			await agent.stop();

			const xdp = agentOn(l, release, ['--output', 'json',
				'--hook', 'xdp', 'lan0']);
			if (release === '6.5.0') {
				await xdp.line(/lan0: in xdp \(native\), out tc \(clsact\)/);
				return;
			}
			assert.equal((await xdp.end()).code, UNAVAILABLE);
			assert.match(xdp.log(), /lan0: XDP needs Linux 5\.18/);
		});

	labTest('a filter that kill -9 left is replaced, one in use is not',
		async l => {
			const [pair] = l.net.pairs;
			const filters = () => ['ingress', 'egress'].map(side =>
				run('tc', '-n', l.net.a, 'filter', 'show', 'dev', 'lan0',
					side).match(/name icmp_tc/g)?.length ?? 0);
			const start = async () => {
				const agent = agentOn(l, '6.5.0', ['--output', 'json',
					'--family', '4', 'lan0']);
				await agent.line('lan0: in tc (clsact)');
				return agent;
			};
			const left = [await start(), await start()];
			assert.deepEqual(filters(), [2, 2]);
			await left[0].stop('SIGKILL');
			await left[1].stop('SIGKILL');
			assert.deepEqual(filters(), [2, 2]);
			const first = await start();
			assert.deepEqual(filters(), [1, 1]);
			const second = await start();
			assert.deepEqual(filters(), [2, 2]);
			await l.ping(pair.a4, 2).end();
			for (const agent of [first, second]) {
				await agent.line(/"icmp_type":0,.*"seq":2/);
				await agent.stop();
				assert.equal(agent.text('out').length, 4);
			}
			assert.deepEqual(filters(), [0, 0]);
			assert.match(run('tc', '-n', l.net.a, 'qdisc', 'show', 'dev',
				'lan0'), /clsact/);
		});
});
