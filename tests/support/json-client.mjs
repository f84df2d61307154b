// SPDX-License-Identifier: ISC
// Stands for the Node.js client that users already have: reads the JSON lines
// of standard input, of which it knows five fields, and sends each as text.
//
//     icmp-agent --output json eth0 | node json-client.mjs
//
// CLIENTNAME, URL and PASSWORD in the environment.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';

const NAMES = { 0: 'Echo Reply', 8: 'Echo Request' };
const { CLIENTNAME, URL, PASSWORD } = process.env;
const socket = io(URL, {
	auth: {
		user: { username: CLIENTNAME },
		token: PASSWORD ?
			createHash('sha256').update(PASSWORD).digest('base64') : null,
	},
});

for await (const line of createInterface({ input: process.stdin })) {
	const p = JSON.parse(line);
	if (!Number.isInteger(p.timestamp))
		throw new Error(`timestamp is no integer: ${line}`);
	const name = NAMES[p.icmp_type] ?? `Type ${p.icmp_type}`;
	socket.emit('data', `ICMP ${name} from ${p.src_ip} to ${p.dst_ip}` +
		` (code: ${p.icmp_code})`);
}
process.exit(0);
