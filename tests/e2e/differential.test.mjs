// SPDX-License-Identifier: ISC
// One scripted server, once with npm's socket.io-client, once with libsio: the
// same messages on the wire, but for the differences that are intended.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { io } from 'socket.io-client';
import { WebSocketServer } from 'ws';

import { Cat, binary, catTest } from '../support/cat.mjs';
import { until } from '../support/process.mjs';

const AUTH = { token: 'swörd"fish', n: 1 };
const SAID = ['grüß', 42, { deep: [null, true, 1.5] }, ''];
const BYTES = Buffer.from([0, 255, 10]);

/** Speaks by a script and writes down what it hears. */
async function startServer(scene) {
	const http = createServer();
	const wss = new WebSocketServer({ server: http });
	const server = { heard: [], closed: false };
	wss.on('connection', (ws, request) => {
		const url = new URL(request.url, 'http://x');
		server.request = `${url.pathname} ${[...url.searchParams].join(' ')}`;
		server.say = text => ws.send(text);
		ws.on('message', (data, isBinary) => server.heard.push(isBinary ?
			`bytes ${data.toString('hex')}` : data.toString()));
		ws.on('close', () => {
			server.closed = true;
		});
		ws.send('0{"sid":"S","upgrades":[],"pingInterval":25000,' +
			'"pingTimeout":20000,"maxPayload":1000000}');
	});
	http.listen(0, '127.0.0.1');
	await once(http, 'listening');
	scene.later(() => {
		wss.clients.forEach(ws => ws.terminate());
		http.close();
	});
	server.url = `http://127.0.0.1:${http.address().port}`;
	server.hears = n => until(() => server.heard.length >= n, 5000,
		`message ${n} of ${JSON.stringify(server.heard)}`);
	return server;
}

/** npm's client, behind the same methods as the other. */
function official(scene, url) {
	const root = io(url, { transports: ['websocket'], auth: AUTH,
		reconnectionDelay: 150 });
	const sockets = { '/': root };
	const messages = [];
	const errors = [];
	const listen = socket => {
		socket.onAny((...args) => messages.push(args));
		socket.on('connect_error', e => errors.push(e.message));
	};
	listen(root);
	scene.later(() => root.close());
	return {
		messages, errors,
		async emit(name, args, nsp = '/') {
			sockets[nsp].emit(name, ...args);
		},
		ask: (name, args) => root.emitWithAck(name, ...args),
		async join(nsp) {
			sockets[nsp] = root.io.socket(nsp, { auth: AUTH });
			listen(sockets[nsp]);
		},
		async answer(...args) {
			messages.at(-1).at(-1)(...args);
		},
		async leave(nsp) {
			sockets[nsp].disconnect();
		},
		async stop() {
			root.disconnect();
		},
	};
}

function ours(scene, url) {
	const cat = scene.add(new Cat(url, ['--transports', 'websocket', '--auth',
		JSON.stringify(AUTH)]));
	const last = () => cat.events('message').at(-1);
	return {
		get messages() {
			return cat.events('message').map(e => [e.name, ...e.args]);
		},
		get errors() {
			return cat.events('connect_error').map(e => e.text);
		},
		async emit(name, args, nsp) {
			cat.emit(name, args.map(a =>
				Buffer.isBuffer(a) ? binary(a) : a), { nsp });
		},
		ask: async (name, args) => (await cat.ask(name, args)).args[0],
		join: async nsp => cat.send({ join: nsp }),
		answer: async (...args) => cat.send({ ack: last().id, args }),
		leave: async nsp => cat.send({ leave: nsp }),
		stop: () => cat.leave(),
	};
}

/** A whole life. `results` are what the application saw. */
async function live(server, client) {
	const results = [];
	const received = n => until(() => client.messages.length >= n, 5000,
		`message ${n} at the application`);

	await server.hears(1);
	server.say('40{"sid":"N"}');
	server.say('2');
	await server.hears(2);
	server.say('42["hello",{"a":[1]},"ü\\u0041"]');
	await received(1);
	results.push(client.messages[0]);
	await client.emit('say', SAID);
	await server.hears(3);
	server.say('4217["ask"]');
	await received(2);
	await client.answer('well', 7);
	await server.hears(4);
	const answer = client.ask('how', ['much']);
	await server.hears(5);
	server.say('430["so much"]');
	results.push(await answer);
	await client.emit('bytes', [BYTES, 'and', Buffer.alloc(0)]);
	await server.hears(8);
	await client.join('/admin');
	await server.hears(9);
	server.say('40/admin,{"sid":"A"}');
	server.say('42/admin,["welcome"]');
	await received(3);
	results.push(client.messages[2]);
	await client.emit('say', [], '/admin');
	await server.hears(10);
	await client.leave('/admin');
	await server.hears(11);
	await client.stop();
	await until(() => server.closed, 5000, 'the end of the connection');
	return results;
}

catTest('the same life, the same messages', async scene => {
	const a = await startServer(scene);
	const b = await startServer(scene);
	const theirs = await live(a, official(scene, a.url));
	const own = await live(b, ours(scene, b.url));

	assert.deepEqual(own, theirs);
	assert.equal(b.request, a.request);
	// libsio takes its leave of Engine.IO, too, before it closes
	assert.equal(b.heard.at(-1), '1');
	assert.deepEqual(b.heard.slice(0, -1), a.heard);
	assert.equal(a.heard.length, 12);
});

catTest('a refusal is tried again by libsio alone', async scene => {
	const a = await startServer(scene);
	const b = await startServer(scene);
	for (const [server, make] of [[a, official], [b, ours]]) {
		const client = make(scene, server.url);
		await server.hears(1);
		server.say('44{"message":"no","data":{"x":1}}');
		await until(() => client.errors.length, 5000, 'the refusal');
		await until(() => server.closed, 5000, 'the end');
	}
	await b.hears(2);
	assert.equal(b.heard[1], b.heard[0]);
	assert.equal(a.heard.length, 1);
});

/** What each does on a packet against the protocol: both come back. */
for (const bad of ['42{}', '42["disconnect"]', '4', '451-["x"]\n42["y"]', '40[]'])
	catTest(`both end the connection on ${JSON.stringify(bad)}`, async scene => {
		const a = await startServer(scene);
		const b = await startServer(scene);
		for (const [server, make] of [[a, official], [b, ours]]) {
			make(scene, server.url);
			await server.hears(1);
			server.say('40{"sid":"N"}');
			for (const text of bad.split('\n'))
				server.say(text);
			await until(() => server.closed, 5000, 'the end');
			await server.hears(2);
		}
		assert.deepEqual(b.heard[1], a.heard[1]);
	});
