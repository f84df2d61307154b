// SPDX-License-Identifier: ISC
// Two network namespaces joined by veth pairs: `a` is the host that runs the
// agent and the backend, `b` its neighbour. Both are made here and removed at
// the end, so nothing reaches a network of the machine's.
import { execFileSync } from 'node:child_process';

import { onExit } from './process.mjs';

let made = 0;

export function run(...argv) {
	try {
		return execFileSync(argv[0], argv.slice(1), {
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'pipe'],
			timeout: 60000, // nothing else runs meanwhile
		});
	} catch (e) {
		throw new Error(`${argv.join(' ')}: ${e.stderr || e.message}`);
	}
}

function kill(pid) {
	try {
		process.kill(pid, 'SIGKILL');
	} catch (e) {
		if (e.code !== 'ESRCH')
			throw e;
	}
}

export class Net {
	constructor() {
		const stem = `icmpe2e-${process.pid}-${++made}`;
		this.a = `${stem}-a`;
		this.b = `${stem}-b`;
		this.pairs = [];
		this.close = onExit(() => this.remove());
		for (const ns of [this.a, this.b]) {
			run('ip', 'netns', 'add', ns);
			run('ip', '-n', ns, 'link', 'set', 'lo', 'up');
		}
		this.addPair();
	}

	/**
	 * One more veth pair, with an interface of the same name on both
	 * sides. No link-local addresses: their discovery is traffic that a
	 * test did not ask for.
	 */
	addPair() {
		const n = this.pairs.length;
		const pair = {
			dev: `lan${n}`,
			a4: `198.18.${n}.1`, b4: `198.18.${n}.2`,
			a6: `fd00:18:${n + 1}::1`, b6: `fd00:18:${n + 1}::2`,
		};
		run('ip', '-n', this.a, 'link', 'add', pair.dev, 'type', 'veth',
			'peer', 'name', pair.dev, 'netns', this.b);
		for (const [ns, v4, v6] of [[this.a, pair.a4, pair.a6],
			[this.b, pair.b4, pair.b6]]) {
			const ip = (...args) => run('ip', '-n', ns, ...args);
			ip('link', 'set', pair.dev, 'addrgenmode', 'none');
			ip('addr', 'add', `${v4}/24`, 'dev', pair.dev);
			ip('addr', 'add', `${v6}/64`, 'dev', pair.dev, 'nodad');
			ip('link', 'set', pair.dev, 'up');
		}
		this.pairs.push(pair);
		return pair;
	}

	/** The command line that runs argv inside `a` or `b`. */
	inside(ns, ...argv) {
		return ['ip', 'netns', 'exec', ns, ...argv];
	}

	/** Ends what still runs in them: a shell leaves its children behind. */
	remove() {
		for (const ns of [this.a, this.b]) {
			try {
				for (const pid of run('ip', 'netns', 'pids', ns)
					.split('\n').filter(Boolean))
					kill(Number(pid));
				run('ip', 'netns', 'del', ns);
			} catch (e) {
				if (!/No such file/.test(e.message))
					console.error(e.message);
			}
		}
	}
}
