// Entries of a section -> rules without ids: which part is the peer, the transport, the request block or the process
// class, and that each stands where it may.
import type { Span } from '../base/source.ts';
import type { DomainSpec, Line, Operand } from '../domains/domain.ts';
import type { Entry, RulePart } from '../ir/ast.ts';
import type { ResolvedNetworkRule, ResolvedProcessRule } from '../ir/resolved.ts';
import type { Action, Direction, Section } from '../ir/typed.ts';
import { ruleText } from './rule-text.ts';
import { refuseWord, type Unit } from './unit.ts';
import { boundValue, type Place } from './values.ts';
import { actions, isLater } from './vocabulary.ts';

export type RuleEntry = Entry & { readonly kind: 'rule' };
type Part<Kind extends RulePart['kind']> = RulePart & { readonly kind: Kind };
type UnnumberedNetworkRule = Omit<ResolvedNetworkRule, 'id' | 'policy'>;
type Growing<T> = { -readonly [Key in keyof T]: T[Key] };
/** A rule as it stands in its policy; ids are minted when all are known. */
export type UnnumberedRule = UnnumberedNetworkRule | Omit<ResolvedProcessRule, 'id' | 'policy'>;

/** The rule of an entry; undefined when its class is unknown. An unknown action is reported and counts as `deny`. */
export function ruleOf(place: Place, entry: RuleEntry, section: Section): UnnumberedRule | undefined {
  const { unit } = place;
  const whole = onePerLine(unit, entry);
  for (const part of whole.parts) {
    if (part.kind === 'annotation') unit.unsupported.push({ what: `annotation \`@${part.name.text}\``, span: part.span });
  }
  const base = { span: entry.span, text: ruleText(entry.span), action: actionOf(unit, entry) };
  return section === 'process' ? processRule(unit, whole, base) : networkRule(place, whole, [base, section]);
}

/** The rule up to a second one on its line, which is reported: one rule a line. */
function onePerLine(unit: Unit, entry: RuleEntry): RuleEntry {
  const second = entry.parts.findIndex((part) => part.kind === 'operand' && part.operand.kind === 'word' && isAction(part.operand.text));
  const part = entry.parts[second];
  if (!part) return entry;
  const hint = 'begin it on a line of its own';
  unit.report('resolve/misplaced', part.span, { what: 'a second rule', where: 'on the line of another', hint });
  return { ...entry, parts: entry.parts.slice(0, second) };
}

const isAction = (word: string): boolean => actions.some((one) => one === word) || (isLater('action', word) && !isLater('rule', word));

function actionOf(unit: Unit, { action }: RuleEntry): Action {
  const known = actions.find((one) => one === action.text);
  if (!known) refuseWord(unit, action, { place: 'action', expected: '`allow` or `deny`', known: [...actions, 'default'] });
  return known ?? 'deny';
}

type Base = { readonly span: Span; readonly text: string; readonly action: Action };

function networkRule(place: Place, { parts }: RuleEntry, [{ span, text, action }, section]: readonly [Base, Direction]): UnnumberedRule {
  const { unit } = place;
  const peer = single(unit, parts, 'peer', '`from` or `to`');
  const at = single(unit, parts, 'at', '`at`');
  const block = single(unit, parts, 'block', 'a request block');
  const wanted = section === 'ingress' ? 'from' : 'to';
  for (const part of parts) {
    if (part.kind !== 'peer' || part.direction === wanted) continue;
    const holes = { what: `\`${part.direction}\``, where: `in an \`${section}\` section`, hint: `write \`${wanted}\`` };
    unit.report('resolve/misplaced', part.span, holes);
  }
  refuseOperands(unit, parts);
  const request = block && requestOf(unit, block);
  // Filled in steps: there are many rules, and a spread for each part costs more than all else here.
  const rule: Growing<UnnumberedNetworkRule> = { span, text, action, section };
  if (peer) rule.peers = boundValue(place, peer.peers);
  if (at) rule.transport = boundValue(place, at.transport);
  if (request) rule.request = request;
  return rule;
}

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

/** Bare words of a network rule: none is of this version. What follows a word of a later one belongs to it. */
function refuseOperands(unit: Unit, parts: readonly RulePart[]): void {
  let swallowing = false;
  for (const part of parts) {
    if (part.kind !== 'operand') {
      swallowing = false;
      continue;
    }
    const { operand } = part;
    const isWord = operand.kind === 'word';
    if (swallowing && !(isWord && isLater('rule', operand.text))) continue;
    const text = operand.kind === 'list' ? '[...]' : operand.text;
    refuseWord(
      unit,
      { text, span: operand.span },
      { place: 'rule', expected: '`from`, `to`, `at` or a request block', known: ['from', 'to', 'at', 'http'] },
    );
    swallowing = true;
  }
}

function requestOf(unit: Unit, { name, lines, span }: Part<'block'>): ResolvedNetworkRule['request'] {
  const known = unit.domains.filter(({ form }) => form === 'request');
  const domain = known.find((one) => one.name === name.text);
  if (domain) return { domain, lines, span };
  refuseWord(unit, name, {
    place: 'block',
    expected: `a request block (${quoted(known)})`,
    known: known.map((one) => one.name),
  });
  return undefined;
}

const quoted = (domains: readonly DomainSpec[]): string => domains.map(({ name }) => `\`${name}\``).join(', ');

function processRule(unit: Unit, { parts, action }: RuleEntry, base: Base): UnnumberedRule | undefined {
  for (const part of parts) {
    if (part.kind === 'operand' || part.kind === 'annotation') continue;
    const what = part.kind === 'peer' ? part.direction : part.kind === 'at' ? 'at' : `${part.name.text} {`;
    unit.report('resolve/misplaced', part.span, {
      what: `\`${what}\``,
      where: 'in a `process` section',
      hint: 'network rules stand in `ingress` and `egress`',
    });
  }
  const operands = parts.flatMap((part) => (part.kind === 'operand' ? [part.operand] : []));
  const [first, ...rest] = operands;
  if (!first) {
    unit.report('resolve/missing', action.span, { what: 'the process class', hint: `write \`${action.text} exec "/path"\`` });
    return undefined;
  }
  const domain = processDomain(unit, first);
  return domain && { ...base, section: 'process', domain, line: lineOf(rest, first.span) };
}

/** The domain that a class word names; others are refused. */
export function processDomain(unit: Unit, word: Operand): DomainSpec | undefined {
  const known = unit.domains.filter(({ form }) => form === 'process');
  const domain = word.kind === 'word' ? known.find(({ name }) => name === word.text) : undefined;
  if (domain) return domain;
  const text = word.kind === 'list' ? '[...]' : word.text;
  refuseWord(
    unit,
    { text, span: word.span },
    { place: 'class', expected: `a process class (${quoted(known)})`, known: known.map(({ name }) => name) },
  );
  return undefined;
}

/** The operands as a line; without one, its place is behind `before`. */
export function lineOf(operands: readonly Operand[], before: Span): Line {
  const first = operands[0]?.span.start ?? before.end;
  return { operands, span: { source: before.source, start: first, end: operands.at(-1)?.span.end ?? before.end } };
}
