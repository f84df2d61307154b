// SPDX-License-Identifier: ISC
// The lines of one room as rows. The view follows the newest line until the
// user scrolls up or pauses; then it stands still and the room goes on
// collecting. Whatever comes from the network enters the page as textContent.

const BOTTOM_TOLERANCE_PX = 24;
const END = 1e9;

// Rows stand in blocks, and the browser skips the blocks that are out of sight
// (content-visibility): it works for what is seen, not for 2,000 rows a frame.
const BLOCK_ROWS = 50;

const twoDigits = (number) => String(number).padStart(2, '0');

function clockTime(date) {
  return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}:${twoDigits(date.getSeconds())}`;
}

function fullTime(date) {
  const day = `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
  return `${day} ${clockTime(date)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** An element only for what looks other than the rest: rows come by the thousand. */
function makePart([name, text, explanation]) {
  if (name === 'plain')
    return document.createTextNode(text);
  const part = document.createElement('span');
  part.className = name;
  part.textContent = text;
  if (explanation)
    part.title = explanation;
  return part;
}

function makeRow(line, sequence) {
  const row = document.createElement('div');
  const time = document.createElement('time');
  const text = document.createElement('span');
  const date = new Date(line.time);

  row.className = `row ${line.kind}`;
  row.sequence = sequence;
  if (line.packets > 1)
    row.dataset.weight = String(Math.min(6, Math.floor(Math.log10(line.packets)) + 1));
  time.textContent = clockTime(date);
  time.title = fullTime(date);
  time.dateTime = date.toISOString();
  text.className = 'text';
  text.append(...line.parts.map(makePart));
  row.append(time, text);
  return row;
}

export class LogView {
  constructor(element, onFollow) {
    this.element = element;
    this.room = null;
    this.words = [];
    this.hiddenKinds = new Set();
    this.rendered = 0;      // sequence number after the last line looked at
    this.shown = 0;         // rows
    this.following = true;
    this.pausedAt = null;   // lines from this one on wait
    this.lastTop = 0;
    element.addEventListener('scroll', () => this.#scrolled(onFollow), { passive: true });
    new ResizeObserver(() => this.#stick()).observe(element);
  }

  #scrolled(onFollow) {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    const atBottom = scrollHeight - clientHeight - scrollTop < BOTTOM_TOLERANCE_PX;
    const movedUp = scrollTop < this.lastTop - 1;
    this.lastTop = scrollTop;
    if (atBottom !== this.following && (atBottom || movedUp)) {
      this.following = atBottom;
      onFollow();
    }
  }

  #stick() {
    if (!this.following)
      return;
    // beyond the end: asking for the height first would cost a layout of its own
    this.element.scrollTop = END;
    this.lastTop = this.element.scrollTop;
  }

  #matches(line) {
    if (line.kind === 'note')
      return true;
    if (this.hiddenKinds.has(line.kind))
      return false;
    if (this.words.length === 0)
      return true;
    const text = line.text.toLowerCase();
    return this.words.every((word) => text.includes(word));
  }

  /** Lines that came and are not looked at yet. */
  get waiting() {
    return this.room ? this.room.next - Math.max(this.rendered, this.room.first) : 0;
  }

  get paused() {
    return this.pausedAt !== null;
  }

  show(room) {
    this.room = room;
    this.pausedAt = null;
    this.rebuild();
  }

  setPaused(paused) {
    this.pausedAt = paused ? this.room.next : null;
    if (!paused)
      this.follow();
  }

  setWords(text) {
    this.words = text.toLowerCase().split(/\s+/).filter(Boolean);
    this.rebuild();
  }

  setKindShown(kind, shown) {
    if (shown)
      this.hiddenKinds.delete(kind);
    else
      this.hiddenKinds.add(kind);
    this.rebuild();
  }

  follow() {
    this.following = true;
    this.render();
    this.#stick();
  }

  rebuild() {
    this.element.replaceChildren();
    this.rendered = 0;
    this.shown = 0;
    this.following = true;
    this.render();
  }

  #trim() {
    let block = this.element.firstElementChild;
    while (block) {
      while (block.firstElementChild?.sequence < this.room.first) {
        block.firstElementChild.remove();
        this.shown -= 1;
      }
      if (block.firstElementChild)
        return;
      block.remove();
      block = this.element.firstElementChild;
    }
  }

  #append(row) {
    let block = this.element.lastElementChild;
    if (!block || block.childElementCount >= BLOCK_ROWS) {
      block = document.createElement('div');
      block.className = 'block';
      this.element.append(block);
    }
    block.append(row);
    this.shown += 1;
  }

  /** Brings the rows up to date: once a frame at most, at most MAX_LINES rows. */
  render() {
    const { room } = this;
    const end = this.pausedAt ?? room?.next;
    if (!room || !this.following || this.rendered === end)
      return;

    this.#trim();
    for (let n = Math.max(this.rendered, room.first); n < end; n += 1) {
      const line = room.lineAt(n);
      if (this.#matches(line))
        this.#append(makeRow(line, n));
    }
    this.rendered = end;
    this.#stick();
  }
}
