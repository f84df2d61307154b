// SPDX-License-Identifier: ISC
// A server of raw sockets that breaks one rule at a time, each scenario named
// after it, against libsio and the transport. On the first connection it does
// so; from the second on it behaves. The client must say at which stage the
// rule was broken and be connected the next time.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe } from 'node:test';

import { catTest } from '../support/cat.mjs';
import { readHead, serve } from '../support/raw-server.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455 section 1.3
const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9;

function frame(opcode, payload, { fin = 1, rsv = 0, masked = 0 } = {}) {
	const body = Buffer.from(payload);
	const head = [fin << 7 | rsv << 4 | opcode];
	if (body.length < 126)
		head.push(masked << 7 | body.length);
	else if (body.length < 65536)
		head.push(masked << 7 | 126, body.length >> 8, body.length & 255);
	else
		head.push(masked << 7 | 127, 0, 0, 0, 0, body.length >>> 24,
			body.length >> 16 & 255, body.length >> 8 & 255,
			body.length & 255);
	return Buffer.concat([Buffer.from(head),
		Buffer.alloc(masked ? 4 : 0), body]);
}

const text = (payload, options) => frame(TEXT, payload, options);

function accept(head, lines = {}) {
	const key = /sec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? '';
	const all = {
		Upgrade: 'websocket',
		Connection: 'Upgrade',
		'Sec-WebSocket-Accept': createHash('sha1').update(key + GUID)
			.digest('base64'),
		...lines,
	};
	return `HTTP/1.1 101 Switching Protocols\r\n${Object.entries(all)
		.filter(([, value]) => value !== undefined)
		.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

const OPEN = '0{"sid":"s","upgrades":[],"pingInterval":25000,' +
	'"pingTimeout":20000,"maxPayload":1000000}';

/** The payload of a client's first text frame that is shorter than 126. */
function unmask(data) {
	const n = data[1] & 127, mask = data.subarray(2, 6);
	return Buffer.from(data.subarray(6, 6 + n).map((b, i) => b ^ mask[i % 4]))
		.toString();
}

/** What a server does that keeps all rules. */
async function behave(socket) {
	socket.write(accept(await readHead(socket)));
	socket.write(text(OPEN));
	socket.on('data', data => {
		if ((data[0] & 15) === TEXT && unmask(data).startsWith('40'))
			socket.write(text('40{"sid":"t"}'));
		if (data.includes(0x88))
			socket.end(frame(CLOSE, Buffer.from([3, 232])));
	});
}

// ---- before the 101: bytes, or what is done with the socket ----

const http = (status, body = '') => `HTTP/1.1 ${status}\r\nContent-Length: ` +
	`${body.length}\r\nConnection: close\r\n\r\n${body}`;

const HANDSHAKE = {
	'closed before an answer': s => s.end(),
	'reset before an answer': s => s.resetAndDestroy(),
	'silence instead of an answer': () => {},
	'no HTTP at all': s => s.end('SSH-2.0-OpenSSH_9.2\r\n'),
	'binary instead of HTTP': s => s.end(Buffer.alloc(300, 0xff)),
	'the head ends inside a line': s => s.end('HTTP/1.1 101 Swit'),
	'the head never ends': s => s.write('HTTP/1.1 101 Switching\r\nA: b\r\n'),
	'200 instead of 101': s => s.end(http('200 OK', 'hello')),
	'204 instead of 101': s => s.end('HTTP/1.1 204 No Content\r\n\r\n'),
	'400 with an error object': s => s.end(http('400 Bad Request',
		'{"code":3,"message":"Bad request"}')),
	'401': s => s.end(http('401 Unauthorized')),
	'403 with an error object': s => s.end(http('403 Forbidden',
		'{"code":4,"message":"Forbidden"}')),
	'404': s => s.end(http('404 Not Found')),
	'429': s => s.end(http('429 Too Many Requests')),
	'500': s => s.end(http('500 Internal Server Error', 'oops')),
	'503': s => s.end(http('503 Service Unavailable')),
	'a wrong Sec-WebSocket-Accept': (s, head) => s.end(accept(head,
		{ 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' })),
	'no Sec-WebSocket-Accept': (s, head) => s.end(accept(head,
		{ 'Sec-WebSocket-Accept': undefined })),
	'no Upgrade': (s, head) => s.end(accept(head, { Upgrade: undefined })),
	'another Upgrade': (s, head) => s.end(accept(head, { Upgrade: 'h2c' })),
	'a head of 100 KB': (s, head) => s.end(accept(head,
		{ 'X-Long': 'x'.repeat(100000) })),
};

// ---- frames, RFC 6455, behind a good 101 ----

const FRAMES = {
	'silence after the 101': () => {},
	'closed after the 101': s => s.end(),
	'reset after the 101': s => s.resetAndDestroy(),
	'raw HTTP after the 101': s => s.end(http('400 Bad Request', 'x')),
	'a frame with RSV1': s => s.write(text(OPEN, { rsv: 4 })),
	'a frame with RSV2': s => s.write(text(OPEN, { rsv: 2 })),
	'a frame with RSV3': s => s.write(text(OPEN, { rsv: 1 })),
	'opcode 3': s => s.write(frame(3, OPEN)),
	'opcode 7': s => s.write(frame(7, OPEN)),
	'opcode 11': s => s.write(frame(11, '')),
	'a masked frame': s => s.write(text(OPEN, { masked: 1 })),
	'a ping in fragments': s => s.write(frame(PING, 'a', { fin: 0 })),
	'a ping of 126 bytes': s => s.write(frame(PING, 'a'.repeat(126))),
	'a continuation of nothing': s => s.write(frame(0, OPEN)),
	'half a frame, then the end': s => s.end(text(OPEN).subarray(0, 20)),
	'half a message, then the end': s => s.end(text('0{"si', { fin: 0 })),
	'half a message, then silence': s => s.write(text('0{"si', { fin: 0 })),
	'a length of 2^62': s => s.write(Buffer.from(
		[0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0])),
	'close 1000': s => s.end(frame(CLOSE, Buffer.from([3, 232]))),
	'close 1002': s => s.end(frame(CLOSE, Buffer.from([3, 234]))),
	'close 1009': s => s.end(frame(CLOSE, Buffer.from([3, 241]))),
	'close without a code': s => s.end(frame(CLOSE, '')),
	'close with half a code': s => s.end(frame(CLOSE, 'a')),
};

// ---- Engine.IO 4: the first packet ----

const ENGINE = {
	'a message before open': '4hello',
	'a ping before open': '2',
	'a pong before open': '3',
	'close before open': '1',
	'upgrade before open': '5',
	'an empty packet': '',
	'a type that there is not': '9',
	'a letter for a type': 'x{}',
	'open without an object': '0',
	'open with half an object': '0{"sid":"s"',
	'open with an array': '0[]',
	'open with null': '0null',
	'open without sid': '0{"upgrades":[],"pingInterval":1,"pingTimeout":1}',
	'open with a number for sid':
		'0{"sid":5,"upgrades":[],"pingInterval":1,"pingTimeout":1}',
	'open without pingInterval': '0{"sid":"s","pingTimeout":20000}',
	'open with a negative pingInterval':
		'0{"sid":"s","pingInterval":-1,"pingTimeout":20000}',
	'open with text for pingTimeout':
		'0{"sid":"s","pingInterval":25000,"pingTimeout":"long"}',
	'open above the limit': `0{"sid":"${'s'.repeat(70000)}"}`,
};

// ---- Socket.IO 5: what follows a good open ----

const SOCKET = {
	'silence instead of CONNECT': [],
	'open twice': [OPEN],
	'CONNECT without sid (version 2)': ['40'],
	'CONNECT with a number for sid': ['40{"sid":5}'],
	'CONNECT with half an object': ['40{"sid"'],
	'an empty packet': ['4'],
	'a type that there is not': ['47'],
	'a letter for a type': ['4x'],
	'EVENT without an array': ['40{"sid":"t"}', '42'],
	'EVENT with an object': ['40{"sid":"t"}', '42{}'],
	'EVENT with an empty array': ['40{"sid":"t"}', '42[]'],
	'EVENT with half an array': ['40{"sid":"t"}', '42["a"'],
	'EVENT with null for a name': ['40{"sid":"t"}', '42[null]'],
	'EVENT with more behind it': ['40{"sid":"t"}', '42["a"]b'],
	'EVENT nested 1,000 deep': ['40{"sid":"t"}',
		`42["a",${'['.repeat(1000)}${']'.repeat(1000)}]`],
	'ACK with an object': ['40{"sid":"t"}', '431{}'],
	'BINARY_EVENT without a number': ['40{"sid":"t"}', '45["a"]'],
	'BINARY_EVENT with text for its attachment': ['40{"sid":"t"}',
		'451-["a",{"_placeholder":true,"num":0}]', '42["b"]'],
	'BINARY_EVENT with too high a num': ['40{"sid":"t"}',
		'451-["a",{"_placeholder":true,"num":7}]', Buffer.from('x')],
	'BINARY_EVENT with 1,000 attachments': ['40{"sid":"t"}',
		'451000-["a",{"_placeholder":true,"num":0}]'],
	'binary of nothing': ['40{"sid":"t"}', Buffer.from('x')],
	'DISCONNECT at once': ['41'],
	'DISCONNECT after CONNECT': ['40{"sid":"t"}', '41'],
	'CONNECT_ERROR with an object': ['44{"message":"no"}'],
	'CONNECT_ERROR with text': ['44"no"'],
	'CONNECT_ERROR with half an object': ['44{"mess'],
	'close after CONNECT': ['40{"sid":"t"}', '1'],
	'a ping, then the end': ['40{"sid":"t"}', '2', null],
};

function adversary(rule, act, head101, stages) {
	catTest(rule, async scene => {
		const server = await serve(async (socket, n) => {
			if (n > 0)
				return behave(socket);
			const head = await readHead(socket);
			if (head101)
				socket.write(accept(head));
			return act(socket, head);
		});
		scene.later(() => server.close());
		const cat = scene.cat(server.url, ['--transports', 'websocket',
			'--connect-ms', '700', '--max-message', '60000']);
		const broken = await Promise.any([cat.event('failed'),
			cat.event('lost')]);
		assert.match(broken.stage, stages);
		assert.notEqual(broken.text, undefined);
		await cat.event('connect', { after: cat.lines.length - 1 });
		await cat.leave();
	});
}

const packets = list => socket => {
	for (const p of list) {
		if (p === null)
			socket.end();
		else
			socket.write(frame(typeof p === 'string' ? TEXT : BINARY, p));
	}
};

describe('rules of the HTTP upgrade', { concurrency: 8 }, () => {
	for (const [rule, act] of Object.entries(HANDSHAKE))
		adversary(rule, act, false, /^(HTTP|timeout)$/);
});

describe('rules of WebSocket frames', { concurrency: 8 }, () => {
	for (const [rule, act] of Object.entries(FRAMES))
		adversary(rule, act, true, /^(closed|timeout)$/);
});

describe('rules of Engine.IO', { concurrency: 8 }, () => {
	for (const [rule, packet] of Object.entries(ENGINE))
		adversary(rule, packets([packet]), true, /^Engine\.IO$/);
});

describe('rules of Socket.IO', { concurrency: 8 }, () => {
	for (const [rule, list] of Object.entries(SOCKET))
		adversary(rule, packets([OPEN, ...list]), true,
			/^(Engine\.IO|Socket\.IO|old server|refused|timeout|closed)$/);
});

describe('cut at every byte of the handshake', { concurrency: 8 }, () => {
	const good = head => Buffer.concat([Buffer.from(accept(head)),
		text(OPEN), text('40{"sid":"t"}')]);
	const length = good('').length;
	for (let cut = 0; cut < length; cut += 16)
		adversary(`the end after ${cut} bytes`,
			(socket, head) => socket.end(good(head).subarray(0, cut)),
			false, /^(HTTP|closed)$/);
});
