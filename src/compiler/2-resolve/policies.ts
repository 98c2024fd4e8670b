// Policies and their sections; mints PolicyIds and RuleIds, in the order (policy name, place in the policy).
import type { Span } from '../base/source.ts';
import type { Entry, PolicyAst, SectionAst } from '../ir/ast.ts';
import { policyId, ruleId } from '../ir/ids.ts';
import type { ResolvedPolicyBlock, ResolvedRule, ResolvedSection } from '../ir/resolved.ts';
import type { Direction, Section } from '../ir/typed.ts';
import { processDomain, ruleOf, type UnnumberedRule } from './rules.ts';
import type { FileScope, Scopes } from './scopes.ts';
import { refuseWord, type Unit } from './unit.ts';
import { boundValue, type Place } from './values.ts';
import { isLater, reservedWords, sections } from './vocabulary.ts';

type Unnumbered = { readonly block: Omit<ResolvedPolicyBlock, 'id'>; readonly rules: readonly UnnumberedRule[] };
export type Numbered = { readonly policies: readonly ResolvedPolicyBlock[]; readonly rules: readonly ResolvedRule[] };

const byName = (a: Unnumbered, b: Unnumbered): number => (a.block.name < b.block.name ? -1 : a.block.name > b.block.name ? 1 : 0);

/** All policies of the unit, in the order of their names, and all rules in the order of their ids. */
export function policiesOf(scopes: Scopes, unit: Unit): Numbered {
  const names = new Map<string, Span>();
  const found = scopes.files.flatMap((scope) => scope.file.policies.map((policy) => policyOf({ unit, scopes, scope }, policy, names)));
  found.sort(byName);
  const rules: ResolvedRule[] = [];
  const policies = found.map(({ block, rules: own }, index) => {
    for (const rule of own) rules.push({ ...rule, id: ruleId(rules.length), policy: policyId(index) });
    return { ...block, id: policyId(index) };
  });
  return { policies, rules };
}

/** Policy names of the unit, also of policies that could not be read. */
export const policyNames = (files: readonly FileScope[]): ReadonlySet<string> =>
  new Set(files.flatMap(({ file }) => [...file.policies.map(({ name }) => name.text), ...file.unread]));

function policyOf(place: Place, policy: PolicyAst, names: Map<string, Span>): Unnumbered {
  const { report } = place.unit;
  const { name, attributes } = policy;
  const first = names.get(name.text);
  if (first) report('resolve/duplicate-name', [name.span, first], { kind: 'policy', name: name.text });
  else names.set(name.text, name.span);
  if (reservedWords.includes(name.text)) report('resolve/reserved-name', name.span, { name: name.text, meaning: 'a word of the grammar' });
  refuseAttributes(place.unit, attributes);
  if (policy.sections.length === 0) report('resolve/no-sections', name.span, { name: name.text });
  const sectionsOfPolicy = knownSections(place, policy);
  const rules = sectionsOfPolicy.flatMap(([section, { entries }]) =>
    entries.flatMap((entry) => (entry.kind === 'rule' ? (ruleOf(place, entry, section) ?? []) : [])),
  );
  const block = { name: name.text, span: name.span, subject: subjectOf(place, policy), ...defaultsOf(place.unit, sectionsOfPolicy) };
  return { block, rules: rules.sort((a, b) => a.span.start - b.span.start) };
}

function subjectOf(place: Place, { subject }: PolicyAst): ResolvedPolicyBlock['subject'] {
  if (subject.kind !== 'name' || !isLater('subject', subject.text)) return boundValue(place, subject);
  place.unit.unsupported.push({ what: `\`${subject.text}\` as a subject`, span: subject.span });
  return { kind: 'missing', span: subject.span };
}

/** Words between subject and `{`: all of later versions; what follows one belongs to it. */
function refuseAttributes(unit: Unit, attributes: PolicyAst['attributes']): void {
  let swallowing = false;
  for (const operand of attributes) {
    const text = operand.kind === 'list' ? '[...]' : operand.text;
    if (swallowing && !isLater('attribute', text)) continue;
    refuseWord(unit, { text, span: operand.span }, { place: 'attribute', expected: '`{`', known: [] });
    swallowing = true;
  }
}

type KnownSection = readonly [Section, SectionAst];

/** Sections by their meaning; unknown and second ones are reported, and the rules of a second one still read. */
function knownSections({ unit }: Place, policy: PolicyAst): readonly KnownSection[] {
  const firsts = new Map<Section, SectionAst>();
  return policy.sections.flatMap((ast): readonly KnownSection[] => {
    const section = sections.find((one) => one === ast.name.text);
    for (const entry of ast.entries)
      if (entry.kind === 'annotation') unit.unsupported.push({ what: `annotation \`@${entry.name.text}\``, span: entry.span });
    if (!section) {
      const expected = 'a section (`ingress`, `egress` or `process`)';
      unit.report('resolve/unknown-word', ast.name.span, {
        expected,
        word: ast.name.text,
        suggestion: unit.suggest(ast.name.text, sections),
      });
      return [];
    }
    const first = firsts.get(section);
    if (first) unit.report('resolve/duplicate-section', [ast.name.span, first.name.span], { section });
    else firsts.set(section, ast);
    return [[section, ast]];
  });
}

type Defaults = Pick<ResolvedPolicyBlock, 'ingress' | 'egress' | 'defaultDeny'>;
type DefaultEntry = Entry & { readonly kind: 'default' };

function defaultsOf(unit: Unit, found: readonly KnownSection[]): Defaults {
  const of = (direction: Direction): ResolvedSection | undefined => {
    const own = found.filter(([section]) => section === direction);
    const first = own[0]?.[1];
    if (!first) return undefined;
    const defaults = own.flatMap(([, { entries }]) => defaultEntries(entries));
    return { span: first.name.span, defaultAllow: networkDefault(unit, defaults, direction) };
  };
  const [ingress, egress] = [of('ingress'), of('egress')];
  const inProcess = found.flatMap(([section, { entries }]) => (section === 'process' ? defaultEntries(entries) : []));
  return { ...(ingress ? { ingress } : {}), ...(egress ? { egress } : {}), defaultDeny: processDefaults(unit, inProcess) };
}

const defaultEntries = (entries: readonly Entry[]): readonly DefaultEntry[] =>
  entries.filter((entry): entry is DefaultEntry => entry.kind === 'default');

const wordOf = ({ operands }: DefaultEntry, index: number): string | undefined => {
  const operand = operands[index];
  return operand?.kind === 'word' ? operand.text : undefined;
};

function networkDefault({ report, suggest }: Unit, defaults: readonly DefaultEntry[], direction: Direction): boolean {
  const [first, ...others] = defaults;
  for (const other of others) if (first) report('resolve/twice', [other.span, first.span], { what: '`default`' });
  if (!first) return false;
  const word = wordOf(first, 0);
  const where = `in an \`${direction}\` section`;
  if (word === 'deny')
    report('resolve/misplaced', first.span, {
      what: '`default deny`',
      where,
      hint: 'leave it out: a section denies what no rule of it allows',
    });
  else if (word !== 'allow') {
    report('resolve/unknown-word', first.operands[0]?.span ?? first.span, {
      expected: '`default allow`',
      word: word ?? 'default',
      suggestion: suggest(word ?? '', ['allow']),
    });
  } else if (first.operands[1]) {
    const { span } = first.operands[1];
    report('resolve/misplaced', span, { what: 'more words', where: 'behind `default allow`', hint: 'it holds for the whole section' });
  }
  return word === 'allow';
}

function processDefaults(unit: Unit, defaults: readonly DefaultEntry[]): readonly string[] {
  const found = new Map<string, Span>();
  for (const entry of defaults) {
    const name = processDefault(unit, entry);
    const first = name === undefined ? undefined : found.get(name);
    if (first) unit.report('resolve/twice', [entry.span, first], { what: `\`default deny ${name}\`` });
    else if (name !== undefined) found.set(name, entry.span);
  }
  return [...found.keys()].sort();
}

function processDefault(unit: Unit, entry: DefaultEntry): string | undefined {
  const word = wordOf(entry, 0);
  const [, subject, extra] = entry.operands;
  if (word === 'allow') {
    const holes = {
      what: '`default allow`',
      where: 'in a `process` section',
      hint: 'leave it out: a class is allowed unless `default deny CLASS` stands here',
    };
    unit.report('resolve/misplaced', entry.span, holes);
  } else if (word !== 'deny') {
    unit.report('resolve/unknown-word', entry.operands[0]?.span ?? entry.span, {
      expected: '`default deny CLASS`',
      word: word ?? 'default',
      suggestion: undefined,
    });
  } else if (!subject) unit.report('resolve/missing', entry.span, { what: 'the process class', hint: 'write `default deny exec`' });
  else if (extra)
    unit.report('resolve/misplaced', extra.span, {
      what: 'a second class',
      where: 'behind `default deny`',
      hint: 'write a line for each class',
    });
  else return processDomain(unit, subject)?.name;
  return undefined;
}
