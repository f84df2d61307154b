// SPDX-License-Identifier: ISC
// What a user meets who made a mistake: one line with the value, the cause
// and what to do, and the exit status of sysexits.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import { AGENT, labTest, onlyCaps } from '../support/lab.mjs';

const USAGE = 64, UNAVAILABLE = 69, NOPERM = 77, CONFIG = 78;

const CASES = [
	{ name: 'no interface', args: [], status: USAGE,
		says: [/interface/, /eth0|all/] },
	{ name: 'an interface that does not exist', args: ['eth9'],
		status: UNAVAILABLE, says: [/eth9/, /\blan0\b/, /\blo\b/] },
	{ name: 'an unknown option', args: ['--colour', 'lan0'], status: USAGE,
		says: [/--colour/, /--help/] },
	{ name: 'an option without its value', args: ['lan0', '--name'],
		status: USAGE, says: [/--name/] },
	{ name: 'the password as an option', args: ['--password=x', 'lan0'],
		status: USAGE, says: [/PASSWORD/, /--password-file/] },
	{ name: 'an unknown setting in the file', status: CONFIG,
		file: 'CLIENTNAME=ICMP\nCOLOUR=red\n',
		says: [/agent\.env:2/, /COLOUR/] },
	{ name: 'a file that does not exist', status: CONFIG,
		args: ['--config', '/nonexistent/agent.env', 'lan0'],
		says: [/\/nonexistent\/agent\.env/, /No such file/] },
	{ name: 'a bad URL on the command line', status: USAGE,
		args: ['--url', 'ftp://monitor', 'lan0'],
		says: [/ftp:\/\/monitor/, /http/] },
	{ name: 'a bad URL in the environment', status: CONFIG,
		args: ['lan0'], env: { URL: 'http://' },
		says: [/URL/, /http:\/\//] },
	{ name: 'a rate that is no number', status: CONFIG, args: ['lan0'],
		env: { MAX_MESSAGES_PER_SECOND: 'ten' },
		says: [/MAX_MESSAGES_PER_SECOND/, /ten/] },
	{ name: 'a password file that does not exist', status: CONFIG,
		args: ['--password-file', '/nonexistent/password', 'lan0'],
		env: { PASSWORD: undefined }, alsoSays: /^icmp-agent: lan0: in /,
		says: [/\/nonexistent\/password/, /No such file/] },
	{ name: 'no capability at all', args: ['lan0'], status: NOPERM,
		prefix: ['setpriv', '--reuid=65534', '--regid=65534',
			'--clear-groups', ...onlyCaps('').slice(1)],
		says: [/CAP_NET_ADMIN/, /CAP_BPF/, /sudo|root/] },
	{ name: 'root without CAP_BPF', args: ['lan0'], status: NOPERM,
		prefix: onlyCaps('net_admin'), says: [/CAP_BPF/] },
	{ name: 'root without CAP_NET_ADMIN', args: ['lan0'], status: NOPERM,
		prefix: onlyCaps('bpf'), says: [/CAP_NET_ADMIN/] },
];

describe('errors', { concurrency: 4 }, () => {
	for (const c of CASES) {
		labTest(`${c.name}: status ${c.status}`, async l => {
			const args = c.args ??
				['--config', l.file('agent.env', c.file), 'lan0'];
			const agent = l.agent(args, { env: c.env, prefix: c.prefix });
			const { code, signal } = await agent.end();
			assert.equal(signal, null);
			assert.equal(code, c.status);
			const err = agent.text('err').filter(t => !c.alsoSays?.test(t));
			assert.equal(err.length, 1, 'one line');
			for (const pattern of c.says)
				assert.match(err[0], pattern);
			assert.deepEqual(agent.text('out'), []);
		});
	}

	labTest('sudo cleared the environment', async l => {
		const agent = l.agent(['lan0'], {
			env: {
				CLIENTNAME: undefined, URL: undefined, PASSWORD: undefined,
				SUDO_COMMAND: '/usr/local/bin/icmp-agent lan0',
				SUDO_UID: '1000', SUDO_USER: 'alice',
			},
		});
		const line = await agent.line(/sudo/);
		assert.match(line.text, /environment/);
		assert.match(line.text, /--preserve-env=CLIENTNAME,URL,PASSWORD/,
			'what to type');
		assert.equal(agent.text('err').filter(t => /sudo/.test(t)).length, 1);
	});

	labTest('the same settings with sudo say nothing of it', async l => {
		const agent = l.agent(['lan0'],
			{ env: { SUDO_COMMAND: '/usr/local/bin/icmp-agent lan0' } });
		await agent.line('127.0.0.1:5000');
		assert.doesNotMatch(agent.text('err').join('\n'), /sudo/);
	});

	labTest('one of two interfaces does not exist: the other is watched',
		async l => {
			const [pair] = l.net.pairs;
			const agent = l.agent(['--output', 'text', 'lan0', 'eth9']);
			await agent.line(/eth9/);
			await agent.line(o => o.from === 'err' && /lan0/.test(o.text));
			await l.ping(pair.a4, 3, 0.2).end();
			await agent.line(/Echo Reply/);
		});

	labTest('--help to a full disk: status 74', async l => {
		const shell = l.spawn('shell', l.net.a,
			['sh', '-c', `"${AGENT}" --help >/dev/full`]);
		const { code } = await shell.end();
		assert.equal(code, 74);
		assert.match(shell.text('err')[0],
			/^icmp-agent: standard output: No space left on device$/);
	});

	labTest('--help lists the settings', async l => {
		const agent = l.agent(['--help']);
		const { code } = await agent.end();
		assert.equal(code, 0);
		const help = agent.text('out').join('\n');
		for (const word of ['CLIENTNAME', 'URL', 'PASSWORD', '--rate',
			'--output', '--direction'])
			assert.ok(help.includes(word), word);
	});

	labTest('--version', async l => {
		const agent = l.agent(['--version']);
		const { code } = await agent.end();
		assert.equal(code, 0);
		assert.match(agent.text('out')[0], /^icmp-agent \d+\.\d+\.\d+$/);
	});
});
