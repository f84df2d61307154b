// SPDX-License-Identifier: ISC
// The application that the client is tested against, on any release of
// socket.io and in this process. sio_server.py is the same in Python.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

function application(socket) {
	socket.on('echo', (...args) => args.pop()(...args));
	socket.on('say', (...args) => socket.emit('said', ...args));
	socket.on('ask me', (...args) => socket.emit('question', ...args,
		(...answer) => socket.emit('answered', ...answer)));
	socket.on('send', length => socket.emit('sent', 'x'.repeat(length)));
	socket.on('throw me out', () => socket.disconnect());
	socket.on('cut me off', () => socket.disconnect(true));
}

function authorize(socket, next) {
	if (socket.handshake.auth?.token !== 'wrong') {
		next();
		return;
	}
	const error = new Error('Invalid token');
	error.data = { hint: 'ask for another' };
	next(error);
}

function makeServer(release, http, options) {
	const library = require(`socket.io-${release}`);
	if (release.startsWith('2.'))
		return library(http, options);
	const io = new library.Server(http, options);
	for (const nsp of ['/', '/admin']) {
		io.of(nsp).use(authorize);
		io.of(nsp).on('connection', application);
	}
	return io;
}

/**
 * Listens on 127.0.0.1; resolves with { io, http, port, url, close }. `tls` is
 * what https.createServer() takes. A port can be given to come back on it.
 */
export async function listen(release, { port = 0, tls, options } = {}) {
	const http = tls ? createTlsServer(tls) : createServer();
	http.on('tlsClientError', () => {}); // what the client says is judged
	const sockets = new Set(); // those that were upgraded, too
	http.on('connection', socket => {
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket));
	});
	const io = makeServer(release, http, options);
	// 30 s would keep this process that long after a client was killed
	io.engine.on('connection', socket => {
		socket.transport.closeTimeout = 100;
	});
	http.listen(port, '127.0.0.1');
	await once(http, 'listening');
	port = http.address().port;
	return {
		io, http, port,
		url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
		async close() {
			if (!http.listening)
				return;
			const closed = once(http, 'close');
			io.close();
			http.close();
			for (const socket of sockets)
				socket.destroy();
			await closed;
		},
	};
}
