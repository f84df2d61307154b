// SPDX-License-Identifier: ISC
// The ways to the backend that need files, names and sockets, taken by the
// agent itself: as another user, with few system calls.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';

import { Authority } from '../support/certs.mjs';
import { echoCount, labTest } from '../support/lab.mjs';
import { until } from '../support/process.mjs';

const ca = new Authority();
const own = ca.sign('front', ['DNS:front.test']);

/** nginx with TLS before the backend, as front.test in the lab. */
async function front(l) {
	const dir = `/etc/netns/${l.net.a}`;
	mkdirSync(dir, { recursive: true });
	writeFileSync(join(dir, 'hosts'), '127.0.0.1 front.test front.test.\n');
	const conf = l.file('nginx.conf', `daemon off; master_process off;
pid ${l.dir}/pid; error_log stderr; events {}
http { access_log off; ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
	.map(n => `${n}_temp_path ${l.dir};`).join(' ')}
map $http_upgrade $connection_upgrade { default upgrade; '' close; }
server { listen 127.0.0.1:443 ssl;
	ssl_certificate ${own.cert}; ssl_certificate_key ${own.key};
	location /monitor/ {
		proxy_pass http://127.0.0.1:5000/; proxy_http_version 1.1;
		proxy_set_header Upgrade $http_upgrade;
		proxy_set_header Connection $connection_upgrade;
	} } }
`);
	l.spawn('nginx', l.net.a, ['nginx', '-c', conf, '-e', 'stderr']);
	await until(() => l.listening(443), 5000, 'nginx listens');
	return () => rmSync(dir, { recursive: true, force: true });
}

async function proxy(l) {
	const conf = l.file('tinyproxy.conf', ['Port 3128', 'Listen 127.0.0.1',
		'Timeout 60', 'MaxClients 20', 'LogLevel Connect',
		'BasicAuth user word', ''].join('\n'));
	const p = l.spawn('tinyproxy', l.net.a, ['tinyproxy', '-d', '-c', conf]);
	await until(() => l.listening(3128), 5000, 'tinyproxy listens');
	return p;
}

async function shows(l, args, env) {
	const [pair] = l.net.pairs;
	await l.backend();
	const viewer = await l.viewer({ hold: true });
	const agent = l.agent([...args, 'lan0'], { env });
	await agent.line(/connected/, 8000);
	await l.ping(pair.a4, 1).end();
	await echoCount(viewer, 2);
	return agent;
}

describe('the agent', { concurrency: 3 }, () => {
	for (const transports of ['both', 'polling']) {
		labTest(`a name, TLS, a prefix (${transports})`, async l => {
			const forget = await front(l);
			try {
				const agent = await shows(l, ['--ca-file', ca.ca,
					'--transports', transports],
				{ URL: 'https://front.test/monitor' });
				assert.equal((await agent.stop()).code, 0);
			} finally {
				forget();
			}
		});
	}

	// which is in no certificate
	labTest('a name with a dot at its end', async l => {
		const forget = await front(l);
		try {
			await shows(l, ['--ca-file', ca.ca],
				{ URL: 'https://front.test./monitor' });
		} finally {
			forget();
		}
	});

	labTest('all of that through a proxy with a password', async l => {
		const forget = await front(l);
		try {
			const p = await proxy(l);
			const agent = await shows(l, ['--ca-file', ca.ca], {
				URL: 'https://front.test/monitor',
				https_proxy: 'http://user:word@127.0.0.1:3128',
			});
			await p.line(/CONNECT front\.test:443/);
			assert.equal((await agent.stop()).code, 0);
		} finally {
			forget();
		}
	});

	labTest("a CA that is not the system's: said in words", async l => {
		const forget = await front(l);
		try {
			const agent = l.agent(['lan0'],
				{ env: { URL: 'https://front.test/monitor' } });
			const line = await agent.line(/front\.test/);
			assert.match(line.text, /TLS: certificate of front\.test: .*issuer/);
		} finally {
			forget();
		}
	});
});
