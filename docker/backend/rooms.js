// SPDX-License-Identifier: ISC
// Names, rooms and the events of the contract. A client may send anything at
// any time: every argument is checked here, and a call without a callback is
// answered by silence.

import { addressScope, plainAddress } from './addresses.js';

const MAX_NAME_LENGTH = 200;

// A viewer this far behind will not catch up; the queue is the server's memory.
const MAX_QUEUED_PACKETS = 20000;
const QUEUE_CHECK_MS = 1000;

// Socket.IO gives each socket a room named by its id. The prefix keeps a client
// that names itself like another's id out of that one.
const roomKey = (name) => `name:${name}`;
const VIEWERS = 'viewers';

function isName(value) {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_LENGTH;
}

function isMessage(value) {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}

/** Answers with what `make` returns of the first argument; no callback, no answer. */
function answer(make) {
  return (...args) => {
    const callback = args.at(-1);
    if (typeof callback === 'function')
      callback(make(args.length > 1 ? args[0] : undefined));
  };
}

function authenticate(tokenIsRight) {
  return (socket, next) => {
    const { user, token } = socket.handshake.auth;
    if (!user)
      return next();
    if (!tokenIsRight(token))
      return next(new Error('Invalid token'));
    if (!isName(user.username))
      return next(new Error(`Invalid username: a text of 1 to ${MAX_NAME_LENGTH} characters`));
    socket.data.username = user.username;
    return next();
  };
}

/** A room exists while a client of its name is in it. */
function roomExists(io, name) {
  const members = io.of('/').adapter.rooms.get(roomKey(name)) ?? [];
  for (const id of members) {
    if (io.of('/').sockets.get(id)?.data.username === name)
      return true;
  }
  return false;
}

function listRooms(io, socket) {
  const names = new Set();
  for (const { data } of io.of('/').sockets.values()) {
    if (data.username !== undefined && !names.has(data.username) && roomExists(io, data.username))
      names.add(data.username);
  }
  return Array.from(names, (name) => ({ name, member: socket.rooms.has(roomKey(name)) }));
}

function listViewers(io, socket) {
  const viewers = [];
  for (const other of io.of('/').sockets.values()) {
    if (other.data.username !== undefined)
      continue;
    const address = plainAddress(other.handshake.address);
    viewers.push({
      ...addressScope(address),
      ipaddr: other === socket ? `*${address}` : address,
      since: new Date(other.handshake.issued).toISOString(),
    });
  }
  return viewers;
}

/** Hints, so that the dashboard need not wait for its next look at get_rooms. */
function tellViewers(io) {
  io.to(VIEWERS).emit('rooms');
}

function changeMembership(io, socket, change) {
  return answer((name) => {
    if (!isName(name) || !roomExists(io, name))
      return false;
    socket[change](roomKey(name));
    if (name === socket.data.username)
      tellViewers(io);
    return true;
  });
}

function serveSocket(io, socket) {
  const { username } = socket.data;

  if (username === undefined) {
    socket.join(VIEWERS);
  } else {
    socket.join(roomKey(username));
    tellViewers(io);
    socket.on('disconnect', () => tellViewers(io));
    socket.on('data', (message) => {
      if (isMessage(message))
        io.to(roomKey(username)).emit('data', { message, client: username });
    });
  }

  socket.on('get_rooms', answer(() => listRooms(io, socket)));
  socket.on('join_room', changeMembership(io, socket, 'join'));
  socket.on('leave_room', changeMembership(io, socket, 'leave'));
  socket.on('ping', answer(() => 'pong'));
  socket.on('get_clients', answer(() => listViewers(io, socket)));
  socket.on('get_serverip', answer(() => plainAddress(socket.request.socket.localAddress)));
  socket.on('get_location', answer((address) => addressScope(address)));
}

function dropSlowViewers(io) {
  for (const socket of io.of('/').sockets.values()) {
    if (socket.conn.writeBuffer.length > MAX_QUEUED_PACKETS)
      socket.conn.close(true);
  }
}

export function serveRooms(io, tokenIsRight) {
  io.use(authenticate(tokenIsRight));
  io.on('connection', (socket) => serveSocket(io, socket));
  setInterval(dropSlowViewers, QUEUE_CHECK_MS, io).unref();
}
