// SPDX-License-Identifier: ISC
// The hooks, and neighbours on them.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import { bpfIds, labTest } from '../support/lab.mjs';
import { run } from '../support/net.mjs';

/** An XDP program of somebody else's on lan0; returns its id. */
function attachForeign(l) {
	const source = l.file('foreign.c', `
		__attribute__((section("xdp"), used))
		int foreign(void *ctx) { return 2; /* XDP_PASS */ }
		__attribute__((section("license"), used))
		char _license[] = "GPL";`);
	const object = source.replace(/c$/, 'o');
	// -g: libbpf refuses a program without BTF that has a static section
	run('clang', '-target', 'bpf', '-O2', '-g', '-c', source, '-o', object);
	run('ip', '-n', l.net.a, 'link', 'set', 'dev', 'lan0', 'xdp',
		'obj', object, 'sec', 'xdp');
	return xdpOf(l);
}

/** The XDP program of lan0, or undefined. */
const xdpOf = l => JSON.parse(run('ip', '-n', l.net.a, '-j', 'link', 'show',
	'lan0'))[0].xdp?.prog?.id;

async function seesPing(l, agent) {
	const [pair] = l.net.pairs;
	await l.ping(pair.a4, 2).end();
	await agent.line(`ICMP Echo Request from ${pair.b4} to ${pair.a4}`);
	await agent.line(`ICMP Echo Reply from ${pair.a4} to ${pair.b4}`);
}

const text = (...args) => ['--output', 'text', ...args, 'lan0'];

describe('attaching', { concurrency: 4 }, () => {
	for (const args of [[], ['--hook', 'tc'], ['--hook', 'xdp'],
		['--hook', 'xdp', '--xdp-mode', 'native'],
		['--hook', 'xdp', '--xdp-mode', 'generic']]) {
		labTest(`${args.join(' ') || 'by default'}`, async l => {
			const agent = l.agent(text(...args));
			await agent.line(o => o.from === 'err' &&
				/ lan0: in /.test(o.text));
			await seesPing(l, agent);
			if (args.includes('xdp'))
				assert.ok(bpfIds(agent.pid).prog.has(String(xdpOf(l))),
					'the XDP program of lan0 is the agent\'s');
			else if (args.includes('tc'))
				assert.equal(xdpOf(l), undefined);
			await agent.stop();
			assert.equal(xdpOf(l), undefined);
		});
	}

	for (const [direction, shown, hidden] of [['in', 'Request', 'Reply'],
		['out', 'Reply', 'Request']]) {
		labTest(`--direction ${direction}`, async l => {
			const agent = l.agent(text('--direction', direction));
			await agent.line('lan0');
			await l.ping(l.net.pairs[0].a4, 3).end();
			await agent.stop();
			const out = agent.text('out').filter(t => / Echo /.test(t));
			assert.equal(out.length, 3);
			for (const line of out) {
				assert.ok(line.includes(shown));
				assert.ok(!line.includes(hidden));
			}
		});
	}

	labTest('a foreign XDP program stays, and packets are seen',
		async l => {
			const foreign = attachForeign(l);
			const agent = l.agent(text());
			await agent.line('lan0');
			await seesPing(l, agent);
			assert.equal(xdpOf(l), foreign);
			await agent.stop();
			assert.equal(xdpOf(l), foreign);
		});

	labTest('--hook xdp beside a foreign program: names it, status 69',
		async l => {
			const foreign = attachForeign(l);
			const agent = l.agent(text('--hook', 'xdp'));
			const { code } = await agent.end();
			assert.equal(code, 69);
			const err = agent.text('err');
			assert.equal(err.length, 1);
			assert.match(err[0], new RegExp(`program ${foreign} \\(foreign\\)`));
			assert.match(err[0], /--replace/);
			assert.equal(xdpOf(l), foreign);
		});

	labTest('--replace takes its place', async l => {
		const foreign = attachForeign(l);
		const agent = l.agent(text('--hook', 'xdp', '--replace'));
		await agent.line(new RegExp(`program ${foreign} \\(foreign\\)`));
		await seesPing(l, agent);
		assert.ok(bpfIds(agent.pid).prog.has(String(xdpOf(l))));
	});

	labTest('two agents on one interface', async l => {
		const first = l.agent(text());
		await first.line('lan0');
		const second = l.agent(text());
		await second.line('lan0');
		await seesPing(l, second);
		await second.stop();
		const [pair] = l.net.pairs;
		await l.ping(pair.a6, 1).end();
		await first.line(`ICMPv6 Echo Reply from ${pair.a6}`);
		assert.ok(first.text('out').some(t => t.includes(pair.a4)));
	});
});
