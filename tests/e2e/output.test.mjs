// SPDX-License-Identifier: ISC
// The stream on standard output, and who reads it.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import { metrics, totals } from '../support/account.mjs';
import {
	AGENT, PASSWORD, ROOT, URL_A, echoCount, labTest,
} from '../support/lab.mjs';
import { until } from '../support/process.mjs';

/** The order that users know, then the rest of the contract. */
const FIELDS = ['src_ip', 'dst_ip', 'icmp_type', 'icmp_code', 'timestamp',
	'family', 'interface', 'direction', 'id', 'seq', 'ttl', 'length', 'count'];

const echoLines = (agent, types) => agent.text('out')
	.map(text => JSON.parse(text)).filter(o => types.includes(o.icmp_type));

describe('standard output', { concurrency: 4 }, () => {
	for (const [family, types, a, b] of [[4, [8, 0], 'a4', 'b4'],
		[6, [128, 129], 'a6', 'b6']]) {
		labTest(`--output json, IPv${family}`, async l => {
			const [pair] = l.net.pairs;
			const agent = l.agent(['--output', 'json', 'lan0']);
			await agent.line('lan0');
			const began = Date.now();
			await l.ping(pair[a], 2, 0.2).end();
			await agent.line(o => o.from === 'out' &&
				o.text.includes('"seq":2') &&
				o.text.includes(`"icmp_type":${types[1]},`));
			const ended = Date.now();
			const lines = echoLines(agent, types);
			assert.equal(lines.length, 4);
			lines.forEach((o, i) => {
				const reply = i % 2;
				assert.deepEqual(Object.keys(o).slice(0, FIELDS.length),
					FIELDS);
				assert.equal(o.src_ip, pair[reply ? a : b]);
				assert.equal(o.dst_ip, pair[reply ? b : a]);
				assert.equal(o.icmp_type, types[reply]);
				assert.equal(o.icmp_code, 0);
				assert.ok(o.timestamp >= began - 5 &&
					o.timestamp <= ended + 5, `${o.timestamp}`);
				assert.equal(o.family, family);
				assert.equal(o.interface, 'lan0');
				assert.equal(o.direction, reply ? 'out' : 'in');
				assert.equal(o.id, lines[0].id);
				assert.equal(o.seq, Math.floor(i / 2) + 1);
				assert.equal(o.ttl, 64);
				assert.equal(o.length, family === 4 ? 84 : 104);
				assert.equal(o.count, 1);
			});
		});
	}

	labTest('--output text', async l => {
		const [pair] = l.net.pairs;
		const agent = l.agent(['--output', 'text', 'lan0']);
		await agent.line('lan0');
		await l.ping(pair.a4, 1).end();
		await agent.line(o => o.from === 'out' && /Reply/.test(o.text));
		assert.deepEqual(agent.text('out').filter(t => / Echo /.test(t)), [
			`ICMP Echo Request from ${pair.b4} to ${pair.a4} (code: 0)`,
			`ICMP Echo Reply from ${pair.a4} to ${pair.b4} (code: 0)`]);
	});

	labTest('it has no rate limit, and loses none', async l => {
		const [pair] = l.net.pairs;
		const count = 500;
		const agent = l.agent(['--output', 'json', 'lan0']);
		await agent.line('lan0');
		await l.ping(pair.a4, count, 0.002).end();
		const { code } = await agent.stop();
		assert.equal(code, 0);
		assert.equal(echoLines(agent, [8, 0]).length, 2 * count);
	});

	labTest('SIGTERM waits for a reader that is behind', async l => {
		const [pair] = l.net.pairs;
		const count = 500; // more than a pipe holds
		const shell = l.spawn('shell', l.net.a, ['bash', '-c', `exec 3<&0
			"${AGENT}" --output json lan0 > >(read -r _ <&3; exec cat) &
			echo "pid $!"
			wait $!
			echo "status $?"`], { stdin: 'pipe' });
		const pid = Number((await shell.line(/^pid /)).text.slice(4));
		await shell.line('lan0');
		await l.ping(pair.a4, count, 0.002).end();
		process.kill(pid, 'SIGTERM');
		await shell.line('stopping:');
		shell.child.stdin.end('go\n');
		await shell.line('status 0');
		await shell.end();
		const lines = shell.text('out').filter(t => t.startsWith('{'))
			.map(t => JSON.parse(t)).filter(o => [0, 8].includes(o.icmp_type));
		assert.equal(lines.length, 2 * count);
	});

	labTest('a closed pipe ends it cleanly', async l => {
		const [pair] = l.net.pairs;
		l.ping(pair.a4, 100, 0.1);
		const shell = l.spawn('shell', l.net.a, ['bash', '-c',
			`"${AGENT}" --output json --family 4 lan0 | head -n 1
			 echo "status \${PIPESTATUS[0]}"`]);
		await shell.end();
		const out = shell.text('out');
		assert.equal(out.length, 2);
		assert.equal(JSON.parse(out[0]).src_ip, pair.b4);
		assert.equal(out[1], 'status 0');
		assert.doesNotMatch(shell.text('err').join('\n'),
			/broken|EPIPE|error/i);
	});

	labTest('a full disk ends it with status 74', async l => {
		const [pair] = l.net.pairs;
		l.ping(pair.a4, 100, 0.1);
		const shell = l.spawn('shell', l.net.a, ['bash', '-c',
			`"${AGENT}" --output json --family 4 lan0 >/dev/full
			 echo "status $?"`]);
		await shell.end();
		assert.deepEqual(shell.text('out'), ['status 74']);
		assert.match(shell.text('err').join('\n'),
			/stopping: standard output: No space left on device/);
		assert.ok(totals(shell).pending > 0);
	});

	labTest('the metrics account for its lines too', async l => {
		const [pair] = l.net.pairs;
		const agent = l.agent(['--output', 'json', '--family', '4', 'lan0']);
		await agent.line('lan0');
		await l.ping(pair.a4, 5, 0.01).end();
		await until(() => echoLines(agent, [8, 0]).length === 10, 5000,
			'ten lines');
		const m = metrics(l, agent.metrics);
		assert.equal(m('seen_packets_total'), 10);
		assert.equal(m('reported_packets_total', 'how="single"'), 10);
		assert.equal(m('pending_packets'), 0);
	});

	labTest('the Node.js client reads it as before', async l => {
		const [pair] = l.net.pairs;
		await l.backend();
		const viewer = await l.viewer();
		const shell = l.spawn('pipe', l.net.a, ['sh', '-c',
			`"${AGENT}" --output json lan0 |
			 node "${ROOT}tests/support/json-client.mjs"`],
		{ env: { CLIENTNAME: 'ICMP', URL: URL_A, PASSWORD } });
		await shell.line('lan0');
		await l.inRoom(viewer);
		await l.ping(pair.a4, 2).end();
		assert.deepEqual((await echoCount(viewer, 4)).slice(0, 2), [
			`ICMP Echo Request from ${pair.b4} to ${pair.a4} (code: 0)`,
			`ICMP Echo Reply from ${pair.a4} to ${pair.b4} (code: 0)`]);
	});
});
