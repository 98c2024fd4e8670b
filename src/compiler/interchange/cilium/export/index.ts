// Network policies -> documents of Cilium. Its policies have one tier and no priorities, and a denial beats whatever allows: what
// needs more is an error at the rule. What its agent does by itself (`--allow-localhost`, requests that end at the proxy) is not written, and
// has to be what the policies say.
import type { Span } from '../../../base/source.ts';
import type { Report } from '../../../diagnostics/diagnostic.ts';
import type { Direction, NetworkRule, Policy, Rule, TypedPolicy } from '../../../ir/typed.ts';
import { equals } from '../../../space/interval.ts';
import { anyTransport } from '../../../space/transport.ts';
import { type Entry, sourceAnnotations } from '../../annotations.ts';
import { objectIn } from '../../documents/json.ts';
import type { JsonObject } from '../../importer.ts';
import { peersOf } from './peers.ts';
import { transportOf } from './ports.ts';
import { besides, requestsOf } from './requests.ts';
import { type Subject, subjectsOf } from './subjects.ts';

const target = 'cilium';
const mostPorts = 40;
type Refuse = (span: Span, what: string, reason: string) => void;
type Unit = { readonly typed: TypedPolicy; readonly refuse: Refuse };

/** The documents of a unit's network rules, policy by policy. */
export function exportCilium(typed: TypedPolicy, report: Report): readonly JsonObject[] {
  const refuse: Refuse = (span, what, reason) => report('export/unsupported', span, { target, what, reason });
  const names = new Set<string>();
  const isIsolated = typed.policies.find(({ defaultDeny, subject }) => defaultDeny.ingress && subject.workloads.length > 0);
  if (isIsolated && !typed.policies.some((policy) => isOfAgent(typed, policy)))
    refuse(
      isIsolated.span,
      'isolation from the host',
      'its agent lets the host reach its workloads: say so in a policy of tier `fallback`',
    );
  return typed.policies
    .filter((policy) => !isOfAgent(typed, policy))
    .flatMap((policy) => documentsOf(policy, { typed, refuse }).map((document) => named(document, policy, names)));
}

/** `allow from host` for every workload, behind everything: what the agent does by itself. */
function isOfAgent({ rules }: TypedPolicy, { id, tier, subject }: Policy): boolean {
  const own = rules.filter(({ policy }) => policy === id);
  const isEverybody = subject.workloads.some((one) => one.length === 0);
  return tier === 'fallback' && isEverybody && own.every((rule) => isFromHost(rule));
}
const isFromHost = (rule: Rule): boolean =>
  rule.section === 'ingress' &&
  rule.action === 'allow' &&
  rule.peers.entities.join() === 'host' &&
  rule.peers.selectors.length + rule.peers.networks.length + (rule.peers.reserved ?? []).length === 0 &&
  equals(rule.transport.points, anyTransport) &&
  !rule.layer7;

type Unnamed = { readonly subject: Subject; readonly spec: JsonObject; readonly entries: readonly Entry[] };

function named({ subject: { namespace }, spec, entries }: Unnamed, policy: Policy, names: Set<string>): JsonObject {
  const start =
    policy.name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'policy';
  let own = start;
  for (let n = 2; names.has(own); n++) own = `${start}-${n}`;
  names.add(own);
  return {
    apiVersion: 'cilium.io/v2',
    kind: namespace === undefined ? 'CiliumClusterwideNetworkPolicy' : 'CiliumNetworkPolicy',
    metadata: {
      name: own,
      ...(namespace !== undefined && { namespace }),
      annotations: sourceAnnotations(policy, entries),
    },
    spec,
  };
}

function documentsOf(policy: Policy, unit: Unit): readonly Unnamed[] {
  const { refuse, typed } = unit;
  const { span, tier, priority, audit, defaultDeny } = policy;
  const say = (what: string, reason: string): void => refuse(span, what, reason);
  if (tier !== 'normal') say(`a policy of tier \`${tier}\``, 'its policies have one tier');
  if (priority !== 0) say('the priority of a policy', 'its policies have none');
  if (audit) say('a policy in audit mode', 'only the agent as a whole has such a mode');
  if (defaultDeny.process.length > 0) say('`default deny` of what processes do', 'it knows flows alone');
  const rules = typed.rules.filter((rule) => rule.policy === policy.id);
  const written = rules.filter((rule): rule is NetworkRule => isSayable(rule, rules, refuse));
  const logs = new Set(rules.map(({ log }) => log?.text));
  const [log] = logs;
  if (logs.size > 1 || (log?.length ?? 0) > 32 || rules.some((rule) => rule.log?.rate !== undefined))
    say('logs of single rules, long ones, and their rates', 'a policy has one text of at most 32 characters');
  const sections = (['ingress', 'egress'] as const).flatMap((direction) => sectionOf(policy, direction, { rules: written, refuse }));
  if (sections.length === 0) return [];
  const spec: JsonObject = Object.assign(
    {},
    ...sections.map(({ items }) => items),
    defaultsOf(policy, written),
    logs.size === 1 && log !== undefined && { log: { value: log } },
  );
  return subjectsOf(policy, (what) => say(what, 'its selectors do not say it')).map((subject) => ({
    subject,
    spec: { ...subject.selector, ...spec },
    entries: sections.flatMap(({ entries }) => entries),
  }));
}

/** Reports what has no place; the end of requests at the proxy needs none. */
function isSayable(rule: Rule, rules: readonly Rule[], refuse: Refuse): boolean {
  const say = (what: string, reason: string): false => {
    refuse(rule.span, what, reason);
    return false;
  };
  if (rule.section === 'process') return say('a rule of `process`', 'it knows flows alone');
  if (rule.action === 'deny' && rule.priority > 0 && rules.some((one) => isEnd(rule, one))) return false;
  if (rule.priority !== 0) return say('the priority of a rule', 'its rules have none');
  if (rule.audit) return say('a rule in audit mode', 'only the agent as a whole has such a mode');
  if (rule.action === 'pass') return say('`pass`', 'its policies have one tier');
  if (rule.layer7 && rule.action !== 'allow') return say('a refusal of requests', 'its proxy knows what is allowed alone');
  return true;
}

/** Does a denial say that requests of a rule end where that rule does not allow them? */
const isEnd = (end: NetworkRule, rule: Rule): boolean =>
  rule.section === end.section && rule.layer7 !== undefined && text([rule.peers, rule.transport]) === text([end.peers, end.transport]);
const text = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one));

/** Only directions that say something and do not isolate have to say so. */
function defaultsOf({ defaultDeny }: Policy, rules: readonly NetworkRule[]): JsonObject {
  const open = (['ingress', 'egress'] as const).filter((one) => !defaultDeny[one] && rules.some(({ section }) => section === one));
  return open.length === 0 ? {} : { enableDefaultDeny: Object.fromEntries(open.map((one) => [one, false])) };
}

type Written = { readonly rules: readonly NetworkRule[]; readonly refuse: Refuse };
/** `items`: by the field of the spec that they stand in. */
type Section = { readonly items: JsonObject; readonly entries: readonly Entry[] };

function sectionOf({ defaultDeny }: Policy, direction: Direction, { rules, refuse }: Written): readonly Section[] {
  const own = rules.filter(({ section }) => section === direction);
  if (own.length === 0 && !defaultDeny[direction]) return [];
  const itemsFor = (some: readonly NetworkRule[]): readonly Placed[] =>
    some.flatMap((rule) => itemsOf(rule, refuse).map((item) => ({ rule, item })));
  const allowed = itemsFor(own.filter(({ action }) => action === 'allow'));
  const denied = itemsFor(own.filter(({ action }) => action !== 'allow'));
  const isolation: readonly JsonObject[] = denied.length > 0 ? [] : [{}];
  return [
    listed(direction, allowed.length > 0 ? allowed.map(({ item }) => item) : isolation, allowed),
    listed(
      `${direction}Deny`,
      denied.map(({ item }) => item),
      denied,
    ),
  ].flat();
}

type Placed = { readonly rule: NetworkRule; readonly item: JsonObject };

const listed = (field: string, items: readonly JsonObject[], placed: readonly Placed[]): readonly Section[] =>
  items.length === 0 ? [] : [{ items: { [field]: items }, entries: placed.map(({ rule }, place) => ({ section: field, place, rule })) }];

/** One rule as items of a section. */
function itemsOf(rule: NetworkRule, refuse: Refuse): readonly JsonObject[] {
  const say = (what: string): void => refuse(rule.span, what, 'its rules do not say it');
  const groups = groupsOf(rule, say);
  const peers = groups.length > 0 ? [{ [`${rule.section === 'ingress' ? 'from' : 'to'}Groups`]: groups }] : peersOf(rule, say);
  const { ports, fields } = transportOf(rule.transport, say);
  const mode = rule.require.find(({ name }) => name === 'authentication');
  const authentication: JsonObject = mode ? { authentication: { mode: mode.text ?? 'required' } } : {};
  const beside = besides(rule.require, say);
  const more: JsonObject = rule.layer7 ? { ...beside, ...requestsOf(rule.layer7, rule.require, say) } : beside;
  const chunks = Array.from({ length: Math.ceil(ports.length / mostPorts) }, (_, i) => ports.slice(i * mostPorts, (i + 1) * mostPorts));
  const isEvery = ports.length + fields.length === 0;
  return peers.flatMap((peer): readonly JsonObject[] => [
    ...(isEvery ? [{ ...peer, ...authentication }] : []),
    ...(chunks.length > 0 ? [{ ...peer, toPorts: chunks.map((chunk): JsonObject => ({ ports: chunk, ...more })), ...authentication }] : []),
    ...(fields.length > 0 ? [{ ...peer, icmps: [{ fields }], ...authentication }] : []),
  ]);
}

/** Groups of other clouds, as they were written; their addresses come when the policy is applied. */
function groupsOf({ require }: NetworkRule, say: (what: string) => void): readonly JsonObject[] {
  return require.flatMap(({ name, text: written }) => {
    if (name !== 'groups') return [];
    const group = objectIn(written ?? '');
    if (!group) say('`require groups` without the group');
    return group ? [group] : [];
  });
}
