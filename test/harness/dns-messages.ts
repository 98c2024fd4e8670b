// DNS messages (RFC 1035, RFC 6891) as bytes, right ones and those that nobody ought to send.
import { typeNumbers } from '../../src/compiler/base/record-types.ts';
import type { Random } from './random.ts';

export type Query = {
  /** As it is sent: `Api.Example`; empty: the root. */
  readonly name: string;
  /** As rules write it. */
  readonly type: string;
  readonly id?: number;
  /** The 16 bits behind the identifier; a plain query that wishes recursion unless given. */
  readonly flags?: number;
  readonly class?: number;
  /** Bytes of EDNS options; undefined: no OPT record. */
  readonly options?: number;
  /** Questions, answers, authorities and additional records that the header announces. */
  readonly counts?: readonly [number, number, number, number];
  /** In the place of the name's labels. */
  readonly labels?: Uint8Array;
  /** Behind everything. */
  readonly behind?: Uint8Array;
};

const u16 = (value: number): readonly number[] => [value >> 8, value & 0xff];
const encoder = new TextEncoder();

export const labelsOf = (name: string): Uint8Array => {
  const labels = name === '' ? [] : name.split('.').map((label) => encoder.encode(label));
  return Uint8Array.from([...labels.flatMap((label) => [label.length, ...label]), 0]);
};
export const typeNumber = (type: string): number => typeNumbers.get(type) ?? Number(type.slice('TYPE'.length));

export function queryBytes({
  name,
  type,
  id = 0x1234,
  flags = 0x0100,
  class: kind = 1,
  options,
  counts,
  labels,
  behind,
}: Query): Uint8Array {
  const opt =
    options === undefined ? [] : [0, ...u16(41), ...u16(1232), 0, 0, 0, 0, ...u16(options), ...new Array<number>(options).fill(7)];
  const [questions, answers, authorities, additional] = counts ?? [1, 0, 0, options === undefined ? 0 : 1];
  const header = [id, flags, questions, answers, authorities, additional].flatMap(u16);
  return Uint8Array.from([...header, ...(labels ?? labelsOf(name)), ...u16(typeNumber(type)), ...u16(kind), ...opt, ...(behind ?? [])]);
}

/** Behind its length, as over TCP. */
export const framed = (message: Uint8Array): Uint8Array => Uint8Array.from([...u16(message.length), ...message]);

/** Letters in upper case at random (0x20). */
export const mixedCase = (random: Random, name: string): string =>
  [...name].map((letter) => (random.chance(0.5) ? letter.toUpperCase() : letter)).join('');

const plain = { name: 'ok.example', type: 'A' } as const;
const question = (name: string): readonly number[] => [...labelsOf(name), 0, 1, 0, 1];

/** Tricks: what is sent, and why there is no query in it to be decided. `ok.example` is allowed and `no.example` is not. */
export const dnsEvasions: Readonly<Record<string, readonly [Uint8Array, 'malformedQuery' | 'ambiguousQuery' | 'noQuery']>> = {
  'two questions, the second denied': [
    queryBytes({ ...plain, counts: [2, 0, 0, 0], behind: Uint8Array.from(question('no.example')) }),
    'ambiguousQuery',
  ],
  'no question': [queryBytes({ ...plain, counts: [0, 0, 0, 0] }), 'malformedQuery'],
  '256 questions': [queryBytes({ ...plain, counts: [256, 0, 0, 0] }), 'ambiguousQuery'],
  'a question behind the only one': [queryBytes({ ...plain, behind: Uint8Array.from(question('no.example')) }), 'ambiguousQuery'],
  'a byte behind the question': [queryBytes({ ...plain, behind: Uint8Array.of(0) }), 'ambiguousQuery'],
  'bytes behind EDNS': [queryBytes({ ...plain, options: 4, behind: Uint8Array.of(1) }), 'ambiguousQuery'],
  'EDNS that is longer than the message': [queryBytes({ ...plain, options: 4 }).subarray(0, -1), 'ambiguousQuery'],
  'EDNS cut off in its head': [queryBytes({ ...plain, options: 0 }).subarray(0, -3), 'malformedQuery'],
  'another record than EDNS': [
    queryBytes({ ...plain, counts: [1, 0, 0, 1], behind: Uint8Array.from([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]) }),
    'ambiguousQuery',
  ],
  'EDNS of a name': [
    queryBytes({ ...plain, counts: [1, 0, 0, 1], behind: Uint8Array.from([1, 97, 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0]) }),
    'ambiguousQuery',
  ],
  'two additional records': [queryBytes({ ...plain, counts: [1, 0, 0, 2] }), 'ambiguousQuery'],
  'an answer in the query': [queryBytes({ ...plain, counts: [1, 1, 0, 0] }), 'ambiguousQuery'],
  'an authority in the query': [queryBytes({ ...plain, counts: [1, 0, 1, 0] }), 'ambiguousQuery'],
  'a pointer to itself': [queryBytes({ ...plain, labels: Uint8Array.of(0xc0, 0x0c) }), 'ambiguousQuery'],
  'a pointer into the header': [queryBytes({ ...plain, labels: Uint8Array.of(0xc0, 0) }), 'ambiguousQuery'],
  'a pointer behind a label': [queryBytes({ ...plain, labels: Uint8Array.of(2, 111, 107, 0xc0, 0x0c) }), 'ambiguousQuery'],
  'a label of an unknown kind': [queryBytes({ ...plain, labels: Uint8Array.of(0x41, 1, 0) }), 'malformedQuery'],
  'a dot inside of a label': [
    queryBytes({ ...plain, labels: Uint8Array.from([10, ...encoder.encode('ok.example'), 0]) }),
    'ambiguousQuery',
  ],
  'NUL inside of a label': [queryBytes({ ...plain, labels: Uint8Array.from([2, 111, 0, ...labelsOf('example')]) }), 'ambiguousQuery'],
  'a name of 256 bytes': [
    queryBytes({
      ...plain,
      name: ['a', 'b', 'c', 'd']
        .map((letter) => letter.repeat(62))
        .join('.')
        .concat('.ef'),
    }),
    'malformedQuery',
  ],
  'a name that does not end': [queryBytes(plain).subarray(0, 20), 'malformedQuery'],
  'a label longer than the message': [queryBytes({ ...plain, labels: Uint8Array.of(63, 97) }), 'ambiguousQuery'],
  'no bytes at all': [new Uint8Array(), 'malformedQuery'],
  'half a header': [queryBytes(plain).subarray(0, 6), 'malformedQuery'],
  'an answer': [queryBytes({ ...plain, flags: 0x8180 }), 'noQuery'],
  'a dynamic update': [queryBytes({ ...plain, flags: 5 << 11 }), 'noQuery'],
  'a notification': [queryBytes({ ...plain, flags: 4 << 11 }), 'noQuery'],
  'a truncated query': [queryBytes({ ...plain, flags: 0x0300 }), 'ambiguousQuery'],
  'class CH': [queryBytes({ ...plain, class: 3 }), 'noQuery'],
  'class ANY': [queryBytes({ ...plain, class: 255 }), 'noQuery'],
  HTTP: [encoder.encode('GET / HTTP/1.1\r\nHost: ok.example\r\n\r\n'), 'noQuery'],
};
