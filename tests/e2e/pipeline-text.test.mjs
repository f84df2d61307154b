// SPDX-License-Identifier: ISC
// What the agent tells besides the line: details, metrics, health, the time.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { describe } from 'node:test';

import {
	PASSWORD, ROOT, cannotRun, labTest, messages,
} from '../support/lab.mjs';
import { run } from '../support/net.mjs';
import {
	METRICS, assertBalanced, atRest, cannotFlood, flood, flooded, get,
	linesOf, metrics, packetsIn, packetsOf, stopped,
} from '../support/pipeline.mjs';
import { sleep, until } from '../support/process.mjs';

const V4 = ['--family', '4'];

/** From `b`: one UDP datagram of that size; Linux has it not be fragmented. */
function udp(l, address, port, size) {
	return l.spawn('udp', l.net.b, ['node', '-e', `
		const s = require('dgram').createSocket('udp4');
		s.bind(40000, () => s.send('x'.repeat(${size}), ${port},
			'${address}', () => s.close()));`]).end();
}

/**
 * Steps the wall clock of one process: a library for LD_PRELOAD, and the file
 * that holds the offset in ns. Nobody else's clock is touched.
 */
function stepper(l) {
	const source = l.file('step.c', `
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <fcntl.h>
		#include <stdint.h>
		#include <stdlib.h>
		#include <sys/mman.h>
		#include <time.h>
		static volatile int64_t *offset;
		static int (*real)(clockid_t, struct timespec *);
		__attribute__((constructor)) static void start(void)
		{
			int fd = open(getenv("STEP_FILE"), O_RDONLY | O_CLOEXEC);
			real = (int (*)(clockid_t, struct timespec *))
				dlsym(RTLD_NEXT, "clock_gettime");
			offset = mmap(0, 8, PROT_READ, MAP_SHARED, fd, 0);
		}
		int clock_gettime(clockid_t clock, struct timespec *t)
		{
			int err = real(clock, t);
			if (!err && clock == CLOCK_REALTIME)
				t->tv_sec += *offset / 1000000000;
			return err;
		}`);
	const library = source.replace(/c$/, 'so');
	run('cc', '-shared', '-fPIC', '-O1', '-o', library, source, '-ldl');
	const file = l.file('offset', '\0'.repeat(8));
	const step = seconds => {
		const bytes = Buffer.alloc(8);
		const fd = openSync(file, 'r+');
		bytes.writeBigInt64LE(BigInt(seconds) * 1000000000n);
		writeSync(fd, bytes, 0, 8, 0);
		closeSync(fd);
	};
	return { env: { LD_PRELOAD: library, STEP_FILE: file }, step };
}

describe('what is told', { concurrency: 4 }, () => {
	labTest('--detail: echo time, MTU, the packet that an error is about',
		async l => {
			const [pair] = l.net.pairs;
			const second = l.net.addPair();
			await l.backend();
			const { agent, viewer } = await l.joined(
				['--detail', ...V4, 'lan0']);
			run('ip', '-n', l.net.a, 'link', 'set', second.dev, 'mtu', '1000');
			run('ip', '-n', l.net.a, 'route', 'add', '198.19.0.0/24', 'dev',
				second.dev);
			run('ip', '-n', l.net.b, 'route', 'add', '198.19.0.0/24', 'via',
				pair.a4);
			run(...l.net.inside(l.net.a, 'sysctl', '-qw',
				'net.ipv4.ip_forward=1'));
			await l.ping(pair.a4, 1).end();
			await udp(l, pair.a4, 9, 20);
			await udp(l, '198.19.0.9', 53, 1200);
			await until(() => linesOf(viewer).length >= 4, 5000, 'four lines');
			const lines = linesOf(viewer);
			assert.match(lines[0], new RegExp('^ICMP Echo Request from ' +
				`${pair.b4} to ${pair.a4} \\(code: 0\\) id=\\d+ seq=1 ttl=64$`));
			assert.match(lines[1], new RegExp('^ICMP Echo Reply from ' +
				`${pair.a4} to ${pair.b4} \\(code: 0\\) id=\\d+ seq=1 ttl=64 ` +
				'rtt=\\d+\\.\\d+ ms$'));
			assert.equal(lines[2], 'ICMP Destination Unreachable from ' +
				`${pair.a4} to ${pair.b4} (code: 3) ttl=64 ` +
				`for ${pair.b4}:40000 -> ${pair.a4}:9 udp`);
			assert.equal(lines[3], 'ICMP Destination Unreachable from ' +
				`${pair.a4} to ${pair.b4} (code: 4) ttl=64 mtu=1000 ` +
				`for ${pair.b4}:40000 -> 198.19.0.9:53 udp`);
			await stopped(agent);
		});

	labTest('metrics, and health with the reason', async l => {
		const [pair] = l.net.pairs;
		const agent = l.agent(['--metrics', METRICS, ...V4, 'lan0']);
		await agent.line('Connection refused');
		let health = get(l, '/healthz');
		assert.equal(health.status, 503);
		assert.match(health.body,
			/^http:\/\/127\.0\.0\.1:5000: cannot connect: TCP: .*refused/);
		await l.ping(pair.a4, 3).end();
		let m = metrics(l);
		assertBalanced(m);
		assert.equal(m('pending_packets'), 6);
		assert.equal(m('connected'), 0);

		const backend = await l.backend();
		await until(() => get(l, '/healthz').status === 200, 35000, 'healthy');
		m = await atRest(l);
		assert.equal(m('seen_packets_total', 'direction="in"'), 3);
		assert.equal(m('seen_packets_total', 'direction="out"'), 3);
		assert.equal(m('reported_packets_total', 'how="single"'), 6);
		assert.equal(m('packets_total', 'type="8",code="0"'), 3);
		assert.equal(m('messages_sent_total'), 6);
		assert.equal(m('messages_echoed_total'), 6);
		assert.equal(m('connects_total'), 1);
		assert.equal(m('echo_rtt_seconds_count', 'direction="in"'), 3);
		assert.equal(m('echo_unanswered_total'), 0);

		const { body } = get(l, '/metrics');
		const promtool = run(`${ROOT}tests/support/promtool.sh`).trim();
		const check = spawnSync(promtool, ['check', 'metrics'],
			{ input: body, encoding: 'utf8' });
		assert.equal(check.status, 0, `${check.error ?? ''}${check.stderr}`);
		assert.equal(check.stderr + check.stdout, '');
		assert.equal(get(l, '/nothing').status, 404);

		await backend.stop('SIGKILL');
		await until(() => get(l, '/healthz').status === 503, 5000, 'ill');
		health = get(l, '/healthz');
		assert.match(health.body, /127\.0\.0\.1:5000: /);
		const { pending } = await stopped(agent);
		assert.equal(pending, 0);
	});

	for (const args of [['--direction', 'in'], ['--type', 'echo-request']]) {
		labTest(`${args.join(' ')}: no echo is called unanswered`, async l => {
			const [pair] = l.net.pairs;
			const agent = l.agent(['--output', 'json', ...args, ...V4, 'lan0']);
			await agent.line('lan0: in');
			await l.ping(pair.a4, 1).end();
			await agent.line('"icmp_type":8,');
			const { body } = get(l, '/metrics', agent.metrics);
			assert.match(body, /^icmp_agent_seen_packets_total/m);
			assert.doesNotMatch(body, /icmp_agent_echo_/);
		});
	}

	labTest('the clock is stepped: times are right, rates and echoes too',
		async l => {
			const [pair] = l.net.pairs;
			const { env, step } = stepper(l);
			await l.backend();
			const { agent, viewer } = await l.joined(
				['--format', 'json', ...V4, 'lan0'], { env });
			for (const hours of [0, 1, -1, 0]) {
				step(hours * 3600);
				const from = messages(viewer).length;
				await sleep(100);
				const sentAt = Date.now();
				await l.ping(pair.a4, 1).end();
				await until(() => messages(viewer).length >= from + 2, 3000,
					'two lines');
				const [request, reply] = messages(viewer).slice(from)
					.map(o => JSON.parse(o.message));
				const at = request.timestamp - hours * 3600000;
				assert.ok(at >= sentAt - 2 && at <= Date.now() + 2,
					`${at} of ${sentAt}`);
				assert.ok(reply.rtt_ms > 0 && reply.rtt_ms < 100,
					`${reply.rtt_ms} ms`);
			}
			// In the middle of a second that is full, there and back.
			const from = linesOf(viewer).length;
			const ping = l.ping(pair.a4, 200, 0.01);
			for (const hours of [1, 0, -1, 0]) {
				await sleep(400);
				step(hours * 3600);
			}
			await ping.end();
			await until(() => linesOf(viewer).slice(from).map(packetsOf)
				.reduce((a, b) => a + b, 0) === 400, 4000, '400 packets');
			const { pending, seen } = await stopped(agent);
			assert.equal(pending, 0);
			assert.equal(packetsIn(viewer), seen);
		});

	labTest('%i: an interface that comes later has its room, by a password ' +
		'file that root alone reads', async l => {
		const [pair] = l.net.pairs;
		const file = l.file('password', `${PASSWORD}\n`);
		await l.backend();
		const agent = l.agent(['--password-file', file, ...V4,
			'--metrics', METRICS, 'lan*'],
		{ env: { CLIENTNAME: '%i-ICMP 100%%', PASSWORD: undefined } });
		const viewers = [await l.viewer({ room: 'lan0-ICMP 100%' }),
			await l.viewer({ room: 'lan1-ICMP 100%' })];
		await l.inRoom(viewers[0]);
		const later = l.net.addPair();
		await l.inRoom(viewers[1], 10000);
		await l.ping(pair.a4, 1).end();
		await l.ping(later.a4, 1).end();
		await until(() => viewers.every(v => messages(v).length >= 2), 5000,
			'two lines in each room');
		for (const [i, p] of [pair, later].entries())
			for (const { message, client } of messages(viewers[i])) {
				assert.ok(message.includes(p.a4), message);
				assert.equal(client, `lan${i}-ICMP 100%`);
			}
		const m = await atRest(l);
		assert.equal(m('seen_packets_total', 'interface="lan1"'), 2);
		assert.equal(m('reported_packets_total', 'room="lan1-ICMP 100%"'), 2);
		assert.equal((await stopped(agent)).seen, 4);
	});

	labTest('%i beyond the longest name, and what is no %i', async l => {
		for (const [name, cause] of [['%e-ICMP', /%e/], ['100%', /'%'/],
			[`%i${'x'.repeat(120)}`, /128/]]) {
			const agent = l.agent(['lan0'], { env: { CLIENTNAME: name } });
			const { code } = await agent.end(5000);
			assert.equal(code, 78, agent.log());
			assert.match(agent.text('err')[0], /CLIENTNAME/);
			assert.match(agent.text('err')[0], cause);
		}
	});

	labTest('a flood of one room of two leaves the other alone', async l => {
		const [pair] = l.net.pairs;
		const other = l.net.addPair();
		await l.backend();
		const agent = l.agent([...V4, 'lan0', 'lan1'],
			{ env: { CLIENTNAME: '%i' } });
		const viewers = [await l.viewer({ room: 'lan0' }),
			await l.viewer({ room: 'lan1' })];
		await l.inRoom(viewers[0]);
		await l.inRoom(viewers[1]);
		const process = flood(l, { packets: 1e9, sources: 50000, rate: 20000,
			seconds: 4, pair });
		await sleep(1000);
		const asked = Date.now();
		await l.ping(other.a4, 3, 0.2).end();
		// in six lines, or fewer: the kernel's budget is of all interfaces
		await until(() => packetsIn(viewers[1]) >= 6, 2000,
			'six packets in the other room');
		assert.equal(packetsIn(viewers[1]), 6);
		for (const { at } of messages(viewers[1]))
			assert.ok(at - asked < 2000);
		await flooded(process);
		assert.equal((await stopped(agent)).pending, 0);
	}, { skip: cannotRun() || cannotFlood() });
});
