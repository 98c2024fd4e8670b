// Patterns and classes of content in words. `*` stands for any bytes but `/`, `**` for any; what neither can say is
// written as a regular expression.
import type { ByteRange, Pattern } from '../space/pattern.ts';
import type { TextClass, TextClasses } from './content.ts';
import type { Item } from './judge.ts';

const isRanges = (ranges: readonly ByteRange[], ...wanted: readonly ByteRange[]): boolean => ranges.join(';') === wanted.join(';');
const isSegment = (pattern: Pattern): boolean => pattern.kind === 'byte' && isRanges(pattern.ranges, [0, 46], [48, 255]);
const isAnyByte = (pattern: Pattern): boolean => pattern.kind === 'byte' && isRanges(pattern.ranges, [0, 255]);

/** Any method: one or more bytes of a token. A rule that names no method is written without one. */
const isToken = (pattern: Pattern): boolean =>
  pattern.kind === 'repeat' && pattern.part.kind === 'byte' && pattern.part.ranges[0]?.join() === '33,33';

const byteWords = (byte: number): string =>
  byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
const rangeWords = ([low, high]: ByteRange): string => (low === high ? byteWords(low) : `${byteWords(low)}-${byteWords(high)}`);

/** A pattern as a glob, as far as one can say it. */
export function patternWords(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'literal':
      return pattern.text;
    case 'byte':
      return isAnyByte(pattern) || isSegment(pattern) ? '?' : `[${pattern.ranges.map(rangeWords).join('')}]`;
    case 'sequence': {
      const [method, space] = pattern.parts;
      const anyMethod = method && isToken(method) && space?.kind === 'literal' && space.text === ' ';
      return pattern.parts
        .slice(anyMethod ? 2 : 0)
        .map(patternWords)
        .join('');
    }
    case 'either':
      return eitherWords(pattern.parts);
    case 'repeat':
      if (isSegment(pattern.part)) return '*';
      if (isAnyByte(pattern.part)) return '**';
      return `${pattern.part.kind === 'byte' ? patternWords(pattern.part) : `(${patternWords(pattern.part)})`}${pattern.minimum === 0 ? '*' : '+'}`;
  }
}

function eitherWords(parts: readonly Pattern[]): string {
  const words = parts.map(patternWords);
  const some = words.filter((text) => text !== '');
  const whole = some.length === 1 && some[0] !== undefined ? some[0] : `(${some.join('|')})`;
  return some.length === words.length ? whole : `${whole}?`;
}

/** Is every text of the i-th pattern one of the j-th? */
const implies = ({ classes }: TextClasses, i: number, j: number): boolean =>
  classes.every(({ matched }) => !matched[i] || matched[j] === true);
const indices = ({ patterns }: TextClasses): readonly number[] => patterns.map((_, i) => i);

/** The sharpest patterns that the class matches, except the widest that it does not. */
function classWords(all: TextClasses, { matched }: TextClass): string {
  const inside = indices(all).filter((i) => matched[i]);
  const sharpest = inside.filter((i) => !inside.some((j) => implies(all, j, i) && (!implies(all, i, j) || j < i)));
  const cutting = indices(all).filter(
    (i) => !matched[i] && all.classes.some((other) => other.matched[i] && sharpest.every((j) => other.matched[j])),
  );
  const widest = cutting.filter((i) => !cutting.some((j) => implies(all, i, j) && (!implies(all, j, i) || j < i)));
  const words = (list: readonly number[], joint: string): string =>
    list
      .flatMap((i) => all.patterns[i] ?? [])
      .map(patternWords)
      .join(joint);
  if (inside.length === 0) return widest.length === 0 ? 'every text' : `all but ${words(widest, ', ')}`;
  return widest.length === 0 ? words(sharpest, ' that is also ') : `${words(sharpest, ' that is also ')} except ${words(widest, ', ')}`;
}

/** Classes together: whole patterns where all of their classes are there, the rest one by one. */
function classesWords(all: TextClasses, texts: readonly TextClass[]): readonly string[] {
  const possible = all.classes.filter(({ example }) => example !== undefined);
  const chosen = new Set(texts);
  if (possible.every((text) => chosen.has(text))) return ['**'];
  const complete = indices(all).filter(
    (i) => possible.every((text) => !text.matched[i] || chosen.has(text)) && texts.some((text) => text.matched[i]),
  );
  const widest = complete.filter((i) => !complete.some((j) => implies(all, i, j) && (!implies(all, j, i) || j < i)));
  const rest = texts.filter(({ matched }) => !widest.some((i) => matched[i]));
  return [...widest.flatMap((i) => all.patterns[i] ?? []).map(patternWords), ...rest.map((text) => classWords(all, text))];
}

const nouns: Readonly<Record<string, string>> = { http: 'requests', exec: 'programs' };

/** The content of a change; empty where content makes no difference. */
export function contentWords(items: readonly Item[]): string {
  const texts = items.flatMap((item) => (item.kind === 'text' ? [item] : []));
  const [first] = texts;
  const unread = items.flatMap((item) => (item.kind === 'undecidable' ? [item.domain] : []));
  const words = [
    ...(first
      ? [
          `${first.classes.domain} ${classesWords(
            first.classes,
            texts.map(({ text }) => text),
          ).join(', ')}`,
        ]
      : []),
    ...unread.map((domain) => `${domain} ${nouns[domain] ?? 'content'} that cannot be read`),
  ];
  return words.length > 0 ? words.join(', ') : items.some(({ kind }) => kind === 'connection') ? 'the connection itself' : '';
}
