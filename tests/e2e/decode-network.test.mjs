// SPDX-License-Identifier: ISC
// What real tools and kernels send, and what the agent says about it.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import { FAR_MTU, addFar } from '../support/chain.mjs';
import { ROOT, labTest } from '../support/lab.mjs';
import { run } from '../support/net.mjs';
import { sleep, until } from '../support/process.mjs';

const packets = agent => agent.text('out').map(text => JSON.parse(text));

/** An agent that shows JSON; resolves once each interface is attached. */
async function watching(l, ...args) {
	const agent = l.agent(['--output', 'json', ...args]);
	const devices = args.filter(a => /^(lan|br)\d/.test(a));
	for (const dev of devices)
		await agent.line(o => o.from === 'err' &&
			o.text.includes(` ${dev}: in `));
	return agent;
}

/** Resolves with the packets that match, once there are `count`. */
async function seen(agent, count, match) {
	const found = () => packets(agent).filter(match);
	await until(() => found().length >= count, 15000,
		`${count} packets; last: ${agent.text('out').slice(-5).join('\n')}`);
	return found();
}

async function ends(l, name, ns, argv) {
	const p = l.spawn(name, ns, argv);
	await p.end(30000);
	return p;
}

const FAMILIES = [
	{
		family: 4, flag: '-4', far: 'a4', host: 'a4', router: 'router4',
		exceeded: [11, 0], port: [3, 3], tooBig: [3, 4], echo: 8, proto: 1,
	},
	{
		family: 6, flag: '-6', far: 'a6', host: 'a6', router: 'router6',
		exceeded: [3, 0], port: [1, 4], tooBig: [2, 0], echo: 128,
		proto: 58,
	},
];

const is = (o, [type, code]) => o.icmp_type === type && o.icmp_code === code;

describe('decoding', { concurrency: 4 }, () => {
	for (const f of FAMILIES) {
		labTest(`traceroute, IPv${f.family}`, async l => {
			const far = addFar(l);
			const host = l.net.pairs[0][f.host];
			const agent = await watching(l, '--family',
				String(f.family), 'lan0');
			const p = await ends(l, 'traceroute', l.net.a, ['traceroute',
				f.flag, '-n', '-q', '1', '-N', '1', '-w', '3',
				far[f.far]]);
			assert.match(p.log(), new RegExp(`1 +${far[f.router]} `));
			assert.match(p.log(), new RegExp(`2 +${far[f.far]} `));
			const [exceeded] = await seen(agent, 1, o => is(o, f.exceeded));
			const [port] = await seen(agent, 1, o => is(o, f.port));
			assert.equal(exceeded.src_ip, far[f.router]);
			assert.equal(port.src_ip, far[f.far]);
			for (const [o, dport] of [[exceeded, 33434], [port, 33435]]) {
				assert.equal(o.dst_ip, host);
				assert.equal(o.direction, 'in');
				assert.equal(o.inner.src_ip, host);
				assert.equal(o.inner.dst_ip, far[f.far]);
				assert.equal(o.inner.protocol, 17);
				assert.equal(o.inner.dst_port, dport);
				assert.ok(o.inner.src_port > 0);
			}
			far.close();
		});

		labTest(`a small MTU on the way, IPv${f.family}`, async l => {
			const far = addFar(l);
			const agent = await watching(l, '--family',
				String(f.family), 'lan0');
			await ends(l, 'ping', l.net.a, ['ping', f.flag, '-n', '-c', '1',
				'-W', '1', '-M', 'do', '-s', '1400', far[f.far]]);
			const [o] = await seen(agent, 1, e => is(e, f.tooBig));
			assert.equal(o.src_ip, far[f.router]);
			assert.equal(o.mtu, FAR_MTU);
			assert.equal(o.inner.src_ip, l.net.pairs[0][f.host]);
			assert.equal(o.inner.dst_ip, far[f.far]);
			assert.equal(o.inner.protocol, f.proto);
			assert.equal(o.inner.src_port, undefined);
			const [request] = await seen(agent, 1,
				e => e.icmp_type === f.echo);
			assert.equal(request.direction, 'out');
			assert.equal(request.length, 1400 + 8 +
				(f.family === 4 ? 20 : 40));
			far.close();
		});
	}

	labTest('tcpdump beside it counts the same', async l => {
		const [pair] = l.net.pairs;
		const file = `${l.dir}/lan0.pcap`;
		const agent = await watching(l, 'lan0');
		const dump = l.spawn('tcpdump', l.net.a, ['tcpdump', '-n', '-U',
			'--immediate-mode', '-Z', 'root', '-i', 'lan0', '-w', file,
			'icmp or icmp6']);
		await dump.line('listening on');
		for (const args of [[pair.a4, '-s', '8'], [pair.a6, '-s', '1200'],
			[pair.a4, '-t', '7']])
			await l.ping(args[0], 20, 0.01, args.slice(1)).end();
		// nobody listens there
		await ends(l, 'traceroute', l.net.b, ['traceroute', '-n', '-q', '1',
			'-N', '1', '-w', '1', pair.a4]);
		await sleep(1000);
		await dump.stop('SIGINT');
		await agent.stop();
		const count = filter => run('tcpdump', '-n', '-r', file, filter)
			.split('\n').filter(Boolean).length;
		// "icmp6" does not look behind the header of listener reports
		const lines = packets(agent).filter(o => o.icmp_type !== 143);
		assert.ok(lines.every(o => o.count === 1));
		assert.equal(lines.length, count('icmp or icmp6'));
		assert.ok(lines.length > 120);
		for (const [type, filter] of [[8, 'icmp[0] == 8'],
			[0, 'icmp[0] == 0'], [3, 'icmp[0] == 3'],
			[128, 'icmp6 and ip6[40] == 128'],
			[129, 'icmp6 and ip6[40] == 129']]) {
			const n = lines.filter(o => o.icmp_type === type).length;
			assert.equal(n, count(filter), `type ${type}`);
			assert.ok(n > 0, `type ${type}`);
		}
	});

	labTest('a bridge and its port, each by its name', async l => {
		const [pair] = l.net.pairs;
		const ip = (...args) => run('ip', '-n', l.net.a, ...args);
		ip('link', 'add', 'br0', 'type', 'bridge');
		ip('link', 'set', 'br0', 'addrgenmode', 'none');
		ip('addr', 'flush', 'dev', 'lan0');
		ip('link', 'set', 'lan0', 'master', 'br0');
		ip('addr', 'add', `${pair.a4}/24`, 'dev', 'br0');
		ip('link', 'set', 'br0', 'up');
		const agent = await watching(l, '--family', '4', 'br0', 'lan0');
		await l.ping(pair.a4, 3).end();
		await seen(agent, 12, () => true);
		await sleep(300);
		const lines = packets(agent).map(o => `${o.interface} ` +
			`${o.direction} ${o.icmp_type} ${o.seq}`);
		assert.deepEqual(lines.sort(), ['br0', 'lan0'].flatMap(dev =>
			['in 8', 'out 0'].flatMap(what =>
				[1, 2, 3].map(seq => `${dev} ${what} ${seq}`))));
	});

	for (const hook of ['tc', 'xdp']) {
		labTest(`VLAN tags, --hook ${hook}`, async l => {
			const agent = await watching(l, '--hook', hook,
				'--family', '4', 'lan0');
			const macs = 'ffffffffffff020000000001';
			const echo = seq => '0800' + '4500001c00000000400100' +
				'00c0000201c6336401' + '080000001122' + seq;
			for (const frame of [`81000064${echo('0001')}`,
				`88a80007${'81000064'}${echo('0002')}`,
				`8100e065${echo('0003')}`, echo('0004')])
				run(...l.net.inside(l.net.b,
					`${ROOT}build/tests/e2e/send_frame`, 'lan0',
					macs + frame));
			const lines = await seen(agent, 4, o => o.icmp_type === 8);
			assert.deepEqual(lines.map(o => [o.seq, o.vlan]),
				[[1, 100], [2, 7], [3, 101], [4, undefined]]);
			for (const o of lines) {
				assert.equal(o.src_ip, '192.0.2.1');
				assert.equal(o.dst_ip, '198.51.100.1');
				assert.equal(o.id, 0x1122);
				assert.equal(o.direction, 'in');
				assert.equal(o.length, 28);
			}
		});
	}
});
