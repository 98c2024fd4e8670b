// What escapes and named classes stand for in regular expressions (RE2's ASCII meaning).
import { type CharacterSet, otherCharacters } from './characters.ts';
import { intervals } from './interval.ts';

const ranges = (...list: readonly (readonly [low: string, high: string])[]): CharacterSet =>
  intervals(list.map(([low, high]) => ({ low: low.charCodeAt(0), high: high.charCodeAt(0) })));

const digit = ranges(['0', '9']);
const word = ranges(['0', '9'], ['A', 'Z'], ['_', '_'], ['a', 'z']);
const space = ranges(['\t', '\n'], ['\f', '\r'], [' ', ' ']);

/** `\d`: the sign behind the backslash -> its characters. */
export const classEscapes: Readonly<Record<string, CharacterSet>> = {
  d: digit,
  D: otherCharacters(digit),
  w: word,
  W: otherCharacters(word),
  s: space,
  S: otherCharacters(space),
};

/** `\n`: the sign -> its character. */
export const simpleEscapes: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b, a: 0x07 };

/** `[[:alpha:]]`. */
export const posixClasses: ReadonlyMap<string, CharacterSet> = new Map(
  Object.entries({
    alnum: ranges(['0', '9'], ['A', 'Z'], ['a', 'z']),
    alpha: ranges(['A', 'Z'], ['a', 'z']),
    ascii: ranges(['\0', '\x7f']),
    blank: ranges(['\t', '\t'], [' ', ' ']),
    cntrl: ranges(['\0', '\x1f'], ['\x7f', '\x7f']),
    digit,
    graph: ranges(['!', '~']),
    lower: ranges(['a', 'z']),
    print: ranges([' ', '~']),
    punct: ranges(['!', '/'], [':', '@'], ['[', '`'], ['{', '~']),
    space: ranges(['\t', '\r'], [' ', ' ']),
    upper: ranges(['A', 'Z']),
    word,
    xdigit: ranges(['0', '9'], ['A', 'F'], ['a', 'f']),
  }),
);
