// SPDX-License-Identifier: ISC
// The connection to the backend. `wanted` says which rooms the user wants;
// every look at get_rooms compares that with what the server says and joins or
// leaves, so it does not matter what was lost in between: a server that
// restarted, an agent that went away and came back.

import { io } from './socket.io/socket.io.esm.min.js';

const POLL_MS = 2000;
const ANSWER_TIMEOUT_MS = 5000;
const REFUSED_RETRY_MS = 5000;
const MAX_ROOMS = 500;

function validRooms(list) {
  if (!Array.isArray(list))
    return [];
  return list
    .filter((room) => typeof room?.name === 'string' && room.name !== '')
    .slice(0, MAX_ROOMS)
    .map(({ name, member }) => ({ name, member: member === true }));
}

export class Link {
  /** `on` has state({state, reason, delay}), rooms(names) and data(room, message). */
  constructor(on) {
    this.on = on;
    this.wanted = new Set();
    this.asking = false;
    this.askAgain = false;
    this.socket = io({
      path: new URL('socket.io/', document.baseURI).pathname,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 3000,
    });
    this.#listen();
    setInterval(() => this.refresh(), POLL_MS);
  }

  #listen() {
    const { socket } = this;
    socket.on('connect', () => {
      this.on.state({ state: 'connected' });
      this.refresh();
    });
    socket.on('disconnect', (reason) => this.#lost(reason));
    socket.on('connect_error', (error) => this.#lost(error.message));
    // sent by this project's server alone; others are asked every POLL_MS
    socket.on('rooms', () => this.refresh());
    socket.on('data', (data) => {
      if (typeof data?.client === 'string' && data.message !== undefined && this.wanted.has(data.client))
        this.on.data(data.client, data.message);
    });
  }

  #lost(reason) {
    this.asking = false;
    this.on.state({ state: 'lost', reason });
    // refused, or sent away: Socket.IO does not try again by itself
    if (!this.socket.active)
      setTimeout(() => this.socket.connect(), REFUSED_RETRY_MS);
  }

  /** Asks which rooms there are, one question at a time. */
  refresh() {
    this.askAgain = this.asking;
    if (!this.socket.connected || this.asking)
      return;
    const asked = performance.now();
    this.asking = true;
    this.socket.timeout(ANSWER_TIMEOUT_MS).emit('get_rooms', null, (error, list) => {
      this.asking = false;
      if (error)
        return;
      if (this.askAgain)
        this.refresh();
      const rooms = validRooms(list);
      this.on.state({ state: 'connected', delay: performance.now() - asked });
      this.on.rooms(rooms.map(({ name }) => name));
      this.#reconcile(rooms);
    });
  }

  #reconcile(rooms) {
    for (const { name, member } of rooms) {
      const wanted = this.wanted.has(name);
      if (wanted !== member)
        this.socket.emit(wanted ? 'join_room' : 'leave_room', name, () => {});
    }
  }

  join(name) {
    this.wanted.add(name);
    if (this.socket.connected)
      this.socket.emit('join_room', name, () => {});
  }

  leave(name) {
    this.wanted.delete(name);
    if (this.socket.connected)
      this.socket.emit('leave_room', name, () => {});
  }
}
