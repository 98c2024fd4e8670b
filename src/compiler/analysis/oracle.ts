// The reference evaluator: the verdict of one event under a TypedPolicy, by the plainest reading of grammar/README.md,
// "Meaning". It is the definition; everything after 3-check is an optimisation that must agree with it, so it shares no
// code with what it checks: labels, addresses, ports and patterns are matched here and in derivative.ts, written for it.
import { unreachable } from '../base/assert.ts';
import type { Cause, Content, Endpoint, ExecEvent, FlowEvent, PolicyEvent, Verdict } from '../ir/event.ts';
import type { Direction, DomainMatch, EntityName, NetworkRule, PeerSet, Rule, Section, Transport, TypedPolicy } from '../ir/typed.ts';
import type { IntervalSet } from '../space/interval.ts';
import type { Labels, Requirement, Selector } from '../space/labels.ts';
import { protocolOf, type TransportPoint } from '../space/transport.ts';
import { type TextMatcher, textMatcher } from './derivative.ts';

/** One side's question: may `subject` send to (egress) or receive from (ingress) `peer`? Without `request`: is the connection admitted? */
export type SideQuestion = {
  readonly subject: Endpoint;
  readonly peer: Endpoint;
  readonly point: TransportPoint;
  readonly request?: FlowEvent['request'];
};
type Request = NonNullable<FlowEvent['request']>;
type Workload = Extract<Endpoint, { kind: 'workload' }>;

/**
 * The verdict of an event, both sides of a flow included: egress at a managed source, then ingress at a managed destination.
 * Where both allow, the cause is the ingress rule, or else the egress rule, or else "no policy".
 * @throws AnalysisLimit when the patterns of one connection are past all measure
 */
export function verdictOf(policy: TypedPolicy, event: PolicyEvent): Verdict {
  switch (event.kind) {
    case 'exec':
      return verdictOfExec(policy, event.subject, event.content);
    case 'flow':
      return verdictOfFlow(policy, event);
    default:
      return unreachable(event);
  }
}

function verdictOfFlow(policy: TypedPolicy, { source, destination, point, request }: FlowEvent): Verdict {
  const asked = request === undefined ? { point } : { point, request };
  const egress = verdictIn(policy, 'egress', { subject: source, peer: destination, ...asked });
  if (egress.action === 'denied') return egress;
  const ingress = verdictIn(policy, 'ingress', { subject: destination, peer: source, ...asked });
  if (ingress.action === 'denied' || ingress.cause.kind === 'rule') return ingress;
  return egress;
}

/** The verdict of one side. A subject that is no workload is not managed: allowed. */
export function verdictIn(policy: TypedPolicy, direction: Direction, question: SideQuestion): Verdict {
  const { subject, peer, request } = question;
  if (subject.kind !== 'workload') return allowedByDefault;
  if (peer.kind === 'workload' && peer.id === subject.id) return { action: 'allowed', cause: { kind: 'self' } };
  const rules = rulesFor(policy, direction, subject).filter(
    (rule): rule is NetworkRule => rule.section !== 'process' && concerns(rule, question),
  );
  const last = byDefault(policy, direction, subject);
  if (request) return decide(rules, last, (rule) => (rule.layer7 ? truthOf(policy, rule.layer7, request) : true));
  return admission(policy, rules, last);
}

/** The verdict of starting a program: `content` is its resolved path. */
export function verdictOfExec(policy: TypedPolicy, subject: ExecEvent['subject'], content: Content): Verdict {
  if (subject.kind !== 'workload') return allowedByDefault;
  const request: Request = { domain: 'exec', content };
  const rules = rulesFor(policy, 'process', subject).filter((rule) => rule.section === 'process' && rule.match.domain === 'exec');
  return decide(rules, byDefault(policy, 'process', subject), (rule) =>
    rule.section === 'process' ? truthOf(policy, rule.match, request) : false,
  );
}

/** The verdict of one side of an event alone; of an end that is no workload: allowed. */
export function sideVerdict(typed: TypedPolicy, section: Section, event: PolicyEvent): Verdict {
  if (event.kind === 'exec') return verdictOfExec(typed, event.subject, event.content);
  const [subject, peer] = section === 'ingress' ? [event.destination, event.source] : [event.source, event.destination];
  return verdictIn(typed, section === 'ingress' ? 'ingress' : 'egress', { ...event, subject, peer });
}

/** How one rule lies to one side of an event, part by part. `content` is `unasked` where the rule has none, or a connection is asked about. */
export type RuleReading = {
  readonly rule: Rule;
  readonly peer: boolean;
  readonly transport: boolean;
  readonly content: Truth | 'unasked';
};

/** Every rule of the policies that select the subject of one side, in deciding order, and how it lies to the event. */
export function readingsOf(policy: TypedPolicy, section: Section, event: PolicyEvent): readonly RuleReading[] {
  const subject = event.kind === 'exec' ? event.subject : section === 'ingress' ? event.destination : event.source;
  if (subject.kind !== 'workload' || (section === 'process') !== (event.kind === 'exec')) return [];
  const asked: Request | undefined = event.kind === 'exec' ? { domain: 'exec', content: event.content } : event.request;
  return rulesFor(policy, section, subject).map((rule) => {
    const match = rule.section === 'process' ? rule.match : rule.layer7;
    const content = match && asked ? truthOf(policy, match, asked) : 'unasked';
    if (rule.section === 'process' || event.kind === 'exec') return { rule, peer: true, transport: true, content };
    const peer = section === 'ingress' ? event.source : event.destination;
    return { rule, peer: isPeer(rule.peers, peer), transport: isAt(rule.transport, event.point, event.destination), content };
  });
}

/** Does the rule match? What is undecidable is matched by a deny rule only. */
export function speaks({ rule, peer, transport, content }: RuleReading): boolean {
  if (!peer || !transport) return false;
  return content === 'undecidable' ? rule.action === 'deny' : content !== false;
}

/**
 * Every rule that speaks about one side of an event, in deciding order. To a connection speaks also who speaks about
 * some request on it; what is undecidable is spoken of by deny rules.
 */
export const speakingRules = (policy: TypedPolicy, section: Section, event: PolicyEvent): readonly Rule[] =>
  readingsOf(policy, section, event)
    .filter(speaks)
    .map(({ rule }) => rule);

// --- order, default, first match ------------------------------------------------------------------------------------

const allowedByDefault: Verdict = { action: 'allowed', cause: { kind: 'default-allow' } };
const groups = new WeakMap<TypedPolicy, readonly (readonly Rule[])[]>();

/** PolicyId -> its rules. */
function grouped(policy: TypedPolicy): readonly (readonly Rule[])[] {
  const known = groups.get(policy);
  if (known) return known;
  const made: Rule[][] = policy.policies.map(() => []);
  for (const rule of policy.rules) made[rule.policy]?.push(rule);
  groups.set(policy, made);
  return made;
}

/** The rules of every policy that selects the subject, in deciding order: deny before allow, then RuleId, which is (policy name, place). */
function rulesFor(policy: TypedPolicy, section: Section, { labels }: Workload): readonly Rule[] {
  const strength = { deny: 0, allow: 1 };
  return policy.policies
    .filter(({ subject }) => isSelected(subject, labels))
    .flatMap(({ id }) => grouped(policy)[id] ?? [])
    .filter((rule) => rule.section === section)
    .sort((a, b) => strength[a.action] - strength[b.action] || a.id - b.id);
}

/** Asked last: denied if a policy that selects the subject brings default deny to this section. */
function byDefault(policy: TypedPolicy, section: Section, subject: Workload): Verdict {
  const bringing = policy.policies.filter(({ subject: selector, defaultDeny }) => {
    const brings = section === 'process' ? defaultDeny.process.includes('exec') : defaultDeny[section];
    return brings && isSelected(selector, subject.labels);
  });
  if (bringing.length === 0) return allowedByDefault;
  return { action: 'denied', cause: { kind: 'default-deny', policies: bringing.map(({ id }) => id) } };
}

/** Does a rule's condition hold? Undecidable: encrypted, another protocol, over a limit, ambiguous. */
type Truth = boolean | 'undecidable';

/** The first rule that matches decides. What is undecidable matches a deny and does not match an allow. */
function decide<R extends Rule>(rules: readonly R[], otherwise: Verdict, truth: (rule: R) => Truth): Verdict {
  for (const rule of rules) {
    const holds = truth(rule);
    if (rule.action === 'deny' && holds === 'undecidable')
      return { action: 'denied', cause: { kind: 'rule', rule: rule.id, undecidable: true } };
    if (holds === true) return { action: rule.action === 'deny' ? 'denied' : 'allowed', cause: { kind: 'rule', rule: rule.id } };
  }
  return otherwise;
}

// --- connections ----------------------------------------------------------------------------------------------------

/** A connection is admitted if some request on it, the undecidable one included, would be allowed. */
function admission(policy: TypedPolicy, rules: readonly NetworkRule[], otherwise: Verdict): Verdict {
  const undecidable = decide(rules, otherwise, (rule) => (rule.layer7 ? 'undecidable' : true));
  const possible = [undecidable, ...requestVerdicts(policy, rules, otherwise)].filter(({ action }) => action === 'allowed');
  const place = ({ cause }: Verdict): number => (cause.kind === 'rule' ? rules.findIndex(({ id }) => id === cause.rule) : rules.length);
  return possible.reduce<Verdict | undefined>((best, next) => (best && place(best) <= place(next) ? best : next), undefined) ?? undecidable;
}

/** The verdict of every request that these rules can tell apart, domain by domain; to rules of other domains it is undecidable. */
function requestVerdicts(policy: TypedPolicy, rules: readonly NetworkRule[], otherwise: Verdict): readonly Verdict[] {
  const everyRequest = rules.findIndex((rule) => rule.layer7 === undefined);
  const reached = everyRequest < 0 ? rules : rules.slice(0, everyRequest + 1);
  const domains = new Set(reached.flatMap((rule) => (rule.layer7 ? [rule.layer7.domain] : [])));
  return [...domains].flatMap((domain) => {
    const own = reached.filter((rule) => rule.layer7?.domain === domain);
    return combinationsOf(policy, own).map((matched) =>
      decide(reached, otherwise, (rule) => {
        if (rule.layer7 === undefined) return true;
        return rule.layer7.domain === domain ? matched[own.indexOf(rule)] === true : 'undecidable';
      }),
    );
  });
}

// --- membership, written for the oracle -----------------------------------------------------------------------------

function isSelected(selector: Selector, labels: Labels): boolean {
  return selector.some((conjunction) => conjunction.every((requirement) => isMet(requirement, labels)));
}

function isMet(requirement: Requirement, labels: Labels): boolean {
  const present = Object.keys(labels).includes(requirement.key);
  const value = labels[requirement.key] ?? '';
  switch (requirement.kind) {
    case 'exists':
      return present;
    case 'absent':
      return !present;
    case 'one-of':
      return present && requirement.values.some((one) => one === value);
    case 'not-one-of':
      return !present || requirement.values.every((one) => one !== value);
  }
}

const isIn = <T extends number | bigint>(set: IntervalSet<T>, value: T): boolean =>
  set.some(({ low, high }) => low <= value && value <= high);

function concerns(rule: NetworkRule, { subject, peer, point }: SideQuestion): boolean {
  const destination = rule.section === 'ingress' ? subject : peer;
  return isPeer(rule.peers, peer) && isAt(rule.transport, point, destination);
}

function isPeer({ selectors, networks, entities }: PeerSet, peer: Endpoint): boolean {
  if (entities.some((entity) => isEntity(entity, peer))) return true;
  switch (peer.kind) {
    case 'workload':
      return selectors.some((selector) => isSelected(selector, peer.labels));
    case 'address':
      return isIn(networks, peer.address);
    case 'reserved':
      return false;
  }
}

function isEntity(entity: EntityName, peer: Endpoint): boolean {
  const mapped = (address: bigint): boolean => address >= 0xffff_0000_0000n && address <= 0xffff_ffff_ffffn;
  switch (entity) {
    case 'all':
      return true;
    case 'cluster':
      return peer.kind === 'workload' || peer.kind === 'reserved';
    case 'world':
      return peer.kind === 'address';
    case 'world-ipv4':
      return peer.kind === 'address' && mapped(peer.address);
    case 'world-ipv6':
      return peer.kind === 'address' && !mapped(peer.address);
    default:
      return peer.kind === 'reserved' && peer.entities.includes(entity);
  }
}

/** A named port is the destination's port of that name and protocol; a destination without it does not match. */
function isAt({ points, named }: Transport, point: TransportPoint, destination: Endpoint): boolean {
  if (isIn(points, point)) return true;
  if (destination.kind !== 'workload') return false;
  const { protocol, value } = protocolOf(point);
  const here = (destination.namedPorts ?? []).filter((port) => port.protocol === protocol && port.port === value);
  return here.some((port) => named.some((one) => one.protocol === protocol && one.name === port.name));
}

const matchers = new WeakMap<
  TypedPolicy,
  { readonly matcher: TextMatcher; readonly known: Map<string, readonly (readonly boolean[])[]> }
>();

function matcherOf(policy: TypedPolicy) {
  const found = matchers.get(policy) ?? { matcher: textMatcher(), known: new Map<string, readonly (readonly boolean[])[]>() };
  matchers.set(policy, found);
  return found;
}

function truthOf(policy: TypedPolicy, match: DomainMatch, { domain, content }: Request): Truth {
  if (content.kind === 'undecidable' || domain !== match.domain) return 'undecidable';
  return matcherOf(policy).matcher.matches(match.pattern, content.text);
}

function combinationsOf(policy: TypedPolicy, rules: readonly NetworkRule[]): readonly (readonly boolean[])[] {
  const { matcher, known } = matcherOf(policy);
  const key = rules.map(({ id }) => id).join();
  const found = known.get(key) ?? matcher.combinations(rules.flatMap(({ layer7 }) => (layer7 ? [layer7.pattern] : [])));
  known.set(key, found);
  return found;
}

/** The policies that a cause names: the deciding rule's, or those that brought default deny. */
export function policiesOf(policy: TypedPolicy, cause: Cause): readonly string[] {
  if (cause.kind === 'rule') return [policy.rules[cause.rule]?.policy].flatMap((id) => policy.policies[id ?? -1]?.name ?? []);
  return cause.kind === 'default-deny' ? cause.policies.flatMap((id) => policy.policies[id]?.name ?? []) : [];
}
