// The verdict of an event of which not everything may be known: the oracle is asked for each thing that it may have been, as far as rules
// tell them apart. Where all verdicts are one, that is it; else the event stays undecided, and says for want of what.

import { AnalysisLimit } from '../analysis/limit.ts';
import { openFields } from '../analysis/line-choices.ts';
import { verdictOf } from '../analysis/oracle.ts';
import type { FieldValues } from '../domains/domain.ts';
import type { Endpoint, PolicyEvent, Verdict } from '../ir/event.ts';
import { namedRange, type TypedPolicy } from '../ir/typed.ts';
import { protocolOf, type TransportProtocol } from '../space/transport.ts';

export type Judged =
  | { readonly kind: 'decided'; readonly verdict: Verdict }
  /** `missing`: what would have to be known: `the names of its ports`, `user`. */
  | { readonly kind: 'undecided'; readonly missing: readonly string[]; readonly verdicts: readonly Verdict[] };

/** `open`: fields of its content that may have been anything. */
export type AskedEvent = { readonly event: PolicyEvent; readonly open: readonly string[] };

const mostAlternatives = 2048;
const portNames = 'the names of its ports';

/** One way in which the event may have been. */
type Alternative = PolicyEvent;
/** What was not recorded, and every way in which that may have been. */
type Unknown = { readonly what: string; readonly put: readonly ((event: Alternative) => Alternative)[] };

/** Every way in which an event may have been, as far as both policies together tell them apart; undefined where they are too many. */
export function eventsOf(before: TypedPolicy, after: TypedPolicy, { event, open }: AskedEvent): readonly PolicyEvent[] | undefined {
  const unknowns = withinLimits(() => unknownsOf(together(before, after), { event, open }));
  return unknowns instanceof AnalysisLimit || countOf(unknowns) > mostAlternatives ? undefined : alternatives(event, unknowns);
}

function withinLimits<T>(analyse: () => T): T | AnalysisLimit {
  try {
    return analyse();
  } catch (error) {
    if (!(error instanceof AnalysisLimit)) throw error;
    return error;
  }
}

const both = new WeakMap<TypedPolicy, WeakMap<TypedPolicy, TypedPolicy>>();

/** The rules of both, to be asked what they tell apart, and nothing else. */
function together(before: TypedPolicy, after: TypedPolicy): TypedPolicy {
  const known = both.get(before) ?? new WeakMap<TypedPolicy, TypedPolicy>();
  both.set(before, known);
  const made = known.get(after) ?? { ...after, rules: [...before.rules, ...after.rules] };
  known.set(after, made);
  return made;
}

const unknownsOf = (typed: TypedPolicy, { event, open }: AskedEvent): readonly Unknown[] => [
  ...portUnknowns(typed, event),
  ...fieldUnknowns(typed, event, open),
];
const countOf = (unknowns: readonly Unknown[]): number => unknowns.reduce((product, { put }) => product * put.length, 1);

/** The verdict of an event. What is too much for the analysis is undecided, for want of what it would need. */
export function judge(typed: TypedPolicy, asked: AskedEvent): Judged {
  const judged = withinLimits(() => judgeWays(typed, asked));
  return judged instanceof AnalysisLimit
    ? { kind: 'undecided', missing: [`more than ${judged.allowed} ${judged.limit}`], verdicts: [] }
    : judged;
}

function judgeWays(typed: TypedPolicy, asked: AskedEvent): Judged {
  const unknowns = unknownsOf(typed, asked);
  const missing = [...new Set(unknowns.flatMap(({ what, put }) => (put.length > 1 ? [what] : [])))];
  if (countOf(unknowns) > mostAlternatives) return { kind: 'undecided', missing, verdicts: [] };
  const [first, ...others] = alternatives(asked.event, unknowns).map((one) => verdictOf(typed, one));
  if (!first) return { kind: 'undecided', missing, verdicts: [] };
  const key = (verdict: Verdict): string => `${verdict.action} ${verdict.audit?.action}`;
  const different = others.filter((other) => key(other) !== key(first));
  return different.length === 0 ? { kind: 'decided', verdict: first } : { kind: 'undecided', missing, verdicts: [first, ...different] };
}

const alternatives = (event: Alternative, unknowns: readonly Unknown[]): readonly Alternative[] =>
  unknowns.reduce<readonly Alternative[]>((made, { put }) => made.flatMap((one) => put.map((change) => change(one))), [event]);

// --- names of ports -------------------------------------------------------------------------------------------------

type NamedPorts = NonNullable<Extract<Endpoint, { kind: 'workload' }>['namedPorts']>;

/** Which of the names that rules ask for the port of a workload has; `NAME..LAST` asks also whether a port below it has the name. */
function portUnknowns(typed: TypedPolicy, event: PolicyEvent): readonly Unknown[] {
  if (event.kind !== 'flow' || event.destination.kind !== 'workload' || event.destination.namedPorts) return [];
  const { protocol, value } = protocolOf(event.point);
  return [...namesAsked(typed, protocol)].map(([name, isRange]): Unknown => {
    const ports = [value, ...(isRange && value > 1 ? [value - 1] : [])];
    return {
      what: portNames,
      put: [(one) => one, ...ports.map((port) => (one: Alternative) => withPort(one, [{ protocol, name, port }]))],
    };
  });
}

const asked = new WeakMap<TypedPolicy, Map<TransportProtocol, ReadonlyMap<string, boolean>>>();

/** Name -> does a rule ask for a range behind it? */
function namesAsked(typed: TypedPolicy, protocol: TransportProtocol): ReadonlyMap<string, boolean> {
  const known = asked.get(typed) ?? new Map<TransportProtocol, ReadonlyMap<string, boolean>>();
  asked.set(typed, known);
  const names = new Map<string, boolean>();
  const before = known.get(protocol);
  if (before) return before;
  for (const rule of typed.rules)
    for (const port of rule.section === 'process' ? [] : rule.transport.named) {
      const { name, last } = namedRange(port.name);
      if (port.protocol === protocol) names.set(name, names.get(name) === true || last !== undefined);
    }
  known.set(protocol, names);
  return names;
}

function withPort(event: Alternative, ports: NamedPorts): Alternative {
  if (event.kind !== 'flow' || event.destination.kind !== 'workload') return event;
  return { ...event, destination: { ...event.destination, namedPorts: [...(event.destination.namedPorts ?? []), ...ports] } };
}

// --- fields ---------------------------------------------------------------------------------------------------------

function fieldUnknowns(typed: TypedPolicy, event: PolicyEvent, open: readonly string[]): readonly Unknown[] {
  const domain = event.kind === 'process' ? event.domain : event.request?.domain;
  if (domain === undefined || open.length === 0) return [];
  return [...openFields(typed, domain, open)].map(
    ([field, values]): Unknown => ({ what: field, put: values.map((value) => (one: Alternative) => withField(one, field, value)) }),
  );
}

function withField(event: Alternative, field: string, value: string | undefined): Alternative {
  const content = event.kind === 'process' ? event.content : event.request?.content;
  if (value === undefined || content?.kind !== 'fields') return event;
  const fields: FieldValues = { ...content.fields, [field]: [value] };
  if (event.kind === 'process') return { ...event, content: { kind: 'fields', fields } };
  return event.request ? { ...event, request: { ...event.request, content: { kind: 'fields', fields } } } : event;
}
