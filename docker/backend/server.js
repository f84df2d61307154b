// SPDX-License-Identifier: ISC
//
// The monitor backend: agents connect under a name and send lines, viewers
// join the room of that name and see them. The page at / is such a viewer.
//
// Whoever connects without `user` is a viewer and needs no token: PASSWORD
// keeps strangers from writing into a room, not from reading it. Bind HOST to
// 127.0.0.1, or put an authenticating proxy in front, where that matters.

import { createServer } from 'node:http';
import { Server } from 'socket.io';

import { readSettings } from './settings.js';
import { originAllowed, tokenChecker } from './access.js';
import { pages, setHeaders } from './pages.js';
import { serveRooms } from './rooms.js';

// Longer than a proxy or a browser needs to say goodbye, shorter than the
// patience of `docker stop` (10 s) and of whoever pressed Ctrl-C.
const STOP_TIMEOUT_MS = 1500;

function fail(message) {
  process.stderr.write(`icmp-agent-backend: ${message}\n`);
  process.exit(1);
}

function explainListenError(error, { host, port }) {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is in use: stop the program that has it, or set PORT`;
    case 'EACCES':
      return `port ${port} on ${host} needs privileges: set PORT to 1024 or above`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST ${host} is no address of this machine: set HOST, for instance to 127.0.0.1`;
    default:
      return `cannot listen on ${host}, port ${port}: ${error.message}`;
  }
}

function listeningUrl(address) {
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}/`;
}

function main() {
  let settings;
  try {
    settings = readSettings(process.env);
  } catch (error) {
    fail(error.message);
  }

  const http = createServer(pages());
  const io = new Server(http, {
    allowRequest: (request, decide) => {
      const allowed = originAllowed(request.headers, settings.allowedOrigins);
      decide(allowed ? null : 'Origin not allowed', allowed);
    },
    cors: { origin: settings.allowedOrigins },
  });
  // Socket.IO took the listeners over; this one sees every request first.
  http.prependListener('request', setHeaders);

  serveRooms(io, tokenChecker(settings.password));

  let stopping = false;
  const stop = () => {
    if (stopping)
      return;
    stopping = true;
    setTimeout(() => process.exit(0), STOP_TIMEOUT_MS).unref();
    io.close(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  http.on('error', (error) => fail(explainListenError(error, settings)));
  http.listen(settings.port, settings.host, () => {
    process.stdout.write(`icmp-agent-backend listening on ${listeningUrl(http.address())}\n`);
  });
}

main();
