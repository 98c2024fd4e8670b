// Entries of a section -> rules without ids: which part is the peer, the transport, the request block, the process class
// or an attribute, and that each stands where it may.
import type { Span } from '../base/source.ts';
import type { Operand } from '../domains/domain.ts';
import type { AnnotationAst, Entry, RulePart } from '../ir/ast.ts';
import type { Attribute, ResolvedNetworkRule, ResolvedRule } from '../ir/resolved.ts';
import type { Direction, Section } from '../ir/typed.ts';
import { annotationsOf } from './annotations.ts';
import { attributesOf, type Holder, isAttribute } from './attributes.ts';
import { lineOf, matchOf, processDomain, wordsOf } from './lines.ts';
import { ruleText } from './rule-text.ts';
import { type Place, refuseWord, type Unit } from './unit.ts';
import { boundValue } from './values.ts';
import { actionWords, oneOf } from './vocabulary.ts';

export type RuleEntry = Entry & { readonly kind: 'rule' };
type Part<Kind extends RulePart['kind']> = RulePart & { readonly kind: Kind };
type Growing<T> = { -readonly [Key in keyof T]: T[Key] };
type Base = Pick<ResolvedRule, 'span' | 'text' | 'action' | 'audit' | 'annotations'> & { readonly usedAt: Span | undefined };
const noAttributes: readonly Attribute[] = [];

/** Where rules stand. `usedAt`: the `use` that they are written out for. */
export type RulePlace = { readonly place: Place; readonly section: Section; readonly usedAt: Span | undefined };
/** A rule, and the annotations on lines of their own before it. */
export type Annotated = { readonly entry: RuleEntry; readonly before: readonly AnnotationAst[] };

/** The rule of an entry; undefined when its class is unknown. An unknown action is reported and counts as `deny`. */
export function ruleOf(at: RulePlace, { entry, before }: Annotated): ResolvedRule | undefined {
  const { place, section, usedAt } = at;
  const whole = onePerLine(place.unit, entry, section);
  const word = actionOf(place.unit, entry, section);
  const { span } = entry;
  const own = whole.parts.filter((part) => part.kind === 'annotation');
  const written = before.length > 0 ? [...before, ...own] : own;
  const annotations = annotationsOf(place, written, { target: 'rule', scope: span });
  const base: Base = { span, usedAt, text: ruleText(span), action: word.action, audit: word.audit, annotations };
  return section === 'process' ? processRule(place, whole, base) : networkRule(place, whole, [base, section]);
}

/** The rule up to a second one on its line, which is reported: one rule a line. */
function onePerLine(unit: Unit, entry: RuleEntry, section: Section): RuleEntry {
  const mayBegin = entry.parts.some(
    (part) => part.kind === 'operand' && part.operand.kind === 'word' && actionWords.has(part.operand.text),
  );
  const second = mayBegin ? entry.parts.findIndex((_, index) => isSecondRule(unit, entry, [index, section])) : -1;
  const part = entry.parts[second];
  if (!part) return entry;
  const hint = 'begin it on a line of its own';
  unit.report('resolve/misplaced', part.span, { what: 'a second rule', where: 'on the line of another', hint });
  return { ...entry, parts: entry.parts.slice(0, second) };
}

/** Is the part at `index` an action that cannot be meant otherwise (not `mode audit`, not `syscall kill`)? */
function isSecondRule({ domains }: Unit, { parts }: RuleEntry, [index, section]: readonly [number, Section]): boolean {
  const part = parts[index];
  if (part?.kind !== 'operand' || part.operand.kind !== 'word') return false;
  const { text } = part.operand;
  if (!actionWords.has(text)) return false;
  const [before, first] = [parts[index - 1], parts[0]];
  if (before?.kind === 'operand' && isAttribute(before.operand)) return false;
  if (section !== 'process' || first?.kind !== 'operand' || first.operand.kind !== 'word') return true;
  const name = first.operand.text;
  const domain = domains.find((one) => one.form === 'process' && one.name === name);
  return !domain || !wordsOf(domain).has(text);
}

type ActionWord = NonNullable<ReturnType<typeof actionWords.get>>;

function actionOf(unit: Unit, { action }: RuleEntry, section: Section): ActionWord {
  const word = actionWords.get(action.text);
  const side = section === 'process' ? 'process' : 'network';
  if (!word) {
    const known = [...actionWords].flatMap(([name, one]) => (one.in === 'both' || one.in === side ? [name] : []));
    refuseWord(unit, action, { expected: oneOf(known), known: [...known, 'default'] });
    return { action: 'deny', audit: false, in: 'both' };
  }
  if (word.in !== 'both' && word.in !== side) {
    const hint = side === 'process' ? 'write `deny` or `kill`' : 'write `deny` or `drop`: only processes can be killed';
    const where = section === 'process' ? 'in a `process` section' : `in an \`${section}\` section`;
    unit.report('resolve/misplaced', action.span, { what: `\`${action.text}\``, where, hint });
  }
  return word;
}

function networkRule(place: Place, entry: RuleEntry, [base, section]: readonly [Base, Direction]): ResolvedRule {
  const { unit } = place;
  const { parts } = entry;
  const peer = single(unit, parts, 'peer', '`from` or `to`');
  const at = single(unit, parts, 'at', '`at`');
  const block = single(unit, parts, 'block', 'a request block');
  const wanted = section === 'ingress' ? 'from' : 'to';
  for (const part of parts) {
    if (part.kind !== 'peer' || part.direction === wanted) continue;
    const holes = { what: `\`${part.direction}\``, where: `in an \`${section}\` section`, hint: `write \`${wanted}\`` };
    unit.report('resolve/misplaced', part.span, holes);
  }
  if (block && base.action === 'pass') {
    const hint = 'a `pass` holds for all requests of its flows: leave the block out';
    unit.report('resolve/misplaced', block.span, { what: 'a request block', where: 'on a `pass` rule', hint });
  }
  const request = block && matchOf(place, block);
  const attributes = networkAttributes(unit, entry, base.audit);
  const { span, usedAt, text, action, audit, annotations } = base;
  // Filled in steps: there are many rules, and a spread for each costs more than all else here.
  const rule: Growing<ResolvedNetworkRule> = { span, text, action, audit, section, attributes, annotations };
  if (usedAt) rule.usedAt = usedAt;
  if (peer) rule.peers = boundValue(place, peer.peers);
  if (at) rule.transport = boundValue(place, at.transport);
  if (request) rule.request = request;
  return rule;
}

const holderOf = ({ action }: RuleEntry, section: 'network' | 'process', audit: boolean): Holder => ({
  kind: 'rule',
  section,
  action: action.text,
  audit,
});

function networkAttributes(unit: Unit, entry: RuleEntry, audit: boolean): readonly Attribute[] {
  const operands = operandsOf(entry.parts);
  return operands.length === 0 ? noAttributes : attributesOf(unit, operands, holderOf(entry, 'network', audit));
}

const operandsOf = (parts: readonly RulePart[]): readonly Operand[] => {
  const found: Operand[] = [];
  for (const part of parts) if (part.kind === 'operand') found.push(part.operand);
  return found;
};

const isOf = <Kind extends RulePart['kind']>(part: RulePart, kind: Kind): part is Part<Kind> => part.kind === kind;

/** The only part of a kind; a second one is a mistake. */
function single<Kind extends RulePart['kind']>(unit: Unit, parts: readonly RulePart[], kind: Kind, what: string): Part<Kind> | undefined {
  let first: Part<Kind> | undefined;
  for (const part of parts) {
    if (!isOf(part, kind)) continue;
    if (first) unit.report('resolve/twice', [part.span, first.span], { what });
    first ??= part;
  }
  return first;
}

function processRule(place: Place, entry: RuleEntry, base: Base): ResolvedRule | undefined {
  const { unit } = place;
  const { parts, action } = entry;
  for (const part of parts) {
    if (part.kind === 'operand' || part.kind === 'annotation') continue;
    const what = part.kind === 'peer' ? part.direction : part.kind === 'at' ? 'at' : `${part.name.text} {`;
    const hint = 'network rules stand in `ingress` and `egress`';
    unit.report('resolve/misplaced', part.span, { what: `\`${what}\``, where: 'in a `process` section', hint });
  }
  const operands = operandsOf(parts);
  const split = operands.findIndex(isAttribute);
  const [first, ...rest] = split < 0 ? operands : operands.slice(0, split);
  const attributes = split < 0 ? noAttributes : attributesOf(unit, operands.slice(split), holderOf(entry, 'process', base.audit));
  if (!first) {
    unit.report('resolve/missing', action.span, { what: 'the process class', hint: `write \`${action.text} exec "/path"\`` });
    return undefined;
  }
  const domain = processDomain(unit, first);
  const line = domain && lineOf(place, domain, [rest, first.span]);
  if (!domain || !line) return undefined;
  const { span, usedAt, text, annotations } = base;
  const rule = { span, text, action: base.action, audit: base.audit, section: 'process' as const, attributes, annotations, domain, line };
  return usedAt ? { ...rule, usedAt } : rule;
}
