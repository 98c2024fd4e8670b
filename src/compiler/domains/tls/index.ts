// TLS connections by what their ClientHello offers (RFC 8446, RFC 6066, RFC 7301).
import { byteIn, either, literal, repeat } from '../../space/pattern.ts';
import { defineDomain } from '../define.ts';
import { domainName } from '../types/names.ts';
import { globText } from '../types/texts.ts';

const protocol = globText({
  noun: 'protocol',
  expected: 'a protocol ("h2")',
  possible: repeat(byteIn([0x21, 0x7e]), 1),
  familiar: either(literal('h2'), literal('http/1.1')),
});

export const tls = defineDomain({
  name: 'tls',
  summary: 'TLS connections, by their ClientHello',
  form: 'request',
  over: ['tcp'],
  encryptedPorts: [],
  positional: ['sni'],
  fields: [
    {
      name: 'sni',
      summary: 'the server name',
      type: domainName,
      quantity: 'one',
      unstated: 'absent',
      mayBeUndecidable: false,
      always: false,
    },
    {
      name: 'alpn',
      summary: 'the offered protocols',
      type: protocol,
      quantity: 'every',
      unstated: 'any',
      mayBeUndecidable: false,
      always: false,
    },
  ],
  mayBeEmpty: false,
});
