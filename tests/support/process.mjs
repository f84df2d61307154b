// SPDX-License-Identifier: ISC
// Child processes whose lines a test can wait for, and the one list of things
// to be undone when the test ends, whichever way it does.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const undo = new Set();

/** Registers what must be undone; returns the function that does it once. */
export function onExit(fn) {
	const once = () => undo.delete(once) && fn();
	undo.add(once);
	return once;
}

function undoAll() {
	for (const fn of [...undo].reverse()) {
		try {
			fn();
		} catch (e) {
			console.error(`cleaning up: ${e.message}`);
		}
	}
}

process.on('exit', undoAll);
for (const [name, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]])
	process.on(name, () => process.exit(128 + number));

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Resolves once probe() is true; rejects with `what` after `ms`. */
export async function until(probe, ms, what) {
	const end = Date.now() + ms;
	for (;;) {
		const value = await probe();
		if (value)
			return value;
		if (Date.now() > end)
			throw new Error(`not within ${ms} ms: ${what}`);
		await sleep(50);
	}
}

function hit(line, pattern) {
	return typeof pattern === 'function' ? pattern(line) :
		pattern instanceof RegExp ? pattern.test(line.text) :
		line.text.includes(pattern);
}

/** What a program may see of the environment; nothing of the tester's. */
export const CLEAN_ENV = {
	PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
	LANG: 'C.UTF-8',
};

export class Process {
	constructor(name, argv, { env = {}, cwd, stdin = 'ignore' } = {}) {
		this.name = name;
		this.startedAt = Date.now();
		this.lines = []; // { from: 'out' | 'err', text, at }
		this.waiters = new Set();
		this.child = spawn(argv[0], argv.slice(1), {
			env: { ...CLEAN_ENV, ...env },
			cwd,
			detached: true, // a group of its own, see signal()
			stdio: [stdin, 'pipe', 'pipe'],
		});
		this.kill = onExit(() => this.signal('SIGKILL'));
		this.read(this.child.stdout, 'out');
		this.read(this.child.stderr, 'err');
		this.exited = new Promise(resolve => {
			this.child.on('error', error => {
				this.add('err', `${argv[0]}: ${error.message}`);
				resolve({ code: 127, signal: null, at: Date.now() });
			});
			this.child.on('close', (code, signal) =>
				resolve({ code, signal, at: Date.now() }));
		});
		this.exited.then(result => {
			this.result = result;
			onExitForget(this.kill);
			this.wake();
		});
	}

	get pid() {
		return this.child.pid;
	}

	/** To the whole group, as a terminal does: a shell has children. */
	signal(name) {
		try {
			process.kill(-this.pid, name);
		} catch (e) {
			if (e.code !== 'ESRCH')
				throw e;
		}
	}

	read(stream, from) {
		createInterface({ input: stream, crlfDelay: Infinity })
			.on('line', text => this.add(from, text));
	}

	add(from, text) {
		this.lines.push({ from, text, at: Date.now() });
		this.wake();
	}

	wake() {
		for (const fn of this.waiters)
			fn();
	}

	text(from) {
		return this.lines.filter(l => !from || l.from === from)
			.map(l => l.text);
	}

	/** The first line at or after index `after` that matches. */
	line(pattern, ms = 15000, after = 0) {
		return new Promise((resolve, reject) => {
			const done = (settle, value) => {
				clearTimeout(timer);
				this.waiters.delete(look);
				settle(value);
			};
			const fail = why => done(reject, new Error(
				`${this.name}: no line ${pattern} ${why}`));
			const look = () => {
				const line = this.lines.slice(after)
					.find(l => hit(l, pattern));
				if (line)
					done(resolve, line);
				else if (this.result)
					fail(`and it ended: ${this.ending()}`);
			};
			const timer = setTimeout(() => fail(`in ${ms} ms`), ms);
			this.waiters.add(look);
			look();
		});
	}

	ending() {
		return this.result ?
			this.result.signal ?? `status ${this.result.code}` :
			'still running';
	}

	/** Its end, or a rejection after `ms`; it is killed then. */
	async end(ms = 15000) {
		let timer;
		const late = new Promise(resolve => {
			timer = setTimeout(resolve, ms, null);
		});
		const result = await Promise.race([this.exited, late]);
		clearTimeout(timer);
		if (result)
			return result;
		this.signal('SIGKILL');
		throw new Error(`${this.name}: still running after ${ms} ms`);
	}

	/** Asks it to end; insists after `ms`. */
	async stop(signal = 'SIGTERM', ms = 10000) {
		if (this.result)
			return this.result;
		this.signal(signal);
		return this.end(ms);
	}

	log() {
		return [`---- ${this.name} (${this.ending()})`,
			...this.lines.filter(l => !l.text.includes('"member":'))
				.slice(-60).map(l =>
				`${new Date(l.at).toISOString().slice(11, 23)} ` +
				`${l.from} ${l.text}`)].join('\n');
	}
}

function onExitForget(fn) {
	undo.delete(fn);
}
