// SPDX-License-Identifier: ISC
// The server's contract, with the official client and with raw requests.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { ask, connect, releaseAll, runServer, sleep, startServer, tokenOf, until } from './support.mjs';

after(releaseAll);

/** One raw request; the path goes out as it is written. */
function get(port, path, { method = 'GET', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (data) => { body += data; });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    }).on('error', reject).end();
  });
}

describe('who may connect', () => {
  let server;
  before(async () => { server = await startServer({ PASSWORD: 'secret123' }); });
  after(() => server.stop());

  test('the right token is accepted, and the client is in the room of its name', async () => {
    const agent = await connect(server.url, { name: 'ICMP', password: 'secret123' });
    assert.deepEqual(await ask(agent, 'get_rooms', null), [{ name: 'ICMP', member: true }]);
    agent.close();
  });

  for (const [what, token] of [['a wrong', tokenOf('secret124')], ['no', null], ['an empty', ''],
    ['a plain password as', 'secret123'], ['a number as', 5], ['an object as', {}]]) {
    test(`${what} token is refused with "Invalid token"`, async () => {
      await assert.rejects(connect(server.url, { name: 'ICMP', token }), { message: 'Invalid token' });
    });
  }

  test('a viewer needs no token and sees the data', async () => {
    const agent = await connect(server.url, { name: 'ICMP', password: 'secret123' });
    const viewer = await connect(server.url);
    const got = [];
    viewer.on('data', (data) => got.push(data));
    assert.equal(await ask(viewer, 'join_room', 'ICMP'), true);
    agent.emit('data', 'ICMP Echo Request from 192.0.2.1 to 192.0.2.2 (code: 0)');
    await until('the line', () => got.length === 1);
    assert.deepEqual(got, [{ message: 'ICMP Echo Request from 192.0.2.1 to 192.0.2.2 (code: 0)', client: 'ICMP' }]);
    agent.close();
    viewer.close();
  });

  for (const username of [undefined, '', 7, ['x'], 'x'.repeat(201)]) {
    test(`the name ${JSON.stringify(username)?.slice(0, 20)} is refused`, async () => {
      const options = { auth: { user: { username }, token: tokenOf('secret123') } };
      await assert.rejects(connect(server.url, { options }), /Invalid username/);
    });
  }
});

describe('without a password', () => {
  let server;
  before(async () => { server = await startServer({ PASSWORD: '' }); });
  after(() => server.stop());

  test('null is the token', async () => {
    const agent = await connect(server.url, { name: 'a' });
    assert.equal(agent.connected, true);
    agent.close();
  });

  test('a token is wrong', async () => {
    await assert.rejects(connect(server.url, { name: 'a', password: 'x' }), { message: 'Invalid token' });
  });
});

describe('rooms and events', () => {
  let server;
  let agent;
  let viewer;
  before(async () => {
    server = await startServer();
    agent = await connect(server.url, { name: 'ICMP' });
    viewer = await connect(server.url);
  });
  after(async () => {
    agent.close();
    viewer.close();
    await server.stop();
  });

  test('a viewer joins and leaves', async () => {
    assert.deepEqual(await ask(viewer, 'get_rooms', null), [{ name: 'ICMP', member: false }]);
    assert.equal(await ask(viewer, 'join_room', 'ICMP'), true);
    assert.deepEqual(await ask(viewer, 'get_rooms', null), [{ name: 'ICMP', member: true }]);
    assert.equal(await ask(viewer, 'leave_room', 'ICMP'), true);
    assert.deepEqual(await ask(viewer, 'get_rooms', null), [{ name: 'ICMP', member: false }]);
  });

  test('what is no room cannot be joined or left', async () => {
    for (const name of ['nothing', '', null, 5, {}, [], agent.id, viewer.id, 'viewers', 'name:ICMP']) {
      assert.equal(await ask(viewer, 'join_room', name), false, `join ${JSON.stringify(name)}`);
      assert.equal(await ask(viewer, 'leave_room', name), false, `leave ${JSON.stringify(name)}`);
    }
  });

  test('data is echoed to the sender and kept from those outside the room', async () => {
    const seen = [];
    const echoed = [];
    viewer.on('data', (data) => seen.push(data));
    agent.on('data', (data) => echoed.push(data));
    agent.emit('data', 'one');
    agent.emit('data', 2.5);
    await until('the echo', () => echoed.length === 2);
    assert.deepEqual(echoed, [{ message: 'one', client: 'ICMP' }, { message: 2.5, client: 'ICMP' }]);
    assert.deepEqual(await ask(viewer, 'ping'), 'pong');
    assert.deepEqual(seen, []);
    viewer.off('data');
    agent.off('data');
  });

  test('order is kept over a thousand messages', async () => {
    const seen = [];
    viewer.on('data', ({ message }) => seen.push(message));
    await ask(viewer, 'join_room', 'ICMP');
    const sent = Array.from({ length: 1000 }, (_, index) => `line ${index}`);
    sent.forEach((line) => agent.emit('data', line));
    await until('all lines', () => seen.length === sent.length);
    assert.deepEqual(seen, sent);
    await ask(viewer, 'leave_room', 'ICMP');
    viewer.off('data');
  });

  test('the data of a viewer is dropped', async () => {
    const seen = [];
    agent.on('data', (data) => seen.push(data));
    await ask(viewer, 'join_room', 'ICMP');
    viewer.emit('data', 'forged');
    assert.equal(await ask(viewer, 'ping'), 'pong');
    assert.equal(await ask(agent, 'ping'), 'pong');
    assert.deepEqual(seen, []);
    await ask(viewer, 'leave_room', 'ICMP');
    agent.off('data');
  });

  test('two agents of one name share the room, and it lasts until the second leaves', async () => {
    const first = await connect(server.url, { name: 'twin' });
    const second = await connect(server.url, { name: 'twin' });
    const names = async () => (await ask(viewer, 'get_rooms', null)).map(({ name }) => name);
    await until('both rooms', async () => String((await names()).sort()) === 'ICMP,twin');
    first.close();
    await sleep(100);
    assert.deepEqual((await names()).sort(), ['ICMP', 'twin']);
    second.close();
    await until('the room is gone', async () => !(await names()).includes('twin'));
    assert.equal(await ask(viewer, 'join_room', 'twin'), false);
  });

  test('a room without its agent is no room, though a viewer is in it', async () => {
    const other = await connect(server.url, { name: 'gone' });
    assert.equal(await ask(viewer, 'join_room', 'gone'), true);
    other.close();
    await until('the room is gone', async () => (await ask(viewer, 'get_rooms', null)).length === 1);
    assert.equal(await ask(viewer, 'join_room', 'gone'), false);
  });

  test('an agent that leaves its room closes it', async () => {
    const other = await connect(server.url, { name: 'shy' });
    assert.equal(await ask(other, 'leave_room', 'shy'), true);
    assert.equal(await ask(viewer, 'join_room', 'shy'), false);
    other.close();
  });

  test('a client that names itself like another socket hears and says nothing there', async () => {
    const seen = [];
    viewer.on('data', (data) => seen.push(data));
    const impostor = await connect(server.url, { name: viewer.id });
    impostor.emit('data', 'for your eyes only');
    assert.equal(await ask(impostor, 'ping'), 'pong');
    assert.equal(await ask(viewer, 'ping'), 'pong');
    assert.deepEqual(seen, []);
    impostor.close();
    viewer.off('data');
    await until('it is gone', async () => (await ask(viewer, 'get_rooms', null)).length === 1);
  });

  test('viewers are told when a room comes and goes; agents are not', async () => {
    let hints = 0;
    let unexpected = 0;
    viewer.on('rooms', () => { hints += 1; });
    agent.on('rooms', () => { unexpected += 1; });
    const other = await connect(server.url, { name: 'hint' });
    await until('a hint for the coming', () => hints === 1);
    other.close();
    await until('a hint for the going', () => hints === 2);
    assert.equal(await ask(agent, 'ping'), 'pong');
    assert.equal(unexpected, 0);
    viewer.off('rooms');
    agent.off('rooms');
  });

  test('get_clients lists viewers only, with a star at the one who asks', async () => {
    const clients = await ask(viewer, 'get_clients', null);
    assert.equal(clients.length, 1);
    assert.equal(clients[0].ipaddr, '*127.0.0.1');
    assert.equal(clients[0].scope, 'loopback');
    assert.ok(Math.abs(Date.parse(clients[0].since) - Date.now()) < 60000);
  });

  test('get_serverip is the address that the client reached', async () => {
    assert.equal(await ask(viewer, 'get_serverip', null), '127.0.0.1');
  });

  for (const [address, scope] of [['10.1.2.3', 'private'], ['172.31.0.1', 'private'], ['172.32.0.1', undefined],
    ['127.0.0.1', 'loopback'], ['::1', 'loopback'], ['fe80::1', 'link-local'], ['fd00::1', 'unique local'],
    ['192.0.2.7', 'documentation'], ['2001:db8::1', 'documentation'], ['::ffff:10.0.0.1', 'private'],
    ['255.255.255.255', 'limited broadcast'], ['ff02::1', 'multicast'], ['8.8.8.8', undefined],
    ['2600::1', undefined]]) {
    test(`get_location says of ${address}: ${scope ?? 'no location'}`, async () => {
      const answer = await ask(viewer, 'get_location', address);
      assert.equal(answer.scope, scope);
      assert.equal(typeof answer.error, scope ? 'undefined' : 'string');
      assert.equal(answer.ipaddr, address.replace('::ffff:', ''));
    });
  }

  test('get_location of no address is an error', async () => {
    for (const value of ['', 'example.org', '1.2.3', null, 7, {}, ['10.0.0.1']])
      assert.deepEqual(await ask(viewer, 'get_location', value), { error: 'This is no IP address' });
  });
});

describe('malformed calls', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  const events = ['get_rooms', 'join_room', 'leave_room', 'ping', 'get_clients', 'get_serverip', 'get_location', 'data'];
  const values = [undefined, null, 0, -1, true, '', 'x', {}, [], { length: 3 }, { toString: 5 }, 'x'.repeat(100000),
    '__proto__', 'constructor', [[[]]], Buffer.from([1, 2, 3]), { deep: { deep: { deep: null } } }];

  test('no argument, no callback, wrong types: the server lives and answers', async () => {
    const agent = await connect(server.url, { name: 'ICMP' });
    const viewer = await connect(server.url);
    for (const socket of [agent, viewer]) {
      for (const event of events) {
        socket.emit(event);
        for (const value of values) {
          socket.emit(event, value);
          socket.emit(event, value, value, value);
          socket.emit(event, value, value, () => {});
        }
      }
      assert.equal(await ask(socket, 'ping'), 'pong');
      assert.equal(socket.connected, true);
    }
    assert.deepEqual(await ask(viewer, 'get_rooms', null).then((rooms) => rooms.map(({ name }) => name)), ['ICMP']);
    agent.close();
    viewer.close();
    assert.equal(server.output.stderr, '');
  });

  test('odd authentication is refused or a viewer, never a crash', async () => {
    for (const auth of [{ user: null }, { user: 0 }, {}, { token: 'x' }, { user: false, token: {} }]) {
      const socket = await connect(server.url, { options: { auth } });
      assert.equal(await ask(socket, 'ping'), 'pong');
      socket.close();
    }
    for (const auth of [{ user: 'name' }, { user: true }, { user: [] }, { user: { username: {} } },
      { user: { username: 'x' }, token: {} }])
      await assert.rejects(connect(server.url, { options: { auth } }), /Invalid/);
  });

  test('data that is neither text nor a number is not re-sent', async () => {
    const agent = await connect(server.url, { name: 'quiet' });
    const echoed = [];
    agent.on('data', (data) => echoed.push(data.message));
    for (const value of [undefined, null, true, {}, [], Infinity])
      agent.emit('data', value);
    agent.emit('data', 'last');
    await until('the last', () => echoed.includes('last'));
    assert.deepEqual(echoed, ['last']);
    agent.close();
  });

  test('rubbish on the port is survived', async () => {
    for (const rubbish of ['\0\0\0\0', 'GET\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', `GET /${'x'.repeat(20000)} HTTP/1.1\r\n\r\n`]) {
      await new Promise((resolve, reject) => {
        const socket = connectTcp(server.port, '127.0.0.1', () => socket.end(rubbish));
        socket.on('close', resolve).on('error', reject).resume();
      });
    }
    assert.equal((await get(server.port, '/')).status, 200);
  });
});

describe('pages', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  test('the dashboard comes with its headers', async () => {
    const { status, headers, body } = await get(server.port, '/?room=ICMP');
    assert.equal(status, 200);
    assert.match(headers['content-type'], /^text\/html/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(headers['content-security-policy'], /default-src 'none'; script-src 'self';/);
    assert.doesNotMatch(headers['content-security-policy'], /unsafe/);
    assert.match(body, /<title>icmp-agent<\/title>/);
    assert.doesNotMatch(body, /<script>|onclick|style=/);
  });

  test('a Host header does not write the policy', async () => {
    const { headers } = await get(server.port, '/', { headers: { Host: "x; script-src 'unsafe-inline'" } });
    assert.doesNotMatch(headers['content-security-policy'], /unsafe|ws:/);
  });

  for (const [path, type] of [['/app.js', /javascript/], ['/style.css', /^text\/css/], ['/favicon.svg', /svg/],
    ['/socket.io/socket.io.esm.min.js', /javascript/]]) {
    test(`${path} has its type`, async () => {
      const { status, headers } = await get(server.port, path);
      assert.equal(status, 200);
      assert.match(headers['content-type'], type);
      assert.equal(headers['x-content-type-options'], 'nosniff');
    });
  }

  for (const path of ['/../server.js', '/..%2fserver.js', '/%2e%2e/server.js', '//etc/passwd', '/public/app.js',
    '/app.js/', '/app.js%00', '/..\\server.js', '/package.json', '/__proto__']) {
    test(`${path} is not found`, async () => {
      const { status, body } = await get(server.port, path);
      assert.equal(status, 404);
      assert.doesNotMatch(body, /import|root:/);
    });
  }

  test('a known ETag gets 304, HEAD no body, POST 405', async () => {
    const { headers } = await get(server.port, '/app.js');
    const again = await get(server.port, '/app.js', { headers: { 'If-None-Match': headers.etag } });
    assert.equal(again.status, 304);
    assert.equal(again.body, '');
    const head = await get(server.port, '/app.js', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.body, '');
    const post = await get(server.port, '/app.js', { method: 'POST' });
    assert.equal(post.status, 405);
    assert.equal(post.headers.allow, 'GET, HEAD');
  });
});

describe('pages of other hosts', () => {
  const handshake = '/socket.io/?EIO=4&transport=polling';
  let server;
  before(async () => { server = await startServer({ ALLOWED_ORIGINS: 'https://monitor.example' }); });
  after(() => server.stop());

  for (const [origin, status] of [['http://evil.example', 403], ['null', 403], ['http://127.0.0.1.evil.example', 403],
    ['http://127.0.0.1:4000', 200], ['https://monitor.example', 200], [undefined, 200]]) {
    test(`Origin ${origin} gets ${status}`, async () => {
      const headers = origin === undefined ? {} : { Origin: origin };
      assert.equal((await get(server.port, handshake, { headers })).status, status);
    });
  }

  test('a WebSocket of another host is refused', async () => {
    await assert.rejects(connect(server.url, { options: { extraHeaders: { Origin: 'http://evil.example' } } }));
    const viewer = await connect(server.url, { options: { extraHeaders: { Origin: server.url.slice(0, -1) } } });
    viewer.close();
  });

  test('behind a proxy the name that the browser asked for counts', async () => {
    const headers = { Origin: 'https://proxy.example', 'X-Forwarded-Host': 'proxy.example' };
    assert.equal((await get(server.port, handshake, { headers })).status, 200);
  });
});

describe('start and stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    test(`${signal} ends it with status 0, clients connected or not`, async () => {
      const server = await startServer();
      const agent = await connect(server.url, { name: 'a', options: { reconnection: false } });
      const polling = await connect(server.url, { options: { transports: ['polling'], reconnection: false } });
      const reasons = [];
      agent.on('disconnect', (reason) => reasons.push(reason));
      const begin = Date.now();
      const { status } = await server.stop(signal);
      assert.equal(status, 0);
      assert.ok(Date.now() - begin < 2000, 'within two seconds');
      await until('the agent noticed', () => reasons.length === 1);
      // the kind after which a client connects again by itself
      assert.equal(reasons[0], 'transport close');
      agent.close();
      polling.close();
    });
  }

  test('one line says where it listens', async () => {
    const server = await startServer();
    await server.stop();
    assert.match(server.output.stdout, /^icmp-agent-backend listening on http:\/\/127\.0\.0\.1:\d+\/\n$/);
    assert.equal(server.output.stderr, '');
  });

  test('a port in use is one clear line and status 1', async () => {
    const server = await startServer();
    const { status, stdout, stderr } = await runServer({ PORT: server.port }).ended;
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.equal(stderr, `icmp-agent-backend: port ${server.port} on 127.0.0.1 is in use: stop the program that has it, or set PORT\n`);
    await server.stop();
  });

  for (const env of [{ PORT: 'http' }, { PORT: '65536' }, { PORT: '-1' }, { HOST: '192.0.2.1' }, { ALLOWED_ORIGINS: 'example.org' }]) {
    test(`${JSON.stringify(env)} is one clear line and status 1`, async () => {
      const { status, stdout, stderr } = await runServer(env).ended;
      assert.equal(status, 1);
      assert.equal(stdout, '');
      assert.equal(stderr.split('\n').length, 2);
      assert.match(stderr, new RegExp(Object.values(env)[0].replace('.', '\\.')));
    });
  }
});
