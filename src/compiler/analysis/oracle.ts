// The reference evaluator: the verdict of one event under a TypedPolicy, by the plainest reading of grammar/README.md,
// "Meaning". It is the definition; everything after 3-check is an optimisation that must agree with it, so it shares no
// code with what it checks: oracle-members.ts, oracle-content.ts and derivative.ts are written for it.
import { unreachable } from '../base/assert.ts';
import type { Cause, Content, Decided, Endpoint, FlowEvent, PolicyEvent, ProcessEvent, Verdict } from '../ir/event.ts';
import {
  actions,
  type Direction,
  type NetworkRule,
  type Policy,
  type ProcessRule,
  type Rule,
  type Section,
  type TypedPolicy,
  tiers,
} from '../ir/typed.ts';
import type { TransportPoint } from '../space/transport.ts';
import { type Asked, type ContentReader, contentReader, type Truth } from './oracle-content.ts';
import { isAt, isInit, isManaged, isPeer, isSame, isSubject } from './oracle-members.ts';
import { RulesByPoint } from './oracle-points.ts';

/** One side's question: may `subject` send to (egress) or receive from (ingress) `peer`? Without `request`: is the connection admitted? */
export type SideQuestion = {
  readonly subject: Endpoint;
  readonly peer: Endpoint;
  readonly point: TransportPoint;
  readonly request?: FlowEvent['request'];
};

/** The rules that count: without those in audit mode and the default deny of audit policies, or with them. */
type Mode = 'enforced' | 'with-audit';
const isCounted = (mode: Mode, { audit }: Rule | Policy): boolean => mode === 'with-audit' || !audit;

/**
 * The verdict of an event, both sides of a flow included: egress at a managed source, then ingress at a managed destination.
 * Where both allow, the cause is the ingress rule, or else the egress rule, or else "no policy".
 * @throws AnalysisLimit when the patterns of one connection are past all measure
 */
export function verdictOf(policy: TypedPolicy, event: PolicyEvent): Verdict {
  switch (event.kind) {
    case 'process':
      return verdictOfProcess(policy, event);
    case 'flow':
      return inBothModes(policy, (mode) => decidedFlow(policy, mode, event));
    default:
      return unreachable(event);
  }
}

/** The verdict of one side. A subject that nothing governs is allowed everything. */
export const verdictIn = (policy: TypedPolicy, direction: Direction, question: SideQuestion): Verdict =>
  inBothModes(policy, (mode) => decidedSide(policy, { mode, direction }, question));

/** The verdict of what a process does. */
export const verdictOfProcess = (policy: TypedPolicy, event: ProcessEvent): Verdict =>
  inBothModes(policy, (mode) => decidedProcess(policy, mode, event));

/** What is enforced is what holds without audit; what would hold with it stands beside it where the action is another. */
function inBothModes(policy: TypedPolicy, decidedIn: (mode: Mode) => Decided): Verdict {
  const enforced = decidedIn('enforced');
  if (!hasAudit(policy)) return enforced;
  const audit = decidedIn('with-audit');
  return audit.action === enforced.action ? enforced : { ...enforced, audit };
}

function decidedFlow(policy: TypedPolicy, mode: Mode, { source, destination, point, request }: FlowEvent): Decided {
  const asked = request === undefined ? { point } : { point, request };
  const egress = decidedSide(policy, { mode, direction: 'egress' }, { subject: source, peer: destination, ...asked });
  if (egress.action === 'denied') return egress;
  const ingress = decidedSide(policy, { mode, direction: 'ingress' }, { subject: destination, peer: source, ...asked });
  return ingress.action === 'denied' || ingress.cause.kind === 'rule' ? ingress : egress;
}

type Side = { readonly mode: Mode; readonly direction: Direction };

function decidedSide(policy: TypedPolicy, { mode, direction }: Side, question: SideQuestion): Decided {
  const { subject, peer, request } = question;
  if (!isManaged(subject)) return allowedByDefault;
  if (isSame(subject, peer)) return { action: 'allowed', cause: { kind: 'self' } };
  const { matches, truthOf } = workOf(policy).reader;
  const destination = direction === 'ingress' ? subject : peer;
  const concerned = rulesAt(policy, direction, question).filter(
    (rule): rule is NetworkRule =>
      rule.section !== 'process' &&
      isCounted(mode, rule) &&
      isAt(rule.transport, question.point, destination) &&
      isPeer(rule.peers, peer, matches),
  );
  const rules = inOrder(policy, concerned);
  const last = byDefault(policy, { mode, section: direction }, subject);
  if (request) return decide(policy, rules, { last, truth: (rule) => (rule.layer7 ? truthOf(rule.layer7, request) : true) });
  return admission(policy, rules, last);
}

function decidedProcess(policy: TypedPolicy, mode: Mode, { domain, subject, content }: ProcessEvent): Decided {
  if (!isManaged(subject)) return allowedByDefault;
  const rules = rulesFor(policy, 'process', subject).filter(
    (rule): rule is ProcessRule => rule.section === 'process' && rule.match.domain === domain && isCounted(mode, rule),
  );
  const { truthOf } = workOf(policy).reader;
  const last = byDefault(policy, { mode, section: 'process', domain }, subject);
  return decide(policy, rules, { last, truth: ({ match }) => truthOf(match, { domain, content }) });
}

/** The verdict of one side of an event alone; of an end that is not managed: allowed. */
export function sideVerdict(typed: TypedPolicy, section: Section, event: PolicyEvent): Verdict {
  if (event.kind === 'process') return verdictOfProcess(typed, event);
  const [subject, peer] = section === 'ingress' ? [event.destination, event.source] : [event.source, event.destination];
  return verdictIn(typed, section === 'ingress' ? 'ingress' : 'egress', { ...event, subject, peer });
}

// --- order, default, first match ------------------------------------------------------------------------------------

const allowedByDefault: Decided = { action: 'allowed', cause: { kind: 'default-allow' } };

/** What is worked out once about one policy. */
type Work = {
  readonly reader: ContentReader;
  /** The rules of each policy. */
  readonly byPolicy: Readonly<Record<Section, readonly (readonly Rule[])[]>>;
  readonly hasAudit: boolean;
  /** In deciding order. */
  readonly sorted: Map<Section, readonly Rule[]>;
  /** Policies with the same subject govern the same endpoints. */
  readonly bySubject: readonly (readonly Policy[])[];
  readonly governing: WeakMap<Endpoint, Governing>;
  readonly defaults: Map<string, Decided>;
  /** Connections by their default and the rules that concern them. */
  readonly admitted: Map<Decided, Map<string, Decided>>;
};
/** What governs an endpoint. */
type Governing = {
  readonly policies: readonly Policy[];
  readonly rules: Map<Section, readonly Rule[]>;
  readonly points: Map<Section, RulesByPoint | 'asked'>;
  /** By what is asked. */
  readonly defaults: Map<string, Decided>;
};
const works = new WeakMap<TypedPolicy, Work>();

function workOf(policy: TypedPolicy): Work {
  const known = works.get(policy);
  if (known) return known;
  const { domains, policies, rules } = policy;
  const made: Work = {
    reader: contentReader(domains),
    byPolicy: { ingress: byPolicy(policy, 'ingress'), egress: byPolicy(policy, 'egress'), process: byPolicy(policy, 'process') },
    sorted: new Map(),
    bySubject: [...groupedBy(policies, ({ subject }) => JSON.stringify(subject)).values()],
    governing: new WeakMap(),
    defaults: new Map(),
    hasAudit: [...policies, ...rules].some(({ audit }) => audit),
    admitted: new Map(),
  };
  works.set(policy, made);
  return made;
}

function groupedBy<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

function byPolicy({ policies, rules }: TypedPolicy, section: Section): readonly (readonly Rule[])[] {
  const lists: Rule[][] = policies.map(() => []);
  for (const rule of rules) if (rule.section === section) lists[rule.policy]?.push(rule);
  return lists;
}

const hasAudit = (policy: TypedPolicy): boolean => workOf(policy).hasAudit;
/** What reads the content of this policy's events. */
export const readerOf = (policy: TypedPolicy): ContentReader => workOf(policy).reader;
/** The rules of one section in deciding order, those in audit mode too. */
export function rulesInOrder(policy: TypedPolicy, section: Section): readonly Rule[] {
  const { sorted } = workOf(policy);
  const ofSection = (): readonly Rule[] => policy.rules.filter((rule) => rule.section === section);
  const found = sorted.get(section) ?? inOrder(policy, ofSection());
  sorted.set(section, found);
  return found;
}

const inOrder = <R extends Rule>(policy: TypedPolicy, rules: readonly R[]): readonly R[] =>
  [...rules].sort((a, b) => compare(policy, a, b));

/** Tier, the policy's priority, the rule's, kill before drop before deny before allow before pass, and RuleId: (policy name, place). */
function compare({ policies }: TypedPolicy, a: Rule, b: Rule): number {
  const [one, other] = [policies[a.policy], policies[b.policy]];
  return (
    tiers.indexOf(one?.tier ?? 'normal') - tiers.indexOf(other?.tier ?? 'normal') ||
    (one?.priority ?? 0) - (other?.priority ?? 0) ||
    a.priority - b.priority ||
    actions.indexOf(a.action) - actions.indexOf(b.action) ||
    a.id - b.id
  );
}

/** So many are sorted by their points before they are asked. */
const manyRules = 1000;

function governingOf(policy: TypedPolicy, subject: Endpoint): Governing {
  const { governing, bySubject } = workOf(policy);
  const known = governing.get(subject);
  if (known) return known;
  const policies = bySubject.flatMap((same) => (same[0] && isSubject(same[0].subject, subject) ? same : [])).sort((a, b) => a.id - b.id);
  const made = { policies, rules: new Map(), points: new Map(), defaults: new Map() };
  governing.set(subject, made);
  return made;
}

/** The rules of one section of every policy that governs the subject. */
function rulesOf(policy: TypedPolicy, section: Section, subject: Endpoint): readonly Rule[] {
  const { policies, rules } = governingOf(policy, subject);
  const lists = workOf(policy).byPolicy[section];
  const found = rules.get(section) ?? policies.flatMap(({ id }) => lists[id] ?? []);
  rules.set(section, found);
  return found;
}

/** Those of them that can be about the point of a question, and perhaps others. */
function rulesAt(policy: TypedPolicy, section: Section, { subject, point }: SideQuestion): readonly Rule[] {
  const all = rulesOf(policy, section, subject);
  if (all.length < manyRules) return all;
  const { points } = governingOf(policy, subject);
  const known = points.get(section);
  // A subject that is asked about once is not worth it.
  const found = known === 'asked' ? new RulesByPoint(all) : (known ?? 'asked');
  points.set(section, found);
  return found === 'asked' ? all : found.at(point);
}

/** The same in deciding order. */
const rulesFor = (policy: TypedPolicy, section: Section, subject: Endpoint): readonly Rule[] =>
  inOrder(policy, rulesOf(policy, section, subject));

type Asking = { readonly mode: Mode; readonly section: Section /** Of `process`. */; readonly domain?: string };

/** Asked last: denied if a policy that governs the subject brings default deny here; an `init` endpoint's connections always. */
function byDefault(policy: TypedPolicy, asking: Asking, subject: Endpoint): Decided {
  const { policies, defaults } = governingOf(policy, subject);
  const key = `${asking.mode} ${asking.section} ${asking.domain}`;
  const found = defaults.get(key) ?? oneOfEqual(workOf(policy).defaults, defaultOf(policies, asking, subject));
  defaults.set(key, found);
  return found;
}

function oneOfEqual(known: Map<string, Decided>, one: Decided): Decided {
  const key = JSON.stringify(one);
  const found = known.get(key) ?? one;
  known.set(key, found);
  return found;
}

function defaultOf(policies: readonly Policy[], { mode, section, domain = '' }: Asking, subject: Endpoint): Decided {
  const bringing = policies
    .filter(({ defaultDeny }) => (section === 'process' ? defaultDeny.process.includes(domain) : defaultDeny[section]))
    .filter((one) => isCounted(mode, one))
    .map(({ id }) => id);
  if (bringing.length === 0 && (section === 'process' || !isInit(subject))) return allowedByDefault;
  return { action: 'denied', cause: { kind: 'default-deny', policies: bringing } };
}

type Question<R> = { readonly last: Decided; readonly truth: (rule: R) => Truth };

/**
 * The first rule that matches and is not `pass` decides; `pass` skips the rest of its tier. What is undecidable is matched by
 * what refuses (kill, drop, deny), and not by what does not (allow, pass).
 */
function decide<R extends Rule>(policy: TypedPolicy, rules: readonly R[], { last, truth }: Question<R>): Decided {
  const passed = new Set<string>();
  for (const rule of rules) {
    const { tier = 'normal' } = policy.policies[rule.policy] ?? {};
    if (passed.has(tier)) continue;
    const holds = truth(rule);
    if (holds === false || (holds === 'undecidable' && !refuses(rule))) continue;
    if (rule.action === 'pass') passed.add(tier);
    else return decidedBy(rule, holds);
  }
  return last;
}

export const refuses = ({ action }: Rule): boolean => action === 'kill' || action === 'drop' || action === 'deny';

const decidedBy = (rule: Rule, holds: Truth): Decided => ({
  action: refuses(rule) ? 'denied' : 'allowed',
  cause: { kind: 'rule', rule: rule.id, ...(holds === 'undecidable' && { undecidable: true }) },
});

// --- connections ----------------------------------------------------------------------------------------------------

/** Remembered by the rules that concern a connection and the default: they are all that it depends on. */
function admission(policy: TypedPolicy, rules: readonly NetworkRule[], last: Decided): Decided {
  const { admitted } = workOf(policy);
  const known = admitted.get(last) ?? new Map<string, Decided>();
  admitted.set(last, known);
  const key = rules.map(({ id }) => id).join();
  const found = known.get(key) ?? admit(policy, rules, last);
  known.set(key, found);
  return found;
}

/**
 * A connection is admitted by the first rule in order that allows some request on it, or by default where some request is
 * left to that. Otherwise its verdict is that of the request that cannot be read.
 */
function admit(policy: TypedPolicy, rules: readonly NetworkRule[], last: Decided): Decided {
  const { isSomeAllowed } = workOf(policy).reader;
  const unreadable = decide(policy, rules, { last, truth: (rule) => (rule.layer7 ? 'undecidable' : true) });
  const before: NonNullable<NetworkRule['layer7']>[] = [];
  for (const rule of withoutPassed(policy, rules)) {
    if (!refuses(rule) && isSomeAllowed(rule.layer7, before)) return decidedBy(rule, true);
    if (rule.layer7 === undefined) return unreadable;
    if (refuses(rule)) before.push(rule.layer7);
  }
  return last.action === 'allowed' && isSomeAllowed(undefined, before) ? last : unreadable;
}

/** A network `pass` has no content: it holds for every request. */
function withoutPassed(policy: TypedPolicy, rules: readonly NetworkRule[]): readonly NetworkRule[] {
  const tierOf = (rule: NetworkRule): string | undefined => policy.policies[rule.policy]?.tier;
  return rules.filter((rule, i) => !rules.slice(0, i + 1).some((one) => one.action === 'pass' && tierOf(one) === tierOf(rule)));
}

// --- names ----------------------------------------------------------------------------------------------------------

export type AnswerQuestion = {
  /** Who answered. */
  readonly server: Endpoint;
  readonly point: TransportPoint;
  /** The query, as content of the domain `dns`. */
  readonly query: Content;
};

/** Does a DNS answer count as a name of addresses for this subject? Only from a server that a `dns` rule of it allows to be asked. */
export function answerCounts(policy: TypedPolicy, subject: Endpoint, { server, point, query }: AnswerQuestion): boolean {
  const request: Asked = { domain: 'dns', content: query };
  const event: PolicyEvent = { kind: 'flow', source: subject, destination: server, point, request };
  if (!isManaged(subject) || isSame(subject, server) || sideVerdict(policy, 'egress', event).action === 'denied') return false;
  const passed = new Set<string>();
  return readingsOf(policy, 'egress', event)
    .filter((reading) => !reading.rule.audit && speaks(reading))
    .some(({ rule }) => {
      const { tier = 'normal' } = policy.policies[rule.policy] ?? {};
      if (rule.action === 'pass') passed.add(tier);
      return rule.section !== 'process' && rule.action === 'allow' && rule.layer7?.domain === 'dns' && !passed.has(tier);
    });
}

// --- who speaks -----------------------------------------------------------------------------------------------------

/** How one rule lies to one side of an event, part by part. `content` is `unasked` where the rule has none, or a connection is asked about. */
export type RuleReading = {
  readonly rule: Rule;
  readonly peer: boolean;
  readonly transport: boolean;
  readonly content: Truth | 'unasked';
};

/** Every rule of the policies that govern the subject of one side, in deciding order, audit rules too, and how it lies to the event. */
export function readingsOf(policy: TypedPolicy, section: Section, event: PolicyEvent): readonly RuleReading[] {
  if ((section === 'process') !== (event.kind === 'process')) return [];
  const subject = event.kind === 'process' ? event.subject : section === 'ingress' ? event.destination : event.source;
  const { matches, truthOf } = workOf(policy).reader;
  return rulesFor(policy, section, subject).flatMap((rule): readonly RuleReading[] => {
    if (rule.section === 'process' || event.kind === 'process') {
      if (rule.section !== 'process' || event.kind !== 'process' || rule.match.domain !== event.domain) return [];
      return [{ rule, peer: true, transport: true, content: truthOf(rule.match, event) }];
    }
    const content = rule.layer7 && event.request ? truthOf(rule.layer7, event.request) : 'unasked';
    const peer = isPeer(rule.peers, section === 'ingress' ? event.source : event.destination, matches);
    return [{ rule, peer, transport: isAt(rule.transport, event.point, event.destination), content }];
  });
}

/** Does the rule match? What is undecidable is matched by a rule that refuses only. */
export function speaks({ rule, peer, transport, content }: RuleReading): boolean {
  if (!peer || !transport) return false;
  return content === 'undecidable' ? refuses(rule) : content !== false;
}

/**
 * Every rule that speaks about one side of an event, in deciding order, audit rules too. To a connection speaks also who
 * speaks about some request on it; what is undecidable is spoken of by rules that refuse.
 */
export const speakingRules = (policy: TypedPolicy, section: Section, event: PolicyEvent): readonly Rule[] =>
  readingsOf(policy, section, event)
    .filter(speaks)
    .map(({ rule }) => rule);

/** The policies that a cause names: the deciding rule's, or those that brought default deny. */
export function policiesOf(policy: TypedPolicy, cause: Cause): readonly string[] {
  if (cause.kind === 'rule') return [policy.rules[cause.rule]?.policy].flatMap((id) => policy.policies[id ?? -1]?.name ?? []);
  return cause.kind === 'default-deny' ? cause.policies.flatMap((id) => policy.policies[id]?.name ?? []) : [];
}
