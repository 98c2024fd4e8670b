// Policies of the tiers admin and baseline as ClusterNetworkPolicies: rules in their order.
import { placeOf } from '../../../ir/deciding-order.ts';
import type { Direction, NetworkRule, Policy, Rule } from '../../../ir/typed.ts';
import { selects } from '../../../space/labels.ts';
import type { Json, JsonObject } from '../../importer.ts';
import { clusterPeers, inParts, podsSelector } from './cluster-peers.ts';
import { type Entries, placed } from './order.ts';
import { namespaceSelector, subjectPods } from './pods.ts';
import { clusterPolicyPorts } from './ports.ts';
import { type Context, isPlain, type Say, type Unnamed, type Written } from './refuse.ts';

const mostRules = 100;
const actionWords = { allow: 'Accept', deny: 'Deny', pass: 'Pass' } as const;

type Own = { readonly policy: Policy; readonly rules: readonly Rule[] };

/** The documents of the policies of one tier. */
export function clusterPoliciesOf(policies: readonly Own[], context: Context): readonly Unnamed[] {
  const subjects = new Map(policies.map(({ policy }) => [policy, subjectsOf(policy, context)]));
  const all = policies.map((own) => entriesOf(own, context)).filter(({ ingress, egress }) => ingress.length + egress.length > 0);
  return placed(all, ({ span }, ...what) => context.refuse(span, ...what)).flatMap((one) => {
    const { policy, priority } = one;
    const [ingress, egress] = [short(policy, one.ingress, context), short(policy, one.egress, context)];
    const rules = {
      ...(ingress.length > 0 && { ingress: ingress.map(({ entry }) => entry) }),
      ...(egress.length > 0 && { egress: egress.map(({ entry }) => entry) }),
    };
    const tier = policy.tier === 'admin' ? 'Admin' : 'Baseline';
    return (subjects.get(policy) ?? []).map(
      (subject): Unnamed => ({ policy, spec: { tier, priority, subject, ...rules }, ingress, egress }),
    );
  });
}

function short({ span }: Policy, entries: readonly Written[], { refuse }: Context): readonly Written[] {
  if (entries.length > mostRules) refuse(span, `more than ${mostRules} rules of a direction`, 'so many stand in a document');
  return entries.slice(0, mostRules);
}

function entriesOf({ policy, rules }: Own, context: Context): Entries {
  const own = rules.filter((rule) => isPlain(rule, context.refuse)).sort((a, b) => placeOf(a) - placeOf(b));
  const of = (direction: Direction): readonly Written[] =>
    own.filter(({ section }) => section === direction).flatMap((rule) => writtenRule(rule, context));
  return { policy, ingress: of('ingress'), egress: of('egress') };
}

/** One rule is several where its lists are too long for one. */
function writtenRule(rule: NetworkRule, { options, refuse }: Context): readonly Written[] {
  const say: Say = (what, reason) => refuse(rule.span, what, reason);
  const { section, action, name } = rule;
  if (action === 'drop' || action === 'kill') {
    say(`\`${action}\``, 'it denies, and does not say how');
    return [];
  }
  const [peers, ports] = [clusterPeers(rule, options, say), clusterPolicyPorts(rule.transport, say)];
  const lists: readonly (readonly Json[] | undefined)[] = ports ? inParts(ports) : [undefined];
  if (name !== undefined && name.length > 100) say('a name of more than 100 signs', 'names of its rules are shorter');
  return inParts(peers).flatMap((some, i) =>
    lists.map((protocols, j): Written => {
      const named: JsonObject = name !== undefined && name.length <= 100 && i + j === 0 ? { name } : {};
      const where: JsonObject = { [section === 'ingress' ? 'from' : 'to']: some, ...(protocols && { protocols }) };
      return { rule, entry: { ...named, action: actionWords[action], ...where } };
    }),
  );
}

function subjectsOf({ subject, span }: Policy, { options, refuse }: Context): readonly JsonObject[] {
  const say: Say = (what, reason) => refuse(span, what, reason);
  if (subject.host || (subject.reserved ?? []).length > 0) say('a subject that is no pod', 'it is about pods');
  else if (subject.reserved && selects(subject.workloads, {})) say('a subject without `init`', 'what has no labels yet is of every pod');
  return subject.workloads.flatMap((one) => {
    const pods = subjectPods(one, options, say);
    if (!pods) return [];
    return [pods.labels.length === 0 ? { namespaces: namespaceSelector(pods) } : { pods: podsSelector(pods) }];
  });
}
