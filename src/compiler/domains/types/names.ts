// DNS names: queried names, server names, hosts. Lower case, without a dot at the end; labels of letters, digits, `-`
// and `_`. The root, and what is no name (an address), is no value.
import { anyText, byteIn, literal, type Pattern, repeat, sequence } from '../../space/pattern.ts';
import type { Mistake } from '../describe.ts';
import { textType } from './text-operand.ts';

/** RFC 1035, 2.3.4: bytes of a name as text, and of a label. */
const longestName = 253;
const longestLabel = 63;

const labelByte = byteIn([0x2d, 0x2d], [0x30, 0x39], [0x5f, 0x5f], [0x61, 0x7a]);
const letter = byteIn([0x61, 0x7a]);
const notDot = byteIn([0, 0x2d], [0x2f, 0xff]);
const dotted = (label: Pattern, others: 0 | 1): Pattern => sequence(label, repeat(sequence(literal('.'), label), others));

/** A name in canonical form, wildcards still in it. */
const canonicalName = (text: string): string => text.toLowerCase().replace(/(?<=.)\.$/s, '');

/** Why no name has this form, or undefined. */
function mistakeIn(name: string): Mistake | undefined {
  if (name === '') return { reason: 'a name has at least one label' };
  const bad = /[^-a-z0-9_.*]/u.exec(name);
  if (bad) {
    const hint = /[^\0-\x7f]/u.test(bad[0]) ? { hint: 'write names in other alphabets as they are asked for: `xn--...`' } : {};
    return { reason: `\`${bad[0]}\` does not stand in names`, at: bad.index, ...hint };
  }
  const tooMany = /\*{3,}/.exec(name);
  if (tooMany)
    return { reason: '`***` has no meaning', hint: 'write `*` inside one label, `**` for any number of labels', at: tooMany.index };
  const labels = name.split('.');
  if (labels.some((label) => label === '')) return { reason: 'a label is never empty' };
  if (labels.some((label) => label.replaceAll('*', '').length > longestLabel))
    return { reason: `a label has at most ${longestLabel} bytes` };
  if (name.replaceAll('*', '').length > longestName) return { reason: `a name has at most ${longestName} bytes` };
  return undefined;
}

function namePattern(text: string): Pattern | Mistake {
  const name = canonicalName(text);
  const mistake = mistakeIn(name);
  if (mistake) return mistake;
  const pieces = [...name.matchAll(/\*+|[^*]+/g)].map(([piece]) => piece);
  return sequence(...pieces.map((piece) => (piece === '**' ? anyText : piece === '*' ? repeat(notDot, 0) : literal(piece))));
}

export const domainName = textType({
  noun: 'name',
  expected: 'a name ("api.example.com")',
  operators: ['regex'],
  declared: ['domain'],
  possible: dotted(repeat(labelByte, 1), 0),
  familiar: dotted(repeat(letter, 1), 1),
  form: 'names are compared in lower case, without a port and without a dot at the end',
  pattern: ({ raw }) => namePattern(raw),
  canonical: (text) => {
    const value = canonicalName(text);
    if (value.includes('*')) return { reason: '`*` does not stand in names' };
    return mistakeIn(value) ?? { value };
  },
});
