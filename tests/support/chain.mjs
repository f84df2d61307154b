// SPDX-License-Identifier: ISC
// A third namespace behind a lab's `b`, which becomes a router: `a` reaches
// `far` through it. The link behind the router has a small MTU.
import { onExit } from './process.mjs';
import { run } from './net.mjs';

export const FAR_MTU = 1280; // the least that IPv6 allows

export function addFar(l) {
	const [pair] = l.net.pairs;
	const ns = `${l.net.b}-far`;
	const far = {
		ns, a4: '198.19.0.2', a6: 'fd00:19::2',
		router4: pair.b4, router6: pair.b6,
	};
	run('ip', 'netns', 'add', ns);
	far.close = onExit(() => run('ip', 'netns', 'del', ns));
	const at = (where, ...args) => run('ip', '-n', where, ...args);
	at(l.net.b, 'link', 'add', 'wan', 'mtu', String(FAR_MTU), 'type', 'veth',
		'peer', 'name', 'wan', 'mtu', String(FAR_MTU), 'netns', ns);
	for (const [where, v4, v6] of [[l.net.b, '198.19.0.1', 'fd00:19::1'],
		[ns, far.a4, far.a6]]) {
		at(where, 'link', 'set', 'wan', 'addrgenmode', 'none');
		at(where, 'addr', 'add', `${v4}/24`, 'dev', 'wan');
		at(where, 'addr', 'add', `${v6}/64`, 'dev', 'wan', 'nodad');
		at(where, 'link', 'set', 'wan', 'up');
	}
	run(...l.net.inside(l.net.b, 'sh', '-c', `
		echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding`));
	at(l.net.a, 'route', 'add', '198.19.0.0/24', 'via', pair.b4);
	at(l.net.a, '-6', 'route', 'add', 'fd00:19::/64', 'via', pair.b6);
	at(ns, 'route', 'add', 'default', 'via', '198.19.0.1');
	at(ns, '-6', 'route', 'add', 'default', 'via', 'fd00:19::1');
	// neighbours that know each other: a new link may lose the first packets
	for (const address of [far.a4, far.a6])
		run(...l.net.inside(l.net.b, 'sh', '-c', `for i in 1 2 3 4 5; do
			ping -q -n -c 1 -W 1 ${address} && exit; sleep 0.5; done
			exit 1`));
	return far;
}
