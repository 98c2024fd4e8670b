// Why an event has its verdict: for each side every rule that spoke, in deciding order, and what became of it; where no
// rule decided, the rules that were nearest and what missed them. All verdicts and readings are the oracle's.
import { invariant } from '../base/assert.ts';
import type { Endpoint, PolicyEvent, Verdict } from '../ir/event.ts';
import type { TestEvent } from '../ir/test-case.ts';
import type { Policy, Rule, Section, Tier, TypedPolicy } from '../ir/typed.ts';
import { eventClasses } from './event-classes.ts';
import { type DeciderRecord, deciderOf, endpointWords, eventWords, placeOf, type SourcePlace } from './event-words.ts';
import { type Miss, missesOf } from './misses.ts';
import { type RuleReading, readingsOf, refuses, sideVerdict, speaks, verdictOf } from './oracle.ts';
import { isManaged, isSubject } from './oracle-members.ts';
import { type Outcome, outcomesOf } from './outcomes.ts';

type RuleRecord = SourcePlace & {
  readonly policy: string;
  readonly action: Rule['action'];
  readonly text: string;
  /** `@name`. */
  readonly name?: string;
  /** By which rules are put into order: tier, the policy's priority, the rule's, then the action. */
  readonly tier: Tier;
  readonly policyPriority: number;
  readonly priority: number;
  /** In audit mode: not enforced. */
  readonly audit: boolean;
};

/** A rule that spoke, and what became of it. */
export type SpokenRule = RuleRecord & { readonly outcome: Outcome['outcome']; readonly why: string };
/** A rule that would have turned the verdict, and what of the event it does not match. */
export type NearRule = RuleRecord & { readonly misses: readonly Miss[] };
/** A policy that governs the subject. `defaultDeny`: does it bring default deny here; `audit`: is that only reported? */
export type SelectingPolicy = SourcePlace & {
  readonly policy: string;
  readonly tier: Tier;
  readonly priority: number;
  readonly defaultDeny: boolean;
  readonly audit: boolean;
};

/** One side of an event. `managed` false: its end is neither workload nor host, nothing is asked. */
export type SideRecord = {
  readonly section: Section;
  /** Of `process`: the class. */
  readonly domain?: string;
  readonly subject: string;
  readonly managed: boolean;
  readonly decider: DeciderRecord;
  readonly selectedBy: readonly SelectingPolicy[];
  readonly spoke: readonly SpokenRule[];
  /** Where no rule decided, or no request on a connection is allowed: at most `mostNear`, nearest first. */
  readonly nearest: readonly NearRule[];
  /** Rules that did not match, those of `nearest` included. */
  readonly silent: number;
};
/** An explanation as `policyc explain --format json` prints it. */
export type ExplanationRecord = { readonly event: string; readonly verdict: DeciderRecord; readonly sides: readonly SideRecord[] };

/** What one written event stands for: its verdicts, each with one witness, and how many classes of events have it. `omitted`: further verdicts, past `mostVerdicts`. */
export type Explained = {
  readonly classes: number;
  readonly verdicts: readonly { readonly classes: number; readonly witness: PolicyEvent; readonly explanation: ExplanationRecord }[];
  readonly omitted: number;
};

export const mostNear = 5;
export const mostVerdicts = 200;

/** @throws AnalysisLimit */
export function explain(typed: TypedPolicy, written: TestEvent): Explained {
  const groups = new Map<string, { classes: number; readonly witness: PolicyEvent }>();
  let classes = 0;
  for (const event of eventClasses(typed)(written, true)) {
    classes++;
    const key = JSON.stringify(verdictOf(typed, event));
    const group = groups.get(key);
    if (group) group.classes++;
    else groups.set(key, { classes: 1, witness: event });
  }
  const shown = [...groups.values()].slice(0, mostVerdicts);
  const verdicts = shown.map((group) => ({ ...group, explanation: explanationOf(typed, group.witness) }));
  return { classes, verdicts, omitted: groups.size - shown.length };
}

/** The explanation of one event. */
export function explanationOf(typed: TypedPolicy, event: PolicyEvent): ExplanationRecord {
  const sections: readonly Section[] = event.kind === 'process' ? ['process'] : ['egress', 'ingress'];
  return {
    event: eventWords(event, typed.domains),
    verdict: deciderOf(typed, verdictOf(typed, event)),
    sides: sections.map((section) => sideOf(typed, section, event)),
  };
}

function subjectIn(section: Section, event: PolicyEvent): Endpoint {
  if (event.kind === 'process') return event.subject;
  return section === 'ingress' ? event.destination : event.source;
}

function sideOf(typed: TypedPolicy, section: Section, event: PolicyEvent): SideRecord {
  const subject = subjectIn(section, event);
  const verdict = sideVerdict(typed, section, event);
  const domain = event.kind === 'process' ? event.domain : undefined;
  const readings = verdict.cause.kind === 'self' ? [] : readingsOf(typed, section, event);
  const outcomes = outcomesOf(typed, readings.filter(speaks), verdict);
  return {
    section,
    ...(domain !== undefined && { domain }),
    subject: endpointWords(subject),
    managed: isManaged(subject),
    decider: deciderOf(typed, verdict),
    selectedBy: typed.policies.filter((policy) => isSubject(policy.subject, subject)).map((policy) => selecting(policy, section, domain)),
    spoke: outcomes.map(({ rule, outcome, why }) => ({ ...recordOf(typed, rule), outcome, why })),
    nearest: isOpen(event, verdict) ? nearestOf(typed, readings, { event, verdict }) : [],
    silent: readings.length - outcomes.length,
  };
}

function selecting(policy: Policy, section: Section, domain = ''): SelectingPolicy {
  const { name, tier, priority, audit, span, defaultDeny } = policy;
  const brings = section === 'process' ? defaultDeny.process.includes(domain) : defaultDeny[section];
  return { policy: name, ...placeOf(span), tier, priority, defaultDeny: brings, audit };
}

function recordOf(typed: TypedPolicy, rule: Rule): RuleRecord {
  const policy = typed.policies[rule.policy];
  invariant(policy, `rule ${rule.id} has no policy`);
  const { action, text, name, priority, audit } = rule;
  const order = { tier: policy.tier, policyPriority: policy.priority, priority, audit };
  return { policy: policy.name, ...placeOf(rule.span), action, text, ...(name !== undefined && { name }), ...order };
}

/** Would another matching rule have turned the verdict? A refusal that does not match every request leaves that open, too. */
const isOpen = (event: PolicyEvent, { cause }: Verdict): boolean =>
  cause.kind === 'rule' ? cause.undecidable === true && event.kind === 'flow' && event.request === undefined : cause.kind !== 'self';

type Asked = { readonly event: PolicyEvent; readonly verdict: Verdict };

/** The rules that would have turned a default, those first of which least missed. */
function nearestOf(typed: TypedPolicy, readings: readonly RuleReading[], { event, verdict }: Asked): readonly NearRule[] {
  const tierOf = ({ rule }: RuleReading): string | undefined => typed.policies[rule.policy]?.tier;
  const passes = readings.filter((reading) => reading.rule.action === 'pass' && !reading.rule.audit && speaks(reading));
  const isSkipped = (reading: RuleReading): boolean =>
    passes.some((pass) => tierOf(pass) === tierOf(reading) && readings.indexOf(pass) < readings.indexOf(reading));
  const isTurning = ({ rule }: RuleReading): boolean =>
    !rule.audit && (verdict.action === 'denied' ? rule.action === 'allow' : refuses(rule));
  return readings
    .filter((reading) => !speaks(reading) && isTurning(reading) && !isSkipped(reading))
    .sort((a, b) => partsMissed(a) - partsMissed(b))
    .slice(0, mostLooked)
    .map((reading) => ({ rule: reading.rule, misses: missesOf(typed, reading, event) }))
    .sort((a, b) => a.misses.length - b.misses.length || a.rule.id - b.rule.id)
    .slice(0, mostNear)
    .map(({ rule, misses }) => ({ ...recordOf(typed, rule), misses }));
}

/** Rules whose conditions are looked at one by one. */
const mostLooked = 200;
const partsMissed = ({ peer, transport, content }: RuleReading): number =>
  Number(!peer) + Number(!transport) + Number(content === false || content === 'undecidable');
