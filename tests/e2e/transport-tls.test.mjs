// SPDX-License-Identifier: ISC
// Whom the client trusts, and what it says where it does not.
import assert from 'node:assert/strict';
import {
	copyFileSync, mkdirSync, readFileSync, writeFileSync,
} from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { describe } from 'node:test';

import { catTest } from '../support/cat.mjs';
import { Authority } from '../support/certs.mjs';
import { echoCount, labTest } from '../support/lab.mjs';
import { until } from '../support/process.mjs';
import { serve } from '../support/raw-server.mjs';
import { listen } from '../support/sio-server.mjs';

const ca = new Authority();
const rogue = new Authority('Rogue CA');
const good = ca.sign('good', ['DNS:localhost', 'IP:127.0.0.1']);
const client = ca.sign('client', ['DNS:client.example']);

/** A client's certificate that a CA between it and `ca` signed, and both. */
function chained() {
	const [between, own] = [ca.path('between.pem'), ca.path('chained.pem')];
	const request = (name, file) => ca.openssl('req', '-newkey', 'ec',
		'-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj',
		`/CN=${name}`, '-keyout', ca.path(`${file}.key`),
		'-out', ca.path(`${file}.csr`));
	const sign = (file, by, key, out, ...args) => ca.openssl('x509', '-req',
		'-in', ca.path(`${file}.csr`), '-CA', by, '-CAkey', key,
		'-CAcreateserial', '-days', '30', '-out', out, ...args);
	request('Between CA', 'between');
	writeFileSync(ca.path('between.ext'),
		'basicConstraints=critical,CA:TRUE\n');
	sign('between', ca.ca, ca.path('ca.key'), between,
		'-extfile', ca.path('between.ext'));
	request('chained', 'chained');
	sign('chained', between, ca.path('between.key'), own);
	writeFileSync(own, readFileSync(own, 'utf8') +
		readFileSync(between, 'utf8'));
	return { cert: own, key: ca.path('chained.key') };
}

async function backend(scene, tls) {
	const server = await listen('4.8.4', { tls });
	scene.later(() => server.close());
	return { ...server, name: `https://localhost:${server.port}` };
}

/** The first failure, which must be one of TLS and come with its words. */
async function refused(cat, words) {
	const failed = await cat.event('failed');
	assert.deepEqual(cat.events('open'), [], 'no session was opened');
	assert.equal(failed.stage, 'TLS', failed.text);
	assert.match(failed.text, words);
	return failed;
}

/** It ends at once, with one line that says why. */
async function notStarted(cat, words) {
	assert.equal((await cat.end()).code, 1);
	assert.deepEqual(cat.events(), []);
	const lines = cat.text('err');
	assert.equal(lines.length, 1, lines.join('\n'));
	assert.match(lines[0], words);
}

describe('certificates', { concurrency: 4 }, () => {
	catTest('a good one, by name and by address', async scene => {
		const server = await backend(scene, good.options);
		for (const url of [server.name, server.url]) {
			const cat = scene.cat(url, ['--ca', ca.ca]);
			await cat.event('connect');
			await cat.leave();
			assert.deepEqual(cat.events('failed'), []);
		}
	});

	catTest("signed by a CA that is not among the system's", async scene => {
		const server = await backend(scene, good.options);
		await refused(scene.cat(server.name),
			/certificate of localhost: .*issuer/);
	});

	catTest('signed by a CA that is not the one given', async scene => {
		const server = await backend(scene, good.options);
		await refused(scene.cat(server.name, ['--ca', rogue.ca]),
			/certificate of localhost: .*issuer/);
	});

	catTest('self-signed', async scene => {
		const cert = ca.path('self.pem');
		ca.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt',
			'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost',
			'-addext', 'subjectAltName=DNS:localhost',
			'-keyout', ca.path('self.key'), '-out', cert);
		const server = await backend(scene, {
			cert: readFileSync(cert), key: readFileSync(ca.path('self.key')),
		});
		await refused(scene.cat(server.name), /self.signed/);
	});

	catTest('of another name', async scene => {
		const server = await backend(scene,
			ca.sign('other', ['DNS:other.example']).options);
		await refused(scene.cat(server.name, ['--ca', ca.ca]),
			/certificate of localhost: hostname mismatch/i);
	});

	catTest('expired', async scene => {
		const server = await backend(scene,
			ca.sign('old', ['DNS:localhost'], { days: -1 }).options);
		await refused(scene.cat(server.name, ['--ca', ca.ca]),
			/certificate of localhost: certificate has expired/);
	});

	catTest('of another address', async scene => {
		const server = await backend(scene,
			ca.sign('address', ['IP:127.0.0.2']).options);
		await refused(scene.cat(server.url, ['--ca', ca.ca]),
			/certificate of 127\.0\.0\.1: .*mismatch/i);
	});

	catTest('an address that stands in it as a name alone', async scene => {
		const server = await backend(scene,
			ca.sign('127.0.0.1', ['DNS:other.example']).options);
		await refused(scene.cat(server.url, ['--ca', ca.ca]),
			/certificate of 127\.0\.0\.1: .*mismatch/i);
	});

	catTest('for all hosts of a domain, which localhost is not in',
		async scene => {
			const server = await backend(scene,
				ca.sign('wild', ['DNS:*.example']).options);
			await refused(scene.cat(server.name, ['--ca', ca.ca]),
				/hostname mismatch/i);
		});

	// libwebsockets 4.1.6 would compare nothing with the certificate
	catTest('of an IPv6 address: refused, with the reason', async scene => {
		const server = await backend(scene,
			ca.sign('any', ['DNS:other.example']).options);
		await notStarted(
			scene.cat(`https://[::1]:${server.port}`, ['--ca', ca.ca]),
			/\[::1\].*IPv6.*use the host's name/);
	});
});

describe('trust', { concurrency: 4 }, () => {
	catTest('a directory ../share is not trusted', async scene => {
		const server = await backend(scene,
			rogue.sign('rogue', ['DNS:localhost']).options);
		const dir = scene.dir();
		const hash = rogue.openssl('x509', '-hash', '-noout', '-in', rogue.ca)
			.trim();
		const cwd = join(dir, 'work');
		mkdirSync(join(dir, 'share'));
		mkdirSync(cwd);
		copyFileSync(rogue.ca, join(dir, 'share', `${hash}.0`));
		for (const args of [[], ['--ca', ca.ca]])
			await refused(scene.cat(server.name, args, { cwd }), /issuer/);
	});

	for (const [what, option, name] of [
		['a CA file', '--ca', 'CA file'],
		['a certificate', '--cert', 'certificate'],
		['a key', '--key', 'key'],
	]) {
		catTest(`${what} that is missing: not started`, async scene => {
			await notStarted(scene.cat('https://localhost:1',
				['--ca', ca.ca, '--cert', client.cert, '--key', client.key,
					option, '/nowhere/it.pem']),
			new RegExp(`${name} /nowhere/it.pem: No such file`));
		});

		catTest(`${what} that holds none: not started`, async scene => {
			const path = join(scene.dir(), 'it.pem');
			writeFileSync(path, 'nothing\n');
			await notStarted(scene.cat('https://localhost:1',
				['--ca', ca.ca, '--cert', client.cert, '--key', client.key,
					option, path]),
			new RegExp(`${name} ${path}: `));
		});
	}

	catTest('a key of another certificate: not started', async scene => {
		await notStarted(scene.cat('https://localhost:1',
			['--ca', ca.ca, '--cert', client.cert, '--key', good.key]),
		new RegExp(`key ${good.key}: .*${client.cert}`));
	});

	catTest('a certificate without a key: not started', async scene => {
		await notStarted(scene.cat('https://localhost:1',
			['--ca', ca.ca, '--cert', client.cert]), /key/);
	});

	catTest('a CA file without TLS is not looked at', async scene => {
		const server = await listen('4.8.4');
		scene.later(() => server.close());
		const cat = scene.cat(server.url, ['--ca', '/nowhere']);
		await cat.event('connect');
		await cat.leave();
	});

	for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
		const options = {
			...good.options, maxVersion, minVersion: 'TLSv1.2',
			ca: [], requestCert: true, rejectUnauthorized: true,
		};

		catTest(`${maxVersion}: the server wants a certificate, and has it`,
			async scene => {
				const server = await backend(scene,
					{ ...options, ca: readFileSync(ca.ca) });
				const cat = scene.cat(server.name, ['--ca', ca.ca,
					'--cert', client.cert, '--key', client.key]);
				await cat.event('connect');
				await cat.leave();
			});

		for (const transports of ['both', 'polling']) {
			catTest(`${maxVersion}: the server wants a certificate, and gets ` +
				`none (${transports})`, async scene => {
				const server = await backend(scene,
					{ ...options, ca: readFileSync(ca.ca) });
				await refused(scene.cat(server.name,
					['--ca', ca.ca, '--transports', transports]),
				maxVersion === 'TLSv1.3' ?
					/alert certificate required/ :
					/alert (handshake failure|certificate required)/);
			});
		}
	}

	catTest('a chain of certificates; a CA behind all of the system\'s',
		async scene => {
			const own = chained();
			const bundle = join(scene.dir(), 'bundle.pem');
			writeFileSync(bundle,
				readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8') +
				readFileSync(ca.ca, 'utf8'));
			const server = await backend(scene, {
				...good.options, ca: readFileSync(ca.ca), requestCert: true,
				rejectUnauthorized: true,
			});
			const cat = scene.cat(server.name, ['--ca', bundle,
				'--cert', own.cert, '--key', own.key]);
			await cat.event('connect');
			await cat.leave();
			assert.deepEqual(cat.events('failed'), []);
		});

	catTest('a server that speaks TLS 1.1 alone', async scene => {
		const dir = scene.dir();
		const conf = join(dir, 'openssl.cnf');
		// what the system's own settings would forbid is allowed here
		writeFileSync(conf, ['openssl_conf = a', '[a]', 'ssl_conf = b', '[b]',
			'system_default = c', '[c]', 'MinProtocol = TLSv1',
			'CipherString = DEFAULT@SECLEVEL=0', ''].join('\n'));
		const server = await backend(scene, {
			...good.options, minVersion: 'TLSv1', maxVersion: 'TLSv1.1',
			ciphers: 'DEFAULT@SECLEVEL=0',
		});
		await refused(scene.cat(server.name, ['--ca', ca.ca],
			{ env: { OPENSSL_CONF: conf } }),
		/protocol version|unsupported protocol/);
	});
});

describe('no TLS where it was expected', { concurrency: 4 }, () => {
	catTest('a server of plain HTTP', async scene => {
		const server = await listen('4.8.4');
		scene.later(() => server.close());
		await refused(scene.cat(`https://localhost:${server.port}`,
			['--ca', ca.ca]), /wrong version number/);
	});

	catTest('a server that hangs up', async scene => {
		const server = await serve(socket => socket.end());
		scene.later(() => server.close());
		await refused(scene.cat(`https://localhost:${server.port}`,
			['--ca', ca.ca]), /ended the handshake|unexpected eof/);
	});

	// as some firewalls do once they have read the name
	catTest('a server that resets the connection', async scene => {
		const server = await serve(socket =>
			socket.once('data', () => socket.resetAndDestroy()));
		scene.later(() => server.close());
		await refused(scene.cat(`https://localhost:${server.port}`,
			['--ca', ca.ca]), /ended the handshake/);
	});

	catTest('a server that says nothing', async scene => {
		const server = await serve(() => {});
		scene.later(() => server.close());
		const cat = scene.cat(`https://localhost:${server.port}`,
			['--ca', ca.ca, '--connect-ms', '1000', '--transports',
				'websocket']);
		const failed = await cat.event('failed');
		assert.equal(failed.stage, 'timeout');
		await cat.leave();
	});

	catTest('a port where nothing listens', async scene => {
		const server = await serve(() => {}, { server: createTcpServer() });
		await server.close();
		const cat = scene.cat(`https://127.0.0.1:${server.port}`,
			['--ca', ca.ca]);
		const failed = await cat.event('failed');
		assert.equal(failed.stage, 'TCP');
		assert.match(failed.text, /127\.0\.0\.1.*Connection refused/);
	});
});

/** nginx before the backend, on 127.0.0.1:443, for those `ca` signed. */
async function front(l) {
	const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
		.map(n => `${n}_temp_path ${l.dir};`).join(' ');
	const conf = l.file('nginx.conf', `daemon off; master_process off;
pid ${l.dir}/pid; error_log stderr; events {}
http { access_log off; ${temporary}
server { listen 127.0.0.1:443 ssl;
	ssl_certificate ${good.cert}; ssl_certificate_key ${good.key};
	ssl_client_certificate ${ca.ca}; ssl_verify_client on;
	location / {
		proxy_pass http://127.0.0.1:5000; proxy_http_version 1.1;
		proxy_set_header Upgrade $http_upgrade;
		proxy_set_header Connection upgrade;
	} } }
`);
	l.spawn('nginx', l.net.a, ['nginx', '-c', conf, '-e', 'stderr']);
	await until(() => l.listening(443), 5000, 'nginx listens');
}

describe('the agent, by then another user', () => {
	labTest('a room that comes later, with a key for root alone', async l => {
		const copy = (name, path) => l.file(name, readFileSync(path, 'utf8'));
		const env = {
			CLIENTNAME: '%i', URL: 'https://127.0.0.1',
			CA_FILE: copy('ca.pem', ca.ca),
			CERT_FILE: copy('cert.pem', client.cert),
			KEY_FILE: copy('key.pem', client.key),
		};
		await l.backend();
		await front(l);
		const viewer = await l.viewer({ room: 'lan1' });
		const agent = l.agent(['lan0', 'lan1'], { env });
		await agent.line(/connected, room lan0/);
		const late = l.net.addPair();
		await agent.line(/connected, room lan1/);
		await l.inRoom(viewer);
		await l.ping(late.a4, 1).end();
		await echoCount(viewer, 2);
	});

	labTest('files of TLS that cannot serve: status 78, with %i too',
		async l => {
			for (const CLIENTNAME of ['ICMP', '%i']) {
				const agent = l.agent(['lan0'], { env: {
					CLIENTNAME, URL: 'https://localhost', CA_FILE: '/nowhere',
				} });
				assert.equal((await agent.end()).code, 78);
				assert.equal(agent.text('err').filter(t =>
					!/: in /.test(t)).join(), 'icmp-agent: CA file ' +
					'/nowhere: No such file or directory; see --ca-file');
			}
		});
});
