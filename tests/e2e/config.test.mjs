// SPDX-License-Identifier: ISC
// What an administrator installs, installed into a directory of the test's
// own: each file is right in the eyes of the program that will read it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
	existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const built = existsSync(`${ROOT}build/icmp-agent`);
const FILES = {
	program: 'usr/bin/icmp-agent',
	man: 'usr/share/man/man8/icmp-agent.8',
	completion: 'usr/share/bash-completion/completions/icmp-agent',
	unit: 'usr/lib/systemd/system/icmp-agent@.service',
	sudoers: 'etc/sudoers.d/icmp-agent',
	env: 'etc/icmp-agent.env',
	library: 'usr/lib/libsio.a',
	header: 'usr/include/sio.h',
	pkgconfig: 'usr/lib/pkgconfig/sio.pc',
};

let dir;

function path(name) {
	return join(dir, FILES[name]);
}

function make(target) {
	execFileSync('make', ['-s', '-C', ROOT, target, `DESTDIR=${dir}`,
		'PREFIX=/usr', 'SYSCONFDIR=/etc'], { stdio: 'pipe' });
}

/** Standard output and error, and the status, of a command. */
function run(argv) {
	const r = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' });
	if (r.error)
		throw r.error;
	return { status: r.status, text: r.stdout + r.stderr };
}

function has(command) {
	return run(['sh', '-c', `command -v ${command}`]).status === 0;
}

/** What bash offers for the last of the words, as it splits them. */
function complete(...words) {
	const script = `. '${path('completion')}'
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		compopt() { :; }
		_icmp_agent; printf '%s\\n' "\${COMPREPLY[@]}"`;
	const r = spawnSync('bash', ['-c', script, 'bash', 'icmp-agent', ...words],
		{ encoding: 'utf8', cwd: dir });
	assert.equal(r.stderr, '');
	return r.stdout.split('\n').filter(Boolean);
}

function longOptions(text) {
	return [...text.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(m => m[1]);
}

/** The variables that --help names, from "[URL; default ..." and the like. */
function variables(text) {
	return [...text.matchAll(/\[([A-Z_]+)[\];]/g)].map(m => m[1])
		.filter(key => key !== 'OPTION');
}

describe('installed files', { skip: !built && 'not built: run make' }, () => {
	before(() => {
		dir = mkdtempSync(join(tmpdir(), 'icmp-install-'));
		make('install');
	});
	after(() => rmSync(dir, { recursive: true, force: true }));

	test('each is there, with its mode and without a mark', () => {
		const modes = { program: 0o755, man: 0o644, completion: 0o644,
			unit: 0o644, sudoers: 0o440, env: 0o600 };
		for (const [name, mode] of Object.entries(modes)) {
			assert.equal(statSync(path(name)).mode & 0o777, mode, name);
			if (name !== 'program')
				assert.doesNotMatch(readFileSync(path(name), 'utf8'),
					/@[A-Z]+@/, name);
		}
	});

	test('completion offers each option of --help, and its words', () => {
		const { text } = run([path('program'), '--help']);
		const options = longOptions(text);
		assert.ok(options.length >= 15);
		assert.ok(variables(text).length >= 10);
		assert.deepEqual(complete('--').sort(), options.sort());
		assert.deepEqual(complete('--dir'), ['--direction']);
		assert.deepEqual(complete('--format', ''), ['text', 'json']);
		assert.deepEqual(complete('--format', '=', 'j'), ['json']);
		assert.deepEqual(complete('--format', '='), ['text', 'json']);
		assert.deepEqual(complete('--name', ''), []);
		assert.deepEqual(complete('--config', 'et'), ['etc']);
		assert.deepEqual(complete('al'), ['all']);
		assert.deepEqual(complete('lo').includes('lo'), true);
	});

	test('the manual names each option and variable', () => {
		const page = readFileSync(path('man'), 'utf8').replaceAll('\\-', '-');
		const { text } = run([path('program'), '--help']);
		for (const option of longOptions(text))
			assert.ok(page.includes(`\\fB${option}\\fR`), option);
		for (const key of variables(text))
			assert.ok(page.includes(`.TP\n\\fB${key}\\fR\n`), key);
		assert.match(page, /^\.TH ICMP-AGENT 8 "" "icmp-agent \d+\.\d+\.\d+"/m);
	});

	test('groff reads the manual without a warning',
		{ skip: !has('groff') && 'groff is not installed' }, () => {
			const r = spawnSync('groff', ['-ww', '-man', '-Tutf8',
				path('man')], { encoding: 'utf8' });
			assert.equal(r.stderr, '');
			assert.equal(r.status, 0);
			assert.ok(r.stdout.split('\n').length > 150);
		});

	test('sudo takes the rules, for this path and each variable',
		{ skip: !has('visudo') && 'sudo is not installed' }, () => {
			const r = run(['visudo', '-c', '-f', path('sudoers')]);
			assert.equal(r.status, 0, r.text);
			const rule = readFileSync(path('sudoers'), 'utf8')
				.match(/^Defaults!(\S+) env_keep \+= "([A-Z_ ]+)"$/m);
			assert.equal(rule[1], '/usr/bin/icmp-agent');
			const keys = rule[2].split(' ');
			const { text } = run([path('program'), '--help']);
			for (const key of variables(text))
				assert.ok(keys.includes(key), key);
			assert.ok(keys.includes('PASSWORD'));
		});

	test('`make` alone builds the program and the library', () => {
		const { text } = run(['make', '-n', '-C', ROOT, 'SAN=', `O=${dir}/o`]);
		assert.match(text, /LINK.*\/o\/icmp-agent/);
		assert.match(text, /ar rcs \S*\/o\/libsio\.a/);
	});

	test('systemd takes the unit',
		{ skip: !has('systemd-analyze') && 'systemd is not installed' }, () => {
			const unit = readFileSync(path('unit'), 'utf8');
			assert.match(unit, /^ExecStart=\/usr\/bin\/icmp-agent %i$/m);
			assert.match(unit, /^EnvironmentFile=-\/etc\/icmp-agent.env$/m);
			// the program and the manual are not where the unit says
			const there = unit.replace('/usr/bin/icmp-agent', '/bin/true')
				.replace(/^Documentation.*$/m, '');
			const file = join(dir, 'icmp-agent@.service');
			writeFileSync(file, there);
			const r = run(['systemd-analyze', 'verify', '--man=no', file]);
			assert.equal(r.text, '');
			assert.equal(r.status, 0);
		});

	test('an edited env file stays, all else goes with uninstall', () => {
		writeFileSync(path('env'), 'CLIENTNAME=mine\n');
		make('install');
		assert.equal(readFileSync(path('env'), 'utf8'), 'CLIENTNAME=mine\n');
		make('uninstall');
		assert.deepEqual(readdirSync(join(dir, 'etc')).sort(),
			['icmp-agent.env', 'sudoers.d']);
		rmSync(path('env'));
		make('install');
		make('uninstall');
		for (const name of Object.keys(FILES))
			assert.equal(existsSync(path(name)), false, name);
	});
});
