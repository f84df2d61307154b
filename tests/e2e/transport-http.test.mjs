// SPDX-License-Identifier: ISC
// What HTTP and TCP do between the client and a server that is well.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import { binary, catTest } from '../support/cat.mjs';
import { network, random } from '../support/cut-proxy.mjs';
import { run } from '../support/net.mjs';
import { sleep, until } from '../support/process.mjs';
import { answer, readHead, serve } from '../support/raw-server.mjs';
import { listen } from '../support/sio-server.mjs';

async function backend(scene, options) {
	const server = await listen('4.8.4', { options });
	scene.later(() => server.close());
	return server;
}

async function between(scene, server, rules) {
	const net = await network(server.port, rules);
	scene.later(() => net.close());
	return net;
}

async function raw(scene, handle) {
	const server = await serve(handle);
	scene.later(() => server.close());
	return server;
}

const HANDSHAKE = more => `0${JSON.stringify({
	sid: 'abc', upgrades: [], pingInterval: 25000, pingTimeout: 20000, ...more,
})}`;

describe('requests', { concurrency: 4 }, () => {
	// libwebsockets ends each exchange after 5 s unless told otherwise
	catTest('a poll may take longer than 5 s', async scene => {
		const server = await backend(scene);
		const cat = scene.cat(server.url, ['--transports', 'polling']);
		await cat.event('connect');
		await sleep(6500);
		assert.deepEqual((await cat.ask('echo', ['still'])).args, ['still']);
		await cat.leave();
		assert.deepEqual(cat.events('lost'), []);
	});

	for (const transports of ['websocket', 'polling', 'both']) {
		catTest(`a redirect that does not say to where (${transports})`,
			async scene => {
				const server = await raw(scene, async socket => {
					await readHead(socket);
					socket.end(answer('302 Found'));
				});
				const cat = scene.cat(server.url,
					['--transports', transports]);
				const failed = await cat.event('failed');
				assert.equal(failed.status, 302);
				assert.equal(failed.text, 'the server answered 302');
			});

		catTest(`a redirect is not followed (${transports})`, async scene => {
			let followed = 0;
			const other = await raw(scene, () => followed++);
			const server = await raw(scene, async socket => {
				await readHead(socket);
				socket.end(answer('301 Moved', '',
					`Location: http://127.0.0.1:${other.port}/x\r\n`));
			});
			const cat = scene.cat(server.url, ['--transports', transports]);
			const failed = await cat.event('failed');
			assert.equal(failed.stage, 'HTTP');
			assert.equal(failed.status, 301);
			assert.equal(failed.text, 'the server redirects to ' +
				`http://127.0.0.1:${other.port}/x`);
			assert.equal(followed, 0);
		});
	}

	for (const transports of ['websocket', 'polling']) {
		catTest(`2000 bytes of path and query, and more (${transports})`,
			async scene => {
				const lines = [];
				const server = await raw(scene, async socket => {
					lines.push((await readHead(socket)).split('\r\n')[0]);
					socket.end(answer('404 Not Found'));
				});
				const probe = scene.cat(server.url,
					['--transports', transports, '--query', 'q=']);
				await probe.event('failed');
				await probe.stop();
				// what is known to be between GET and HTTP/1.1
				const [, target] = lines[0].split(' ');
				// polling's has a number of its own that varies in length
				const slack = transports === 'polling' ? 8 : 0;
				const fill = 2000 - slack - target.length;
				const ok = scene.cat(server.url, ['--transports', transports,
					'--query', `q=${'x'.repeat(fill)}`]);
				assert.equal((await ok.event('failed')).status, 404);
				await ok.stop();
				const { length } = lines.at(-1).split(' ')[1];
				assert.ok(length <= 2000 && length >= 2000 - 2 * slack, length);
				assert.ok(lines.at(-1).includes('x'.repeat(fill)));
				for (const more of [1 + 2 * slack, 2000, 4000, 30000]) {
					const count = lines.length;
					const cat = scene.cat(server.url, ['--transports',
						transports, '--query', `q=${'x'.repeat(fill + more)}`]);
					const failed = await cat.event('failed');
					assert.equal(failed.stage, 'local');
					assert.match(failed.text, /more than 2000 bytes/);
					assert.equal(lines.length, count, 'nothing was sent');
				}
			});
	}

	catTest('cookies: of several headers, long ones, and replaced ones',
		async scene => {
			const long = 'v'.repeat(3000);
			const heads = [];
			const server = await raw(scene, async socket => {
				const head = await readHead(socket);
				heads.push(head);
				if (!head.includes('sid='))
					socket.end(answer('200 OK', HANDSHAKE(),
						'Set-Cookie: a=1; Path=/; HttpOnly\r\n' +
						`Set-Cookie: balancer=${long}; path=/\r\n` +
						'Set-Cookie: c=3\r\n'));
				else if (head.startsWith('POST'))
					socket.end(answer('200 OK', 'ok', 'Set-Cookie: c=4\r\n'));
				else if (heads.length < 6)
					setTimeout(() => socket.end(answer('200 OK', '6')), 200);
			});
			scene.cat(server.url, ['--transports', 'polling']);
			await until(() => heads.length >= 4, 5000, 'four requests');
			const cookies = heads.map(h => /^cookie: (.*)$/im.exec(h)?.[1]);
			assert.equal(cookies[0], undefined);
			assert.equal(cookies[1], `a=1; balancer=${long}; c=3`);
			assert.equal(cookies[2], cookies[1]);
			assert.equal(cookies[3], `a=1; balancer=${long}; c=4`);
		});

	// libwebsockets 4.1.6 would compress from memory that is already freed
	catTest('no compression is offered', async scene => {
		const heads = [];
		const server = await raw(scene, async socket => {
			heads.push(await readHead(socket));
			socket.end(answer('404 Not Found'));
		});
		const cat = scene.cat(server.url, ['--transports', 'websocket']);
		await cat.event('failed');
		assert.match(heads[0], /^sec-websocket-version: 13\r$/im);
		assert.doesNotMatch(heads[0], /^sec-websocket-extensions:/im);
	});

	// a policy of 8 KB is not rare; Node takes 16 KB
	for (const transports of ['websocket', 'polling']) {
		catTest(`12 KB of headers (${transports})`, async scene => {
			const server = await backend(scene);
			server.io.engine.on('headers', headers => {
				headers['Content-Security-Policy'] = 'x'.repeat(8000);
				for (let i = 0; i < 50; i++)
					headers[`X-Header-${i}`] = 'v'.repeat(60);
			});
			const cat = scene.cat(server.url, ['--transports', transports]);
			await cat.event('connect');
			assert.deepEqual((await cat.ask('echo', [1])).args, [1]);
			await cat.leave();
			assert.deepEqual(cat.events('failed'), []);
		});
	}

	// a name is asked for, which only a session's own requests do without
	catTest('a path that looks like a part of the query', async scene => {
		const server = await raw(scene, async socket => {
			await readHead(socket);
			socket.end(answer('404 Not Found'));
		});
		const failed = await scene.cat(
			`http://localhost:${server.port}/x&sid=1`).event('failed');
		assert.equal(failed.status, 404, failed.text);
	});

	for (const [what, status, words] of [
		['404', '404 Not Found', /no Socket\.IO server at this path/],
		['502', '502 Bad Gateway', /behind the proxy does not answer/],
		['403', '403 Forbidden', /not allowed/],
	]) {
		catTest(`an answer of ${what}`, async scene => {
			const server = await raw(scene, async socket => {
				await readHead(socket);
				socket.end(answer(status));
			});
			const failed = await scene.cat(server.url).event('failed');
			assert.equal(failed.stage, 'HTTP');
			assert.equal(failed.status, Number(what));
			assert.match(failed.text, words);
		});
	}

	// of an answer without its end nothing is to be believed
	for (const [what, send] of [
		['Content-Length', (socket, body) => socket.end(
			`HTTP/1.1 200 OK\r\nContent-Length: ${body.length + 5}\r\n\r\n${body}`)],
		['chunks', (socket, body) => socket.end(
			'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
			`${body.length.toString(16)}\r\n${body}\r\n`)],
	]) {
		catTest(`an answer that ends before its ${what} do`, async scene => {
			let n = 0;
			const server = await raw(scene, async socket => {
				const head = await readHead(socket);
				if (!head.includes('sid='))
					socket.end(answer('200 OK', HANDSHAKE()));
				else if (head.startsWith('POST'))
					socket.end(answer('200 OK', 'ok'));
				else if (n++ === 0)
					socket.end(answer('200 OK', '40{"sid":"s"}'));
				else
					send(socket, '42["half","of it"]');
			});
			const cat = scene.cat(server.url, ['--transports', 'polling']);
			await cat.event('lost');
			assert.deepEqual(cat.events('message'), []);
		});
	}

	catTest('an answer in chunks of a byte', async scene => {
		const chunked = (socket, body) => {
			socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
			for (const byte of body)
				socket.write(`1\r\n${byte}\r\n`);
			socket.end('0\r\n\r\n');
		};
		let n = 0;
		const server = await raw(scene, async socket => {
			const head = await readHead(socket);
			if (!head.includes('sid='))
				chunked(socket, HANDSHAKE());
			else if (head.startsWith('POST'))
				chunked(socket, 'ok');
			else if (n++ === 0)
				chunked(socket, '40{"sid":"s"}\x1e42["whole","of it"]');
		});
		const cat = scene.cat(server.url, ['--transports', 'polling']);
		assert.deepEqual((await cat.message('whole')).args, ['of it']);
	});
});

describe('bytes', { concurrency: 4 }, () => {
	catTest('a burst into a connection that is full', async scene => {
		const server = await backend(scene);
		const got = [];
		server.io.on('connection', socket => socket.on('n', (n, text) =>
			got.push([n, text.length])));
		let frozen = false;
		const net = await between(scene, server,
			() => ({ up: { frozen: () => frozen } }));
		const cat = scene.cat(net.url, ['--transports', 'websocket']);
		await cat.event('connect');
		// each more than libwebsockets sends at once: it keeps the rest
		const count = 300;
		const text = 'z'.repeat(90000);
		frozen = true;
		for (let i = 0; i < count; i++)
			cat.emit('n', [i, text.slice(i)]);
		// more than the system's buffers hold and the client's take
		await cat.event('error', { where: e => /full/.test(e.text) });
		// room for a part of what waits, and again none
		for (let i = 0; i < 8; i++) {
			frozen = false;
			await sleep(5 + i);
			frozen = true;
			await sleep(50);
		}
		frozen = false;
		await until(() => got.length + cat.events('error').length >= count,
			20000, 'each arrived or was refused');
		assert.equal(got.length + cat.events('error').length, count);
		for (const [n, length] of got)
			assert.equal(length, 90000 - n);
		assert.deepEqual(got.map(([n]) => n),
			got.map(([n]) => n).sort((a, b) => a - b));
		assert.deepEqual(cat.events('lost'), []);
		await cat.leave();
	});

	// 5 s for the client to say what it has to say, 2 s to close
	catTest('left although the server takes nothing', async scene => {
		const server = await backend(scene);
		let frozen = false;
		const net = await between(scene, server,
			() => ({ up: { frozen: () => frozen } }));
		const cat = scene.cat(net.url, ['--transports', 'websocket']);
		await cat.event('connect');
		frozen = true;
		scene.later(() => frozen = false);
		for (let i = 0; i < 100; i++)
			cat.emit('n', ['z'.repeat(90000)]);
		await cat.event('error', { where: e => /full/.test(e.text) });
		await cat.leave(9000);
	});

	catTest('60 KB is not cut into pieces', async scene => {
		const server = await backend(scene);
		const cat = scene.cat(server.url, ['--transports', 'websocket']);
		await cat.event('connect');
		const text = 'z'.repeat(60000);
		for (let i = 0; i < 20; i++)
			await cat.ask('echo', [text]);
		const info = run('ss', '-tinH', `dport = :${server.port}`);
		// loopback takes 64 KB at once
		const segments = Number(/data_segs_out:(\d+)/.exec(info)[1]);
		assert.ok(segments < 60, `${segments} segments`);
		await cat.leave();
	});

	catTest('split at each byte both ways', async scene => {
		const server = await backend(scene);
		const net = await between(scene, server,
			() => ({ up: { piece: 1 }, down: { piece: 1 } }));
		for (const transports of ['websocket', 'upgrade']) {
			const cat = scene.cat(net.url, ['--transports', transports]);
			await cat.event('connect');
			const bytes = Buffer.alloc(3000, 'split');
			const { binary: [back] } = await cat.ask('echo', [binary(bytes)]);
			assert.equal(back, bytes.toString('base64'));
			await cat.leave();
			assert.deepEqual(cat.events('lost'), []);
		}
	});

	for (const transports of ['websocket', 'polling', 'upgrade']) {
		catTest(`100 ms each way and 20 KB/s (${transports})`, async scene => {
			const server = await backend(scene);
			const rules = { delayMs: 100, bytesPerSecond: 20000 };
			const net = await between(scene, server,
				() => ({ up: rules, down: rules }));
			const cat = scene.cat(net.url, ['--transports', transports]);
			await cat.event('connect');
			const text = 'w'.repeat(10000);
			const { args } = await cat.ask('echo', [text]);
			assert.equal(args[0], text);
			await cat.leave();
			assert.deepEqual(cat.events('lost'), []);
		});
	}

	catTest('1 KB/s: slow, but no failure', async scene => {
		const server = await backend(scene,
			{ pingInterval: 1000, pingTimeout: 5000 });
		const rules = { piece: 100, bytesPerSecond: 1000 };
		const net = await between(scene, server,
			() => ({ up: rules, down: rules }));
		const cat = scene.cat(net.url, ['--transports', 'websocket']);
		await cat.event('connect');
		const text = 'w'.repeat(1500);
		assert.equal((await cat.ask('echo', [text])).args[0], text);
		await cat.leave();
		assert.deepEqual(cat.events('lost'), []);
	});

	for (const transports of ['websocket', 'polling', 'upgrade']) {
		catTest(`cut at random places (${transports})`, async scene => {
			const server = await backend(scene);
			const below = random(20);
			const text = n => `${n} ${'0123456789'.repeat(n % 500)}`;
			const wrong = [];
			server.io.on('connection', socket => {
				let n = 0;
				const timer = setInterval(() =>
					socket.emit('down', n, text(n++)), 2);
				socket.on('up', (k, value) => {
					if (value !== text(k))
						wrong.push(value);
				});
				socket.on('disconnect', () => clearInterval(timer));
			});
			// an exchange by polling is short, a connection each
			const [least, most] = transports === 'polling' ?
				[1, 4000] : [400, 12000];
			let calm = false;
			const net = await between(scene, server, () => calm ? {} : {
				down: { limit: least + below(most), piece: 1 + below(3000) },
				up: { limit: least + below(most) },
			});
			const cat = scene.cat(net.url, ['--transports', transports,
				'--backoff-ms', '20']);
			let k = 0;
			const emits = setInterval(() =>
				cat.emit('up', [k, text(k++ % 500)].map((v, i) =>
					i ? v : Number(v) % 500)), 5);
			scene.later(() => clearInterval(emits));
			await until(() => cat.events('lost').length +
				cat.events('failed').length >= 12, 30000, 'twelve cuts');
			clearInterval(emits);
			calm = true;
			for (const { args } of cat.events('message'))
				assert.equal(args[1], text(args[0]));
			assert.ok(cat.events('message').length > 20);
			assert.deepEqual(wrong, []);
			for (const e of [...cat.events('lost'), ...cat.events('failed')])
				assert.match(e.stage, /closed|HTTP|TCP/, e.text);
			await cat.leave();
		});
	}

	for (const [way, rules] of [
		['it sends no more', { down: { limit: 2000 }, then: 'half' }],
		['it takes no more', { up: { limit: 2000 }, then: 'half' }],
	]) {
		catTest(`half closed: ${way}`, async scene => {
			const server = await backend(scene,
				{ pingInterval: 1000, pingTimeout: 1000 });
			const net = await between(scene, server, n => n ? {} : rules);
			const cat = scene.cat(net.url, ['--transports', 'websocket']);
			await cat.event('connect');
			cat.emit('say', ['h'.repeat(3000)]);
			const after = cat.lines.length;
			await cat.event('lost');
			await cat.event('connect', { after });
			assert.deepEqual((await cat.ask('echo', [1])).args, [1]);
			await cat.leave();
		});
	}

	for (const transports of ['websocket', 'polling']) {
		catTest(`silence: the heartbeat notices it (${transports})`,
			async scene => {
				const server = await backend(scene,
					{ pingInterval: 1000, pingTimeout: 800 });
				let frozen = false;
				const net = await between(scene, server, n => {
					const rules = { frozen: () => frozen && n < 20 };
					return { up: rules, down: rules };
				});
				const cat = scene.cat(net.url, ['--transports', transports]);
				await cat.event('connect');
				await sleep(2500);
				assert.deepEqual(cat.events('lost'), []);
				frozen = true;
				const from = Date.now();
				const lost = await cat.event('lost');
				assert.equal(lost.stage, 'heartbeat lost');
				assert.ok(Date.now() - from < 4000);
				frozen = false;
				await cat.event('connect', { after: cat.lines.length - 1 });
				await cat.leave();
			});
	}
});
