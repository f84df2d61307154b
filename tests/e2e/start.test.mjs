// SPDX-License-Identifier: ISC
// Start and end of the agent. One after the other: these are about time.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import { totals } from '../support/account.mjs';
import {
	bpfIds, echoCount, echoes, labTest, messages,
} from '../support/lab.mjs';
import { run } from '../support/net.mjs';
import { sleep, until } from '../support/process.mjs';

function exists(kind, id) {
	try {
		run('bpftool', kind, 'show', 'id', id);
		return true;
	} catch {
		return false;
	}
}

/** Nothing of these ids is left in the kernel, nothing on the interface. */
async function assertGone(net, ids) {
	for (const kind of ['link', 'prog']) {
		for (const id of ids[kind])
			await until(() => !exists(kind, id), 2000,
				`${kind} ${id} is gone`);
	}
	assert.doesNotMatch(run('ip', '-n', net.a, '-d', 'link', 'show', 'lan0'),
		/xdp/);
	assert.deepEqual(JSON.parse(run(...net.inside(net.a,
		'bpftool', '-j', 'net', 'show')))
		.flatMap(o => [...o.xdp, ...o.tc]), []);
}

/**
 * The agent that start() gives ends with status 0 within 1 s of the signal; in
 * the best of three tries, since other work of the machine is not the agent's.
 */
async function endsInTime(signal, start) {
	const took = [];
	while (took.length < 3 && !(Math.min(...took) < 1000)) {
		const agent = await start();
		const asked = Date.now();
		const result = await agent.stop(signal);
		assert.equal(result.signal, null);
		assert.equal(result.code, 0);
		took.push(result.at - asked);
	}
	assert.ok(Math.min(...took) < 1000, `took ${took} ms`);
}

describe('start and end', () => {
	labTest('the first message leaves within 0.5 s', async l => {
		const [pair] = l.net.pairs;
		await l.backend();
		const viewer = await l.viewer({ hold: true });
		l.ping(pair.a4, 1000, 0.05);
		// The best of three: other work of the machine is not the agent's.
		const took = [];
		for (let i = 0; i < 3 && !(Math.min(...took) < 500); i++) {
			const from = messages(viewer).length;
			const agent = l.agent();
			await until(() => messages(viewer).length > from, 5000,
				'a message');
			took.push(messages(viewer)[from].at - agent.startedAt);
			await agent.stop();
			await sleep(200);
		}
		console.log(`first message after ${took.join(', ')} ms`);
		assert.ok(Math.min(...took) < 500, `took ${took} ms`);
	});

	labTest('SIGTERM: status 0 within 1 s, after what was queued',
		async l => {
			const [pair] = l.net.pairs;
			const count = 500;
			await l.backend();
			const viewer = await l.viewer();
			let due = 0, ids;
			await endsInTime('SIGTERM', async () => {
				const { agent } = await l.joined(['--rate', '0', 'lan0'],
					{ viewer });
				ids = bpfIds(agent.pid);
				await l.ping(pair.a4, count, 0.002).end();
				due += 2 * count;
				return agent;
			});
			assert.equal((await echoCount(viewer, due)).length, due);
			await assertGone(l.net, ids);
		});

	labTest('SIGINT does the same', async l => {
		await l.backend();
		const viewer = await l.viewer();
		await endsInTime('SIGINT', async () =>
			(await l.joined(['lan0'], { viewer })).agent);
	});

	labTest('many interfaces take long to detach; what waits is sent still',
		async l => {
			const [pair] = l.net.pairs;
			for (let i = 0; i < 20; i++)
				run('ip', '-n', l.net.a, 'link', 'add', `many${i}`,
					'type', 'veth', 'peer', 'name', `many-${i}`);
			await l.backend();
			const { agent } = await l.joined(
				['--rate', '1', '--family', '4', 'lan0', 'many*']);
			await l.ping(pair.a4, 20, 0.01).end();
			const asked = Date.now();
			const { code, at } = await agent.stop();
			assert.equal(code, 0);
			const { seen, pending } = totals(agent);
			assert.equal(seen, 40);
			assert.equal(pending, 0, `after ${at - asked} ms`);
		});

	labTest('SIGTERM ends it while the backend is away', async l => {
		const [pair] = l.net.pairs;
		await endsInTime('SIGTERM', async () => {
			const agent = l.agent();
			await agent.line('127.0.0.1:5000');
			await l.ping(pair.a4, 3).end();
			return agent;
		});
	});

	labTest('SIGTERM ends it while the backend is frozen', async l => {
		const [pair] = l.net.pairs;
		const backend = await l.backend();
		const viewer = await l.viewer();
		await endsInTime('SIGTERM', async () => {
			backend.signal('SIGCONT');
			const { agent } = await l.joined(['lan0'], { viewer });
			backend.signal('SIGSTOP');
			await l.ping(pair.a4, 3).end();
			return agent;
		});
		backend.signal('SIGCONT');
	});

	labTest('kill -9 leaves no program attached', async l => {
		const [pair] = l.net.pairs;
		await l.backend();
		const { agent, viewer } = await l.joined(['--hook', 'xdp', 'lan0']);
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, 2);
		assert.match(run('ip', '-n', l.net.a, '-d', 'link', 'show', 'lan0'),
			/xdp/, 'it was attached');
		const ids = bpfIds(agent.pid);
		assert.ok(ids.link.size >= 2, 'ingress and egress are links');
		await agent.stop('SIGKILL');
		await assertGone(l.net, ids);

		// And the next one finds the interface as the first did.
		await l.joined(['lan0'], { viewer });
		const from = echoes(viewer).length;
		await l.ping(pair.a4, 1).end();
		await echoCount(viewer, from + 2);
	});
});
