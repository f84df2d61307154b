// SPDX-License-Identifier: ISC
// The client against real servers, each over each transport.
import assert from 'node:assert/strict';
import { after, describe } from 'node:test';

import { ROOT, binary, catTest } from '../support/cat.mjs';
import { Authority } from '../support/certs.mjs';
import { Process } from '../support/process.mjs';
import { listen } from '../support/sio-server.mjs';

const ca = new Authority();
const own = ca.sign('server', ['IP:127.0.0.1', 'DNS:localhost']);

function nodeServer(release) {
	return {
		name: `socket.io ${release}`,
		async listen(scene, { tls, port } = {}) {
			const server = await listen(release,
				{ port, tls: tls && own.options });
			scene.later(() => server.close());
			return server;
		},
		/** What its middleware adds to an error. */
		data: { message: 'Invalid token', data: { hint: 'ask for another' } },
	};
}

async function startPython({ tls, port = 0 }) {
	const server = new Process('python', ['/usr/bin/python3',
		`${ROOT}tests/support/sio_server.py`, String(port),
		...tls ? [own.cert, own.key] : []]);
	const bound = Number((await server.line(/^\d+$/, 20000)).text);
	return {
		server,
		port: bound,
		url: `${tls ? 'https' : 'http'}://127.0.0.1:${bound}`,
		close: () => server.stop('SIGKILL'),
	};
}

const shared = {};

const python = {
	name: "Debian's python3-socketio",
	/** One for all tests, as it takes a second to start, but for restarts. */
	async listen(scene, { tls = false, port, alone } = {}) {
		const server = await (alone ? startPython({ tls, port }) :
			shared[tls] ??= startPython({ tls }));
		scene.processes.push(server.server);
		if (!alone)
			return server;
		scene.later(() => server.close());
		return server;
	},
	data: { message: 'Invalid token' },
};

const SERVERS = [...['4.8.4', '4.8.1', '4.5.4', '4.0.2', '3.1.2']
	.map(nodeServer), python];

const WAYS = [
	{ name: 'WebSocket', transports: 'websocket' },
	{ name: 'polling', transports: 'polling' },
	{ name: 'polling, then upgrade', transports: 'upgrade' },
];

async function connected(scene, server, way, more = []) {
	const cat = scene.cat(server.url, ['--transports', way.transports,
		...way.tls ? ['--ca', ca.ca] : [], ...more]);
	await cat.event('connect');
	if (way.transports === 'upgrade')
		await cat.event('upgrade');
	return cat;
}

const HELLO = ['grüß dich', 42, { deep: [null, true, 1.5] }];

async function bothWays(cat, nsp) {
	cat.emit('say', HELLO, { nsp });
	assert.deepEqual((await cat.message('said')).args, HELLO);

	const answer = await cat.ask('echo', HELLO, { nsp });
	assert.deepEqual(answer.args, HELLO);
	assert.equal(answer.timed_out, false);

	cat.emit('ask me', ['well?'], { nsp });
	const question = await cat.message('question');
	assert.deepEqual(question.args, ['well?']);
	cat.send({ ack: question.id, args: ['well', 7], nsp });
	assert.deepEqual((await cat.message('answered')).args, ['well', 7]);
}

async function binaryBothWays(cat) {
	const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
	const base64 = bytes.toString('base64');
	const after = cat.lines.length;
	cat.emit('say', ['text', binary(bytes), binary('')]);
	const said = await cat.message('said', { after });
	assert.equal(said.args[0], 'text');
	assert.deepEqual(said.args.slice(1).map(a => a._placeholder),
		[true, true]);
	assert.deepEqual(said.args.slice(1).map(a => said.binary[a.num]),
		[base64, '']);

	const nested = await cat.ask('echo',
		[{ deep: [{ _placeholder: true, num: 0 }] }], { binary: [base64] });
	assert.deepEqual(nested.binary, [base64]);
	assert.deepEqual(nested.args,
		[{ deep: [{ _placeholder: true, num: 0 }] }]);

	cat.emit('ask me', [binary('?')]);
	const question = await cat.message('question', { after });
	assert.deepEqual(question.binary, [Buffer.from('?').toString('base64')]);
	cat.send({ ack: question.id, args: [binary(bytes)] });
	const answered = await cat.message('answered', { after });
	assert.deepEqual(answered.binary, [base64]);
}

/*
 * python-engineio 4.3 reads a POST's body with one read(length) of aiohttp,
 * which gives what has arrived, so that a body in several TCP segments is cut
 * off there. What goes up to it by polling stays within one.
 */
const UP_WHOLE = { text: 100000, line: 5000 };
const UP_ONE_SEGMENT = { text: 6000, line: 300 };

async function largeBothWays(cat, up) {
	const text = 'äöü'.repeat(up.text / 6);
	const after = cat.lines.length;
	cat.emit('say', [text]);
	assert.equal((await cat.message('said', { after })).args[0], text);
	const bytes = Buffer.alloc(up.text, 'binary \x00\xff', 'latin1');
	const answer = await cat.ask('echo', [binary(bytes)]);
	assert.equal(answer.binary[0], bytes.toString('base64'));
	cat.emit('send', [300000]);
	assert.equal((await cat.message('sent', { after })).args[0],
		'x'.repeat(300000));
	for (let i = 0; i < 50; i++)
		cat.emit('say', [`${i} ${'y'.repeat(up.line)}`]);
	await cat.event('message', {
		after, where: e => e.name === 'said' && /^49 /.test(e.args[0]),
	});
	const order = cat.events('message').filter(e => e.name === 'said')
		.map(e => parseInt(e.args[0], 10)).filter(n => n >= 0);
	assert.deepEqual(order, Array.from({ length: 50 }, (_, i) => i));
}

function matrix(server, way) {
	const title = `${server.name} over ${way.name}${way.tls ? ' and TLS' : ''}`;

	catTest(`${title}: events and acknowledgements both ways`, async scene => {
		const cat = await connected(scene,
			await server.listen(scene, way), way);
		await bothWays(cat);
		await binaryBothWays(cat);
		await cat.leave();
		assert.deepEqual(cat.events('lost'), []);
		assert.deepEqual(cat.events('failed'), []);
	});

	catTest(`${title}: large messages both ways, 50 in order`, async scene => {
		const cat = await connected(scene,
			await server.listen(scene, way), way);
		await largeBothWays(cat, server === python && way.name !== 'WebSocket'
			? UP_ONE_SEGMENT : UP_WHOLE);
		await cat.leave();
		assert.deepEqual(cat.events('lost'), []);
	});

	catTest(`${title}: two namespaces, one of them left`, async scene => {
		const cat = await connected(scene, await server.listen(scene, way),
			way, ['--nsp', '/', '--nsp', '/admin']);
		await cat.event('connect', { where: e => e.nsp === '/admin' });
		await bothWays(cat, '/admin');
		assert.equal((await cat.message('said')).nsp, '/admin');
		cat.send({ leave: '/admin' });
		assert.deepEqual((await cat.ask('echo', [1])).args, [1]);
		await cat.leave();
		assert.deepEqual(cat.events('lost'), []);
	});

	catTest(`${title}: wrong credentials, tried again`, async scene => {
		const { url } = await server.listen(scene, way);
		const cat = scene.cat(url, ['--transports', way.transports,
			'--auth', '{"token":"wrong"}', ...way.tls ? ['--ca', ca.ca] : []]);
		const refused = await cat.event('connect_error');
		assert.equal(refused.stage, 'refused');
		assert.equal(refused.text, 'Invalid token');
		assert.deepEqual(refused.data, server.data);
		await cat.event('connect_error', { after: cat.lines.length });
		assert.deepEqual(cat.events('connect'), []);
		await cat.leave();
	});

	catTest(`${title}: thrown out, and back`, async scene => {
		const cat = await connected(scene,
			await server.listen(scene, way), way);
		for (const how of ['throw me out', 'cut me off']) {
			const after = cat.lines.length;
			cat.emit(how);
			const lost = await cat.event('lost', { after });
			assert.match(lost.stage, /refused|closed/);
			await cat.event('connect', { after });
			assert.deepEqual((await cat.ask('echo', [how])).args, [how]);
		}
		await cat.leave();
	});

	catTest(`${title}: the server restarts`, async scene => {
		const server1 = await server.listen(scene, { ...way, alone: true });
		const cat = await connected(scene, server1, way);
		await cat.ask('echo', ['before']);
		const after = cat.lines.length;
		await server1.close();
		await cat.event('lost', { after });
		await cat.event('failed', { after });
		await server.listen(scene,
			{ ...way, port: server1.port, alone: true });
		await cat.event('connect', { after });
		assert.deepEqual((await cat.ask('echo', ['after'])).args, ['after']);
		await cat.leave();
	});
}

describe('servers', { concurrency: 4 }, () => {
	after(async () => {
		for (const server of Object.values(shared))
			await (await server).close();
	});
	for (const server of SERVERS)
		for (const way of WAYS)
			matrix(server, way);
	for (const server of [SERVERS[1], python])
		for (const way of WAYS)
			matrix(server, { ...way, tls: true });

	catTest('python3-socketio: a refusal that is a mere string', async scene => {
		const { url } = await python.listen(scene);
		const cat = scene.cat(url, ['--nsp', '/nowhere']);
		const refused = await cat.event('connect_error');
		assert.equal(refused.nsp, '/nowhere');
		assert.equal(refused.text, 'Unable to connect');
	});

	for (const way of WAYS) {
		catTest(`socket.io 2.5.1 over ${way.name}: named as too old`,
			async scene => {
				const { url } = await nodeServer('2.5.1').listen(scene);
				const cat = scene.cat(url, ['--transports', way.transports]);
				const failed = await cat.event('failed');
				assert.equal(failed.stage, 'old server');
				assert.match(failed.text, /Socket\.IO 2|Engine\.IO 3/);
				assert.deepEqual(cat.events('connect'), []);
				await cat.leave();
			});
	}
});
