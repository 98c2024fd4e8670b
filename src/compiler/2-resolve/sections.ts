// Sections of policies and of `rules` blocks: their rules, and their defaults.
import type { Span } from '../base/source.ts';
import type { AnnotationAst, Entry, SectionAst } from '../ir/ast.ts';
import type { ResolvedRule } from '../ir/resolved.ts';
import type { Section } from '../ir/typed.ts';
import { keepAnnotations } from './annotations.ts';
import { asName, processDomain } from './lines.ts';
import { type RulePlace, ruleOf } from './rules.ts';
import { type Place, refuseWord, type Unit } from './unit.ts';
import { oneOf, sections } from './vocabulary.ts';

/** `default allow`, or `default deny CLASS`. */
export type Default = {
  readonly span: Span;
  readonly says: { readonly kind: 'allow' } | { readonly kind: 'deny'; readonly domain: string };
};
/** A section that counts as one of a policy. `usedAt`: where the `use` stands that brought it. */
export type Part = {
  readonly section: Section;
  readonly span: Span;
  readonly usedAt: Span | undefined;
  readonly rules: readonly ResolvedRule[];
  readonly defaults: readonly Default[];
};

/** What the sections say; unknown and second ones are reported, and the rules of a second one still read. */
export function partsOf(place: Place, written: readonly SectionAst[], usedAt: Span | undefined): readonly Part[] {
  const firsts = new Map<Section, Span>();
  return written.flatMap((ast): readonly Part[] => {
    const { name } = ast;
    const section = sections.find((one) => one === name.text);
    if (!section) {
      refuseWord(place.unit, name, { expected: `a section (${oneOf(sections)})`, known: sections });
      return [];
    }
    const first = firsts.get(section);
    if (first) place.unit.report('resolve/duplicate-section', [name.span, first], { section });
    else firsts.set(section, name.span);
    return [partOf({ place, section, usedAt }, ast)];
  });
}

function partOf(at: RulePlace, { name, entries }: SectionAst): Part {
  const { place, section, usedAt } = at;
  const rules: ResolvedRule[] = [];
  const defaults: Default[] = [];
  let before: AnnotationAst[] = [];
  for (const entry of entries) {
    if (entry.kind === 'annotation') {
      before.push(entry);
      continue;
    }
    if (entry.kind === 'rule') {
      const rule = ruleOf(at, { entry, before });
      if (rule) rules.push(rule);
    } else {
      keepAnnotations(place, before, { target: '`default`', scope: entry.span });
      addDefault(place.unit, section, [entry, defaults]);
    }
    if (before.length > 0) before = [];
  }
  return { section, span: name.span, usedAt, rules, defaults };
}

type DefaultEntry = Entry & { readonly kind: 'default' };

function addDefault(unit: Unit, section: Section, [entry, known]: readonly [DefaultEntry, Default[]]): void {
  const found = section === 'process' ? processDefault(unit, entry) : networkDefault(unit, entry, section);
  if (!found) return;
  const first = known.find(({ says }) => says.kind === 'allow' || (found.says.kind === 'deny' && says.domain === found.says.domain));
  const what = found.says.kind === 'allow' ? '`default`' : `\`default deny ${found.says.domain}\``;
  if (first) unit.report('resolve/twice', [entry.span, first.span], { what });
  else known.push(found);
}

const wordOf = ({ operands: [operand] }: DefaultEntry): string | undefined => (operand?.kind === 'word' ? operand.text : undefined);

const expectDefault = (unit: Unit, { operands: [operand], span }: DefaultEntry, [expected, known]: readonly [string, string]): void => {
  const name = operand ? asName(operand) : { text: 'default', span };
  refuseWord(unit, name, { expected, known: operand ? [known] : [] });
};

function networkDefault(unit: Unit, entry: DefaultEntry, section: Section): Default | undefined {
  const { span, operands } = entry;
  const [, extra] = operands;
  const word = wordOf(entry);
  if (word === 'deny') {
    const hint = 'leave it out: a section denies what no rule of it allows';
    unit.report('resolve/misplaced', span, { what: '`default deny`', where: `in an \`${section}\` section`, hint });
  } else if (word !== 'allow') expectDefault(unit, entry, ['`default allow`', 'allow']);
  else if (extra) {
    const hint = 'it holds for the whole section';
    unit.report('resolve/misplaced', extra.span, { what: 'more words', where: 'behind `default allow`', hint });
  } else return { span, says: { kind: 'allow' } };
  return undefined;
}

function processDefault(unit: Unit, entry: DefaultEntry): Default | undefined {
  const { span, operands } = entry;
  const [, subject, extra] = operands;
  const word = wordOf(entry);
  const { report } = unit;
  if (word === 'allow') {
    const hint = 'leave it out: a class is allowed unless `default deny CLASS` stands here';
    report('resolve/misplaced', span, { what: '`default allow`', where: 'in a `process` section', hint });
  } else if (word !== 'deny') expectDefault(unit, entry, ['`default deny CLASS`', 'deny']);
  else if (!subject) report('resolve/missing', span, { what: 'the process class', hint: 'write `default deny exec`' });
  else if (extra) {
    const holes = { what: 'a second class', where: 'behind `default deny`', hint: 'write a line for each class' };
    report('resolve/misplaced', extra.span, holes);
  } else {
    const domain = processDomain(unit, subject);
    return domain && { span, says: { kind: 'deny', domain: domain.name } };
  }
  return undefined;
}
