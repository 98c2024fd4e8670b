// Changes of an input at random: of its words, of its lines, of its bytes. Most leave it a policy with one mistake, some a policy.
import type { Random } from '../harness/random.ts';
import { items, pieceOf, small, vocabulary } from './seeds.ts';

/** Values that are at a border or past it. */
const odd: readonly string[] = [
  ...['0', '-1', '65535', '65536', '4294967296', '9007199254740993', '9'.repeat(400), '00080', '80-79', '-5--3', '1e9', '0x50'],
  ...['0.0.0.0/0', '255.255.255.255/33', '::/0', '::ffff:10.0.0.1', '1:2:3:4:5:6:7:8:9', '10.0.0.1/8', '999.1.1.1', '2001:db8::/129'],
  ...['2026-02-30', '0000-00-00', '9999-12-31', '10/s', '4KiB', '999999999999999999d', '1/0', '3/'],
  ...[
    '""',
    '"*"',
    '"**"',
    '"***"',
    '"/"',
    '"//"',
    '"."',
    '".."',
    '"{"',
    '"{}"',
    '"{a}{b}"',
    '"%"',
    '"%zz"',
    '"%00"',
    '"["',
    '"\\\\"',
    '"\\n"',
  ],
  ...['"é"', '"😀"', '"\u202e"', '"\u0000"', '"(a|b"', '"a{1,99999}"', '"(a*)*"', '"a.com."', '"-"', '"*.*.*"', '"**.**"', '"A.B"'],
  ...[`"${'a'.repeat(300)}"`, `"${'a.'.repeat(127)}a"`, `"/${'x/'.repeat(200)}"`, '__proto__', 'constructor', 'toString', 'hasOwnProperty'],
  ...[
    '"__proto__"',
    '@',
    '@allow("check/x", "")',
    'not',
    'not not',
    'and',
    'or',
    'except',
    '= =',
    '->',
    ';;',
    ',,',
    '[]',
    '{}',
    '()',
    '[[',
    '}}',
  ],
  ...[
    'in namespace "n"',
    'in cluster "c"',
    'including workloads',
    'named "a.b"',
    '.service',
    'regex "a|b"',
    'glob "**"',
    'under "/"',
    'exists',
  ],
  ...[
    'absent',
    'tier admin',
    'priority -1000000',
    'mode audit',
    'log "x" rate 1/s',
    'default deny exec',
    'default allow',
    'code 0',
    'pass',
    'kill',
  ],
];

type Edit = (random: Random, text: string) => string;

const piecesOf = (text: string): string[] => text.match(pieceOf) ?? [];
/** An edit of the words at the places that `which` allows. */
const ofPieces =
  (edit: (random: Random, pieces: string[], at: number) => void, which = /\S/): Edit =>
  (random, text) => {
    const pieces = piecesOf(text);
    const places = pieces.flatMap((piece, i) => (which.test(piece) ? [i] : []));
    if (places.length > 0) edit(random, pieces, random.pick(places));
    return pieces.join('');
  };
const ofLines =
  (edit: (random: Random, lines: string[], at: number) => void): Edit =>
  (random, text) => {
    const lines = text.split('\n');
    edit(random, lines, random.int(lines.length));
    return lines.join('\n');
  };

const replace = (choice: (random: Random, piece: string) => string) => (random: Random, pieces: string[], at: number) => {
  pieces[at] = choice(random, pieces[at] ?? '');
};
const swap = (random: Random, list: string[], at: number): void => {
  const other = random.int(list.length);
  [list[at], list[other]] = [list[other] ?? '', list[at] ?? ''];
};
const isWord = /^[A-Za-z_]/;
const isText = /^"/;
const isNumber = /^\d/;
const bracket = /^[[\]{}()]$/;
const alike = [isWord, isText, isNumber, bracket].map((kind) => vocabulary.filter((piece) => kind.test(piece)));

function misspelt(random: Random, word: string): string {
  const at = random.int(word.length);
  return word.slice(0, at) + random.pick(['', 'x', word.charAt(at) + word.charAt(at), '-', '_', 'é', '.']) + word.slice(at + 1);
}

/** A word of this text, or of all, in the place of one of its kind. */
function sibling(random: Random, pieces: string[], at: number): void {
  const piece = pieces[at] ?? '';
  const kind = [isWord, isText, isNumber, bracket].findIndex((one) => one.test(piece));
  const own = pieces.filter((one) => [isWord, isText, isNumber, bracket][kind]?.test(one));
  const choice = random.chance(0.6) ? own : (alike[kind] ?? vocabulary);
  if (choice.length > 0) pieces[at] = random.pick(choice);
}

const edits: readonly Edit[] = [
  ofPieces(sibling),
  ofPieces(sibling),
  ofPieces(sibling, /^["\w]/),
  ofPieces(sibling, isText),
  ofPieces((_, pieces, at) => pieces.splice(at, 1)),
  ofPieces((_, pieces, at) => pieces.splice(at, 0, pieces[at] ?? '', ' ')),
  ofPieces(swap),
  ofPieces(replace((random) => random.pick(vocabulary))),
  ofPieces(replace((random) => random.pick(odd))),
  ofPieces(
    replace((random) => random.pick(odd)),
    /^["\d]/,
  ),
  ofPieces((random, pieces, at) => pieces.splice(at, 0, ` ${random.pick(vocabulary)} `)),
  ofPieces((random, pieces, at) => pieces.splice(at, 0, ` ${random.pick(odd)} `)),
  ofPieces((_, pieces, at) => pieces.splice(at, 1), bracket),
  ofPieces(replace(misspelt), isWord),
  ofPieces(
    replace((random, piece) => piece + '9'.repeat(1 + random.int(25))),
    isNumber,
  ),
  ofPieces(
    replace((random) => random.pick(['', '\n', ' ', ' // c\n', '\r\n', '\t'])),
    /^\s/,
  ),
  ofPieces(
    replace((random, piece) => `[${Array.from({ length: random.int(5) }, () => piece).join(', ')}]`),
    /^["\w]/,
  ),
  ofPieces(
    replace((random, piece) => `${random.pick(['not', '(', 'under', 'glob', 'regex', '='])} ${piece}`),
    /^["\w]/,
  ),
  ofLines((_, lines, at) => lines.splice(at, 1)),
  ofLines((_, lines, at) => lines.splice(at, 0, lines[at] ?? '')),
  ofLines(swap),
  ofLines((random, lines, at) => lines.splice(at, 0, random.pick(random.pick(small).split('\n')))),
  ofLines((random, lines, at) => lines.splice(at, 0, random.pick(items))),
  (random, text) => text.slice(0, random.int(text.length + 1)),
  (random, text) => text.slice(random.int(text.length + 1)),
];

const likeEdits: readonly Edit[] = [
  ofPieces(sibling, /^["\w]/),
  ofPieces(sibling, /^["\d]/),
  ofPieces(
    replace((random) => random.pick(odd)),
    /^["\d]/,
  ),
  ofLines((_, lines, at) => lines.splice(at, 1)),
  ofLines((_, lines, at) => lines.splice(at, 0, lines[at] ?? '')),
];

function several(random: Random, text: string, [some, most]: readonly [readonly Edit[], number]): string {
  let current = text;
  for (let count = 1 + random.int(most); count > 0; count--) current = random.pick(some)(random, current);
  return current;
}

/** One to `most` edits of words and lines. */
export const edited = (random: Random, text: string, most: number): string => several(random, text, [edits, most]);
/** Edits that often leave a policy whose form is right: words and texts in the place of their like. */
export const sameKind = (random: Random, text: string, most: number): string => several(random, text, [likeEdits, most]);

/** Bytes that are no UTF-8, or text that nobody sees. */
const oddBytes: readonly Buffer[] = [
  ...[
    'c080',
    'eda080',
    'f4908080',
    'f8888080',
    'ff',
    'fe',
    '80',
    'e282',
    'efbbbf',
    'fffe',
    '00',
    '0d',
    '0d0a',
    '0b',
    '0c',
    '1b5b316d',
    '7f',
  ],
  ...['e280ae', 'e2808b', 'efbbbf', 'c2a0', 'e38080', 'cc81', 'f09f9880', 'efbfbd', 'efbfbf', 'e280a8', 'c285', '5c', '22', '2f2f', '0a'],
].map((hexadecimal) => Buffer.from(hexadecimal, 'hex'));

type ByteEdit = (random: Random, bytes: Buffer) => Buffer;
const byteEdits: readonly ByteEdit[] = [
  (random, bytes) => {
    const copy = Buffer.from(bytes);
    const at = random.int(bytes.length);
    copy.writeUInt8((copy[at] ?? 0) ^ (1 << random.int(8)), at);
    return copy;
  },
  (random, bytes) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(32 + random.int(95), random.int(bytes.length));
    return copy;
  },
  (random, bytes) => inserted(random, bytes, random.pick(oddBytes)),
  (random, bytes) => inserted(random, bytes, Buffer.from([random.int(128)])),
  (random, bytes) => bytes.subarray(0, random.int(bytes.length + 1)),
  (random, bytes) => Buffer.concat([bytes.subarray(0, random.int(bytes.length)), bytes.subarray(random.int(bytes.length))]),
];

function inserted(random: Random, bytes: Buffer, piece: Buffer): Buffer {
  const at = random.int(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}

/** One to three edits of bytes. */
export function damaged(random: Random, text: string): Buffer {
  let bytes: Buffer = Buffer.from(text);
  for (let count = 1 + random.int(3); count > 0 && bytes.length > 0; count--) bytes = random.pick(byteEdits)(random, bytes);
  return bytes;
}

export const randomBytes = (random: Random): Buffer =>
  Buffer.from(Array.from({ length: random.int(120) }, () => (random.chance(0.7) ? 9 + random.int(118) : random.int(256))));
