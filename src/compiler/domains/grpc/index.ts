// gRPC calls: the path of their HTTP/2 request is `/service/method`.
import { byteIn, repeat } from '../../space/pattern.ts';
import { defineDomain } from '../define.ts';
import type { FieldSpec } from '../domain.ts';
import { globText } from '../types/texts.ts';

/** Visible ASCII but `/`. */
const possible = repeat(byteIn([0x21, 0x2e], [0x30, 0x7e]), 1);
const mistake = (noun: string) => (text: string) =>
  /[^\0\x21-\x2e\x30-\x7e]/.test(text) || text === '' ? { reason: `a ${noun} is visible ASCII without \`/\`` } : undefined;
const field = (name: string, summary: string, expected: string): FieldSpec => ({
  name,
  summary,
  type: globText({ noun: name, expected, possible, mistake: mistake(name) }),
  quantity: 'one',
  unstated: 'any',
  mayBeUndecidable: false,
  always: true,
});

export const grpc = defineDomain({
  name: 'grpc',
  summary: 'gRPC calls over HTTP/2',
  form: 'request',
  over: ['tcp'],
  encryptedPorts: [443, 8443],
  positional: ['service', 'method'],
  fields: [
    field('service', 'the service with its package', 'a service ("shop.v1.Cart")'),
    field('method', 'the method', 'a method ("GetItem")'),
  ],
  mayBeEmpty: false,
});
