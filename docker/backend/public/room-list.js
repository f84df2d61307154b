// SPDX-License-Identifier: ISC
// The rooms at the side: rows are kept and changed, never rebuilt, so that
// focus stays where the user put it.

function make(tag, className) {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}

function setText(element, text) {
  if (element.textContent !== text)
    element.textContent = text;
}

export class RoomList {
  /** `on` has join(name), leave(name) and select(name). */
  constructor(element, on) {
    this.element = element;
    this.on = on;
    this.rows = new Map();
  }

  #makeRow(name) {
    const item = make('li', 'room-item');
    const open = make('button', 'open');
    const dot = make('span', 'dot');
    const title = make('span', 'name');
    const text = make('span', 'fact');
    const spark = make('canvas', 'spark');
    const change = make('button', 'change');
    const row = { item, open, text, spark, change, joined: false };

    open.type = 'button';
    change.type = 'button';
    dot.setAttribute('aria-hidden', 'true');
    spark.setAttribute('aria-hidden', 'true');
    title.textContent = name;
    open.append(dot, title, text, spark);
    item.append(open, change);
    open.addEventListener('click', () => (row.joined ? this.on.select(name) : this.on.join(name)));
    change.addEventListener('click', () => (row.joined ? this.on.leave(name) : this.on.join(name)));
    return row;
  }

  /** Takes [{name, present, joined, selected, text, draw}] in the order of the list. */
  show(entries) {
    const names = new Set(entries.map(({ name }) => name));
    for (const [name, { item }] of this.rows) {
      if (!names.has(name)) {
        item.remove();
        this.rows.delete(name);
      }
    }
    entries.forEach((entry, index) => {
      if (!this.rows.has(entry.name))
        this.rows.set(entry.name, this.#makeRow(entry.name));
      const row = this.rows.get(entry.name);
      if (this.element.children[index] !== row.item)
        this.element.insertBefore(row.item, this.element.children[index] ?? null);
      this.#update(row, entry);
    });
  }

  #update(row, { name, present, joined, selected, text, draw }) {
    row.joined = joined;
    row.item.dataset.present = String(present);
    row.item.dataset.joined = String(joined);
    row.open.setAttribute('aria-current', String(selected));
    setText(row.text, text);
    setText(row.change, joined ? 'Leave' : 'Join');
    row.change.setAttribute('aria-label', `${joined ? 'Leave' : 'Join'} room ${name}`);
    if (row.spark.clientWidth > 0)
      draw(row.spark);
  }
}
