// SPDX-License-Identifier: ISC
// Connections that end again and again: nothing is left of them. 100 of each
// kind, 1,000 with SOAK=1.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe } from 'node:test';

import { CAT, ROOT, catTest } from '../support/cat.mjs';
import { Authority } from '../support/certs.mjs';
import { network } from '../support/cut-proxy.mjs';
import { freePort, tinyproxy } from '../support/proxies.mjs';
import { listen } from '../support/sio-server.mjs';

const SANITIZED = process.env.SIO_CAT_SAN ??
	`${ROOT}build/san-address-undefined/tests/e2e/sio_cat`;
const COUNT = process.env.SOAK ? 1000 : 100;
const ca = new Authority();
const own = ca.sign('server', ['DNS:localhost']);

const memory = pid =>
	Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`))[1]);
const descriptors = pid => readdirSync(`/proc/${pid}/fd`).length;

/**
 * Lets it connect COUNT times, each time ended by `end(socket)` of the server,
 * and compares what it holds after a tenth of them and at the end.
 */
async function reconnect(scene, cat, io, end, grows) {
	let sockets = [];
	io.on('connection', socket => sockets.push(socket));
	let early;
	for (let i = 0; i < COUNT; i++) {
		await cat.event('connect', { ms: 20000 });
		if (i === COUNT / 10)
			early = { memory: memory(cat.pid), fds: descriptors(cat.pid) };
		// what was read is not needed any more, nor is searching it
		cat.lines = [];
		sockets.forEach(end);
		sockets = [];
		await cat.event('lost', { ms: 20000 });
		cat.send({ retry: true });
	}
	await cat.event('connect', { ms: 20000 });
	const late = { memory: memory(cat.pid), fds: descriptors(cat.pid) };
	assert.ok(late.fds <= early.fds + 2, JSON.stringify([early, late]));
	if (grows)
		assert.ok(late.memory < early.memory + grows,
			JSON.stringify([early, late]));
	await cat.leave(20000);
	assert.doesNotMatch(cat.text('err').join('\n'), /Sanitizer|runtime error/);
}

const close = socket => socket.conn.close();
const cut = socket => socket.client.conn.transport.socket?._socket ?
	socket.client.conn.transport.socket._socket.destroy() :
	socket.conn.close();

for (const [what, binary, options] of [
	['memory and descriptors', CAT, { grows: 600 }],
	['with sanitizers', SANITIZED, {
		skip: !existsSync(SANITIZED) &&
			`not built: make SAN=address,undefined ${SANITIZED}`,
		env: { ASAN_OPTIONS: 'detect_leaks=1' },
	}],
]) {
	const { skip, grows, env } = options;
	const settings = { skip, timeout: 60000 * (process.env.SOAK ? 20 : 2) };
	const start = (scene, url, args) => scene.cat(url,
		[...args, '--refusal-ms', '100'], { env, binary });

	describe(what, { concurrency: 2 }, () => {
		for (const transports of ['websocket', 'polling', 'upgrade']) {
			catTest(`closed by the server (${transports})`, async scene => {
				const server = await listen('4.8.4');
				scene.later(() => server.close());
				await reconnect(scene, start(scene, server.url,
					['--transports', transports]), server.io, close, grows);
			}, settings);
		}

		catTest('cut off, with TLS and a name', async scene => {
			const server = await listen('4.8.4', { tls: own.options });
			scene.later(() => server.close());
			await reconnect(scene,
				start(scene, `https://localhost:${server.port}`,
					['--ca', ca.ca]), server.io, cut, grows);
		}, settings);

		catTest('closed behind a proxy', async scene => {
			const server = await listen('4.8.4');
			scene.later(() => server.close());
			const proxy = await tinyproxy(scene);
			await reconnect(scene, start(scene, server.url,
				['--proxy', `http://127.0.0.1:${proxy.port}`]),
			server.io, close, grows);
		}, settings);

		catTest('refused connections', async scene => {
			const port = await freePort();
			const cat = start(scene, `http://localhost:${port}`, []);
			let early;
			for (let i = 0; i < COUNT; i++) {
				await cat.event('failed');
				if (i === COUNT / 10)
					early = [memory(cat.pid), descriptors(cat.pid)];
				cat.lines = [];
				cat.send({ retry: true });
			}
			const late = [memory(cat.pid), descriptors(cat.pid)];
			assert.ok(late[1] <= early[1] + 4, `${early} ${late}`);
			if (grows)
				assert.ok(late[0] < early[0] + grows, `${early} ${late}`);
			await cat.leave(20000);
			assert.doesNotMatch(cat.text('err').join('\n'),
				/Sanitizer|runtime error/);
		}, settings);

		catTest('stopped at each point of a connection', async scene => {
			const server = await listen('4.8.4');
			scene.later(() => server.close());
			for (let bytes = 0; bytes < (process.env.SOAK ? 1200 : 60);
				bytes += 7) {
				const net = await network(server.port,
					() => ({ down: { frozen: () => true },
						up: { limit: bytes + 1, frozen: () => false } }));
				const cat = start(scene, net.url, []);
				await new Promise(resolve => setTimeout(resolve, 20));
				cat.send({ stop: true });
				const { code } = await cat.end(10000);
				assert.equal(code, 0, cat.text().join('\n'));
				await net.close();
			}
		}, settings);
	});
}
