// SPDX-License-Identifier: ISC
// A viewer without a browser: joins a room as the dashboard does, as soon as
// there is one, and prints what happens, a JSON object a line. A program of
// its own because a process lives in one network namespace.
//
//     node viewer.mjs URL ROOM
//
// With HOLD=1 it is a client of the room's name instead, with the PASSWORD of
// the environment: the room exists from the start, so not even the first
// message of an agent can be missed.
import { createHash } from 'node:crypto';
import { io } from 'socket.io-client';

const [url, room] = process.argv.slice(2);
const { HOLD, PASSWORD } = process.env;
const token = PASSWORD ?
	createHash('sha256').update(PASSWORD).digest('base64') : null;
const say = object =>
	process.stdout.write(`${JSON.stringify({ at: Date.now(), ...object })}\n`);

const socket = io(url, {
	auth: HOLD ? { user: { username: room }, token } : {},
	transports: ['websocket'],
	reconnectionDelay: 50,
	reconnectionDelayMax: 200,
});
let joined = false;

function join() {
	socket.emit('join_room', room, answer => {
		if (answer && !joined) {
			joined = true;
			say({ event: 'joined', room });
		}
	});
}

socket.on('connect', () => {
	joined = false;
	say({ event: 'connect' });
	join();
});
socket.on('rooms', join);
socket.on('disconnect', reason => say({ event: 'disconnect', reason }));
socket.on('connect_error', e => say({ event: 'refused', message: e.message }));
socket.on('data', ({ message, client }) => say({ message, client }));

// Each line of standard input asks whether it is in the room now.
process.stdin.on('data', () => socket.emit('get_rooms', null, rooms =>
	say({ member: rooms.some(r => r.name === room && r.member) })));
process.on('SIGTERM', () => process.exit(0));
