// SPDX-License-Identifier: ISC
// A TCP relay in the way to the backend that can be cut like a cable: no byte
// passes and nobody is told.
//
//     node cable.mjs PORT BACKEND_PORT
//
// A line `cut` or `mend` on standard input does that and is answered. What was
// sent in between is gone when the cable is mended, and its connections with it.
import { createServer, connect } from 'node:net';
import { createInterface } from 'node:readline';

const [port, backend] = process.argv.slice(2).map(Number);
const sockets = new Set();
let isCut = false;

function pass(from, to) {
	sockets.add(from);
	from.on('data', data => {
		if (!isCut)
			to.write(data);
	});
	from.on('error', () => {});
	from.on('close', () => {
		sockets.delete(from);
		if (!isCut)
			to.destroy();
	});
}

createServer(client => {
	const server = connect(backend, '127.0.0.1');
	pass(client, server);
	pass(server, client);
}).listen(port, '127.0.0.1', () => console.log('listening'));

createInterface({ input: process.stdin }).on('line', word => {
	isCut = word === 'cut';
	if (!isCut)
		for (const socket of sockets)
			socket.destroy();
	console.log(word);
});
process.on('SIGTERM', () => process.exit(0));
