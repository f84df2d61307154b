// SPDX-License-Identifier: ISC
// What a line says: its kind, how many packets it stands for, and its parts.
// Pure; the parts joined give the line again, letter for letter. What is `plain`
// looks like the row, the other parts have a look of their own.

/** In the order of the legend. `number` and `note` have no filter of their own. */
export const KINDS = [
  { kind: 'request', label: 'Requests' },
  { kind: 'reply', label: 'Replies' },
  { kind: 'error', label: 'Errors' },
  { kind: 'redirect', label: 'Redirects' },
  { kind: 'discovery', label: 'Discovery' },
  { kind: 'warning', label: 'Warnings' },
  { kind: 'other', label: 'Other' },
];

const LINE = /^(ICMP(?:v6)?) (.{1,80}?) from (other hosts|\S+)(?: to (\S+))? (\(code: (\d{1,3})\))(.*)$/s;
const COUNT = / ×(\d{1,15}) in (\d{1,12}(?:\.\d+)?) s(?: \([\d.]+ (?:min|h|d)\))?/;
const NUMBER = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i;
const MAX_JSON_LENGTH = 4096;

const KIND_OF_NAME = [
  [/^Redirect/, 'redirect'],
  [/Unreachable$|Exceeded$|^Parameter Problem$|^Packet Too Big$|^Source Quench$/, 'error'],
  [/^(Inverse )?Neighbor |^Router |^Multicast |Multicast Listener|^Mobile Prefix/, 'discovery'],
  [/ Request$/, 'request'],
  [/ Reply$/, 'reply'],
];

// The IANA registries "ICMP Type Numbers" and "ICMPv6 type Numbers".
const KIND_OF_TYPE = {
  4: { 0: 'reply', 3: 'error', 4: 'error', 5: 'redirect', 8: 'request', 9: 'discovery', 10: 'discovery',
    11: 'error', 12: 'error', 13: 'request', 14: 'reply', 15: 'request', 16: 'reply', 42: 'request', 43: 'reply' },
  6: { 1: 'error', 2: 'error', 3: 'error', 4: 'error', 128: 'request', 129: 'reply', 130: 'discovery', 131: 'discovery',
    132: 'discovery', 133: 'discovery', 134: 'discovery', 135: 'discovery', 136: 'discovery', 137: 'redirect',
    143: 'discovery', 160: 'request', 161: 'reply' },
};

const CODES = {
  'ICMP Destination Unreachable': ['network unreachable', 'host unreachable', 'protocol unreachable',
    'port unreachable', 'fragmentation needed', 'source route failed', 'network unknown', 'host unknown',
    'source host isolated', 'network prohibited', 'host prohibited', 'network unreachable for this service',
    'host unreachable for this service', 'administratively prohibited', 'host precedence violation',
    'precedence cutoff'],
  'ICMP Redirect': ['for the network', 'for the host', 'for service and network', 'for service and host'],
  'ICMP Time Exceeded': ['TTL expired in transit', 'reassembly time exceeded'],
  'ICMP Parameter Problem': ['at the pointer', 'missing a required option', 'bad length'],
  'ICMPv6 Destination Unreachable': ['no route', 'administratively prohibited', 'beyond scope of the source',
    'address unreachable', 'port unreachable', 'source address failed policy', 'route rejected'],
  'ICMPv6 Time Exceeded': ['hop limit exceeded in transit', 'reassembly time exceeded'],
  'ICMPv6 Parameter Problem': ['bad header field', 'unknown next header', 'unknown IPv6 option'],
};

function kindOfName(name) {
  return KIND_OF_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
}

function splitRest(rest) {
  const count = COUNT.exec(rest);
  if (!count)
    return { packets: 1, parts: [['plain', rest]] };
  return {
    packets: Number(count[1]),
    seconds: Number(count[2]),
    parts: [
      ['plain', `${rest.slice(0, count.index)} `],
      ['count', count[0].slice(1)],
      ['plain', rest.slice(count.index + count[0].length)],
    ],
  };
}

function parsePacketLine(text) {
  const match = LINE.exec(text);
  if (!match)
    return null;
  const [, protocol, name, source, destination, code, codeNumber, tail] = match;
  const meaning = CODES[`${protocol} ${name}`]?.[codeNumber];
  const rest = splitRest(tail);
  return {
    kind: kindOfName(name),
    packets: rest.packets,
    seconds: rest.seconds,
    parts: [
      ['protocol', protocol],
      ['plain', ' '],
      ['name', name],
      ['plain', ' from '],
      ['address', source],
      ...(destination === undefined ? [] : [['plain', ' to '], ['address', destination]]),
      ['plain', ' '],
      meaning ? ['code', code, meaning] : ['plain', code],
      ...rest.parts,
    ].filter(([, part]) => part !== ''),
  };
}

function parseJsonLine(text) {
  if (text[0] !== '{' || text.length > MAX_JSON_LENGTH)
    return null;
  let event;
  try {
    event = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof event.src_ip !== 'string' || !Number.isInteger(event.icmp_type))
    return null;
  const family = event.family === 6 || event.src_ip.includes(':') ? 6 : 4;
  return {
    kind: KIND_OF_TYPE[family][event.icmp_type] ?? 'other',
    packets: Number.isSafeInteger(event.count) && event.count > 0 ? event.count : 1,
    seconds: event.last > event.first ? (event.last - event.first) / 1000 : undefined,
    parts: [['plain', text]],
  };
}

/**
 * {kind, packets, seconds?, parts: [[class, text, explanation?]...], value?};
 * `packets` is 0 for what is no packet, `seconds` is the time that a summary
 * spans, `value` is there when the line is a number.
 */
export function classify(text) {
  if (NUMBER.test(text) && Number.isFinite(Number(text)))
    return { kind: 'number', packets: 0, parts: [['value', text]], value: Number(text) };
  const packet = parsePacketLine(text) ?? parseJsonLine(text);
  if (packet)
    return packet;
  const kind = text.startsWith('\u26a0') ? 'warning' : 'other';
  return { kind, packets: 0, parts: [['free', text]] };
}

/** What a client sent, as lines: several may come in one message. */
export function linesOf(message, maxLength) {
  const text = typeof message === 'string' ? message : JSON.stringify(message) ?? String(message);
  return text.replace(/\r?\n$/, '').split(/\r?\n/).map((line) => (
    line.length > maxLength
      ? `${line.slice(0, maxLength)} … (${line.length - maxLength} more characters)`
      : line));
}
