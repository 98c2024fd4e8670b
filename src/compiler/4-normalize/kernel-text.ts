// The texts that the kernel's automata read: the values of a few fields (ir/abi.ts, kernelFields), a blank between (`METHOD SP
// path`; the path of a program). A match becomes one pattern over them.
import type { LineMatch } from '../domains/domain.ts';
import { kernelFields } from '../ir/abi.ts';
import type { DomainMatch, Rule } from '../ir/typed.ts';
import { anyText, both, byteIn, either, literal, type Pattern, repeat, sequence } from '../space/pattern.ts';

/** The match of a rule on a text, if it has one. */
export const matchOf = (rule: Rule): DomainMatch | undefined => (rule.section === 'process' ? rule.match : rule.layer7);

/** Any value but of the last field: no blank stands in it, or the text could be read in two ways. */
const anyWord: Pattern = repeat(byteIn([0, 0x1f], [0x21, 0xff]), 0);

/** Can it match a blank that was not written? */
const isOpen = (pattern: Pattern): boolean => pattern.kind === 'not' || ('parts' in pattern && pattern.parts.some(isOpen));

function fieldPattern(line: LineMatch, field: string, isLast: boolean): Pattern {
  const tested = line.flatMap(({ field: name, values }) => (name === field && values.kind === 'text' ? [values.pattern] : []));
  const [first, ...others] = tested;
  if (!first) return isLast ? anyText : anyWord;
  const pattern = others.length === 0 ? first : both(first, ...others);
  return isLast || !isOpen(pattern) ? pattern : both(anyWord, pattern);
}

const linePattern = (line: LineMatch, fields: readonly string[]): Pattern =>
  sequence(...fields.flatMap((field, i) => [...(i === 0 ? [] : [literal(' ')]), fieldPattern(line, field, i === fields.length - 1)]));

/** The texts for which the match holds; undefined where it is about more than them (5-plan refuses such rules). */
export function kernelPattern({ domain, lines }: DomainMatch): Pattern | undefined {
  const fields = kernelFields[domain];
  if (!fields?.length || lines.some((line) => line.some(({ field, values }) => !fields.includes(field) || values.kind !== 'text'))) {
    return undefined;
  }
  const [first, ...others] = lines.map((line) => linePattern(line, fields));
  return first && others.length > 0 ? either(first, ...others) : first;
}
