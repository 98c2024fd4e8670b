// The target of a request as the one text that path, query and target are read from. A joint text holds each byte of the target as it is
// sent, and behind the bytes of one character of the path, moved out of ASCII, that character: a path is read by leaving out what was
// sent, a target by leaving out what was made of it. So a pattern of either is a pattern of joint texts, and no class is of a request
// that nobody can send. The joint texts are those that request.ts gives a path for.
import { both, byteIn, either, literal, type Pattern, repeat, sequence } from '../../space/pattern.ts';
import { preimage, type Reading } from '../../space/preimage.ts';
import type { SharedText } from '../domain.ts';
import { path } from './path.ts';
import { canonicalTarget } from './request.ts';

/** From a byte of the path to its place in a joint text: `!` to `~` are below the signs of content-encoding.ts. */
const shift = 0x78;
const [firstVisible, lastVisible] = [0x21, 0x7e];
const sentBytes = [0, 0x7f] as const;
const madeBytes = [firstVisible + shift, lastVisible + shift] as const;
const asPath: Reading = { letters: madeBytes, shift, leftOut: [sentBytes] };
const asTarget: Reading = { letters: sentBytes, shift: 0, leftOut: [madeBytes] };
const asQuery: Reading = { letters: sentBytes, shift: 0, leftOut: [] };

const byte = (code: number): Pattern => byteIn([code, code]);
const made = (text: string): Pattern => sequence(...[...text].map((character) => byte(character.charCodeAt(0) + shift)));

const hexDigits = [...'0123456789ABCDEF'];
/** A digit however it was sent. */
const sentDigit = (digit: string): Pattern => either(literal(digit), literal(digit.toLowerCase()));
/** ... and as it stands in a path. */
const digit = (digits: string): Pattern => either(...[...digits].map((one) => sequence(sentDigit(one), made(one))));

function character(code: number): Pattern {
  const [high = '', low = ''] = code.toString(16).toUpperCase();
  const encoded = sequence(literal('%'), sentDigit(high), sentDigit(low));
  return sequence(either(byte(code), encoded), byte(code + shift));
}

const visible = Array.from({ length: lastVisible - firstVisible + 1 }, (_, i) => firstVisible + i);
const characters = visible.filter((code) => !'%/\\?#'.includes(String.fromCharCode(code))).map(character);
/** Space, `#`, `?`, and what is no ASCII. */
const escaped = sequence(
  literal('%'),
  made('%'),
  either(
    sequence(digit('2'), digit('03')),
    sequence(digit('3'), digit('F')),
    sequence(digit(hexDigits.slice(8).join('')), digit(hexDigits.join(''))),
  ),
);
const slash = sequence(literal('/'), made('/'));
const query = sequence(literal('?'), repeat(byteIn([0x21, 0x22], [0x24, 0x7e]), 0));
const orNone = (pattern: Pattern): Pattern => either(pattern, literal(''));

const sentPath = repeat(either(slash, escaped, ...characters), 0);
/** What stands before the first `?`. */
const untilQuery = repeat(byteIn([0, 0x3e], [0x40, madeBytes[1]]), 0);
const familiarQuery = sequence(literal('?'), repeat(byteIn([0x30, 0x39], [0x3d, 0x3d], [0x61, 0x7a]), 1));
const plainlySent = either(slash, ...visible.map((code) => sequence(byte(code), byte(code + shift))));

export const sentTarget: SharedText = {
  text: 'target',
  readings: ['path', 'query', 'target'],
  possible: both(sequence(sentPath, orNone(query)), preimage(path.possible, asPath)),
  familiar: both(sequence(repeat(plainlySent, 1), orNone(familiarQuery)), preimage(path.familiar, asPath)),
  where: (field, values) => {
    if (field === 'path') return preimage(values, asPath);
    return field === 'target' ? preimage(values, asTarget) : sequence(untilQuery, literal('?'), preimage(values, asQuery));
  },
  encode: ({ target: [target = ''] = [] }) => jointText(target),
  decode: (text) => {
    const target = String.fromCharCode(...text.filter((code) => code <= sentBytes[1]));
    const content = canonicalTarget('GET', target);
    return content.kind === 'fields' ? content.fields : {};
  },
};

function jointText(target: string): Uint8Array {
  const end = target.includes('?') ? target.indexOf('?') : target.length;
  const codes = (text: string, by = 0): readonly number[] => [...text].map((one) => one.charCodeAt(0) + by);
  const path = [...target.slice(0, end).matchAll(/%..|[\s\S]/g)].flatMap(([sent]) => {
    const read = characterOf(sent);
    return read.length === 1
      ? [...codes(sent), ...codes(read, shift)]
      : [...sent].flatMap((one, i) => [...codes(one), ...codes(read[i] ?? '', shift)]);
  });
  return Uint8Array.from([...path, ...codes(target.slice(end))]);
}

/** What a path has for one character of a target. */
function characterOf(sent: string): string {
  const content = canonicalTarget('GET', `/a${sent}`);
  return content.kind === 'fields' ? (content.fields['path']?.[0] ?? '').slice('/a'.length) : '';
}
