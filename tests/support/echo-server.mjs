// SPDX-License-Identifier: ISC
// The official socket.io server with the part of the backend's contract that an
// agent sees, and what the one that the repository ships does not let one set.
//
//     PORT=5000 PING_MS=25000 ECHO=1 node echo-server.mjs
//
// PING_MS is its heartbeat and how long it waits for the answer; with ECHO=0 it
// keeps what it is told to itself. Prints a JSON object a line: {"pong":MS} is
// how long the answer to a heartbeat took, {"data":TEXT} a message, and
// {"connect":N}, {"disconnect":WHY} what they say.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const { Server } = createRequire(import.meta.url)('socket.io-4.8.4');
const { PORT = 5000, PING_MS = 25000, ECHO = '1', QUIET } = process.env;
const say = object => process.stdout.write(`${JSON.stringify(object)}\n`);

const http = createServer();
const io = new Server(http, {
	pingInterval: Number(PING_MS),
	pingTimeout: Number(PING_MS),
});
let connects = 0;

io.on('connection', socket => {
	const name = socket.handshake.auth.user?.username;
	let asked;

	if (!name) {
		socket.disconnect(true);
		return;
	}
	socket.join(name);
	say({ connect: ++connects });
	socket.on('disconnect', why => say({ disconnect: why }));
	socket.on('ping', answer => answer('pong'));
	socket.on('data', message => {
		if (!QUIET)
			say({ data: message });
		if (ECHO === '1')
			io.to(name).emit('data', { message, client: name });
	});
	socket.conn.on('packetCreate', packet => {
		if (packet.type === 'ping')
			asked = performance.now();
	});
	socket.conn.on('packet', packet => {
		if (packet.type === 'pong')
			say({ pong: Math.round(performance.now() - asked) });
	});
});
http.listen(Number(PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
