// SPDX-License-Identifier: ISC
// What stands before a server: nginx with TLS and a prefix, a balancer with
// sticky cookies. And names: several addresses, dead ones, slow resolvers.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe } from 'node:test';

import { CAT, binary, catTest } from '../support/cat.mjs';
import { Authority } from '../support/certs.mjs';
import { ROOT, labTest } from '../support/lab.mjs';
import { onExit, sleep, until } from '../support/process.mjs';
import { freePort, haproxy, nginx } from '../support/proxies.mjs';
import { listen } from '../support/sio-server.mjs';

const ca = new Authority();
const own = ca.sign('front', ['DNS:localhost', 'IP:127.0.0.1']);

async function backend(scene, options) {
	const server = await listen('4.8.1', { options });
	scene.later(() => server.close());
	return server;
}

const site = (port, target, more) => `
map $http_upgrade $connection_upgrade { default upgrade; '' close; }
server {
	listen 127.0.0.1:${port} ssl;
	ssl_certificate ${own.cert};
	ssl_certificate_key ${own.key};
	location /monitor/ {
		proxy_pass http://127.0.0.1:${target}/;
		proxy_http_version 1.1;
		${more}
	}
}`;

const UPGRADE = `proxy_set_header Upgrade $http_upgrade;
		proxy_set_header Connection $connection_upgrade;`;

async function works(cat) {
	await cat.event('connect');
	const bytes = Buffer.alloc(100000, 'behind a proxy');
	const { binary: [back] } = await cat.ask('echo', [binary(bytes)]);
	assert.equal(back, bytes.toString('base64'));
	await cat.leave();
	assert.deepEqual(cat.events('lost'), []);
	assert.deepEqual(cat.events('failed'), []);
}

describe('nginx', { concurrency: 3 }, () => {
	for (const transports of ['both', 'websocket', 'polling', 'upgrade']) {
		catTest(`TLS and a prefix (${transports})`, async scene => {
			const server = await backend(scene);
			const port = await freePort();
			await nginx(scene, site(port, server.port, UPGRADE), port);
			const cat = scene.cat(`https://localhost:${port}/monitor`,
				['--ca', ca.ca, '--transports', transports]);
			await cat.event('connect');
			if (transports === 'upgrade')
				await cat.event('upgrade');
			await works(cat);
		});
	}

	catTest('it passes no WebSocket: by polling then', async scene => {
		const server = await backend(scene);
		const port = await freePort();
		await nginx(scene, site(port, server.port, ''), port);
		const cat = scene.cat(`https://localhost:${port}/monitor/`,
			['--ca', ca.ca]);
		assert.equal((await cat.event('open')).transport, 'polling');
		await works(cat);
		const strict = scene.cat(`https://localhost:${port}/monitor/`,
			['--ca', ca.ca, '--transports', 'websocket']);
		const failed = await strict.event('failed');
		assert.equal(failed.stage, 'HTTP');
		assert.equal(failed.status, 400);
	});

	catTest('nothing is behind it, then the server comes', async scene => {
		const server = await backend(scene);
		const port = await freePort();
		await nginx(scene, site(port, server.port, UPGRADE), port);
		await server.close();
		const cat = scene.cat(`https://localhost:${port}/monitor`,
			['--ca', ca.ca]);
		const failed = await cat.event('failed');
		assert.equal(failed.status, 502);
		assert.match(failed.text, /behind the proxy does not answer/);
		const back = await listen('4.8.1', { port: server.port });
		scene.later(() => back.close());
		await cat.event('connect');
		await cat.leave();
	});

	catTest('another path: said to be one without a server', async scene => {
		const server = await backend(scene);
		const port = await freePort();
		await nginx(scene, site(port, server.port, UPGRADE), port);
		const failed = await scene.cat(`https://localhost:${port}/`,
			['--ca', ca.ca]).event('failed');
		assert.equal(failed.status, 404);
		assert.match(failed.text, /no Socket\.IO server at this path/);
	});
});

describe('a balancer over two servers', { concurrency: 3 }, () => {
	const config = (port, ports, sticky) => `
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
frontend in
	bind 127.0.0.1:${port}
	default_backend both
backend both
	balance roundrobin
	${sticky ? 'cookie SERVER insert indirect nocache' : ''}
	${ports.map((p, i) =>
		`server s${i} 127.0.0.1:${p} ${sticky ? `cookie s${i}` : ''}`)
		.join('\n\t')}
`;

	async function balanced(scene, sticky) {
		// a cookie of the server's own beside the balancer's
		const servers = [await backend(scene, { cookie: true }),
			await backend(scene, { cookie: true })];
		const port = await freePort();
		await haproxy(scene, config(port, servers.map(s => s.port), sticky),
			port);
		const cookies = new Set();
		for (const { http } of servers)
			http.on('request', ({ headers }) => cookies.add(headers.cookie));
		return { url: `http://127.0.0.1:${port}`, servers, cookies };
	}

	for (const transports of ['polling', 'upgrade']) {
		catTest(`the cookie keeps a session at its server (${transports})`,
			async scene => {
				const { url, cookies } = await balanced(scene, true);
				for (let i = 0; i < 3; i++) {
					const cat = scene.cat(url, ['--transports', transports]);
					await cat.event('connect');
					for (let k = 0; k < 10; k++)
						assert.deepEqual((await cat.ask('echo', [k])).args, [k]);
					await cat.leave();
					assert.deepEqual(cat.events('lost'), []);
					assert.deepEqual(cat.events('failed'), []);
				}
				// haproxy keeps its own to itself
				assert.ok([...cookies].some(c => /^io=/.test(c)),
					[...cookies].join('\n'));
			});
	}

	catTest('without the cookie polling cannot work, and says so',
		async scene => {
			const { url } = await balanced(scene, false);
			const cat = scene.cat(url, ['--transports', 'polling']);
			const failed = await cat.event('failed');
			assert.equal(failed.stage, 'Engine.IO');
			assert.equal(failed.text, 'Session ID unknown');
		});

	catTest('one server ends: on to the other', async scene => {
		const { url, servers } = await balanced(scene, true);
		const cat = scene.cat(url, ['--transports', 'polling']);
		await cat.event('connect');
		const [mine] = servers.filter(s => s.io.engine.clientsCount);
		const after = cat.lines.length;
		await mine.close();
		await cat.event('lost', { after });
		await cat.event('connect', { after, ms: 15000 });
		assert.deepEqual((await cat.ask('echo', [1])).args, [1]);
		await cat.leave();
	});
});

/** What /etc/hosts or resolv.conf are in a namespace. */
function etc(ns, name, text) {
	const dir = `/etc/netns/${ns}`;
	mkdirSync(dir, { recursive: true });
	writeFileSync(`${dir}/${name}`, text);
	return onExit(() => rmSync(dir, { recursive: true, force: true }));
}

const AUTH = '{"user":{"username":"x"},"token":null}';

async function labBackend(l, host) {
	l.spawn('backend', l.net.a, ['node', `${ROOT}docker/backend/server.js`],
		{ env: { PORT: '5000', HOST: host } });
	await until(() => l.listening(5000), 10000, 'the backend listens');
}

function labCat(l, url, args = []) {
	return l.spawn('sio_cat', l.net.a,
		[CAT, '--auth', AUTH, '--backoff-ms', '200', ...args, url],
		{ stdin: 'pipe' });
}

describe('names', { concurrency: 3 }, () => {
	for (const transports of ['websocket', 'polling']) {
		labTest(`a dead IPv6 address beside a live one (${transports})`,
			async l => {
				const [pair] = l.net.pairs;
				const dead = pair.a6.replace('::1', '::dead');
				const forget = etc(l.net.a, 'hosts',
					`${dead} both.test\n${pair.a4} both.test\n`);
				try {
					await labBackend(l, pair.a4);
					// the best of three: the machine does other work, too
					const took = [];
					for (let i = 0; i < 3; i++) {
						const cat = labCat(l, 'http://both.test:5000',
							['--transports', transports]);
						const line = await cat.line('"connect"', 10000);
						took.push(line.at - cat.startedAt);
						if (transports === 'polling') {
							const from = cat.lines.length;
							const start = Date.now();
							for (let k = 0; k < 8; k++) {
								cat.child.stdin.write(
									'{"emit":"ping","ack":true}\n');
								await cat.line('"ack"', 5000,
									from + k);
							}
							took.push(Date.now() - start);
						}
						cat.child.stdin.write('{"stop":true}\n');
						await cat.end(8000);
					}
					assert.ok(Math.min(...took) < 1000, `${took} ms`);
					if (transports === 'polling')
						assert.ok(Math.min(took[1], took[3], took[5]) < 1200,
							`${took} ms`);
				} finally {
					forget();
				}
			});
	}

	async function labProxy(l, host) {
		const conf = l.file('tinyproxy.conf', ['Port 3128',
			`Listen ${host}`, 'MaxClients 20', ''].join('\n'));
		l.spawn('tinyproxy', l.net.a, ['tinyproxy', '-d', '-c', conf]);
		await until(() => l.listening(3128), 5000, 'tinyproxy listens');
	}

	labTest('a proxy with an address that refuses before a live one',
		async l => {
			const [pair] = l.net.pairs;
			const forget = etc(l.net.a, 'hosts',
				`${pair.a6} proxy.test\n${pair.a4} proxy.test\n`);
			try {
				await labBackend(l, '127.0.0.1');
				await labProxy(l, pair.a4);
				const cat = labCat(l, 'http://127.0.0.1:5000',
					['--proxy', 'http://proxy.test']);
				const line = await cat.line(/"connect"|"failed"/);
				assert.match(line.text, /"connect"/);
			} finally {
				forget();
			}
		});

	labTest('a proxy with a dead IPv6 address beside a live one', async l => {
		const [pair] = l.net.pairs;
		const dead = pair.a6.replace('::1', '::dead');
		const forget = etc(l.net.a, 'hosts',
			`${dead} proxy.test\n${pair.a4} proxy.test\n`);
		try {
			await labBackend(l, '127.0.0.1');
			await labProxy(l, pair.a4);
			// the kernel itself gives a dead neighbour up after 3 s
			const took = [];
			for (let i = 0; i < 3 && !(Math.min(...took) < 2000); i++) {
				const cat = labCat(l, 'http://127.0.0.1:5000',
					['--proxy', 'http://proxy.test']);
				const line = await cat.line('"connect"', 15000);
				took.push(line.at - cat.startedAt);
			}
			assert.ok(Math.min(...took) < 2000, `${took} ms`);
		} finally {
			forget();
		}
	});

	labTest('no address answers: each is tried, the last is said', async l => {
		const [pair] = l.net.pairs;
		const forget = etc(l.net.a, 'hosts',
			`${pair.a6} none.test\n${pair.a4} none.test\n`);
		try {
			const cat = labCat(l, 'http://none.test:5000');
			const line = await cat.line('"failed"');
			assert.match(line.text, /"stage":"TCP"/);
			assert.match(line.text, /port 5000: Connection refused/);
		} finally {
			forget();
		}
	});

	labTest('the name moves to another address', async l => {
		const [pair] = l.net.pairs;
		const forget = etc(l.net.a, 'hosts', `${pair.a6} moves.test\n`);
		try {
			await labBackend(l, pair.a4);
			const cat = labCat(l, 'http://moves.test:5000');
			await cat.line('"failed"');
			// the same file: a namespace's is mounted when a program starts
			writeFileSync(`/etc/netns/${l.net.a}/hosts`,
				`${pair.a4} moves.test\n`);
			await cat.line('"connect"', 10000);
		} finally {
			forget();
		}
	});

	/** Returns what puts the namespace's names back. */
	async function silentResolver(l) {
		const forget = etc(l.net.a, 'resolv.conf',
			'nameserver 127.0.0.1\noptions timeout:30 attempts:1\n');
		l.spawn('silence', l.net.a, ['node', '-e',
			`require('dgram').createSocket('udp4').bind(53, '127.0.0.1')`]);
		await sleep(500);
		return forget;
	}

	labTest("a resolver that never answers for a proxy's name", async l => {
		const forget = await silentResolver(l);
		try {
			const cat = labCat(l, 'http://127.0.0.1:5000', ['--connect-ms',
				'100', '--backoff-ms', '20', '--proxy', 'http://slow.test']);
			for (let i = 0, from = 0; i < 10; i++) {
				const line = await cat.line('"failed"', 6000, from);
				assert.match(line.text, /"stage":"timeout"/);
				from = cat.lines.indexOf(line) + 1;
			}
			// one lookup at a time, whoever began it
			assert.equal(readdirSync(`/proc/${cat.pid}/task`).length, 2);
		} finally {
			forget();
		}
	});

	labTest('a resolver that never answers does not hold up anything',
		async l => {
			const forget = await silentResolver(l);
			try {
				const cat = labCat(l, 'http://slow.test:5000',
					['--connect-ms', '1000']);
				// the time for an attempt runs although the lookup does
				const failed = await cat.line('"failed"', 6000);
				assert.match(failed.text, /"stage":"timeout"/);
				const asked = Date.now();
				cat.child.stdin.write('{"stop":true}\n');
				assert.equal((await cat.end()).code, 0);
				assert.ok(Date.now() - asked < 1000);
			} finally {
				forget();
			}
		});
});
