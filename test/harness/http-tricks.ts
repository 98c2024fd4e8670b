// What readers of requests are known to be tricked with, and the tests of each. Those of `evasions` are bytes that are sent; `carriedTricks`
// are ways to send them.

export const ways = ['ingress', 'egress'] as const;
export type Way = (typeof ways)[number];

/** How a denied request is carried, in http-transports.test.ts. */
export const carriedTricks = [
  'MPTCP',
  'urgent data',
  'segments of one byte',
  'half-close behind a denied request',
  'half-close behind an allowed one and a denied one',
  'half-close in a denied target',
  'half-close in a denied head',
  'a moment in every part of a denied request',
] as const;
export type CarriedTrick = (typeof carriedTricks)[number];

/** A trick -> names in `evasions` and `carriedTricks`. */
export const tricks: Readonly<Record<string, readonly string[]>> = {
  'smuggling by both lengths': ['length, then chunked (CL.TE)', 'chunked, then length (TE.CL)', 'two lengths', 'a list of lengths'],
  'duplicate headers': ['two hosts', 'two lengths', 'two codings', 'a header sent again'],
  'folded headers': ['a folded header', 'a folded header behind a tab', 'folded white space in a length'],
  'chunk extensions': ['a chunk extension', 'a chunk extension that ends in LF'],
  'bare CR': ['bare CR'],
  'bare LF': ['bare LF', 'bare LF in chunks'],
  NUL: ['NUL in a header', 'NUL in the target', 'NUL, encoded'],
  '//': ['two slashes'],
  '/.': ['a dot'],
  '/..': ['two dots', 'two dots with a parameter', 'two dots, encoded'],
  'percent-encoding once': ['percent-encoding', 'an encoded slash', 'an encoded path in either case'],
  'percent-encoding twice': ['percent-encoding, twice'],
  'overlong UTF-8': ['overlong UTF-8'],
  'absolute form': ['absolute form'],
  'authority form': ['authority form'],
  'case of methods': ['lower-case method'],
  'case of hosts': ['a host in another case'],
  'case of header names': ['a header in another case', 'framing in another case'],
  tabs: ['a tab for a blank', 'a header between tabs'],
  'method override': ['method override', 'method override by another name'],
  'h2c upgrade': ['h2c upgrade', 'an upgrade to two protocols'],
  'HTTP/2 preface': ['HTTP/2 with prior knowledge'],
  'MPTCP clients': ['MPTCP'],
  'segment splits': ['segments of one byte'],
  'timing splits': ['a moment in every part of a denied request'],
  'half-close': [
    'half-close behind a denied request',
    'half-close behind an allowed one and a denied one',
    'half-close in a denied target',
    'half-close in a denied head',
  ],
  'urgent data': ['urgent data'],
};
