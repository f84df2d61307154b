// SPDX-License-Identifier: ISC
// One scripted server of HTTP long-polling, once with npm's socket.io-client,
// once with libsio: the same requests, heads and packets, but for the
// differences that are named here.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { io } from 'socket.io-client';
import { WebSocketServer } from 'ws';

import { binary, catTest } from '../support/cat.mjs';
import { until } from '../support/process.mjs';

const AUTH = { token: 'x' };
const BYTES = Buffer.from([0, 255, 10]);

/** "method path?query" without the value of t, which never repeats. */
function nameOf(request, stamps) {
	const url = new URL(request.url, 'http://x');
	const t = url.searchParams.get('t');
	if (t !== null) {
		stamps.push(t);
		url.searchParams.set('t', 'T');
	}
	url.searchParams.sort();
	return `${request.method} ${url.pathname}?${url.searchParams}`;
}

const FRAMING = /^(connection|host|sec-websocket-key|content-length)$/;

/** Speaks by a script; writes down what it hears. */
async function startServer(scene, upgrades) {
	const http = createServer();
	const wss = new WebSocketServer({ noServer: true });
	const server = {
		names: new Set(), heads: {}, stamps: [], posted: [], heard: [],
		overlaps: 0, closed: false, cookies: [],
	};
	let waiting, posting = 0;
	const queue = [];
	const flush = () => {
		if (!waiting || !queue.length)
			return;
		waiting.end(queue.splice(0).join('\x1e'));
		waiting = undefined;
	};
	const note = request => {
		const name = nameOf(request, server.stamps);
		server.names.add(name);
		server.heads[request.headers.upgrade ? 'upgrade' : request.method] ??=
			Object.fromEntries(Object.entries(request.headers)
				.filter(([k]) => !FRAMING.test(k)));
		server.cookies.push(request.headers.cookie);
	};

	http.on('request', async (request, response) => {
		note(request);
		if (!request.url.includes('sid=')) {
			response.setHeader('Set-Cookie', 'sticky=1; Path=/');
			response.end(`0${JSON.stringify({
				sid: 'S', upgrades, pingInterval: 25000, pingTimeout: 20000,
				maxPayload: 1000000,
			})}`);
		} else if (request.method === 'GET') {
			server.overlaps += waiting ? 1 : 0;
			waiting = response;
			flush();
		} else {
			server.overlaps += posting++ ? 1 : 0;
			const body = [];
			for await (const chunk of request)
				body.push(chunk);
			const packets = Buffer.concat(body).toString().split('\x1e');
			server.posted.push(...packets);
			posting--;
			response.end('ok');
			if (packets.includes('1'))
				server.closed = true;
		}
	});
	http.on('upgrade', (request, socket, head) => {
		note(request);
		wss.handleUpgrade(request, socket, head, ws => {
			ws.on('message', (data, isBinary) => {
				const text = isBinary ? data.toString('hex') : `${data}`;
				server.heard.push(text);
				if (text === '2probe') {
					ws.send('3probe');
					queue.push('6');
					flush();
				}
			});
			ws.on('close', () => {
				server.closed = true;
			});
			server.frame = text => ws.send(text);
		});
	});
	http.listen(0, '127.0.0.1');
	await once(http, 'listening');
	scene.later(() => {
		http.closeAllConnections();
		wss.clients.forEach(ws => ws.terminate());
		http.close();
	});
	server.url = `http://127.0.0.1:${http.address().port}`;
	server.say = text => {
		queue.push(text);
		flush();
	};
	server.posts = n => until(() => server.posted.length >= n, 5000,
		`packet ${n} of ${JSON.stringify(server.posted)}`);
	server.hears = n => until(() => server.heard.length >= n, 5000,
		`message ${n} of ${JSON.stringify(server.heard)}`);
	return server;
}

const CLIENTS = {
	npm(scene, url, upgrade) {
		const socket = io(url, { auth: AUTH, upgrade,
			transports: upgrade ? ['polling', 'websocket'] : ['polling'] });
		const questions = [];
		socket.on('ask', answer => questions.push(answer));
		scene.later(() => socket.close());
		return {
			emit: (name, ...args) => socket.emit(name, ...args),
			answer: async (...args) => {
				await until(() => questions.length, 5000, 'a question');
				questions.pop()(...args);
			},
			leave: () => socket.disconnect(),
		};
	},
	libsio(scene, url, upgrade) {
		const cat = scene.cat(url, ['--auth', JSON.stringify(AUTH),
			'--transports', upgrade ? 'upgrade' : 'polling']);
		return {
			emit: (name, ...args) => cat.emit(name, args.map(a =>
				Buffer.isBuffer(a) ? binary(a) : a)),
			answer: async (...args) => {
				const { id } = await cat.message('ask');
				cat.send({ ack: id, args });
			},
			leave: () => cat.leave(),
		};
	},
};

async function poll(scene, make) {
	const server = await startServer(scene, []);
	const client = make(scene, server.url, false);
	await server.posts(1);
	server.say('40{"sid":"N"}');
	server.say('2');
	await server.posts(2);
	server.say('4217["ask"]');
	await client.answer('well', 7);
	await server.posts(3);
	client.emit('say', 'grüß', { deep: [null] });
	await server.posts(4);
	client.emit('bytes', BYTES, 'and', Buffer.alloc(0));
	await server.posts(7);
	await client.leave();
	await until(() => server.closed, 5000, 'the end of the session');
	return server;
}

async function upgraded(scene, make) {
	const server = await startServer(scene, ['websocket']);
	const client = make(scene, server.url, true);
	await server.posts(1);
	await server.hears(2);
	server.frame('40{"sid":"N"}');
	server.frame('2');
	await server.hears(3);
	server.frame('4217["ask"]');
	await client.answer('well');
	await server.hears(4);
	await client.leave();
	await until(() => server.closed, 5000, 'the end of the connection');
	return server;
}

async function both(scene, life) {
	const [theirs, ours] = [await life(scene, CLIENTS.npm),
		await life(scene, CLIENTS.libsio)];
	return { theirs, ours };
}

/** Those of the heads that are the same: name, value. */
function sameHead(theirs, ours, intended) {
	const strip = head => Object.fromEntries(Object.entries(head ?? {})
		.filter(([k]) => !(k in intended)));
	assert.deepEqual(strip(ours), strip(theirs));
	for (const [name, values] of Object.entries(intended))
		[theirs, ours].forEach((head, i) =>
			assert.ok(typeof values[i] === 'function' ?
				values[i](head?.[name]) : head?.[name] === values[i],
			`${name}: ${head?.[name]}`));
}

const AGENT = [undefined, ours => /^icmp-agent\/[0-9.]+$/.test(ours)];

/** libwebsockets asks caches to stay out of the way. */
const CACHES = {
	pragma: [undefined, 'no-cache'],
	'cache-control': [undefined, 'no-cache'],
};

catTest('polling: the same requests and packets', async scene => {
	const { theirs, ours } = await both(scene, poll);
	assert.deepEqual([...ours.names].sort(), [...theirs.names].sort());
	assert.deepEqual(ours.posted, theirs.posted);
	assert.deepEqual(theirs.posted.slice(0, 3),
		['40{"token":"x"}', '3', '4317["well",7]']);
	for (const server of [theirs, ours]) {
		assert.equal(server.overlaps, 0);
		assert.equal(new Set(server.stamps).size, server.stamps.length,
			't never repeats');
	}
	// who it is, and that it takes anything, which is the default
	sameHead(theirs.heads.GET, ours.heads.GET, {
		...CACHES,
		accept: ['*/*', undefined],
		'user-agent': ['node-XMLHttpRequest', AGENT[1]],
	});
	sameHead(theirs.heads.POST, ours.heads.POST, {
		...CACHES,
		accept: ['*/*', undefined],
		'user-agent': ['node-XMLHttpRequest', AGENT[1]],
		// a balancer's cookie: kept, where npm's needs withCredentials
		cookie: [undefined, 'sticky=1'],
	});
	assert.equal(ours.heads.POST['content-type'], 'text/plain;charset=UTF-8');
	assert.ok(theirs.cookies.every(c => c === undefined));
	assert.ok(ours.cookies.slice(1).every(c => c === 'sticky=1'));
});

catTest('upgrade: the same requests, probe and messages', async scene => {
	const { theirs, ours } = await both(scene, upgraded);
	assert.deepEqual([...ours.names].sort(), [...theirs.names].sort());
	assert.deepEqual(ours.posted, theirs.posted);
	// the Engine.IO close before the WebSocket's: npm's omits it
	assert.deepEqual(ours.heard, [...theirs.heard, '1']);
	assert.deepEqual(theirs.heard,
		['2probe', '5', '3', '4317["well"]', '41']);
	sameHead(theirs.heads.upgrade, ours.heads.upgrade, {
		...CACHES,
		// compression: libwebsockets 4.1.6 keeps a pointer into freed memory
		'sec-websocket-extensions':
			['permessage-deflate; client_max_window_bits', undefined],
		'user-agent': AGENT,
		cookie: [undefined, 'sticky=1'],
	});
});
