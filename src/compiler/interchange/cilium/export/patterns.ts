// Text patterns as Cilium writes them: expressions over the whole value, and names with wildcards.

import type { ByteRange, Pattern } from '../../../space/pattern.ts';

/** Is it every text? */
const isEveryText = (pattern: Pattern): boolean =>
  (pattern.kind === 'repeat' && pattern.minimum === 0 && pattern.part.kind === 'byte' && pattern.part.ranges.join(';') === '0,255') ||
  (pattern.kind === 'sequence' && pattern.parts.length === 1 && pattern.parts.every(isEveryText)) ||
  (pattern.kind === 'both' && pattern.parts.length === 0);

const escaped = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
const byteText = (byte: number): string =>
  /[A-Za-z0-9]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
const rangeText = ([low, high]: ByteRange): string => (low === high ? byteText(low) : `${byteText(low)}-${byteText(high)}`);

/** No text of ASCII. */
const nothing = 'nothing';

/** An expression over the whole text; undefined of what has none. What is not ASCII stands in none of these values. */
export function expressionOf(pattern: Pattern): string | undefined {
  const found = readExpression(pattern);
  return found === nothing ? undefined : found;
}

function readExpression(pattern: Pattern): string | typeof nothing | undefined {
  if (isEveryText(pattern)) return '.*';
  switch (pattern.kind) {
    case 'literal':
      return escaped(pattern.text);
    case 'byte':
      return byteExpression(pattern.ranges);
    case 'sequence': {
      const texts = pattern.parts.map(readExpression);
      if (texts.includes(nothing)) return nothing;
      return texts.includes(undefined) ? undefined : texts.join('');
    }
    case 'either': {
      const texts = pattern.parts.map(readExpression).filter((text) => text !== nothing);
      if (texts.includes(undefined)) return undefined;
      const [only] = texts;
      return texts.length === 0 ? nothing : texts.length === 1 ? only : `(${texts.join('|')})`;
    }
    case 'repeat': {
      const part = readExpression(pattern.part);
      if (part === nothing) return pattern.minimum === 0 ? '' : nothing;
      const isSingle = part === '.' || /^\[[^\]]*\]$/.test(part ?? '');
      return part === undefined ? undefined : `${isSingle ? part : `(${part})`}${pattern.minimum === 0 ? '*' : '+'}`;
    }
    default:
      return undefined;
  }
}

function byteExpression(ranges: readonly ByteRange[]): string {
  const ascii = ranges.filter(([low]) => low < 0x80).map(([low, high]): ByteRange => [low, Math.min(high, 0x7f)]);
  if (ascii.length === 0) return nothing;
  return ascii.join(';') === '0,9;11,127' ? '.' : `[${ascii.map(rangeText).join('')}]`;
}

/** The one text that it matches, where it is written so. */
export function textOf(pattern: Pattern): string | undefined {
  if (pattern.kind === 'literal') return pattern.text;
  if (pattern.kind !== 'sequence') return undefined;
  const texts = pattern.parts.map(textOf);
  return texts.includes(undefined) ? undefined : texts.join('');
}

const isNotDot = ({ ranges }: Pattern & { kind: 'byte' }): boolean => ranges.join(';') === '0,45;47,255';

/** `api.example.com`, `*.example.com`, `**.example.com`; undefined where wildcards do not say it. */
export function nameOf(pattern: Pattern): { readonly matchName: string } | { readonly matchPattern: string } | undefined {
  const whole = textOf(pattern);
  if (whole !== undefined) return { matchName: whole };
  if (isEveryText(pattern)) return { matchPattern: '*' };
  if (pattern.kind !== 'sequence') return undefined;
  const texts = pattern.parts.map((part, i) => {
    if (part.kind === 'literal') return part.text;
    if (part.kind !== 'repeat' || part.minimum !== 0) return undefined;
    const next = pattern.parts[i + 1];
    if (isEveryText(part)) return i === 0 && next?.kind === 'literal' && next.text.startsWith('.') ? '**' : undefined;
    return part.part.kind === 'byte' && isNotDot(part.part) ? '*' : undefined;
  });
  if (texts.includes(undefined)) return undefined;
  const text = texts.join('');
  return text.includes('*') ? { matchPattern: text === '**' ? '*' : text } : { matchName: text };
}

/** The alternatives of a union of names. */
export const alternatives = (pattern: Pattern): readonly Pattern[] =>
  pattern.kind === 'either' ? pattern.parts.flatMap(alternatives) : [pattern];
