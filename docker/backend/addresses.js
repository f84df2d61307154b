// SPDX-License-Identifier: ISC
// What an address says by itself, from the IANA special-purpose registries.
// There is no location database here and no question to another host.

import { BlockList, isIP } from 'node:net';

// The first match counts: the narrower block stands above the wider.
const SCOPES = [
  ['127.0.0.0/8', 'loopback', 'RFC 1122'],
  ['::1/128', 'loopback', 'RFC 4291'],
  ['10.0.0.0/8', 'private', 'RFC 1918'],
  ['172.16.0.0/12', 'private', 'RFC 1918'],
  ['192.168.0.0/16', 'private', 'RFC 1918'],
  ['fc00::/7', 'unique local', 'RFC 4193'],
  ['169.254.0.0/16', 'link-local', 'RFC 3927'],
  ['fe80::/10', 'link-local', 'RFC 4291'],
  ['100.64.0.0/10', 'shared (carrier-grade NAT)', 'RFC 6598'],
  ['192.0.2.0/24', 'documentation', 'RFC 5737'],
  ['198.51.100.0/24', 'documentation', 'RFC 5737'],
  ['203.0.113.0/24', 'documentation', 'RFC 5737'],
  ['2001:db8::/32', 'documentation', 'RFC 3849'],
  ['3fff::/20', 'documentation', 'RFC 9637'],
  ['198.18.0.0/15', 'benchmarking', 'RFC 2544'],
  ['192.0.0.0/24', 'protocol assignments', 'RFC 6890'],
  ['0.0.0.0/8', 'this network', 'RFC 791'],
  ['::/128', 'unspecified', 'RFC 4291'],
  ['64:ff9b::/96', 'IPv4 translation', 'RFC 6052'],
  ['100::/64', 'discard-only', 'RFC 6666'],
  ['2002::/16', '6to4', 'RFC 3056'],
  ['224.0.0.0/4', 'multicast', 'RFC 5771'],
  ['ff00::/8', 'multicast', 'RFC 4291'],
  ['255.255.255.255/32', 'limited broadcast', 'RFC 919'],
  ['240.0.0.0/4', 'reserved', 'RFC 1112'],
].map(([block, scope, source]) => {
  const [network, prefix] = block.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family);
  return { list, family, scope, source };
});

/** An IPv4 peer of a socket that listens on :: reads ::ffff:192.0.2.1. */
export function plainAddress(address) {
  return /^::ffff:[\d.]+$/i.test(address) ? address.slice(7) : address;
}

/** {ipaddr, scope, source}, or {ipaddr, error} where nothing can be said. */
export function addressScope(value) {
  if (typeof value !== 'string' || isIP(value) === 0)
    return { error: 'This is no IP address' };
  const ipaddr = plainAddress(value);
  const family = isIP(ipaddr) === 6 ? 'ipv6' : 'ipv4';
  const found = SCOPES.find((entry) => entry.family === family && entry.list.check(ipaddr, family));
  if (!found)
    return { ipaddr, error: 'A public address; this server has no location database' };
  return { ipaddr, scope: found.scope, source: found.source };
}
