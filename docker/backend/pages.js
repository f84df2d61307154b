// SPDX-License-Identifier: ISC
// The dashboard's files. They are read once at start: a request selects one of
// them by name and never becomes a path.

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { extname } from 'node:path';

const PUBLIC = new URL('public/', import.meta.url);

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

function loadFiles() {
  const files = new Map();
  for (const name of readdirSync(PUBLIC)) {
    const type = TYPES[extname(name)];
    if (!type)
      continue;
    const body = readFileSync(new URL(name, PUBLIC));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    files.set(`/${name}`, { body, type, etag });
  }
  files.set('/', files.get('/index.html'));
  return files;
}

/** Browsers differ in whether 'self' covers WebSockets, hence the host's name. */
function contentSecurityPolicy(host = '') {
  const sockets = /^[\w.:[\]-]{1,255}$/.test(host) ? ` ws://${host} wss://${host}` : '';
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** For every response, those of Socket.IO as well. */
export function setHeaders(request, response) {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
}

function refuse(response, status, text, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers });
  response.end(`${text}\n`);
}

/** The request listener for all that is not Socket.IO's. */
export function pages() {
  const files = loadFiles();

  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(response, 405, 'Only GET and HEAD', { Allow: 'GET, HEAD' });
    const file = files.get(request.url.split('?', 1)[0]);
    if (!file)
      return refuse(response, 404, 'There is nothing here');

    const headers = {
      'Content-Security-Policy': contentSecurityPolicy(request.headers.host),
      'Cache-Control': 'no-cache',
      ETag: file.etag,
    };
    if (request.headers['if-none-match'] === file.etag) {
      response.writeHead(304, headers);
      return response.end();
    }
    response.writeHead(200, {
      ...headers,
      'Content-Type': file.type,
      'Content-Length': file.body.length,
    });
    return response.end(request.method === 'HEAD' ? undefined : file.body);
  };
}
