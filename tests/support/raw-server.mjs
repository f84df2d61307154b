// SPDX-License-Identifier: ISC
// A server of bytes: for what no library would ever send.
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Listens on 127.0.0.1 and gives each connection to `handle(socket, n)`, n
 * counting from 0; resolves with { port, url, server, close }. `server` may be
 * another than net's.
 */
export async function serve(handle,
	{ host = '127.0.0.1', server = createServer(), port = 0 } = {}) {
	const sockets = new Set();
	let n = 0;
	server.on(server.setSecureContext ? 'secureConnection' : 'connection',
		socket => {
			sockets.add(socket);
			socket.on('error', () => {});
			socket.on('close', () => sockets.delete(socket));
			handle(socket, n++);
		});
	server.listen(port, host);
	await once(server, 'listening');
	return {
		server, sockets,
		port: server.address().port,
		url: `http://${host}:${server.address().port}`,
		async close() {
			if (!server.listening)
				return;
			const closed = once(server, 'close');
			server.close();
			for (const socket of sockets)
				socket.destroy();
			await closed;
		},
	};
}

/** Resolves with the head of a request, once it is whole. */
export async function readHead(socket) {
	let text = '';
	for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
		text += chunk.toString('latin1');
		if (text.includes('\r\n\r\n'))
			break;
	}
	return text;
}

export const answer = (status, body = '', headers = '') =>
	`HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
	`${headers}\r\n${body}`;
