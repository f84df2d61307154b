// SPDX-License-Identifier: ISC
// Real HTTP proxies and servers, each started with a configuration of its own
// in the test's directory.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

import { until } from './process.mjs';

/** A port that is free now, for programs that cannot say which they took. */
export async function freePort() {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	await once(server, 'close');
	return port;
}

function answers(port) {
	return new Promise(resolve => {
		const socket = connect(port, '127.0.0.1');
		socket.on('connect', () => resolve(true));
		socket.on('error', () => resolve(false));
		socket.on('connect', () => socket.destroy());
	});
}

async function start(scene, name, argv, port) {
	const p = scene.start(name, argv);
	await until(async () => p.result || answers(port), 20000,
		`${name} listens`);
	if (p.result)
		throw new Error(`${name} ended: ${p.log()}`);
	return p;
}

const USER = 'user', PASSWORD = 'pass word';
export const CREDENTIALS = 'user:pass%20word';

export async function tinyproxy(scene, { auth = false } = {}) {
	const dir = scene.dir();
	const port = await freePort();
	const conf = join(dir, 'tinyproxy.conf');
	writeFileSync(conf, [
		`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 60', 'MaxClients 50',
		'LogLevel Connect', 'Allow 127.0.0.1',
		// its passwords hold no blank
		...auth ? ['BasicAuth user password'] : [], ''].join('\n'));
	const process = await start(scene, 'tinyproxy',
		['tinyproxy', '-d', '-c', conf], port);
	return { port, process, used: () => process.line(/Request.*CONNECT /) };
}

export async function squid(scene, { auth = false } = {}) {
	const dir = scene.dir();
	const port = await freePort();
	const conf = join(dir, 'squid.conf');
	const users = join(dir, 'users');
	// MD5 as htpasswd writes it
	const hash = execFileSync('openssl', ['passwd', '-apr1', PASSWORD],
		{ encoding: 'utf8' }).trim();
	writeFileSync(users, `${USER}:${hash}\n`);
	writeFileSync(conf, [
		`http_port 127.0.0.1:${port}`,
		`pid_filename ${dir}/squid.pid`, 'cache deny all',
		`cache_log ${dir}/cache.log`, `access_log stdio:${dir}/access.log`,
		'logfile_rotate 0', 'shutdown_lifetime 0 seconds', 'max_filedescriptors 1024',
		'netdb_filename none', 'pinger_enable off',
		`coredump_dir ${dir}`, 'visible_hostname test',
		...auth ? ['auth_param basic program ' +
			`/usr/lib/squid/basic_ncsa_auth ${users}`,
		'auth_param basic children 1',
		'acl known proxy_auth REQUIRED', 'http_access allow known'] :
			['http_access allow localhost'],
		'http_access deny all', ''].join('\n'));
	execFileSync('chmod', ['-R', 'a+rwX', dir]);
	const process = await start(scene, 'squid',
		['squid', '-N', '-d', '1', '-f', conf], port);
	const used = () => until(() =>
		readFileSync(join(dir, 'access.log'), 'utf8').includes('CONNECT'),
	5000, 'the proxy was used');
	return { port, process, used };
}

/** `http` is the body of nginx's http block. */
export async function nginx(scene, http, port) {
	const dir = scene.dir();
	const conf = join(dir, 'nginx.conf');
	mkdirSync(join(dir, 'tmp'));
	const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
		.map(n => `${n}_temp_path ${dir}/tmp;`).join('\n');
	writeFileSync(conf, `daemon off; master_process off; pid ${dir}/pid;
error_log stderr;
events { worker_connections 100; }
http { access_log off; ${paths}
${http}
}
`);
	return start(scene, 'nginx', ['nginx', '-c', conf, '-p', dir,
		'-e', 'stderr'], port);
}

export async function haproxy(scene, text, port) {
	const conf = join(scene.dir(), 'haproxy.cfg');
	writeFileSync(conf, text);
	return start(scene, 'haproxy', ['haproxy', '-db', '-f', conf], port);
}
