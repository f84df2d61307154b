// SPDX-License-Identifier: ISC
// The images that `make image` built, run as docker/compose.yaml says, on the
// network of a namespace of the test's own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe } from 'node:test';

import {
	PASSWORD, PORT, ROOT, URL_A, cannotRun, echoCount, echoes, labTest,
} from '../support/lab.mjs';
import { until } from '../support/process.mjs';

const IMAGES = ['icmp-agent', 'icmp-agent-backend'];

function skip() {
	for (const image of IMAGES) {
		if (spawnSync('podman', ['image', 'exists', image]).status !== 0)
			return `no image ${image} with podman: run make image`;
	}
	return cannotRun();
}

/**
 * podman's words for what the compose file asks. The limits are lowered since
 * it would otherwise ask for more than an unprivileged root may set.
 */
function container(l, name, image, { options = [], env = {} }, ...args) {
	const fullName = `${l.net.a}-${name}`;
	const p = l.start(name, ['podman', '--runtime', 'runc', 'run', '--rm',
		'--name', fullName, '--network', `ns:/run/netns/${l.net.a}`,
		'--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000',
		'--read-only', '--security-opt', 'no-new-privileges',
		'--cap-drop', 'ALL', ...options,
		...Object.entries(env).flatMap(([k, v]) => ['-e', `${k}=${v}`]),
		image, ...args]);
	p.remove = () => spawnSync('podman', ['rm', '-f', '-t', '2', fullName]);
	return p;
}

describe('the images', () => {
	labTest('a ping becomes a line in the room', async l => {
		const [pair] = l.net.pairs;
		const containers = [];
		try {
			containers.push(container(l, 'backend', 'icmp-agent-backend',
				{ env: { PASSWORD } }));
			await until(() => l.listening(PORT), 20000,
				'the backend listens');
			const agent = container(l, 'agent', 'icmp-agent', {
				options: ['--cap-add', 'NET_ADMIN', '--cap-add', 'BPF',
					'--security-opt',
					`seccomp=${ROOT}docker/agent/seccomp.json`],
				env: { CLIENTNAME: 'ICMP', URL: URL_A, PASSWORD },
			}, 'lan0');
			containers.push(agent);
			const viewer = await l.viewer();
			await l.inRoom(viewer, 20000);
			await l.ping(pair.a4, 2, 0.3).end();
			await l.ping(pair.a6, 1).end();
			await echoCount(viewer, 6);
			const line = (what, from, to) =>
				`${what} from ${from} to ${to} (code: 0)`;
			assert.deepEqual(echoes(viewer), [
				line('ICMP Echo Request', pair.b4, pair.a4),
				line('ICMP Echo Reply', pair.a4, pair.b4),
				line('ICMP Echo Request', pair.b4, pair.a4),
				line('ICMP Echo Reply', pair.a4, pair.b4),
				line('ICMPv6 Echo Request', pair.b6, pair.a6),
				line('ICMPv6 Echo Reply', pair.a6, pair.b6)]);

			// `docker stop` is SIGTERM, then SIGKILL: it obeys the first.
			const asked = Date.now();
			spawnSync('podman', ['stop', '-t', '8', `${l.net.a}-agent`]);
			assert.equal((await agent.end()).code, 0);
			assert.ok(Date.now() - asked < 6000);
		} finally {
			for (const p of containers)
				p.remove();
		}
	}, { skip: skip() });
});
