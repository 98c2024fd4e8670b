// Why an event has its verdict: for each side every rule that spoke, in deciding order, and what became of it; where no
// rule decided, the rules that were nearest and what missed them. All verdicts and readings are the oracle's.
import { invariant } from '../base/assert.ts';
import type { Endpoint, PolicyEvent, Verdict } from '../ir/event.ts';
import type { TestEvent } from '../ir/test-case.ts';
import type { Policy, Rule, Section, TypedPolicy } from '../ir/typed.ts';
import { selects } from '../space/labels.ts';
import { eventClasses } from './event-classes.ts';
import { type DeciderRecord, deciderOf, endpointWords, eventWords, placeOf, type SourcePlace } from './event-words.ts';
import { type Miss, missesOf } from './misses.ts';
import { type RuleReading, readingsOf, sideVerdict, speaks, verdictOf } from './oracle.ts';
import { brings } from './split.ts';

type RuleRecord = SourcePlace & { readonly policy: string; readonly action: Rule['action']; readonly text: string };

/**
 * A rule that spoke. `passed-over`: it stands before the decider, but a connection is decided by another;
 * `agrees`, `overruled`: it stands after the decider and says the same, or the contrary.
 */
export type SpokenRule = RuleRecord & { readonly outcome: 'decides' | 'passed-over' | 'agrees' | 'overruled'; readonly why: string };
/** A rule that would have turned the verdict, and what of the event it does not match. */
export type NearRule = RuleRecord & { readonly misses: readonly Miss[] };

/** One side of an event. `managed` false: its end is no workload, nothing is asked. */
export type SideRecord = {
  readonly section: Section;
  readonly subject: string;
  readonly managed: boolean;
  readonly decider: DeciderRecord;
  readonly selectedBy: readonly (SourcePlace & { readonly policy: string; readonly defaultDeny: boolean })[];
  readonly spoke: readonly SpokenRule[];
  /** Where no rule decided, or no request on a connection is allowed: at most `mostNear`, nearest first. */
  readonly nearest: readonly NearRule[];
  /** Rules that did not match, those of `nearest` included. */
  readonly silent: number;
};
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
  const sections: readonly Section[] = event.kind === 'exec' ? ['process'] : ['egress', 'ingress'];
  return {
    event: eventWords(event),
    verdict: deciderOf(typed, verdictOf(typed, event)),
    sides: sections.map((section) => sideOf(typed, section, event)),
  };
}

function subjectIn(section: Section, event: PolicyEvent): Endpoint {
  if (event.kind === 'exec') return event.subject;
  return section === 'ingress' ? event.destination : event.source;
}

function sideOf(typed: TypedPolicy, section: Section, event: PolicyEvent): SideRecord {
  const subject = subjectIn(section, event);
  const verdict = sideVerdict(typed, section, event);
  const selecting = typed.policies.filter((policy) => subject.kind === 'workload' && selects(policy.subject, subject.labels));
  const isSelf = verdict.cause.kind === 'self';
  const readings = isSelf ? [] : readingsOf(typed, section, event);
  const silent = readings.filter((reading) => !speaks(reading));
  return {
    section,
    subject: endpointWords(subject),
    managed: subject.kind === 'workload',
    decider: deciderOf(typed, verdict),
    selectedBy: selecting.map((policy) => ({
      policy: policy.name,
      ...placeOf(policy.span),
      defaultDeny: brings(policy, section),
    })),
    spoke: spokenOf(typed, readings.filter(speaks), verdict),
    nearest: isOpen(event, verdict) ? nearestOf(typed, silent, { event, verdict }) : [],
    silent: silent.length,
  };
}

function policyOf(typed: TypedPolicy, rule: Rule): Policy {
  const policy = typed.policies[rule.policy];
  invariant(policy, `rule ${rule.id} has no policy`);
  return policy;
}

const recordOf = (typed: TypedPolicy, rule: Rule): RuleRecord => ({
  policy: policyOf(typed, rule).name,
  ...placeOf(rule.span),
  action: rule.action,
  text: rule.text,
});

function spokenOf(typed: TypedPolicy, speaking: readonly RuleReading[], { cause }: Verdict): readonly SpokenRule[] {
  const place = cause.kind === 'rule' ? speaking.findIndex(({ rule }) => rule.id === cause.rule) : speaking.length;
  const decider = speaking[place]?.rule;
  return speaking.map(({ rule }, i): SpokenRule => {
    const record = recordOf(typed, rule);
    if (i < place) return { ...record, outcome: 'passed-over', why: passedOver(rule, decider) };
    if (!decider || i === place)
      return { ...record, outcome: 'decides', why: decides(speaking, place, cause.kind === 'rule' && cause.undecidable === true) };
    return { ...record, outcome: rule.action === decider.action ? 'agrees' : 'overruled', why: after(typed, decider, rule) };
  });
}

/** Only a connection is decided by another than the first that speaks: by the first that allows some request on it. */
function passedOver(rule: Rule, decider: Rule | undefined): string {
  if (rule.action === 'allow') return 'no request is allowed by it: others deny all that it matches';
  const rest = decider ? 'the rule below allows another request on the connection' : 'other requests on the connection are not denied';
  return `denies only the requests that it matches: ${rest}, and each request is decided by itself`;
}

function decides(speaking: readonly RuleReading[], place: number, undecidable: boolean): string {
  const decider = speaking[place];
  if (undecidable && decider?.content === 'unasked') return 'no request on the connection would be allowed';
  if (undecidable) return 'what cannot be read is matched by a deny rule';
  if (place > 0) return 'the first in order that allows some request on the connection';
  return speaking.length === 1 ? 'the only rule that matches' : 'the first in order of the rules that match';
}

function after(typed: TypedPolicy, decider: Rule, rule: Rule): string {
  if (decider.action !== rule.action) return 'asked later: deny rules are asked before allow rules';
  if (decider.policy === rule.policy) return 'says the same, and stands later in its policy';
  return `says the same, and its policy comes later by name than ${policyOf(typed, decider).name}`;
}

/** Would another matching rule have turned the verdict? A deny that does not match every request leaves that open, too. */
const isOpen = (event: PolicyEvent, { cause }: Verdict): boolean =>
  cause.kind === 'rule' ? cause.undecidable === true && event.kind === 'flow' && event.request === undefined : cause.kind !== 'self';

type Asked = { readonly event: PolicyEvent; readonly verdict: Verdict };

/** The rules that would have turned a default, those first of which least missed. */
function nearestOf(typed: TypedPolicy, silent: readonly RuleReading[], { event, verdict }: Asked): readonly NearRule[] {
  const turning = verdict.action === 'denied' ? 'allow' : 'deny';
  const turned = silent.filter(({ rule }) => rule.action === turning);
  return [...turned]
    .sort((a, b) => partsMissed(a) - partsMissed(b))
    .slice(0, mostLooked)
    .map((reading) => ({ rule: reading.rule, misses: missesOf(reading, event) }))
    .sort((a, b) => a.misses.length - b.misses.length || a.rule.id - b.rule.id)
    .slice(0, mostNear)
    .map(({ rule, misses }) => ({ ...recordOf(typed, rule), misses }));
}

/** Rules whose conditions are looked at one by one. */
const mostLooked = 200;
const partsMissed = ({ peer, transport, content }: RuleReading): number =>
  Number(!peer) + Number(!transport) + Number(content === false || content === 'undecidable');
