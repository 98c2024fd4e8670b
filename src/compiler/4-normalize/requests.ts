// Requests of one domain, split into the classes that its rules can tell apart: an automaton for each field that some rule
// asks for, and a table that combines their classes field by field. What no rule asks for is not read.
//
//  1. Rules that are written alike, and match what is undecidable alike, have one *block*: some lines of tests.
//  2. Each field's patterns become one automaton (field-classes.ts); what cannot decide is left out of it (overshadowed.ts).
//  3. The classes are combined (combinations.ts); a block matches the classes that are left of it.
import { invariant } from '../base/assert.ts';
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { FieldSpec, LineMatch } from '../domains/domain.ts';
import { kernelFields, limits } from '../ir/abi.ts';
import { type DomainMatch, matchesUndecidable, type TypedPolicy } from '../ir/typed.ts';
import type { FieldClasses, RequestClasses } from '../ir/verdict-space.ts';
import { either, type Pattern } from '../space/pattern.ts';
import { type CombinedLine, combinationsOf, type TooMany } from './combinations.ts';
import type { HeadedRule, PolicyRules } from './content.ts';
import { AskedField, type ClassifiedField, fieldClasses, type Kind } from './field-classes.ts';
import { Interned } from './intern.ts';
import { numberAutomaton } from './number-automaton.ts';
import { overshadowedBy, type PatternRule } from './overshadowed.ts';
import { classified, firstTooMany, fitsRoom, tooLarge } from './too-large.ts';

/** Request classes, and those that a rule matches, the ones that it matches undecided among them. */
export type Requests = {
  readonly classes: RequestClasses;
  readonly classesOf: (rule: HeadedRule) => readonly number[];
};

const nothing: Requests = { classes: { fields: [], start: 1, classes: 2 }, classesOf: () => [] };
const room = { states: limits.requestStates, cells: limits.requestCells };

type Block = { readonly match: DomainMatch; readonly refuses: boolean };
type OwnRule = { readonly headed: HeadedRule; readonly block: number };

/** The slot of a field's name; undefined where the kernel does not read it. */
function slotsOf(domain: string, names: ReadonlySet<string>): ReadonlyMap<string, number> {
  const known = kernelFields[domain] ?? [];
  const keyed = [...names].filter((name) => name.includes(' ')).sort();
  return new Map([
    ...known.flatMap((name, slot) => (names.has(name) ? [[name, slot] as const] : [])),
    ...keyed.flatMap((name, i) => (known.includes(name.split(' ')[0] ?? '') ? [[name, known.length - 1 + i] as const] : [])),
  ]);
}

/** The field of a domain that most lines differ in. */
const mainFields: Readonly<Record<string, string>> = { http: 'path', dns: 'name', tls: 'sni' };

/** A line as what it says of one field, and all else; undefined where it does not say just one thing of it. */
function splitAt(main: string, line: LineMatch): { readonly pattern: Pattern; readonly rest: LineMatch } | undefined {
  const [test, ...others] = line.filter(({ field }) => field === main);
  if (!test || others.length > 0 || test.every || test.orAbsent || test.values.kind !== 'text') return undefined;
  return { pattern: test.values.pattern, rest: line.filter((one) => one !== test) };
}

/** Lines that differ in the main field alone are one: told apart, each of them would have states of its own. */
function joinedLines({ domain, lines }: DomainMatch): readonly LineMatch[] {
  const main = mainFields[domain];
  if (lines.length < 2 || main === undefined) return lines;
  const joined: LineMatch[] = [];
  const groups = new Map<string, { readonly rest: LineMatch; readonly patterns: Pattern[] }>();
  for (const line of lines) {
    const split = splitAt(main, line);
    if (!split) {
      joined.push(line);
      continue;
    }
    const key = JSON.stringify(split.rest);
    const group = groups.get(key) ?? { rest: split.rest, patterns: [] };
    groups.set(key, group);
    group.patterns.push(split.pattern);
  }
  for (const { rest, patterns } of groups.values()) {
    const [first] = patterns;
    const pattern = first && patterns.length === 1 ? first : either(...patterns);
    joined.push([...rest, { field: main, every: false, orAbsent: false, values: { kind: 'text', pattern } }]);
  }
  return joined;
}

const fieldNames = (match: DomainMatch): readonly string[] => match.lines.flatMap((line) => line.map(({ field }) => field));

/** What all rules of one domain ask. */
class Questions {
  readonly fields: readonly AskedField[];
  readonly blocks = new Interned<Block>(({ match, refuses }) => `${refuses} ${JSON.stringify(match)}`);
  readonly rules: readonly OwnRule[];
  readonly #level: ReadonlyMap<string, number>;
  /** By block, in the order of its lines. */
  readonly lines: readonly (readonly CombinedLine[])[];

  constructor(domain: string, { typed, rules }: PolicyRules) {
    const own = rules.filter(({ match }) => match.domain === domain);
    const slots = slotsOf(domain, new Set(own.flatMap(({ match }) => fieldNames(match))));
    this.fields = [...slots].sort(([, a], [, b]) => a - b).map(([name, slot]) => new AskedField(name, specOf(typed, domain, name), slot));
    this.#level = new Map(this.fields.map(({ name }, level) => [name, level]));
    this.rules = own
      .filter(({ match }) => fieldNames(match).every((name) => slots.has(name)))
      .map((headed) => ({ headed, block: this.blocks.numberOnce(blockOf(headed)) }));
    this.lines = this.blocks.values.map(({ match, refuses }, block) => match.lines.map((line) => this.#line(line, { block, refuses })));
  }

  #line(line: LineMatch, { block, refuses }: { readonly block: number; readonly refuses: boolean }): CombinedLine {
    const kinds = new Map<number, number>();
    for (const name of new Set(line.map(({ field }) => field))) {
      const level = this.#level.get(name) ?? 0;
      const tests = line.filter(({ field }) => field === name);
      kinds.set(level, this.fields[level]?.kind(tests, refuses) ?? 0);
    }
    return { block, kinds };
  }

  /** The rules that have a line with each pattern of a field, in deciding order, and what the line asks beside. */
  usesOf(level: number): readonly PatternRule[] {
    return this.rules.flatMap(({ headed: { place }, block }) =>
      (this.lines[block] ?? []).flatMap(({ kinds }) => {
        const tests = this.#kindAt(level, kinds)?.tests ?? [];
        // Of several tests, one pattern alone does not say that all hold.
        const beside = { tests: besideOf(level, kinds), isSure: tests.length === 1 && this.#isSure(level, kinds) };
        return tests.map(({ pattern }) => ({ pattern, place, beside }));
      }),
    );
  }

  #kindAt(level: number, kinds: CombinedLine['kinds']): Kind | undefined {
    return this.fields[level]?.kinds.values[kinds.get(level) ?? -1];
  }

  #isSure(own: number, kinds: CombinedLine['kinds']): boolean {
    return [...kinds.keys()].every((level) => level === own || this.#kindAt(level, kinds)?.tests.every(({ every }) => !every) === true);
  }
}

const blockOf = ({ match, rule }: HeadedRule): Block => ({
  match: { ...match, lines: joinedLines(match) },
  refuses: matchesUndecidable(rule.action),
});

/** What a line asks of other fields, each as one number. */
const besideOf = (own: number, kinds: CombinedLine['kinds']): readonly number[] =>
  [...kinds].flatMap(([level, kind]) => (level === own ? [] : [kind * limits.requestFields + level])).sort((a, b) => a - b);

function specOf({ domains }: TypedPolicy, domain: string, name: string): FieldSpec {
  const spec = domains.find((one) => one.name === domain)?.fields.find((field) => field.name === name.split(' ')[0]);
  invariant(spec, `the domain ${domain} has no field ${name}`);
  return spec;
}

/** The rules with one of these patterns of a field. */
const rulesWith = (questions: Questions, uses: readonly PatternRule[], guilty: number): readonly OwnRule[] => {
  const places = new Set(uses.filter(({ pattern }) => pattern === guilty).map(({ place }) => place));
  return questions.rules.filter(({ headed }) => places.has(headed.place));
};

/** The classes of one field; undefined if they do not fit, which is reported. */
function classifiedField(level: number, questions: Questions, { domain, policy: { order, ground }, report }: Asked) {
  const field = questions.fields[level];
  invariant(field, `no field at level ${level}`);
  const uses = questions.usesOf(level);
  const patterns = field.patterns.values;
  // A value among several that is not looked for would be taken for one that does not match.
  const overshadowed = field.spec.quantity === 'one' ? overshadowedBy(ground, { order, rules: uses }, patterns) : undefined;
  const question = { patterns, overshadowed, room };
  const found = classified(question);
  const what = `${domain} ${field.name}`;
  if (!fitsRoom(found, room)) {
    for (const { headed } of rulesWith(questions, uses, firstTooMany(question, found)))
      report('plan/automaton-too-large', headed.rule.span, { domain: what, ...tooLarge(found, room) });
    return undefined;
  }
  const made = fieldClasses(field, found);
  if (!made)
    for (const { headed } of rulesWith(questions, uses, patterns.length - 1))
      report('plan/too-many-combinations', headed.rule.span, {
        what,
        found: `more than ${limits.requestStates}`,
        limit: limits.requestStates,
      });
  const textOf = field.spec.type.numbered;
  return made && textOf ? { ...made, automaton: numberAutomaton(made.automaton, textOf) } : made;
}

type Asked = { readonly domain: string; readonly policy: PolicyRules; readonly report: Report };

function classifiedFields(questions: Questions, asked: Asked): readonly ClassifiedField[] | undefined {
  const fields: ClassifiedField[] = [];
  for (const level of questions.fields.keys()) {
    const field = classifiedField(level, questions, asked);
    if (!field) return undefined;
    fields.push(field);
  }
  return fields;
}

/** Are there more fields than slots? Reported at the rule that asks for the last. */
function hasTooManyFields(questions: Questions, { domain, report }: Asked): boolean {
  const excess = questions.fields.findIndex(({ slot }) => slot >= limits.namesSlot);
  if (excess < 0) return false;
  const what = `${domain} fields and headers`;
  const place = lastRule(questions, excess);
  if (place) report('plan/too-many-entries', place, { what, found: questions.fields.length, limit: limits.namesSlot });
  return true;
}

/** The last rule that asks for a field. */
const lastRule = (questions: Questions, level: number): Span | undefined =>
  questions.rules.findLast(({ block }) => questions.lines[block]?.some(({ kinds }) => kinds.has(level)))?.headed.rule.span ??
  questions.rules.at(-1)?.headed.rule.span;

const cellsOf = ({ automaton, fold, combine }: FieldClasses): number =>
  automaton.next.length + automaton.states + (fold?.length ?? 0) + combine.length;

/** Partitions the requests of `domain`; reports what is too much for its tables. `rules` stand in deciding order. */
export function requestsOf(domain: string, policy: PolicyRules, report: Report): Requests {
  const asked = { domain, policy, report };
  const questions = new Questions(domain, policy);
  if (questions.rules.length === 0 || hasTooManyFields(questions, asked)) return nothing;
  const classes = classifiedFields(questions, asked);
  if (!classes) return nothing;
  const levels = classes.map(({ folded, holds }, i) => ({ folded, holds, mayBeAbsent: questions.fields[i]?.spec.always !== true }));
  const combined = combinationsOf(questions.lines.flat(), questions.blocks.values.length, levels);
  if ('kind' in combined) return tooMany(questions, asked, combined);
  const fields = classes.map(({ automaton, values, folded, fold }, i): FieldClasses => {
    const [field, level] = [questions.fields[i], combined.levels[i]];
    invariant(field && level, `no field at level ${i}`);
    return { name: field.name, slot: field.slot, automaton, values, folded, fold, ...level };
  });
  const cells = fields.reduce((sum, field) => sum + cellsOf(field), 0);
  if (cells > limits.requestCells) return tooMany(questions, asked, { kind: 'too-many', level: fields.length - 1, found: cells });
  const blockOfRule = new Map(questions.rules.map(({ headed, block }) => [headed.place, block]));
  return {
    classes: { fields, start: combined.start, classes: combined.classes },
    classesOf: ({ place }) => combined.classesOf[blockOfRule.get(place) ?? -1] ?? [],
  };
}

function tooMany(questions: Questions, { domain, report }: Asked, { level, found }: TooMany): Requests {
  const what = `${domain} ${questions.fields[level]?.name} and the fields before it`;
  const place = lastRule(questions, level);
  if (place) report('plan/too-many-combinations', place, { what, found, limit: limits.requestCells });
  return nothing;
}
