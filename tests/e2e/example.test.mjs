// SPDX-License-Identifier: ISC
// The example of proto/README.md is the file that is built, and it works.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Process } from '../support/process.mjs';
import { listen } from '../support/sio-server.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLE = `${ROOT}build/proto/example/example`;

async function run(release) {
	const server = await listen(release);
	const example = new Process('example',
		[EXAMPLE, '127.0.0.1', String(server.port)]);
	return { server, example };
}

for (const release of ['4.8.4', '4.8.1', '4.5.4', '4.0.2', '3.1.2'])
	test(`example against socket.io ${release}`, async t => {
		const { server, example } = await run(release);
		t.after(() => server.close());
		t.after(() => example.stop('SIGKILL'));
		const { text } = await example.line(/said/, 10000);
		assert.equal(text, 'said ["hello"]');
		assert.equal((await example.exited).code, 0);
	});

test('example names a server of Socket.IO 2', async t => {
	const { server, example } = await run('2.5.1');
	t.after(() => server.close());
	t.after(() => example.stop('SIGKILL'));
	const { text } = await example.line(/Engine\.IO/, 10000);
	assert.equal(text, 'old server: the server speaks Engine.IO 3');
});

test('proto/README.md shows the example as it is', () => {
	const readme = readFileSync(`${ROOT}proto/README.md`, 'utf8');
	const file = readFileSync(`${ROOT}proto/example/example.c`, 'utf8');
	const shown = readme.split('```c\n')[1].split('```')[0];
	const body = file.slice(file.indexOf('#include "carrier.h"'));
	assert.equal(shown, body);
});
