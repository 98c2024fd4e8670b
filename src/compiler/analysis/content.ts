// The content of requests and process events, as classes: events of one domain for which the same lines of the rules
// hold. Exact, by one automaton over all lines of a question.
import { invariant } from '../base/assert.ts';
import type { DomainSpec, Domains, FieldTest, FieldValues, LineMatch, ValueSet } from '../domains/domain.ts';
import type { DomainMatch } from '../ir/typed.ts';
import { classify } from '../space/automaton.ts';
import type { Pattern } from '../space/pattern.ts';
import { areBound, type Encoding, encodingOf, fieldOf, mayBeUndecidable } from './content-encoding.ts';
import { AnalysisLimit } from './limit.ts';

/** What is told apart: events for which one of the lines is true. `maybe`: or undecidable. */
export type Part = { readonly lines: readonly LineMatch[]; readonly maybe: boolean };
/** Events that are of exactly the parts with `matched[i]`, and one of them. */
export type ContentClass = { readonly matched: readonly boolean[]; readonly example: () => FieldValues };
/**
 * Equal questions of one ContentClasses give the same object. `neverSent`: combinations of values that no event has and that may still
 * admit a connection (grammar/README.md, Connections).
 */
export type ClassesOfDomain = {
  readonly domain: DomainSpec;
  readonly parts: readonly Part[];
  readonly classes: readonly ContentClass[];
  readonly neverSent: readonly Pick<ContentClass, 'matched'>[];
};

const maximumStates = 100_000;
/** A comparison is asked once, and exact or not at all: it may take seconds where a check may not. */
const mostWork = 64_000_000;
/** So many lines are told apart one by one, which reads better; more are taken rule by rule. */
const maximumLines = 128;

export type ContentClasses = {
  /** The classes of what these matches of one domain can tell apart. @throws AnalysisLimit */
  readonly of: (domain: string, matches: readonly DomainMatch[]) => ClassesOfDomain;
  /** Does a match hold for the events of a class? Asked only of a match that `of` was given. */
  readonly truthOf: (classes: ClassesOfDomain, content: Pick<ContentClass, 'matched'>, match: DomainMatch) => boolean | 'undecidable';
};

type Known = { readonly classes: ClassesOfDomain; readonly places: ReadonlyMap<string, number> };

/** Remembers classes; keep one for a whole analysis. */
export function contentClasses(domains: Domains): ContentClasses {
  const known = new Map<string, Known>();
  const places = new Map<ClassesOfDomain, Known['places']>();
  const linesOf = remembered(({ domain, lines }: DomainMatch) => lines.flatMap((line) => simpleLines(specOf(domains, domain), line)));
  const keyOf = remembered((match: DomainMatch) => JSON.stringify(linesOf(match)));
  const lineKeys = remembered((match: DomainMatch) => linesOf(match).map((line) => JSON.stringify([line])));
  const made = (domain: DomainSpec, matches: readonly DomainMatch[]): Known => {
    const byLine = new Map(matches.flatMap((match) => linesOf(match).map((line, i) => [lineKeys(match)[i] ?? '', [line]] as const)));
    const byMatch = new Map(matches.map((match) => [keyOf(match), match.lines]));
    const chosen = byLine.size > maximumLines ? byMatch : byLine;
    const parts = [...chosen].flatMap(([key, lines]) => {
      const unsure = lines.some((line) => mayBeUndecidable(domain, line));
      return (unsure ? [false, true] : [false]).map((maybe) => ({ key: partKey(key, maybe), lines, maybe }));
    });
    return {
      classes: classesOf(
        domain,
        parts.map(({ lines, maybe }) => ({ lines, maybe })),
      ),
      places: new Map(parts.map(({ key }, i) => [key, i])),
    };
  };
  return {
    of: (domain, matches) => {
      const question = [domain, ...new Set(matches.map(keyOf).sort())].join('\n');
      const answer = known.get(question) ?? made(specOf(domains, domain), matches);
      known.set(question, answer);
      places.set(answer.classes, answer.places);
      return answer.classes;
    },
    truthOf: (classes, { matched }, match) => {
      const own = places.get(classes);
      invariant(own, 'classes of another analysis');
      const keys = own.has(partKey(keyOf(match), false)) ? [keyOf(match)] : lineKeys(match);
      const is = (maybe: boolean): boolean => keys.some((key) => matched[own.get(partKey(key, maybe)) ?? -1] === true);
      return is(false) || (is(true) ? 'undecidable' : false);
    },
  };
}

const partKey = (key: string, maybe: boolean): string => (maybe ? `maybe ${key}` : key);

export function remembered<Key extends object, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const values = new WeakMap<Key, Value>();
  return (key) => {
    const value = values.get(key) ?? compute(key);
    values.set(key, value);
    return value;
  };
}

export function specOf(domains: Domains, name: string): DomainSpec {
  const spec = domains.find((domain) => domain.name === name);
  invariant(spec, `no domain is called ${name}`);
  return spec;
}

const mostSimple = 16;

/** A line that lists a few texts, as a line for each: what came and went reads better. Words (methods) stay together where there are other tests. */
function simpleLines(domain: DomainSpec, line: LineMatch): readonly LineMatch[] {
  const simple = line.reduce<readonly LineMatch[]>(
    (made, test) => {
      const together = test.every || (line.length > 1 && fieldOf(domain, test.field).spec.type.words.length > 0);
      const tests = together ? [test] : alternatives(test.values).map((values): FieldTest => ({ ...test, values }));
      return made.flatMap((before) => tests.map((one) => [...before, one]));
    },
    [[]],
  );
  return simple.length > mostSimple ? [line] : simple;
}

function alternatives(values: ValueSet): readonly ValueSet[] {
  const flat = (pattern: Pattern): readonly Pattern[] =>
    pattern.kind === 'either' && pattern.parts.length > 0 ? pattern.parts.flatMap(flat) : [pattern];
  return values.kind === 'text' ? flat(values.pattern).map((pattern) => ({ kind: 'text', pattern })) : [values];
}

function classesOf(domain: DomainSpec, parts: readonly Part[]): ClassesOfDomain {
  const lines = parts.flatMap((part) => part.lines);
  const classes = classesIn(encodingOf(domain, lines), parts);
  if (!areBound(domain, lines)) return { domain, parts, classes, neverSent: [] };
  const sent = new Set(classes.map(({ matched }) => matched.join()));
  const apart = classesIn(encodingOf(domain, lines, true), parts);
  return { domain, parts, classes, neverSent: apart.filter(({ matched }) => !sent.has(matched.join())) };
}

function classesIn(encoding: Encoding, parts: readonly Part[]): readonly ContentClass[] {
  const patterns = parts.map(
    ({ lines, maybe }): Pattern => ({ kind: 'either', parts: lines.map(maybe ? encoding.whereMaybe : encoding.where) }),
  );
  const found = classify([...patterns, encoding.possible, encoding.familiar], maximumStates, { mostWork });
  if (!found) throw new AnalysisLimit('pattern states', maximumStates);
  const members = found.classesOf.map((classes) => new Set(classes));
  const classes = new Map<string, { readonly matched: readonly boolean[]; readonly isFamiliar: boolean; readonly witness: Uint8Array }>();
  for (let number = 1; number < found.classes; number++) {
    const matched = parts.map((_, i) => members[i]?.has(number) ?? false);
    const [isPossible, isFamiliar = false] = members.slice(parts.length).map((own) => own.has(number));
    if (!isPossible || (classes.has(matched.join()) && !isFamiliar)) continue;
    classes.set(matched.join(), { matched, isFamiliar, witness: found.witnesses[number] ?? new Uint8Array() });
  }
  return [...classes.values()].map(({ matched, witness }) => ({ matched, example: () => encoding.decode(witness) }));
}
