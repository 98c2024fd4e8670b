// Network policies -> documents of Cilium. Its policies have one tier and no priorities, and a denial beats whatever allows: what
// needs more is an error at the rule. What its agent does by itself (`--allow-localhost`, requests that end at the proxy) is not written, and
// has to be what the policies say.
import type { Report } from '../../../diagnostics/diagnostic.ts';
import { type Direction, governedNames, type NetworkRule, type Policy, type Rule, type TypedPolicy } from '../../../ir/typed.ts';
import { policiesOfAgent } from '../../agent-policies.ts';
import { type Entry, sourceAnnotations } from '../../annotations.ts';
import type { ImportOptions, JsonObject } from '../../importer.ts';
import { type ItemUnit, itemsOf, type Refuse } from './items.ts';
import { type Allowed, mergedRules } from './merging.ts';
import { endsIn, turnedRules } from './order.ts';
import { governs, type Subject, subjectsOf } from './subjects.ts';

const target = 'cilium';
/** `left`: what cannot be said. */
type Unit = ItemUnit & { readonly left: ReadonlySet<Rule> };

/** The documents of a unit's network rules, policy by policy. */
export function exportCilium(typed: TypedPolicy, report: Report, options: ImportOptions): readonly JsonObject[] {
  const refuse: Refuse = (places, what, reason) => report('export/unsupported', places, { target, what, reason });
  const ofAgent = agentOf(typed, options, refuse);
  const found = endsIn(typed);
  const say = ([rule, other]: readonly [Rule, Rule], what: string, reason: string): void => refuse([rule.span, other.span], what, reason);
  const left = turnedRules({ ...typed, ends: found.ends, last: ofAgent }, say);
  const unit: Unit = { ...found, policies: typed.policies, options, refuse, left };
  const drafts = typed.policies
    .filter((policy) => !ofAgent.has(policy) && isEnforced(policy, refuse))
    .map((policy) => draftOf(policy, rulesOf(typed, policy), unit));
  const merged = mergedRules(
    drafts.flatMap(({ allowed }) => allowed),
    say,
  );
  const names = new Set<string>();
  return drafts.flatMap((draft) =>
    documentsOf({ ...draft, allowed: draft.allowed.filter(({ rule }) => !merged.has(rule)) }, unit).map((document) =>
      named(document, draft.policy, names),
    ),
  );
}

const rulesOf = ({ rules }: TypedPolicy, { id }: Policy): readonly Rule[] => rules.filter(({ policy }) => policy === id);

/** The policies that say what the agent does by itself; of the agent's own endpoints they have to say it, too. */
function agentOf(typed: TypedPolicy, options: ImportOptions, refuse: Refuse): ReadonlySet<Policy> {
  const isolated = typed.policies.filter(({ defaultDeny, audit }) => defaultDeny.ingress && !audit);
  const first = isolated[0] ?? typed.policies[0];
  if (!first) return new Set();
  const ofAgent = policiesOfAgent(typed, options, (what, reason) => refuse(first.span, what, reason));
  const localhost = [...ofAgent].filter(({ tier }) => tier === 'fallback');
  if (!options.allowLocalhost || localhost.length === 0) return ofAgent;
  for (const name of governedNames) {
    // `init` is in default deny whatever the policies say.
    const closed = isolated.find((policy) => governs(policy, name)) ?? (name === 'init' ? first : undefined);
    if (closed && !localhost.some((policy) => governs(policy, name)))
      refuse(closed.span, `\`${name}\` that its host does not reach`, 'the agent lets it: name it in the subject of the `fallback` policy');
  }
  return ofAgent;
}

function isEnforced({ span, audit, defaultDeny }: Policy, refuse: Refuse): boolean {
  if (audit) refuse(span, 'a policy in audit mode', 'only the agent as a whole has such a mode');
  if (defaultDeny.process.length > 0) refuse(span, '`default deny` of what processes do', 'it knows flows alone');
  return !audit;
}

type Item = { readonly rule: NetworkRule; readonly items: readonly JsonObject[] };
type Draft = {
  readonly policy: Policy;
  readonly allowed: readonly Allowed[];
  readonly denied: readonly Item[];
  readonly log: string | undefined;
};

function draftOf(policy: Policy, rules: readonly Rule[], unit: Unit): Draft {
  const { refuse } = unit;
  const written = rules.filter((rule): rule is NetworkRule => isSayable(rule, unit));
  const logs = new Set(rules.map(({ log }) => log?.text));
  const [log] = logs;
  const isLogSayable = logs.size <= 1 && (log?.length ?? 0) <= 32 && rules.every((rule) => rule.log?.rate === undefined);
  if (!isLogSayable)
    refuse(policy.span, 'logs of single rules, long ones, and their rates', 'a policy has one text of at most 32 characters');
  const itemsFor = (rule: NetworkRule): Allowed => ({ policy, rule, items: itemsOf({ rule, policy }, unit) });
  return {
    policy,
    allowed: written.filter(({ action }) => action === 'allow').map(itemsFor),
    denied: written.filter(({ action }) => action !== 'allow').map(itemsFor),
    log: isLogSayable ? log : undefined,
  };
}

/** Reports what has no place; the end of requests at the proxy needs none. */
function isSayable(rule: Rule, { refuse, ends, left }: Unit): boolean {
  const say = (what: string, reason: string): false => {
    refuse(rule.span, what, reason);
    return false;
  };
  if (rule.section === 'process') return say('a rule of `process`', 'it knows flows alone');
  if (rule.audit) return say('a rule in audit mode', 'only the agent as a whole has such a mode');
  if (rule.layer7 && rule.action !== 'allow') return say('a refusal of requests', 'its proxy knows what is allowed alone');
  return !ends.has(rule) && !left.has(rule) && rule.action !== 'pass';
}

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

function documentsOf({ policy, allowed, denied, log }: Draft, { refuse }: Unit): readonly Unnamed[] {
  const sections = directions.flatMap((direction) => {
    const of = (items: readonly Item[]): readonly Placed[] =>
      items.filter(({ rule }) => rule.section === direction).flatMap(({ rule, items: some }) => some.map((item) => ({ rule, item })));
    return sectionOf(direction, { isIsolated: policy.defaultDeny[direction], allowed: of(allowed), denied: of(denied) });
  });
  if (sections.length === 0) return [];
  const written = sections.flatMap(({ entries }) => entries.map(({ rule }) => rule.section));
  const spec: JsonObject = Object.assign(
    {},
    ...sections.map(({ items }) => items),
    defaultsOf(policy, written),
    log !== undefined && { log: { value: log } },
  );
  return subjectsOf(policy, (what) => refuse(policy.span, what, 'its selectors do not say it')).map((subject) => ({
    subject,
    spec: { ...subject.selector, ...spec },
    entries: sections.flatMap(({ entries }) => entries),
  }));
}

/** Only directions that say something and do not isolate have to say so. */
function defaultsOf({ defaultDeny }: Policy, written: readonly string[]): JsonObject {
  const open = directions.filter((one) => !defaultDeny[one] && written.includes(one));
  return open.length === 0 ? {} : { enableDefaultDeny: Object.fromEntries(open.map((one) => [one, false])) };
}

const directions: readonly Direction[] = ['ingress', 'egress'];
type Placed = { readonly rule: NetworkRule; readonly item: JsonObject };
/** `items`: by the field of the spec that they stand in. */
type Section = { readonly items: JsonObject; readonly entries: readonly (Entry & { readonly rule: NetworkRule })[] };
type Parts = { readonly isIsolated: boolean; readonly allowed: readonly Placed[]; readonly denied: readonly Placed[] };

function sectionOf(direction: Direction, { isIsolated, allowed, denied }: Parts): readonly Section[] {
  const isEmpty = allowed.length + denied.length === 0;
  if (isEmpty) return isIsolated ? [{ items: { [direction]: [{}] }, entries: [] }] : [];
  return [...listed(direction, allowed), ...listed(`${direction}Deny`, denied)];
}

const listed = (field: string, placed: readonly Placed[]): readonly Section[] =>
  placed.length === 0
    ? []
    : [{ items: { [field]: placed.map(({ item }) => item) }, entries: placed.map(({ rule }, place) => ({ section: field, place, rule })) }];
