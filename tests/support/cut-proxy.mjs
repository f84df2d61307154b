// SPDX-License-Identifier: ISC
// A network in between that is slow, breaks, or lies: TCP to TCP.
import { once } from 'node:events';
import { connect } from 'node:net';

import { sleep } from './process.mjs';
import { serve } from './raw-server.mjs';

/** Small, repeatable and good enough to choose places (a 32-bit LCG). */
export function random(seed) {
	let state = seed >>> 0;
	return below => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor(state / 2 ** 32 * below);
	};
}

/**
 * Ends both sides as a router does that forgot them. One that was ended is not
 * reset: Node.js 20 may then never come to its own end, and spins.
 */
const cut = (...sockets) => {
	for (const socket of sockets) {
		if (socket.writableEnded)
			socket.destroy();
		else
			socket.resetAndDestroy();
	}
};

/**
 * One direction under `rules`: `piece` bytes at most at a time, `delayMs`
 * before each, `bytesPerSecond`, `limit` bytes after which `onLimit` is done
 * with. `pause()` may stop it for good.
 */
async function carry(from, to, rules, onLimit) {
	let left = rules.limit ?? Infinity;
	for await (let chunk of from.iterator({ destroyOnReturn: false })) {
		while (chunk.length) {
			const size = Math.min(rules.piece ?? chunk.length, left,
				chunk.length);
			if (rules.delayMs)
				await sleep(rules.delayMs);
			if (rules.bytesPerSecond)
				await sleep(1000 * size / rules.bytesPerSecond);
			while (rules.frozen?.() && !to.destroyed)
				await sleep(20);
			if (size && !to.write(chunk.subarray(0, size)))
				await Promise.race([once(to, 'drain'), once(to, 'close')]);
			chunk = chunk.subarray(size);
			left -= size;
			if (left === 0) {
				onLimit();
				return;
			}
		}
	}
	to.end();
}

/**
 * Between a client and `port`. `rules(n)` gives those of connection n:
 * { up, down }, each as carry() has them, and `then` of what happens at a
 * limit: 'cut' (the default) or 'half', which ends that direction alone.
 */
export function network(port, rules = () => ({})) {
	return serve((near, n) => {
		const { up = {}, down = {}, then = 'cut' } = rules(n);
		const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
		near.allowHalfOpen = true;
		near.setNoDelay(true);
		far.setNoDelay(true);
		far.on('error', () => near.destroy());
		near.on('close', () => far.destroy());
		far.on('close', () => near.end());
		carry(near, far, up, () => then === 'cut' ? cut(near, far) : far.end())
			.catch(() => far.destroy());
		carry(far, near, down, () => then === 'cut' ? cut(near, far) : near.end())
			.catch(() => near.destroy());
	});
}
