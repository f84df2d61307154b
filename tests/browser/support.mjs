// SPDX-License-Identifier: ISC
// The real server as a process of its own, agents, and a browser.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';
import { io } from 'socket.io-client';

const SERVER = fileURLToPath(new URL('../../docker/backend/server.js', import.meta.url));
const START_TIMEOUT_MS = 10000;

// What a test that failed half-way leaves behind would keep its file running.
const leftovers = new Set();

export function releaseAll() {
  leftovers.forEach((release) => release());
  leftovers.clear();
}

export { sleep };

export const tokenOf = (password) => createHash('sha256').update(password).digest('base64');

/** Runs the server; `ended` gives {status, signal, stdout, stderr}. */
export function runServer(env) {
  const child = spawn(process.execPath, [SERVER], {
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => { output.stdout += data; });
  child.stderr.on('data', (data) => { output.stderr += data; });
  const kill = () => child.kill('SIGKILL');
  leftovers.add(kill);
  const ended = new Promise((resolve) => {
    child.on('close', (status, signal) => {
      leftovers.delete(kill);
      resolve({ status, signal, ...output });
    });
  });
  return { child, output, ended };
}

/** Starts the server on a free port of 127.0.0.1, or on `PORT`. */
export async function startServer(env = {}) {
  const { child, output, ended } = runServer(env);
  const deadline = Date.now() + START_TIMEOUT_MS;
  let match = null;
  while (!(match = /listening on (http:\/\/[\d.]+:(\d+)\/)\n/.exec(output.stdout))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the server did not start: ${output.stdout}${output.stderr}`);
    }
    await sleep(20);
  }
  const stop = async (signal = 'SIGTERM') => {
    child.kill(signal);
    return ended;
  };
  return { url: match[1], port: match[2], output, ended, stop, pid: child.pid };
}

/** A client of the contract; `name` makes it an agent. Rejects when refused. */
export function connect(url, { name, password = null, token, options = {} } = {}) {
  const auth = name === undefined ? {} : {
    user: { username: name },
    token: token === undefined ? password && tokenOf(password) : token,
  };
  const socket = io(url, { auth, forceNew: true, transports: ['websocket'], reconnectionDelay: 100,
    reconnectionDelayMax: 200, ...options });
  leftovers.add(() => socket.close());
  return new Promise((resolve, reject) => {
    const refused = (error) => {
      socket.close();
      reject(error);
    };
    socket.once('connect_error', refused);
    socket.once('connect', () => {
      socket.off('connect_error', refused);
      resolve(socket);
    });
  });
}

export const ask = (socket, ...call) => socket.timeout(3000).emitWithAck(...call);

/** Waits for what comes about by itself; throws with `what` when it does not. */
export async function until(what, condition, timeoutMs = 10000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value)
      return value;
    if (Date.now() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(25);
  }
}

/** A browser with a profile of its own: {context, close}. */
export async function startBrowser(settings = {}) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath))
    throw new Error(`no browser at ${executablePath}: install chromium (apt-get install chromium), or set CHROMIUM to its path`);
  const profile = mkdtempSync(join(tmpdir(), 'icmp-agent-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ...settings,
  });
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { context, close };
}
