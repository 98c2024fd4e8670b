// Flows that a program begins: connect(2), and datagrams sent to an address, over IPv4 and IPv6. Rules of `egress` know the
// destination as what it is, a workload or a name; this class knows who asks.
import { defineProcess, ofEvent, ofSomeEvents } from '../process.ts';
import { networkAddress } from '../types/addresses.ts';
import { numberType } from '../types/numbers.ts';
import { wordType } from '../types/words.ts';

const protocol = wordType({
  noun: 'protocol',
  expected: 'a protocol (`tcp`)',
  words: ['tcp', 'udp', 'sctp', 'dccp', 'icmp', 'icmpv6', 'other'],
});

export const connect = defineProcess({
  name: 'connect',
  summary: 'a socket is connected, or sends to an address',
  positional: ['address'],
  mayBeEmpty: true,
  ofClass: [
    ofEvent('address', 'the address, as the program gives it', networkAddress),
    ofSomeEvents('remote-port', 'the port', numberType('port', 'a port (443, 8000-8100)', { low: 0, high: 65535 })),
    ofEvent('protocol', 'the protocol of the socket', protocol),
  ],
});
