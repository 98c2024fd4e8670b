// Sockets that are made, by kind: every socket is of one.
import { defineProcess, ofEvent } from '../process.ts';
import { numberType } from '../types/numbers.ts';
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

/** SOCK_NAME of include/linux/net.h. */
const types: readonly string[] = ['stream', 'dgram', 'raw', 'rdm', 'seqpacket', 'dccp', 'packet'];

export const socket = defineProcess({
  name: 'socket',
  summary: 'a socket is made',
  positional: ['kind'],
  mayBeEmpty: true,
  ofClass: [
    ofEvent('kind', 'its kind', wordType({ noun: 'kind of sockets', expected: 'a kind of sockets (`raw`)', words: socketKinds })),
    ofEvent(
      'type',
      'the type that socket(2) was asked for',
      wordType({ noun: 'type of sockets', expected: 'a type of sockets (`stream`)', words: types }),
    ),
    ofEvent(
      'protocol',
      'the protocol that it was asked for; 0 is the one of its kind',
      numberType('protocol', 'a protocol number (1, 58)', { low: 0, high: 0xffff }),
    ),
  ],
});
