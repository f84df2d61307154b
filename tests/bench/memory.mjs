#!/usr/bin/env node
// SPDX-License-Identifier: ISC
//
// Resident memory and CPU time of the agent: connected and idle, then with
// 1,000 packets a second (500 echo requests and their replies) and no rate
// limit. Needs root; prints what the README quotes.
//
//     sudo node tests/bench/memory.mjs [SECONDS]
import { readFileSync } from 'node:fs';

import { Lab, cannotRun, messages } from '../support/lab.mjs';
import { sleep } from '../support/process.mjs';

const SECONDS = Number(process.argv[2] ?? 15);
// Fifty slow pings: a single one cannot keep a pause of 2 ms.
const PINGS = 50;
const INTERVAL_S = 0.1;

function memory(pid) {
	const status = readFileSync(`/proc/${pid}/status`, 'utf8');
	const kb = name => Number(
		new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)[1]);
	return `VmRSS ${kb('VmRSS')} kB (anonymous ${kb('RssAnon')},` +
		` files ${kb('RssFile')}, shared ${kb('RssShmem')}),` +
		` peak ${kb('VmHWM')} kB`;
}

/** User and system time in ms; the kernel counts in 1/100 s. */
function cpuMs(pid) {
	const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
	const [utime, stime] = stat.slice(stat.lastIndexOf(')') + 2)
		.split(' ').slice(11, 13).map(Number);
	return (utime + stime) * 10;
}

const reason = cannotRun();
if (reason) {
	console.error(`memory: ${reason}`);
	process.exit(1);
}

const lab = new Lab();
try {
	await lab.backend();
	const { agent, viewer } = await lab.joined(['--rate', '0', 'lan0']);
	await sleep(3000);
	console.log(`idle, connected:     ${memory(agent.pid)}`);

	const from = messages(viewer).length;
	const cpu = cpuMs(agent.pid);
	const began = Date.now();
	const count = Math.round(SECONDS / INTERVAL_S);
	const pings = Array.from({ length: PINGS }, () =>
		lab.ping(lab.net.pairs[0].a4, count, INTERVAL_S, ['-q']));
	await Promise.all(pings.map(p => p.end((SECONDS + 30) * 1000)));
	const took = (Date.now() - began) / 1000;
	console.log(`1,000 packets/s:     ${memory(agent.pid)}`);
	const used = cpuMs(agent.pid) - cpu;
	await sleep(500);
	const lines = messages(viewer).length - from;
	console.log(`for ${took.toFixed(1)} s:          ` +
		`${Math.round(lines / took)} messages/s reached the room` +
		` (${lines} of ${2 * PINGS * count}),` +
		` CPU ${(100 * used / 1000 / took).toFixed(1)} % of one core`);
} finally {
	await lab.ends();
}
