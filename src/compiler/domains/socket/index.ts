// Sockets that are made, by kind: every socket is of one.
import { defineProcess, ofEvent } from '../process.ts';
import { wordType } from '../types/words.ts';

/**
 * From the arguments of socket(2). IPv4 and IPv6 by type and protocol: `tcp` `udp` `sctp` `mptcp` `dccp`, `icmp` (the
 * unprivileged kind: a datagram socket of ICMP or ICMPv6), `raw` (SOCK_RAW). All others by family (AF_NAME of
 * include/linux/socket.h): `key` is AF_KEY, `alg` AF_ALG; `other` is everything that has no name here.
 */
export const socketKinds: readonly string[] = [
  ...['tcp', 'udp', 'sctp', 'mptcp', 'dccp', 'icmp', 'raw'],
  ...['packet', 'netlink', 'unix', 'vsock', 'xdp', 'bluetooth', 'can', 'alg', 'key', 'tipc', 'rds', 'qrtr', 'smc', 'nfc', 'pppox'],
  'other',
];

export const socket = defineProcess({
  name: 'socket',
  summary: 'a socket is made',
  positional: ['kind'],
  mayBeEmpty: true,
  ofClass: [ofEvent('kind', 'its kind', wordType({ noun: 'kind of sockets', expected: 'a kind of sockets (`raw`)', words: socketKinds }))],
});
