// SPDX-License-Identifier: ISC
// HTTP proxies: real ones, and one that follows a script.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { describe } from 'node:test';

import { binary, catTest } from '../support/cat.mjs';
import { Authority } from '../support/certs.mjs';
import { CREDENTIALS, squid, tinyproxy } from '../support/proxies.mjs';
import { answer, readHead, serve } from '../support/raw-server.mjs';
import { listen } from '../support/sio-server.mjs';
import { sleep, until } from '../support/process.mjs';

const ca = new Authority();
const own = ca.sign('server', ['DNS:localhost', 'IP:127.0.0.1']);

async function backend(scene, tls) {
	const server = await listen('4.8.4', { tls: tls && own.options });
	scene.later(() => server.close());
	return server;
}

/** It works, to the size that fills every buffer on the way. */
async function works(cat) {
	await cat.event('connect', { ms: 10000 });
	const bytes = Buffer.alloc(200000, 'through the proxy');
	const { binary: [back] } = await cat.ask('echo', [binary(bytes)]);
	assert.equal(back, bytes.toString('base64'));
	await cat.leave();
	assert.deepEqual(cat.events('lost'), []);
	assert.deepEqual(cat.events('failed'), []);
}

async function refused(cat, status, words) {
	const failed = await cat.event('failed');
	assert.equal(failed.stage, 'proxy', failed.text);
	assert.equal(failed.status, status);
	assert.match(failed.text, words);
	assert.deepEqual(cat.events('open'), []);
}

const via = (port, user) =>
	['--proxy', `http://${user ? `${user}@` : ''}127.0.0.1:${port}`];

describe('real proxies', { concurrency: 3 }, () => {
	for (const [name, start, credentials] of [
		['tinyproxy', tinyproxy, 'user:password'],
		['squid', squid, CREDENTIALS],
	]) {
		for (const tls of [false, true]) {
			catTest(`${name}: ${tls ? 'wss' : 'ws'} and polling`,
				async scene => {
					const server = await backend(scene, tls);
					const proxy = await start(scene);
					for (const transports of ['websocket', 'upgrade'])
						await works(scene.cat(server.url,
							['--ca', ca.ca, '--transports', transports,
								...via(proxy.port)]));
					await proxy.used();
				});
		}

		catTest(`${name} with a password`, async scene => {
			const server = await backend(scene);
			const proxy = await start(scene, { auth: true });
			await works(scene.cat(server.url, via(proxy.port, credentials)));
			await proxy.used();
			await refused(scene.cat(server.url, via(proxy.port)), 407,
				/407: it asks for a user and a password/);
			const wrong = scene.cat(server.url,
				['--verbose', ...via(proxy.port, 'user:SeCrEt')]);
			await refused(wrong, name === 'squid' ? 407 : 401,
				/40[17]: it does not accept this user and password/);
			assert.doesNotMatch(wrong.text().join('\n'), /SeCrEt/);
		});

		catTest(`${name}: nothing listens behind it`, async scene => {
			const server = await backend(scene);
			const proxy = await start(scene);
			await server.close();
			await refused(scene.cat(server.url, via(proxy.port)),
				name === 'squid' ? 503 : 500, /it answered 50[03]/);
		});
	}
});

/** A proxy that does `script(socket, head, n)` with each request. */
async function scripted(scene, script) {
	const heads = [];
	const server = await serve(async (socket, n) => {
		socket.setNoDelay(true);
		const head = await readHead(socket);
		heads.push(head);
		await script(socket, head, n);
	});
	scene.later(() => server.close());
	return { ...server, heads };
}

const AGREED = 'HTTP/1.1 200 Connection established\r\n' +
	'Proxy-Agent: test\r\n\r\n';

function join(socket, port) {
	const far = connect(port, '127.0.0.1');
	far.on('error', () => socket.destroy());
	socket.on('close', () => far.destroy());
	far.pipe(socket);
	socket.pipe(far);
}

const portOf = head => Number(/^CONNECT .*:(\d+) HTTP/.exec(head)[1]);

describe('a proxy by the script', { concurrency: 4 }, () => {
	catTest('its answer comes byte by byte', async scene => {
		const server = await backend(scene);
		const proxy = await scripted(scene, async (socket, head) => {
			for (const byte of AGREED) {
				socket.write(byte);
				await sleep(2);
			}
			join(socket, portOf(head));
		});
		await works(scene.cat(server.url, via(proxy.port)));
	});

	catTest('its answer is cut in two at each place', async scene => {
		const server = await backend(scene);
		let done = 0;
		const proxy = await scripted(scene, async (socket, head, n) => {
			socket.write(AGREED.slice(0, n + 1));
			await sleep(3);
			socket.write(AGREED.slice(n + 1));
			join(socket, portOf(head));
			done = n;
		});
		const cat = scene.cat(server.url, ['--transports', 'polling',
			...via(proxy.port)]);
		await cat.event('connect');
		while (done < AGREED.length)
			await cat.ask('echo', [done]);
		await cat.leave();
		assert.deepEqual(cat.events('lost'), []);
		assert.deepEqual(cat.events('failed'), []);
	});

	catTest('what it is asked', async scene => {
		const proxy = await scripted(scene, socket =>
			socket.end(answer('503 Busy')));
		const cat = scene.cat('http://Host.Example:81/prefix',
			via(proxy.port, 'us%40er:p%3Aw'));
		await refused(cat, 503, /it answered 503 Busy/);
		const token = Buffer.from('us@er:p:w').toString('base64');
		const lines = proxy.heads[0].split('\r\n');
		assert.equal(lines[0], 'CONNECT host.example:81 HTTP/1.1');
		assert.ok(lines.includes('Host: host.example:81'));
		assert.ok(lines.includes(`Proxy-Authorization: Basic ${token}`));
		const six = scene.cat('http://[2001:db8::1]/', via(proxy.port));
		await refused(six, 503, /it answered 503 Busy/);
		assert.match(proxy.heads.at(-1),
			/^CONNECT \[2001:db8::1\]:80 HTTP\/1.1\r\nHost: \[2001:db8::1\]:80\r\n/);
	});

	for (const [what, script, status, words] of [
		['too long an answer', socket =>
			socket.write(`HTTP/1.1 200 ok\r\nX: ${'x'.repeat(9000)}`),
		0, /its answer is too long/],
		['a web server', socket => socket.end(answer('400 Bad Request')),
			400, /it answered 400 Bad Request/],
		['garbage', socket => socket.write('SSH-2.0-OpenSSH_9.2\r\n'),
			0, /this is no HTTP proxy/],
		['garbage with an end', socket => socket.write('\0\x01\r\n\r\n'),
			0, /this is no HTTP proxy/],
		['a status that is none', socket =>
			socket.write('HTTP/1.1 2OO ok\r\n\r\n'),
		0, /this is no HTTP proxy/],
		['a closed connection', socket => socket.end(), 0, /closed/],
		['half an answer, then closed', socket =>
			socket.end('HTTP/1.1 200 Conn'), 0, /closed/],
		['a reset', socket => socket.resetAndDestroy(), 0, /reset/],
	]) {
		catTest(what, async scene => {
			const proxy = await scripted(scene, script);
			await refused(scene.cat('http://127.0.0.1:9', via(proxy.port)),
				status, words);
		});
	}

	catTest('slow: a second is no failure', async scene => {
		const server = await backend(scene);
		const proxy = await scripted(scene, async (socket, head) => {
			await sleep(1000);
			socket.write(AGREED);
			join(socket, portOf(head));
		});
		await works(scene.cat(server.url, via(proxy.port)));
	});

	catTest('silent: given up after the time for an attempt', async scene => {
		const proxy = await scripted(scene, () => {});
		const cat = scene.cat('http://127.0.0.1:9', ['--connect-ms', '500',
			'--transports', 'websocket', ...via(proxy.port)]);
		const failed = await cat.event('failed');
		assert.equal(failed.stage, 'timeout');
		await cat.leave();
	});

	const descriptors = pid => readdirSync(`/proc/${pid}/fd`).length;

	catTest('silent many times, then it agrees', async scene => {
		const server = await backend(scene);
		const proxy = await scripted(scene, (socket, head, n) => {
			if (n < 12)
				return;
			socket.write(AGREED);
			join(socket, portOf(head));
		});
		const cat = scene.cat(server.url, ['--connect-ms', '200',
			'--backoff-ms', '20', '--transports', 'websocket',
			...via(proxy.port)]);
		await cat.event('failed');
		const first = descriptors(cat.pid);
		await cat.event('connect', { ms: 10000 });
		assert.equal(cat.events('failed').length, 12);
		assert.ok(descriptors(cat.pid) <= first + 10);
		await cat.leave();
	});

	catTest('it keeps open what was given up', async scene => {
		const server = await listen('4.8.4',
			{ options: { pingInterval: 200, pingTimeout: 200 } });
		scene.later(() => server.close());
		const proxy = await serve(async (socket, n) => {
			const head = await readHead(socket);
			const far = connect(portOf(head), '127.0.0.1');
			far.on('error', () => {});
			socket.write(AGREED);
			socket.pipe(far, { end: false });
			far.pipe(socket, { end: false });
			// neither a ping nor an end passes any more
			if (n < 10)
				setTimeout(() => far.unpipe(socket), 150);
		}, { server: createServer({ allowHalfOpen: true }) });
		scene.later(() => proxy.close());
		const cat = scene.cat(server.url, ['--backoff-ms', '20',
			'--transports', 'websocket', ...via(proxy.port)]);
		await cat.event('connect');
		const first = descriptors(cat.pid);
		await until(() => cat.events('connect').length === 11, 20000,
			'it connects again each time');
		assert.ok(descriptors(cat.pid) <= first + 10);
		await cat.leave();
	});

	catTest('it ends a session that was open', async scene => {
		const server = await backend(scene);
		const proxy = await scripted(scene, (socket, head, n) => {
			socket.write(AGREED);
			join(socket, portOf(head));
			if (n === 0)
				setTimeout(() => socket.resetAndDestroy(), 700);
		});
		const cat = scene.cat(server.url,
			['--transports', 'websocket', ...via(proxy.port)]);
		await cat.event('connect');
		const after = cat.lines.length;
		const lost = await cat.event('lost', { after });
		assert.equal(lost.stage, 'closed');
		await cat.event('connect', { after });
		await cat.leave();
	});

	catTest('nothing listens there', async scene => {
		const proxy = await scripted(scene, () => {});
		await proxy.close();
		await refused(scene.cat('http://127.0.0.1:9', via(proxy.port)), 0,
			new RegExp(`127.0.0.1:${proxy.port}: Connection refused`));
	});

	catTest('its name is not known', async scene => {
		await refused(scene.cat('http://127.0.0.1:9',
			['--proxy', 'http://nowhere.invalid:3128']), 0,
		/nowhere\.invalid:3128: (Name or service|Temporary failure|No address)/);
	});

	catTest('a proxy of another kind: not started', async scene => {
		const cat = scene.cat('http://127.0.0.1:9',
			['--proxy', 'socks5://u:SeCrEt@127.0.0.1:1080']);
		assert.equal((await cat.end()).code, 1);
		assert.match(cat.text('err')[0], /only HTTP proxies.*http:\/\/HOST:PORT/);
		assert.doesNotMatch(cat.text('err')[0], /SeCrEt/);
	});
});

describe('the environment', { concurrency: 4 }, () => {
	/** Connects with these variables; was the proxy asked? */
	async function asked(scene, { tls = false, name, env, args = [] }) {
		const server = await backend(scene, tls);
		const proxy = await scripted(scene, (socket, head) => {
			socket.write(AGREED);
			join(socket, portOf(head));
		});
		const at = `http://127.0.0.1:${proxy.port}`;
		const url = name ? server.url.replace('127.0.0.1', name) : server.url;
		const cat = scene.cat(url, ['--ca', ca.ca,
			...args.map(a => a === 'PROXY' ? at : a)],
		{ env: Object.fromEntries(Object.entries(env)
			.map(([k, v]) => [k, v === 'PROXY' ? at : v])) });
		await cat.event('connect');
		await cat.leave();
		return proxy.heads.length > 0;
	}

	for (const [what, expected, settings] of [
		['http_proxy serves http', true, { env: { http_proxy: 'PROXY' } }],
		['https_proxy serves https', true,
			{ tls: true, env: { https_proxy: 'PROXY' } }],
		['HTTPS_PROXY does as well', true,
			{ tls: true, env: { HTTPS_PROXY: 'PROXY' } }],
		['all_proxy serves both', true, { env: { all_proxy: 'PROXY' } }],
		['http_proxy does not serve https', false,
			{ tls: true, env: { http_proxy: 'PROXY' } }],
		['https_proxy does not serve http', false,
			{ env: { https_proxy: 'PROXY' } }],
		// in a CGI program it is a header of the request
		['HTTP_PROXY is nothing', false, { env: { HTTP_PROXY: 'PROXY' } }],
		['no_proxy excepts an address', false,
			{ env: { http_proxy: 'PROXY', no_proxy: 'a.example,127.0.0.1' } }],
		['no_proxy excepts a network', false,
			{ env: { http_proxy: 'PROXY', no_proxy: '127.0.0.0/8' } }],
		['no_proxy excepts a name', false, {
			name: 'localhost',
			env: { http_proxy: 'PROXY', NO_PROXY: 'localhost' },
		}],
		['no_proxy for others changes nothing', true,
			{ env: { http_proxy: 'PROXY', no_proxy: 'b.example,10.0.0.0/8' } }],
		['--proxy is stronger than no_proxy', true,
			{ env: { no_proxy: '*' }, args: ['--proxy', 'PROXY'] }],
		['--proxy is stronger than http_proxy', true, {
			env: { http_proxy: 'http://127.0.0.1:1' },
			args: ['--proxy', 'PROXY'],
		}],
	]) {
		catTest(what, async scene =>
			assert.equal(await asked(scene, settings), expected));
	}
});
