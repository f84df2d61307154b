// SPDX-License-Identifier: ISC
// What the page draws of a room: when packets were, by what a line says.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { HISTORY_SECONDS, Room } from '../../docker/backend/public/room.js';

const NOW = 1_800_000_000_000;
const LINE = 'ICMP Echo Request from 192.0.2.1 to 192.0.2.2 (code: 0)';

/** Packets a second as drawn one second after `text` came, oldest first. */
function drawn(...texts) {
  const room = new Room('ICMP');
  for (const text of texts)
    room.add(text, NOW);
  return {
    total: room.packets,
    seconds: room.history(NOW + 1000, HISTORY_SECONDS).map((s) => s?.packets ?? 0),
  };
}

test('a packet is in the second in which its line came', () => {
  const { total, seconds } = drawn(LINE);
  assert.equal(total, 1);
  assert.equal(seconds.at(-1), 1);
  assert.deepEqual(seconds.slice(0, -1), new Array(HISTORY_SECONDS - 1).fill(0));
});

test('a summary of one second is in one', () => {
  const { total, seconds } = drawn(`${LINE} ×1342 in 1.0 s`);
  assert.equal(total, 1342);
  assert.equal(seconds.at(-1), 1342);
  assert.equal(seconds.at(-2), 0);
});

test('a summary of an outage is spread over its time', () => {
  for (const [text, total, each, span] of [
    [`${LINE} ×100 in 10.0 s`, 100, 10, 10],
    [`${LINE} ×864000000 in 86400.0 s (24.0 h)`, 864000000, 10000, HISTORY_SECONDS],
    ['{"src_ip":"192.0.2.1","icmp_type":8,"count":100,"first":1000,"last":6000}', 100, 20, 5],
    [`${LINE} ×9 in 0.0 s`, 9, 9, 1],
    [`${LINE} ×9 in 999999999999.0 s (9.0 d)`, 9, 9 / 999999999999, HISTORY_SECONDS],
  ]) {
    const got = drawn(text);
    assert.equal(got.total, total, text);
    assert.equal(got.seconds.filter((n) => n === each).length, span, text);
    assert.equal(got.seconds.filter((n) => n > 0).length, span, text);
  }
});
