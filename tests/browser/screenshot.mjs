// SPDX-License-Identifier: ISC
//
// Makes the picture of the dashboard: `node tests/browser/screenshot.mjs [FILE]`,
// by default docker/room-view.png. SCHEME=light|dark, SIZE=1280x800, SCALE=1.5,
// ROOMS=NAME,... of which the last is on display. Where pngquant is installed
// it makes the file a third as large.
// The server, the agents and the page are the real ones. The traffic is made
// up, and the page's clock is moved by hand so that two minutes take seconds.

import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { connect, sleep, startBrowser, startServer, until } from './support.mjs';

const FILE = process.argv[2] ?? fileURLToPath(new URL('../../docker/room-view.png', import.meta.url));
const [WIDTH, HEIGHT] = (process.env.SIZE ?? '1280x800').split('x').map(Number);
const SECONDS = 121;

// the same picture each time: a small generator with a fixed seed
let seed = 20;
function random() {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
}

const pick = (list) => list[Math.floor(random() * list.length)];
const ME = '192.0.2.10';
const ME6 = '2001:db8::10';
const PEERS = ['198.51.100.7', '203.0.113.25', '192.0.2.1', '198.51.100.42'];
const PEERS6 = ['2001:db8:1::53', '2001:db8:2::7', '2001:db8:ff::1'];

function pingLines() {
  const peer = pick(PEERS);
  return [
    `ICMP Echo Request from ${ME} to ${peer} (code: 0)`,
    `ICMP Echo Reply from ${peer} to ${ME} (code: 0)`,
  ];
}

function ping6Lines() {
  const peer = pick(PEERS6);
  return [
    `ICMPv6 Echo Request from ${ME6} to ${peer} (code: 0)`,
    `ICMPv6 Echo Reply from ${peer} to ${ME6} (code: 0)`,
  ];
}

const RARE = [
  'ICMPv6 Neighbor Solicitation from fe80::1 to ff02::1:ff00:10 (code: 0)',
  `ICMPv6 Neighbor Advertisement from ${ME6} to fe80::1 (code: 0)`,
  'ICMPv6 Router Advertisement from fe80::1 to ff02::1 (code: 0)',
  `ICMP Destination Unreachable from 203.0.113.1 to ${ME} (code: 3)`,
  `ICMP Time Exceeded from 198.51.100.1 to ${ME} (code: 0)`,
  `ICMPv6 Packet Too Big from 2001:db8:ff::1 to ${ME6} (code: 0)`,
];

function floodLines(second) {
  const wave = 1 - Math.abs(second - 78) / 14;
  const count = Math.round(14 + 150 * wave * wave + 26 * random());
  return [
    `ICMP Echo Request from 203.0.113.66 to ${ME} (code: 0) ×${count} in 1.0 s`,
    `ICMP Echo Reply from ${ME} to 203.0.113.66 (code: 0) ×${Math.round(count * 0.55)} in 1.0 s`,
    `ICMP Destination Unreachable from ${ME} to 203.0.113.66 (code: 3) ×${Math.round(count * 0.12)} in 1.0 s`,
  ];
}

/** The last lines are the ones in the picture. */
const LAST = {
  112: [`ICMP Echo Request from ${ME} to 198.51.100.7 (code: 0)`, `ICMP Echo Reply from 198.51.100.7 to ${ME} (code: 0)`,
    'ICMPv6 Router Advertisement from fe80::1 to ff02::1 (code: 0)'],
  113: [`ICMPv6 Echo Request from ${ME6} to 2001:db8:1::53 (code: 0)`, `ICMPv6 Echo Reply from 2001:db8:1::53 to ${ME6} (code: 0)`,
    `ICMP Time Exceeded from 198.51.100.1 to ${ME} (code: 0)`],
  114: [`ICMP Echo Request from 203.0.113.66 to ${ME} (code: 0) ×142 in 1.0 s`, `ICMP Echo Reply from ${ME} to 203.0.113.66 (code: 0) ×138 in 1.0 s`],
  115: [`ICMP Echo Request from other hosts (code: 0) ×61 in 1.0 s`, `ICMP Destination Unreachable from ${ME} to 203.0.113.66 (code: 3) ×27 in 1.0 s`],
  116: [`ICMPv6 Packet Too Big from 2001:db8:ff::1 to ${ME6} (code: 0)`, `ICMPv6 Echo Request from ${ME6} to 2001:db8:2::7 (code: 0)`,
    `ICMPv6 Echo Reply from 2001:db8:2::7 to ${ME6} (code: 0)`],
  117: [`ICMP Redirect from 192.0.2.1 to ${ME} (code: 1)`, '⚠️ [edge-router] Rate limit reached (10/sec), dropping messages...',
    '⚠️ [edge-router] Rate limit exceeded: 48 messages dropped in the last second'],
  118: ['ICMPv6 Neighbor Solicitation from fe80::1 to ff02::1:ff00:10 (code: 0)', `ICMPv6 Neighbor Advertisement from ${ME6} to fe80::1 (code: 0)`],
  119: [`ICMP Echo Request from ${ME} to 203.0.113.25 (code: 0)`, `ICMP Destination Unreachable from 203.0.113.1 to ${ME} (code: 1)`],
  120: [`ICMP Echo Request from ${ME} to 198.51.100.7 (code: 0)`, `ICMP Echo Reply from 198.51.100.7 to ${ME} (code: 0)`],
};

function linesOf(second) {
  if (LAST[second])
    return LAST[second];
  const peer = `198.51.100.${10 + (second % 3)}`;
  const count = 6 + Math.round(8 + 7 * Math.sin(second / 6) + 6 * random());
  const lines = [
    ...pingLines(),
    ...(random() < 0.6 ? ping6Lines() : []),
    `ICMP Echo Request from ${peer} to ${ME} (code: 0) ×${count} in 1.0 s`,
    `ICMP Echo Reply from ${ME} to ${peer} (code: 0) ×${count} in 1.0 s`,
  ];
  if (random() < 0.25)
    lines.push(pick(RARE));
  return second > 64 && second < 92 ? [...lines, ...floodLines(second)] : lines;
}

/** Two minutes of lines; the page's clock stands still within each second. */
async function play(page, agents) {
  let echoed = 0;
  let sent = 0;
  const begin = Date.now() - SECONDS * 1000;
  agents[0].on('data', () => { echoed += 1; });
  for (let second = 0; second < SECONDS; second += 1) {
    await page.evaluate((time) => { window.fixed = time; }, begin + second * 1000);
    for (const line of linesOf(second)) {
      agents[0].emit('data', line);
      sent += 1;
    }
    agents[1].emit('data', `ICMP Echo Request from 10.8.0.2 to 10.8.0.1 (code: 0)`);
    if (second % 4 === 0)
      agents[2].emit('data', (11 + 6 * Math.sin(second / 9) + 3 * random()).toFixed(2));
    await until('the lines come back', () => echoed === sent);
    // the page's clock may only move on when the page has them, too
    await page.waitForFunction((text) => document.getElementById('shown').textContent === text,
      `${sent.toLocaleString('en-US')} lines`);
  }
  await page.evaluate((time) => { window.fixed = time; }, begin + SECONDS * 1000);
}

async function main() {
  const server = await startServer();
  const agents = [];
  const browser = await startBrowser({
    viewport: { width: WIDTH, height: HEIGHT },
    deviceScaleFactor: Number(process.env.SCALE ?? 1.5),
    colorScheme: process.env.SCHEME ?? 'dark',
    locale: 'en-GB',
  });
  try {
    for (const name of ['edge-router', 'vpn0-ICMP', 'rtt-ms', 'wlan0-ICMP'])
      agents.push(await connect(server.url, { name }));
    const page = await browser.context.newPage();
    await page.addInitScript(() => {
      const now = Date.now.bind(Date);
      Date.now = () => window.fixed ?? now();
    });
    const rooms = (process.env.ROOMS ?? 'vpn0-ICMP,rtt-ms,edge-router').split(',');
    await page.goto(`${server.url}?${rooms.map((name) => `room=${name}`).join('&')}`);
    await page.waitForSelector('.presence[data-present="true"]');
    await sleep(300);
    await play(page, agents);
    await sleep(700);
    await page.screenshot({ path: FILE });
  } finally {
    agents.forEach((agent) => agent.close());
    await browser.close();
    await server.stop();
  }
}

await main();
spawnSync('pngquant', ['--force', '--speed', '1', '--nofs', '--output', FILE, '256', FILE]);
process.stdout.write(`${FILE}: ${statSync(FILE).size} bytes\n`);
