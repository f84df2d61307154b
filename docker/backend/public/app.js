// SPDX-License-Identifier: ISC
// The page: what the user does goes to the link and the view, what the link
// hears goes to the rooms, and the rooms are drawn.

import { KINDS, linesOf } from './classify.js';
import { drawBars, drawLine } from './chart.js';
import { HISTORY_SECONDS, Room } from './room.js';
import { Link } from './link.js';
import { LogView } from './log-view.js';
import { RoomList } from './room-list.js';
import { startTheme } from './theme.js';

const OVERVIEW_MS = 500;
const FILTER_DELAY_MS = 120;
const SPARK_POINTS = 40;
const MAX_LINE_LENGTH = 4000;
const STORED_ROOMS = 'icmp-agent.rooms';

const $ = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const fraction = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', minimumFractionDigits: 1, maximumFractionDigits: 1 });
const formatTotal = (total) => (total >= 1e7 ? compact : whole).format(total);
const formatRate = (rate) => (rate >= 100 ? whole : fraction).format(rate);

const rooms = new Map();      // by name: those that the user joined
let listed = [];              // names that the server lists
let selected = null;          // the Room on display
let firstVisit = false;
let frame = 0;

const link = new Link({ state: showState, rooms: takeRooms, data: takeData });
const view = new LogView($('log'), () => schedule());
const roomList = new RoomList($('room-list'), { join, leave, select });

// ---- what is remembered ------------------------------------------------------

function storedRooms() {
  try {
    const names = JSON.parse(localStorage.getItem(STORED_ROOMS));
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string' && name) : null;
  } catch {
    return null;
  }
}

function remember() {
  try {
    localStorage.setItem(STORED_ROOMS, JSON.stringify([...rooms.keys()]));
  } catch {
    // a browser that stores nothing still shows everything
  }
}

function putIntoAddress(name) {
  const url = new URL(location.href);
  if (name === null)
    url.searchParams.delete('room');
  else
    url.searchParams.set('room', name);
  history.replaceState(null, '', url);
}

// ---- rooms -------------------------------------------------------------------

function join(name) {
  if (!rooms.has(name)) {
    const room = new Room(name);
    room.present = listed.includes(name);
    rooms.set(name, room);
    link.join(name);
    remember();
  }
  firstVisit = false;
  select(name);
}

function leave(name) {
  rooms.delete(name);
  link.leave(name);
  remember();
  if (selected?.name === name)
    select(rooms.keys().next().value ?? null);
  showOverview();
}

function select(name) {
  selected = name === null ? null : rooms.get(name);
  putIntoAddress(name);
  view.show(selected);
  showPaused();
  $('room').hidden = selected === null;
  $('welcome').hidden = selected !== null;
  showOverview();
  schedule();
}

// ---- what the link hears -----------------------------------------------------

function showState({ state, reason, delay }) {
  const texts = { connected: 'Connected', lost: 'Connection lost, trying again' };
  const was = $('state').dataset.state;
  if (was !== state) {
    $('state').dataset.state = state;
    $('state-text').textContent = texts[state];
    $('state').title = reason ?? '';
    if (was === 'connected')
      noteAll('Connection to the server lost');
    else if (was === 'lost')
      noteAll('Connected to the server again');
  }
  $('state-delay').textContent = delay === undefined || state !== 'connected'
    ? '' : `${delay < 10 ? fraction.format(delay) : whole.format(delay)} ms`;
}

function noteAll(text) {
  for (const room of rooms.values())
    room.note(text, Date.now());
  schedule();
}

function takeRooms(names) {
  listed = names;
  if (firstVisit && names.length === 1)
    join(names[0]);
  for (const room of rooms.values()) {
    const present = names.includes(room.name);
    if (present !== room.present && room.next > 0)
      room.note(present ? 'The agent is back' : 'The agent left', Date.now());
    room.present = present;
  }
  showOverview();
  schedule();
}

function takeData(name, message) {
  const room = rooms.get(name);
  const now = Date.now();
  for (const line of linesOf(message, MAX_LINE_LENGTH))
    room.add(line, now);
  if (room === selected)
    schedule();
}

// ---- drawing -----------------------------------------------------------------

function schedule() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    view.render();
    showFoot();
  });
}

function showFoot() {
  if (!selected)
    return;
  const { shown } = view;
  const held = selected.next - selected.first;
  const filtered = view.words.length > 0 || view.hiddenKinds.size > 0;
  const { dropped } = selected;
  const waiting = view.rendered < selected.next ? view.waiting : 0;

  $('shown').textContent = filtered
    ? `${whole.format(shown)} of ${whole.format(held)} lines match`
    : `${whole.format(shown)} ${shown === 1 ? 'line' : 'lines'}`;
  $('dropped').textContent = dropped > 0 ? `${whole.format(dropped)} older ones removed from view` : '';
  $('waiting').textContent = view.paused ? `paused, ${whole.format(waiting)} new` : '';
  $('jump').hidden = view.following;
  $('jump').textContent = waiting > 0 && !view.paused
    ? `Jump to the latest (${whole.format(waiting)} new)` : 'Jump to the latest';
}

const kindButtons = KINDS.map(({ kind, label }) => {
  const button = document.createElement('button');
  const swatch = document.createElement('span');
  const count = document.createElement('span');
  button.type = 'button';
  button.className = `kind ${kind}`;
  button.setAttribute('aria-pressed', 'true');
  count.className = 'number';
  swatch.className = 'swatch';
  swatch.setAttribute('aria-hidden', 'true');
  button.append(swatch, label, ' ', count);
  button.addEventListener('click', () => {
    const shown = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(shown));
    view.setKindShown(kind, shown);
    schedule();
  });
  $('kinds').append(button);
  return { kind, button, swatch, count };
});

function showBars(now) {
  const colors = kindButtons.map(({ kind, swatch }) => ({ kind, color: getComputedStyle(swatch).color }));
  const columns = selected.history(now, HISTORY_SECONDS).map((second) => (
    second === null ? [] : colors
      .filter(({ kind }) => second.byKind[kind] > 0)
      .map(({ kind, color }) => ({ color, value: second.byKind[kind] }))));
  const top = drawBars($('bars'), columns);
  $('bars-scale').textContent = `scale to ${whole.format(top)}/s`;
}

function showNumbers() {
  const { numbers } = selected;
  $('numbers').hidden = numbers.length === 0;
  if (numbers.length === 0)
    return;
  const color = getComputedStyle($('numbers-last')).color;
  const { min, max } = drawLine($('line'), numbers, color);
  $('numbers-last').textContent = String(numbers.at(-1));
  $('numbers-range').textContent = `from ${min} to ${max}`;
  $('numbers-count').textContent = `last ${numbers.length}`;
  $('line').setAttribute('aria-label', `The last ${numbers.length} numbers, from ${min} to ${max}, now ${numbers.at(-1)}`);
}

function showRoom(now) {
  const rate = selected.rate(now);
  $('room-name').textContent = selected.name;
  $('presence').textContent = selected.present ? 'live' : 'waiting for the agent';
  $('presence').dataset.present = String(selected.present);
  $('figure-lines').textContent = formatRate(rate.messages);
  $('figure-packets').textContent = formatRate(rate.packets);
  $('figure-total').textContent = formatTotal(selected.packets);
  $('figure-total').title = `${whole.format(selected.packets)} since the room was joined`;
  $('bars').setAttribute('aria-label', `Packets per second over two minutes, now ${formatRate(rate.packets)}`);
  for (const { kind, button, count } of kindButtons) {
    const total = selected.byKind[kind] ?? 0;
    count.textContent = formatTotal(total);
    button.hidden = total === 0 && !view.hiddenKinds.has(kind);
  }
  const onlyNumbers = selected.numbers.length > 0 && Object.keys(selected.byKind).length === 0;
  $('traffic').hidden = onlyNumbers;
  $('packet-figures').hidden = onlyNumbers;
  if (!onlyNumbers)
    showBars(now);
  showNumbers();
}

/** A room in small: its numbers where it sends numbers, else lines a second. */
function drawSpark(canvas, room, now) {
  const { color } = getComputedStyle(canvas);
  if (room.numbers.length > 1) {
    drawLine(canvas, room.numbers.slice(-SPARK_POINTS), color);
    return;
  }
  drawBars(canvas, room.history(now, SPARK_POINTS).map((second) => (
    second === null ? [] : [{ color, value: second.messages }])));
}

function showWelcome() {
  const choice = listed.length > 0;
  $('welcome-title').textContent = choice ? 'Choose a room' : 'Waiting for an agent';
  $('welcome-text').textContent = choice
    ? 'Join a room to see its lines as they come.'
    : 'As soon as an agent connects to this server, its room is listed here. Start one:';
  $('welcome-command').textContent = `CLIENTNAME=ICMP URL=${new URL('.', document.baseURI).href.replace(/\/$/, '')} sudo icmp-agent eth0`;
  $('welcome-command').hidden = choice;
}

function showOverview() {
  const now = Date.now();
  const names = [...new Set([...listed, ...rooms.keys()])].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  roomList.show(names.map((name) => {
    const room = rooms.get(name);
    const present = listed.includes(name);
    const rate = room ? `${formatRate(room.rate(now).messages)} lines/s` : 'not joined';
    return { name, present, joined: room !== undefined, selected: room !== undefined && room === selected,
      text: present ? rate : 'waiting for the agent', draw: (canvas) => drawSpark(canvas, room, now) };
  }));
  $('rooms-none').hidden = names.length > 0;
  document.title = selected ? `${selected.name} · icmp-agent` : 'icmp-agent';
  if (selected)
    showRoom(now);
  else
    showWelcome();
}

// ---- what the user does ------------------------------------------------------

function showPaused() {
  $('pause').textContent = view.paused ? 'Resume' : 'Pause';
  $('pause').setAttribute('aria-pressed', String(view.paused));
}

function start() {
  let filterTimer = 0;

  $('pause').addEventListener('click', () => {
    view.setPaused(!view.paused);
    showPaused();
    schedule();
  });
  $('clear').addEventListener('click', () => {
    selected.clear();
    if (view.paused)
      view.setPaused(true);
    view.rebuild();
    showOverview();
    schedule();
  });
  $('filter').addEventListener('input', () => {
    clearTimeout(filterTimer);
    filterTimer = setTimeout(() => {
      view.setWords($('filter').value);
      schedule();
    }, FILTER_DELAY_MS);
  });
  $('jump').addEventListener('click', () => {
    view.follow();
    $('log').focus();
    schedule();
  });
  startTheme($('theme'), showOverview);

  const asked = new URLSearchParams(location.search).getAll('room').filter(Boolean);
  const stored = storedRooms();
  firstVisit = stored === null && asked.length === 0;
  for (const name of [...(stored ?? []), ...asked])
    join(name);
  firstVisit = stored === null && asked.length === 0;
  showOverview();
  setInterval(() => {
    if (!document.hidden)
      showOverview();
  }, OVERVIEW_MS);
}

start();
