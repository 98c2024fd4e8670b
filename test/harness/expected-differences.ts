// What a diff should say of single events, by the oracle alone: which differences hold an event, and which effect it has.
import * as assert from 'uvu/assert';
import { inCell, inEnd } from '../../src/compiler/analysis/cell.ts';
import type { Difference, Effect } from '../../src/compiler/analysis/diff.ts';
import type { Item } from '../../src/compiler/analysis/judge.ts';
import { sideVerdict, verdictOf } from '../../src/compiler/analysis/oracle.ts';
import { contentReader } from '../../src/compiler/analysis/oracle-content.ts';
import { isManaged, isSame } from '../../src/compiler/analysis/oracle-members.ts';
import type { Content, Decided, PolicyEvent, Verdict } from '../../src/compiler/ir/event.ts';
import type { RuleId } from '../../src/compiler/ir/ids.ts';
import type { Section, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { smallDomains } from './small-domains.ts';

export const reader = contentReader(smallDomains);

function subjectIn(section: Section, event: PolicyEvent) {
  if (event.kind === 'process') return section === 'process' ? event.subject : undefined;
  if (section === 'process') return undefined;
  return section === 'ingress' ? event.destination : event.source;
}

/** The verdict of one side; undefined where that side is not managed. */
function verdictOfSide(typed: TypedPolicy, section: Section, event: PolicyEvent): Verdict | undefined {
  const subject = subjectIn(section, event);
  return subject && isManaged(subject) ? sideVerdict(typed, section, event) : undefined;
}

type Names = readonly [line: string, said: string];

/** Of rules that were asked about before: very many events are decided by one rule. */
const namesOf = new WeakMap<TypedPolicy, Map<RuleId, Names>>();

/** Two ways to name who decided: the line as written, and what it says. Equal in either is the same decider. */
function deciders(typed: TypedPolicy, { cause }: Decided): Names {
  if (cause.kind !== 'rule') return [cause.kind, cause.kind];
  const known = namesOf.get(typed) ?? new Map<RuleId, Names>();
  namesOf.set(typed, known);
  const names = known.get(cause.rule) ?? namesOfRule(typed, cause.rule);
  known.set(cause.rule, names);
  return names;
}

function namesOfRule(typed: TypedPolicy, id: RuleId): Names {
  const rule = typed.rules[id];
  if (!rule) return ['none', 'none'];
  const policy = typed.policies[rule.policy];
  const said = rule.section === 'process' ? rule.match : [rule.peers, rule.transport, rule.layer7];
  const head = [policy?.name, rule.section, rule.action];
  return [show([...head, rule.text]), show([...head, policy?.subject, policy?.tier, said])];
}

type Of<T> = readonly [typed: TypedPolicy, verdict: T];

function isSameDecider([before, was]: Of<Decided>, [after, is]: Of<Decided>): boolean {
  const [[line, said], [lineNow, saidNow]] = [deciders(before, was), deciders(after, is)];
  return line === lineNow || said === saidNow;
}

const isSameCause = ([before, was]: Of<Verdict>, [after, is]: Of<Verdict>): boolean =>
  isSameDecider([before, was], [after, is]) && (!was.audit || !is.audit || isSameDecider([before, was.audit], [after, is.audit]));

export function expectedEffect(before: TypedPolicy, after: TypedPolicy, section: Section, event: PolicyEvent): Effect | undefined {
  const [was, is] = [verdictOfSide(before, section, event), verdictOfSide(after, section, event)];
  if (!was || !is) return undefined;
  if (was.action === is.action && Boolean(was.audit) === Boolean(is.audit))
    return isSameCause([before, was], [after, is]) ? undefined : 'another-rule';
  const [whole, now] = [verdictOf(before, event), verdictOf(after, event)];
  if (whole.action !== now.action) return now.action === 'allowed' ? 'newly-allowed' : 'newly-denied';
  if (Boolean(whole.audit) !== Boolean(now.audit)) return now.audit ? 'newly-audited' : 'no-longer-audited';
  return 'masked';
}

type Asked = { readonly domain: string; readonly content: Content };

function isItem(item: Item, asked: Asked | undefined, items: readonly Item[]): boolean {
  switch (item.kind) {
    case 'every':
      return true;
    case 'connection':
      return asked === undefined;
    case 'undecidable': {
      // A request of a domain that no rule asks for is as one that cannot be read.
      const isAsked = items.some((one) => one.kind === 'undecidable' && one.domain === asked?.domain);
      return asked !== undefined && (isAsked ? asked.content.kind === 'undecidable' && asked.domain === item.domain : true);
    }
    case 'content': {
      const { domain, parts } = item.classes;
      if (asked?.content.kind !== 'fields' || asked.domain !== domain.name) return false;
      return parts.every(({ lines, maybe }, i) => {
        const truth = reader.truthOf({ domain: domain.name, lines }, asked);
        return (truth === true || (maybe && truth === 'undecidable')) === item.content.matched[i];
      });
    }
  }
}

const isItself = (event: PolicyEvent): boolean => event.kind === 'flow' && isSame(event.source, event.destination);

export function isOf({ section, domain, cell, items, everyItem }: Difference, event: PolicyEvent): boolean {
  // A difference is about flows between two endpoints; what one sends to itself is always allowed.
  if (isItself(event)) return false;
  if (event.kind === 'process')
    return (
      section === 'process' &&
      event.domain === domain &&
      inEnd(cell.source, event.subject) &&
      (everyItem || items.some((item) => isItem(item, event, items)))
    );
  return section !== 'process' && inCell(cell, event) && (everyItem || items.some((item) => isItem(item, event.request, items)));
}

const sectionsOf = (event: PolicyEvent): readonly Section[] => (event.kind === 'process' ? ['process'] : ['egress', 'ingress']);

/** Asks both sides of an event, and counts what they should be said to be. */
export function compareEvent(before: TypedPolicy, after: TypedPolicy, differences: readonly Difference[]) {
  const of = (section: Section): readonly Difference[] => differences.filter((difference) => difference.section === section);
  const own = { egress: of('egress'), ingress: of('ingress'), process: of('process') };
  return (event: PolicyEvent, seen: Map<string, number>): void => {
    for (const section of sectionsOf(event)) {
      const found = own[section].filter((difference) => isOf(difference, event)).map(({ effect }) => effect);
      const expected = expectedEffect(before, after, section, event);
      if (found.length === (expected ? 1 : 0) && found[0] === expected)
        seen.set(expected ?? 'same', (seen.get(expected ?? 'same') ?? 0) + 1);
      else assert.unreachable(`${section}: found ${found}, expected ${expected}: ${show(event)}`);
    }
  };
}

export function show(event: unknown): string {
  return JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value));
}
