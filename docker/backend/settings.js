// SPDX-License-Identifier: ISC
// What the environment says, checked once.

const DEFAULT_PORT = 5000;
const DEFAULT_HOST = '0.0.0.0';

function readPort(text) {
  if (text === undefined || text === '')
    return DEFAULT_PORT;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535)
    throw new Error(`PORT=${text} is no port: set a number from 0 to 65535 (0 takes any free one)`);
  return Number(text);
}

/**
 * ALLOWED_ORIGINS is for pages of another host that may use this backend, such
 * as a front end behind its own name: "https://a.example,https://b.example".
 */
function readOrigins(text = '') {
  const origins = text.split(',').map((part) => part.trim()).filter(Boolean);
  for (const origin of origins) {
    if (!/^https?:\/\/[^/]+$/.test(origin))
      throw new Error(`ALLOWED_ORIGINS: ${origin} is no origin: write it like https://monitor.example`);
  }
  return origins;
}

/** Throws an Error whose message names the value, the cause and the remedy. */
export function readSettings(env) {
  return {
    port: readPort(env.PORT),
    host: env.HOST || DEFAULT_HOST,
    password: env.PASSWORD || null,
    allowedOrigins: readOrigins(env.ALLOWED_ORIGINS),
  };
}
