// SPDX-License-Identifier: ISC
// Who may connect, and as what.

import { createHash, timingSafeEqual } from 'node:crypto';

function hostOf(url) {
  try {
    return new URL(url).hostname;
  } catch {
    return null;
  }
}

/**
 * Viewers need no token, so without this check any page that a user of the
 * dashboard visits could read the rooms of http://localhost:5000 through his
 * browser. Programs send no Origin and pass. The port is not compared: a front
 * end served beside the backend is the same host.
 */
export function originAllowed(headers, allowedOrigins) {
  const { origin } = headers;
  if (origin === undefined || allowedOrigins.includes(origin))
    return true;
  const from = hostOf(origin);
  const asked = headers['x-forwarded-host'] ?? headers.host;
  return from !== null && from === hostOf(`http://${asked}`);
}

function sha256(text) {
  return createHash('sha256').update(text).digest();
}

/**
 * Returns a function that says whether a client's token is right. The token is
 * base64(sha256(password)); a server without a password expects none.
 */
export function tokenChecker(password) {
  if (password === null)
    return (token) => token === null || token === undefined;
  const expected = sha256(sha256(password).toString('base64'));
  return (token) => typeof token === 'string' && timingSafeEqual(sha256(token), expected);
}
