// SPDX-License-Identifier: ISC
// The command of the README as an unprivileged user types it, right after
// `make install`. In a mount namespace of its own, with overlays on /etc and
// /usr/local: the machine's sudo rules, users and programs stay as they are.
import assert from 'node:assert/strict';
import { describe } from 'node:test';

import { PASSWORD, ROOT, URL_A, echoCount, labTest } from '../support/lab.mjs';

const USER = 'icmpe2e';
const COMMAND = `CLIENTNAME=from-sudo URL=${URL_A} PASSWORD=${PASSWORD} ` +
	'sudo -n icmp-agent lan0';

/**
 * Installs, makes the user with a right to run this one command, then runs
 * the command line in $1 as that user.
 */
const SCRIPT = `
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$DIR"
for d in /etc /usr/local; do
	mkdir -p "$DIR$d/upper" "$DIR$d/work"
	mount -t overlay overlay -o "lowerdir=$d,upperdir=$DIR$d/upper,workdir=$DIR$d/work" "$d"
done
make -s -C "$ROOT" install PREFIX=/usr/local
[ -z "$WITHOUT_RULES" ] || rm /etc/sudoers.d/icmp-agent
useradd --no-create-home --shell /bin/sh ${USER}
install -m 0440 /dev/stdin /etc/sudoers.d/${USER} <<RULE
${USER} ALL=(root) NOPASSWD: /usr/local/bin/icmp-agent
RULE
visudo -cq
cd /
exec setpriv --reuid ${USER} --regid ${USER} --init-groups sh -c "$1"
`;

function asUser(l, command, { withoutRules = false } = {}) {
	return l.spawn(USER, l.net.a,
		['unshare', '-m', 'bash', '-c', SCRIPT, 'bash', command],
		{ env: { DIR: l.dir, ROOT, WITHOUT_RULES: withoutRules ? '1' : '' } });
}

describe('sudo', () => {
	labTest('room and password come through sudo', async l => {
		const [pair] = l.net.pairs;
		await l.backend();
		const viewer = await l.viewer({ room: 'from-sudo' });
		const user = asUser(l, COMMAND);
		await l.inRoom(viewer, 20000);
		await l.ping(pair.a4, 1).end();
		assert.deepEqual((await echoCount(viewer, 2)).slice(0, 2), [
			`ICMP Echo Request from ${pair.b4} to ${pair.a4} (code: 0)`,
			`ICMP Echo Reply from ${pair.a4} to ${pair.b4} (code: 0)`]);
		assert.doesNotMatch(user.text('err').join('\n'), /environment/);
	});

	labTest('without the installed file the agent says what to type',
		async l => {
			const user = asUser(l, COMMAND, { withoutRules: true });
			const line = await user.line(/cleared/, 20000);
			assert.match(line.text, /--preserve-env=CLIENTNAME,URL,PASSWORD/);
		});
});
