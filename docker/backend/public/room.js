// SPDX-License-Identifier: ISC
// One room as the page knows it: its last lines, its rates, its numbers. All
// of it has a maximum. No DOM and no clock: the time is a parameter.

import { classify } from './classify.js';

export const MAX_LINES = 2000;
export const MAX_NUMBERS = 600;
export const HISTORY_SECONDS = 120;
const RATE_SECONDS = 5;

// one more than is shown: the running second has a place of its own
const SLOTS = HISTORY_SECONDS + 1;

export class Room {
  constructor(name) {
    this.name = name;
    this.present = false;   // an agent of this name is connected
    this.lines = new Array(MAX_LINES);
    this.next = 0;          // lines ever taken; a line's sequence number
    this.cleared = 0;       // the view begins here after "clear"
    this.messages = 0;
    this.packets = 0;
    this.byKind = {};
    this.numbers = [];
    this.seconds = new Array(SLOTS);
    this.since = null;
  }

  /** The oldest line that is still held and not cleared away. */
  get first() {
    return Math.max(this.cleared, this.next - MAX_LINES);
  }

  /** How many lines fell out of the view because it is full. */
  get dropped() {
    return this.first - this.cleared;
  }

  lineAt(sequence) {
    return this.lines[sequence % MAX_LINES];
  }

  #push(line) {
    this.lines[this.next % MAX_LINES] = line;
    this.next += 1;
  }

  #bucket(second) {
    const slot = second % SLOTS;
    if (this.seconds[slot]?.second !== second)
      this.seconds[slot] = { second, messages: 0, packets: 0, byKind: {} };
    return this.seconds[slot];
  }

  /** Takes a line that arrived at `now` (Unix time in ms). */
  add(text, now) {
    const { kind, packets, seconds, parts, value } = classify(text);

    this.since ??= now;
    this.#push({ time: now, text, kind, packets, parts });
    this.messages += 1;
    this.#bucket(Math.floor(now / 1000)).messages += 1;
    if (value !== undefined) {
      this.numbers.push(value);
      if (this.numbers.length > MAX_NUMBERS)
        this.numbers.shift();
      return;
    }
    this.packets += packets;
    // a warning is no packet and is still to be seen in the drawing
    const weight = Math.max(packets, 1);
    this.byKind[kind] = (this.byKind[kind] ?? 0) + weight;
    this.#spread(kind, packets, weight, Math.floor(now / 1000), seconds);
  }

  /** Over the seconds that a summary spans: after an outage they are many. */
  #spread(kind, packets, weight, current, seconds = 1) {
    const span = Math.max(1, Math.round(seconds));
    for (let age = 0; age < Math.min(span, SLOTS); age += 1) {
      const bucket = this.#bucket(current - age);
      bucket.packets += packets / span;
      bucket.byKind[kind] = (bucket.byKind[kind] ?? 0) + weight / span;
    }
  }

  /** A remark of the page's own, such as "the agent left". */
  note(text, now) {
    this.#push({ time: now, text, kind: 'note', packets: 0, parts: [['free', text]] });
  }

  clear() {
    this.cleared = this.next;
    this.numbers = [];
  }

  /** The last `count` complete seconds, oldest first; null where nothing came. */
  history(now, count) {
    const current = Math.floor(now / 1000);
    return Array.from({ length: count }, (_, index) => {
      const second = current - count + index;
      const bucket = this.seconds[second % SLOTS];
      return bucket?.second === second ? bucket : null;
    });
  }

  /** {messages, packets} a second, over the last complete seconds. */
  rate(now) {
    if (this.since === null)
      return { messages: 0, packets: 0 };
    const age = Math.floor(now / 1000) - Math.floor(this.since / 1000);
    const span = Math.min(RATE_SECONDS, Math.max(1, age));
    const rate = { messages: 0, packets: 0 };
    for (const bucket of this.history(now, span)) {
      rate.messages += (bucket?.messages ?? 0) / span;
      rate.packets += (bucket?.packets ?? 0) / span;
    }
    return rate;
  }
}
