// SPDX-License-Identifier: ISC
// sio_cat in a test: its events as objects, its commands as methods. catTest()
// prints what it said where the test fails, and ends everything either way.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Process, onExit } from './process.mjs';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CAT = process.env.SIO_CAT ?? `${ROOT}build/tests/e2e/sio_cat`;

/** Nobody waits for whole seconds in a test. */
const QUICK = ['--backoff-ms', '150', '--refusal-ms', '150'];

const shorten = text =>
	text.length > 400 ? `${text.slice(0, 400)}... (${text.length})` : text;

export class Cat extends Process {
	constructor(url, args = [], { env, binary = CAT, cwd } = {}) {
		super('sio_cat', [binary, ...QUICK, ...args, url],
			{ stdin: 'pipe', env, cwd });
		this.child.stdin.on('error', () => {}); // it ended first
	}

	add(from, text) {
		const event = from === 'out' ? JSON.parse(text) : undefined;
		this.lines.push({ from, text, at: Date.now(), event });
		this.wake();
	}

	/** All events so far, or those of one kind. */
	events(kind) {
		return this.lines.filter(l => l.event &&
			(!kind || l.event.event === kind)).map(l => l.event);
	}

	/** The first event of that kind at or after line `after`. */
	async event(kind, { ms = 5000, after = 0, where = () => true } = {}) {
		const pick = l => l.event?.event === kind && where(l.event);
		pick.toString = () => `event ${kind}`;
		return (await this.line(pick, ms, after)).event;
	}

	message(name, options = {}) {
		return this.event('message',
			{ ...options, where: e => e.name === name });
	}

	send(command) {
		this.child.stdin.write(`${JSON.stringify(command)}\n`);
	}

	emit(name, args = [], more = {}) {
		this.send({ emit: name, args, ...more });
	}

	/** Emits, and resolves with the event that acknowledges it. */
	async ask(name, args = [], more = {}) {
		const after = this.lines.length;
		this.tag = (this.tag ?? 0) + 1;
		const { tag } = this;
		this.emit(name, args, { ack: true, tag, ...more });
		return this.event('ack', { after, where: e => e.tag === tag });
	}

	/** Leaves in order. */
	async leave(ms = 8000) {
		this.send({ stop: true });
		const result = await this.end(ms);
		assert.deepEqual({ code: result.code, signal: result.signal },
			{ code: 0, signal: null }, this.text('err').join('\n'));
	}

	log() {
		for (const l of this.lines)
			l.text = shorten(l.text);
		return super.log();
	}
}

/** An argument that is binary. */
export const binary = data => ({ _bin: Buffer.from(data).toString('base64') });

class Scene {
	constructor() {
		this.processes = []; // whose output is of interest
		this.own = [];
		this.undo = [];
	}

	cat(url, args, options) {
		return this.add(new Cat(url, args, options));
	}

	start(name, argv, options) {
		return this.add(new Process(name, argv, options));
	}

	add(p) {
		this.processes.push(p);
		this.own.push(p);
		return p;
	}

	/** A directory that is removed at the end. */
	dir() {
		const dir = mkdtempSync(join(tmpdir(), 'sio-cat-'));
		this.later(onExit(() =>
			rmSync(dir, { recursive: true, force: true })));
		return dir;
	}

	/** Something to be undone, last in, first out; returns `value`. */
	later(fn, value) {
		this.undo.push(fn);
		return value;
	}

	log() {
		return this.processes.map(p => p.log()).join('\n');
	}

	async ends() {
		await Promise.allSettled(this.own.map(p => p.stop('SIGKILL')));
		for (const fn of this.undo.reverse())
			await fn();
	}
}

export function catTest(name, body, { skip, timeout = 60000 } = {}) {
	test(name, { skip, timeout }, async () => {
		const scene = new Scene();
		try {
			await body(scene);
		} catch (e) {
			console.error(`==== ${name}\n${scene.log()}`);
			throw e;
		} finally {
			await scene.ends();
		}
	});
}
