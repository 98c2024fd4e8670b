// Contents around the matches of a policy: values that lie in its patterns, and what misses them by a character.
import { readableFields } from '../../src/compiler/analysis/content-encoding.ts';
import { textMatcher } from '../../src/compiler/analysis/derivative.ts';
import type { Content, DomainSpec, FieldSpec, FieldTest, FieldValues, LineMatch, SharedText } from '../../src/compiler/domains/domain.ts';
import type { DomainMatch } from '../../src/compiler/ir/typed.ts';
import type { Pattern } from '../../src/compiler/space/pattern.ts';
import type { Random } from './random.ts';

const familiar = ['a', 'x', '1', '.', '-', 'b'];
const matcher = textMatcher();

/**
 * A short text that matches; bytes are taken from what people write where the pattern leaves the choice. Of intersections
 * and complements only a guess.
 */
export function member(random: Random, pattern: Pattern): string {
  switch (pattern.kind) {
    case 'literal':
      return pattern.text;
    case 'byte': {
      const fits = (text: string): boolean => pattern.ranges.some(([low, high]) => low <= text.charCodeAt(0) && text.charCodeAt(0) <= high);
      const choice = [...familiar, '/', 'G'].filter(fits);
      return choice.length > 0 ? random.pick(choice) : String.fromCharCode(pattern.ranges[0]?.[0] ?? 97);
    }
    case 'sequence':
      return pattern.parts.map((part) => member(random, part)).join('');
    case 'either':
    case 'both':
      return pattern.parts.length > 0 ? member(random, random.pick(pattern.parts)) : '';
    case 'repeat':
      return Array.from({ length: pattern.minimum + random.int(3) }, () => member(random, pattern.part)).join('');
    case 'not':
      return near(random, member(random, pattern.part));
  }
}

const insertions = ['a', '/', '.', '%41', '%2F', '//', '..', '%20'];

/** A text that is like another but for one place. */
export function near(random: Random, text: string): string {
  const at = random.int(text.length + 1);
  if (random.chance(0.4)) return text.slice(0, at) + random.pick(insertions) + text.slice(at);
  if (random.chance(0.5)) return text.slice(0, at) + text.slice(at + 1);
  return `${text}${random.pick(['/', 'x', '/x', 's'])}`;
}

/** A value that an event can have, near what the tests name where that is possible. */
function randomValue(random: Random, { type }: FieldSpec, tests: readonly FieldTest[]): string {
  const test = tests.length > 0 && random.chance(0.85) ? random.pick(tests) : undefined;
  if (type.kind === 'number') {
    const { low, high } = type.range ?? { low: 0, high: 65_535 };
    const ranges = test?.values.kind === 'number' ? test.values.ranges : [{ low: 0, high: 1000 }];
    const borders = ranges.flatMap((range) => [range.low - 1, range.low, range.high, range.high + 1]);
    return `${random.pick([low, ...borders.filter((one) => low <= one && one <= high)])}`;
  }
  const pattern = test?.values.kind === 'text' ? test.values.pattern : type.familiar;
  for (let tries = 0; tries < 12; tries++) {
    const text = member(random, tries < 8 ? pattern : type.familiar);
    const value = random.chance(0.35) ? near(random, text) : text;
    if (matcher.matches(type.possible, value)) return value;
  }
  return member(random, type.possible);
}

const reasons: Readonly<Record<string, readonly string[]>> = {
  http: ['notHttp', 'headTooLong', 'malformedRequest'],
  exec: ['unnamedFile'],
};
/** What the kernel programs read, where that is not every field. */
const nativeFields: Readonly<Record<string, readonly string[]>> = { exec: ['path'] };

function randomField(random: Random, spec: FieldSpec, tests: readonly FieldTest[]): readonly string[] | undefined {
  const isAbsent = !spec.always && random.chance(tests.length > 0 ? 0.25 : 0.7);
  if (isAbsent) return undefined;
  const count = spec.quantity === 'one' ? 1 : 1 + random.int(2);
  return Array.from({ length: count }, () => randomValue(random, spec, tests));
}

/** What an event of the domain says: near one line of the matches, undecidable now and then. `native`: only what the kernel programs read. */
export function randomContent(
  random: Random,
  domain: DomainSpec,
  { matches, native = false }: { readonly matches: readonly DomainMatch[]; readonly native?: boolean },
): Content {
  if (random.chance(0.07)) return { kind: 'undecidable', reason: random.pick(reasons[domain.name] ?? ['encrypted']) };
  const lines: readonly LineMatch[] = matches.filter((match) => match.domain === domain.name).flatMap((match) => match.lines);
  const line = lines.length > 0 && random.chance(0.8) ? random.pick(lines) : lines.flat();
  const fields: Record<string, Exclude<Content, { kind: 'undecidable' }>['fields'][string]> = {};
  for (const spec of domain.fields) {
    if (native && nativeFields[domain.name]?.includes(spec.name) === false) continue;
    const tested = lines.flat().filter(({ field }) => field.split(' ')[0] === spec.name);
    for (const name of spec.key ? new Set(tested.map(({ field }) => field)) : [spec.name]) {
      const own = line.filter(({ field }) => field === name);
      const values = randomField(random, spec, own.length > 0 ? own : tested);
      if (!native && spec.mayBeUndecidable && random.chance(0.1)) fields[name] = { kind: 'undecidable', reason: 'too long' };
      else if (values) fields[name] = values;
    }
  }
  return { kind: 'fields', fields: domain.shared ? asRead(random, domain.shared, fields) : fields };
}

/** Path and query are what is read of the target; a target that gives no path is another one. */
function asRead(random: Random, shared: SharedText, fields: FieldValues): FieldValues {
  const said = readableFields(fields, shared.readings);
  const [[path = '/'], [query], [target]] = [said['path'] ?? [], said['query'] ?? [], said[shared.text] ?? []];
  const plain = query === undefined ? path : `${path}?${query}`;
  const readOf = (sent: string) => shared.decode(shared.encode({ [shared.text]: [sent] }));
  const chosen = random.chance(0.5) ? readOf(target ?? plain) : {};
  const read = Object.hasOwn(chosen, shared.text) ? chosen : readOf(plain);
  const others = Object.entries(fields).filter(([name]) => !shared.readings.includes(name));
  return { ...Object.fromEntries(others), ...read };
}
