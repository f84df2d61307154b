// SPDX-License-Identifier: ISC
// What the end-to-end tests share: a network, the real backend, the agent and
// viewers in it. labTest() prints everybody's output where the body
// fails, and removes everything either way. Where it does not, each agent has
// to account for every packet that it saw.
import assert from 'node:assert/strict';
import {
	mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { assertBalanced, metrics, totals } from './account.mjs';
import { Net, run } from './net.mjs';
import { Process, onExit, until } from './process.mjs';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const AGENT = process.env.ICMP_AGENT ?? `${ROOT}build/icmp-agent`;
export const PORT = 5000;
export const URL_A = `http://127.0.0.1:${PORT}`;
export const PASSWORD = 'secret123';

/**
 * Why the tests cannot run here, or false. A program that is not there is no
 * such reason: then they fail.
 */
export function cannotRun() {
	return process.getuid() !== 0 &&
		'needs root: network namespaces and BPF programs';
}

/** setpriv's arguments for exactly these capabilities ("net_admin,+bpf"). */
export function onlyCaps(caps) {
	const set = `-all${caps ? `,+${caps}` : ''}`;
	return ['setpriv', '--bounding-set', set, '--inh-caps', set,
		'--ambient-caps', set];
}

export class Lab {
	constructor() {
		this.net = new Net();
		this.processes = [];
		this.dir = mkdtempSync(join(tmpdir(), 'icmp-e2e-'));
		this.removeDir = onExit(() =>
			rmSync(this.dir, { recursive: true, force: true }));
	}

	/** A file of the test's own, for root alone; its path. */
	file(name, text) {
		const path = join(this.dir, name);
		writeFileSync(path, text, { mode: 0o600 });
		return path;
	}

	start(name, argv, options) {
		const p = new Process(name, argv, options);
		this.processes.push(p);
		return p;
	}

	/** In the namespace `ns`. */
	spawn(name, ns, argv, options) {
		return this.start(name, this.net.inside(ns, ...argv), options);
	}

	/** The server that the repository ships, on `a`'s loopback. */
	async backend({ password = PASSWORD, port = PORT } = {}) {
		const p = this.spawn('backend', this.net.a,
			['node', `${ROOT}docker/backend/server.js`], {
				env: {
					PORT: String(port),
					HOST: '127.0.0.1',
					PASSWORD: password,
				},
			});
		await until(() => p.result || this.listening(port), 10000,
			`the backend listens on port ${port}`);
		if (p.result)
			throw new Error(`the backend ended: ${p.log()}`);
		return p;
	}

	listening(port) {
		return run('ip', 'netns', 'exec', this.net.a, 'ss', '-Hltn',
			`sport = :${port}`).includes(`:${port}`);
	}

	/**
	 * A viewer that is connected and joins the room once there is one; see
	 * messages(). With `hold` it makes the room and misses nothing.
	 */
	async viewer({ room = 'ICMP', password = PASSWORD, hold = false } = {}) {
		const p = this.spawn('viewer', this.net.a,
			['node', `${ROOT}tests/support/viewer.mjs`, URL_A, room], {
				env: {
					PASSWORD: password,
					HOLD: hold ? '1' : undefined,
				},
				stdin: 'pipe',
			});
		await p.line('"event":"connect"');
		return p;
	}

	/**
	 * The agent with the settings of the project's own example, and with
	 * metrics at `metrics` unless the test has its own address of them.
	 */
	agent(args = ['lan0'], { env = {}, prefix = [] } = {}) {
		const given = args[args.indexOf('--metrics') + 1];
		const METRICS = args.includes('--metrics') ? given :
			env.METRICS ?? `127.0.0.1:${9500 + this.processes.length}`;
		const p = this.spawn('agent', this.net.a, [...prefix, AGENT, ...args], {
			env: { CLIENTNAME: 'ICMP', URL: URL_A, PASSWORD, METRICS, ...env },
		});
		p.metrics = METRICS;
		return p;
	}

	/** Fails where an agent's figures do not add up at rest, or at its end. */
	async accounted() {
		for (const p of this.processes.filter(p => p.metrics && !p.result)) {
			await balanced(this, p);
			const { code } = await p.stop();
			assert.equal(code, 0, 'status after SIGTERM');
		}
		for (const p of this.processes.filter(p =>
			p.text('err').some(t => / seen = /.test(t))))
			totals(p);
	}

	/** An agent that is in its room, and a viewer there. */
	async joined(args, { viewer, ...options } = {}) {
		viewer ??= await this.viewer();
		const agent = this.agent(args, options);
		await this.inRoom(viewer);
		return { agent, viewer };
	}

	/** Resolves once the server has the room and the viewer is in it. */
	async inRoom(viewer, ms = 15000) {
		await until(async () => {
			const from = viewer.lines.length;
			viewer.child.stdin.write('?\n');
			const line = await viewer.line('"member":', ms, from);
			return JSON.parse(line.text).member;
		}, ms, 'the viewer is in the room');
	}

	ping(address, count, interval = 0.2, args = []) {
		return this.spawn(`ping ${address}`, this.net.b, ['ping', '-n',
			'-c', String(count), '-i', String(interval), '-W', '1',
			...args, address]);
	}

	/** Whoever does not end when asked is killed. */
	async ends() {
		await Promise.allSettled(this.processes.map(p => p.stop()));
		this.net.close();
		this.removeDir();
	}

	log() {
		return this.processes.map(p => p.log()).join('\n');
	}
}

/** Resolves once a running agent has dealt with what it has seen. */
async function balanced(l, agent) {
	let why;
	const probe = () => {
		try {
			assertBalanced(metrics(l, agent.metrics));
			return true;
		} catch (e) {
			why = e;
			return false;
		}
	};
	await until(probe, 5000, 'seen is what was told of').catch(() => {
		throw why;
	});
}

/** What the room was told, in order: [{ at, message, client }]. */
export function messages(viewer, after = 0) {
	return viewer.text('out').slice(after).map(text => JSON.parse(text))
		.filter(o => !o.event && 'message' in o);
}

export const echoes = (viewer, after) =>
	messages(viewer, after).map(m => m.message)
		.filter(m => m.includes(' Echo '));

/** Resolves once `count` lines with " Echo " reached the room. */
export async function echoCount(viewer, count, ms = 15000) {
	await until(() => echoes(viewer).length >= count, ms,
		`${count} Echo lines`);
	return echoes(viewer);
}

/** What a process holds of BPF, by the kernel's account. */
export function bpfIds(pid) {
	const ids = { prog: new Set(), link: new Set() };
	for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
		const text = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
		const link = /^link_id:\s*(\d+)/m.exec(text);
		const prog = /^prog_id:\s*(\d+)/m.exec(text);
		if (link)
			ids.link.add(link[1]);
		if (prog)
			ids.prog.add(prog[1]);
	}
	return ids;
}

/** A test with a lab of its own, see the top. `skip` may be a reason. */
export function labTest(name, body, { skip = cannotRun() } = {}) {
	test(name, { skip, timeout: 120000 }, async () => {
		const l = new Lab();
		try {
			await body(l);
			await l.accounted();
		} catch (e) {
			console.error(`==== ${name}\n${l.log()}`);
			throw e;
		} finally {
			await l.ends();
		}
	});
}
