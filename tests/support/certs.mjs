// SPDX-License-Identifier: ISC
// Certificates, made by openssl when a test asks for them: a CA and what it
// signed, each a file beside its key.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onExit } from './process.mjs';

export class Authority {
	constructor(name = 'Test CA') {
		this.dir = mkdtempSync(join(tmpdir(), 'sio-ca-'));
		this.remove = onExit(() =>
			rmSync(this.dir, { recursive: true, force: true }));
		this.ca = this.path('ca.pem');
		this.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt',
			'ec_paramgen_curve:P-256', '-nodes', '-days', '30',
			'-subj', `/CN=${name}`, '-keyout', this.path('ca.key'),
			'-out', this.ca);
	}

	path(name) {
		return join(this.dir, name);
	}

	openssl(...args) {
		return execFileSync('openssl', args, {
			encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'],
		});
	}

	/**
	 * A certificate for `names`, as subjectAltName has them ("DNS:a",
	 * "IP:127.0.0.1"): { cert, key, options } with two paths and what
	 * https.createServer() takes. `days` below 0 has passed.
	 */
	sign(name, names, { days = 30 } = {}) {
		const [cert, key] = [this.path(`${name}.pem`), this.path(`${name}.key`)];
		const [request, extensions] =
			[this.path(`${name}.csr`), this.path(`${name}.ext`)];
		this.openssl('req', '-newkey', 'ec', '-pkeyopt',
			'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`,
			'-keyout', key, '-out', request);
		writeFileSync(extensions, names.length ?
			`subjectAltName=${names.join(',')}\n` : '');
		this.openssl('x509', '-req', '-in', request, '-CA', this.ca,
			'-CAkey', this.path('ca.key'), '-CAcreateserial',
			'-days', String(days), '-extfile', extensions, '-out', cert);
		return {
			cert, key,
			options: { cert: readFileSync(cert), key: readFileSync(key) },
		};
	}
}
