// What the oracle says of content: does a match hold for an event, and is there a request that one match allows and
// none of others refuses? Both from the tests of the fields, as they stand.
import type { Content, Domains, FieldSpec, FieldTest, LineMatch, ValueSet } from '../domains/domain.ts';
import type { DomainMatch } from '../ir/typed.ts';
import { anyText, type Pattern } from '../space/pattern.ts';
import { type TextMatcher, textMatcher } from './derivative.ts';
import { AnalysisLimit } from './limit.ts';
import { isIn } from './oracle-members.ts';

/** Does a condition hold? Undecidable: encrypted, another protocol, over a limit, ambiguous. */
export type Truth = boolean | 'undecidable';
/** What an event says, and of which domain. */
export type Asked = { readonly domain: string; readonly content: Content };

/** Remembers what it has worked out about patterns: keep one for all questions about one policy. */
export type ContentReader = {
  readonly matches: TextMatcher['matches'];
  readonly truthOf: (match: DomainMatch, asked: Asked) => Truth;
  readonly testHolds: (test: FieldTest, values: readonly string[]) => Truth;
  /**
   * Is there a request for which a line of `match` holds (of any domain, if it is absent) and certainly no line of `refused`?
   * @throws AnalysisLimit
   */
  readonly isSomeAllowed: (match: DomainMatch | undefined, refused: readonly DomainMatch[]) => boolean;
};

/** All parts hold. */
export const and = (parts: readonly Truth[]): Truth =>
  parts.includes(false) ? false : parts.includes('undecidable') ? 'undecidable' : true;
/** One of the parts holds. */
export const or = (parts: readonly Truth[]): Truth => (parts.includes(true) ? true : parts.includes('undecidable') ? 'undecidable' : false);

export function contentReader(domains: Domains): ContentReader {
  const matcher = textMatcher();
  const isValue = (set: ValueSet, value: string): boolean =>
    set.kind === 'text' ? matcher.matches(set.pattern, value) : isIn(set.ranges, Number(value));
  const testHolds = ({ every, orAbsent, values }: FieldTest, found: readonly string[]): Truth => {
    if (found.length === 0) return orAbsent;
    const inside = found.filter((value) => isValue(values, value)).length;
    if (!every) return inside > 0;
    return inside === found.length ? true : inside === 0 ? false : 'undecidable';
  };
  const truthOf = (match: DomainMatch, { domain, content }: Asked): Truth => {
    if (content.kind === 'undecidable' || domain !== match.domain) return 'undecidable';
    const holds = (test: FieldTest): Truth => {
      const found = Object.hasOwn(content.fields, test.field) ? content.fields[test.field] : [];
      return found && 'kind' in found ? 'undecidable' : testHolds(test, found ?? []);
    };
    return or(match.lines.map((line) => and(line.map(holds))));
  };
  return { matches: matcher.matches, truthOf, testHolds, isSomeAllowed: requests(domains, matcher) };
}

// --- some request ---------------------------------------------------------------------------------------------------

/** Which of the tests of one field are true of one choice of its value (or none), in their order. */
type Choice = readonly boolean[];
const mostSets = 20_000;

/**
 * A request is any combination of values of its domain's fields. Field by field, only those choices count under which the
 * line holds, and of them only which of the refusing lines they make false: a line is false as soon as one of its tests is.
 * More values of one field than the line has tests of it make no more lines false.
 */
function requests(domains: Domains, matcher: TextMatcher): ContentReader['isSomeAllowed'] {
  const specOf = (domain: string, field: string): FieldSpec | undefined =>
    domains.find(({ name }) => name === domain)?.fields.find(({ name }) => name === field.split(' ')[0]);
  const isPossible = (domain: string, line: LineMatch, refusing: readonly LineMatch[]): boolean => {
    const fields = [...new Set([line, ...refusing].flatMap((tests) => tests.map(({ field }) => field)))];
    let open: readonly (readonly LineMatch[])[] = [refusing];
    for (const field of fields) {
      const own = line.filter((test) => test.field === field);
      const others = [...new Set(refusing.flatMap((tests) => tests.filter((test) => test.field === field)))];
      const choices = choicesOf(matcher, specOf(domain, field), { own, others }).filter((choice) =>
        own.every((_, i) => choice[i] === true),
      );
      const falseUnder = choices.map((choice) => new Set(others.filter((_, i) => choice[own.length + i] === false)));
      open = smallest(open.flatMap((lines) => falseUnder.map((tests) => lines.filter((one) => !one.some((test) => tests.has(test))))));
      if (open.length > mostSets) throw new AnalysisLimit('requests', mostSets);
    }
    return open.some((lines) => lines.length === 0);
  };
  return (match, refused) => {
    const [domain, another] = new Set([...(match ? [match] : []), ...refused].map((one) => one.domain));
    // A request of one domain is undecidable for the rules of every other, and what is undecidable is refused.
    if (another !== undefined) return false;
    const refusing = refused.flatMap(({ lines }) => lines);
    return domain === undefined || (match?.lines ?? [[]]).some((line) => isPossible(domain, line, refusing));
  };
}

/** Without the sets that hold another: fewer lines left are easier to make false. */
function smallest(sets: readonly (readonly LineMatch[])[]): readonly (readonly LineMatch[])[] {
  const ordered = [...sets].sort((a, b) => a.length - b.length);
  const kept: (readonly LineMatch[])[] = [];
  for (const set of ordered) if (!kept.some((smaller) => smaller.every((line) => set.includes(line)))) kept.push(set);
  return kept;
}

type Tests = { readonly own: readonly FieldTest[]; readonly others: readonly FieldTest[] };

function choicesOf(matcher: TextMatcher, spec: FieldSpec | undefined, { own, others }: Tests): readonly Choice[] {
  const tests = [...own, ...others];
  const absent = spec?.always ? [] : [tests.map(({ orAbsent }) => orAbsent)];
  const single = tests[0]?.values.kind === 'number' ? numberChoices(spec, tests) : textChoices(matcher, spec, tests);
  return [...absent, ...(spec?.quantity === 'some' ? together(single, own.length) : single)];
}

function textChoices(matcher: TextMatcher, spec: FieldSpec | undefined, tests: readonly FieldTest[]): readonly Choice[] {
  const patterns = tests.map(({ values }): Pattern => (values.kind === 'text' ? values.pattern : { kind: 'either', parts: [] }));
  return matcher.combinations([spec?.type.possible ?? anyText, ...patterns]).flatMap(([possible, ...choice]) => (possible ? [choice] : []));
}

function numberChoices(spec: FieldSpec | undefined, tests: readonly FieldTest[]): readonly Choice[] {
  const { low, high } = spec?.type.range ?? { low: 0, high: Number.MAX_SAFE_INTEGER };
  const ranges = tests.map(({ values }) => (values.kind === 'number' ? values.ranges : []));
  const borders = [low, ...ranges.flat().flatMap((range) => [range.low, range.high + 1])].filter((one) => low <= one && one <= high);
  return [...new Set(borders)].map((value) => ranges.map((set) => isIn(set, value)));
}

/** What up to `count` values say together, where each test asks for some value. */
function together(single: readonly Choice[], count: number): readonly Choice[] {
  if (count < 2) return single;
  const fewer = together(single, count - 1);
  const more = fewer.flatMap((a) => single.map((b) => a.map((one, i) => one || b[i] === true)));
  return [...new Map([...fewer, ...more].map((choice) => [choice.join(), choice])).values()];
}
