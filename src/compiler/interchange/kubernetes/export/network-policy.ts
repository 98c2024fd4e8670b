// Policies of tier normal as NetworkPolicies: what they are about is isolated, their rules allow.
import type { Direction, NetworkRule, Policy, Rule } from '../../../ir/typed.ts';
import { ipv4Space, ipv6Space } from '../../../space/address.ts';
import { equals, union } from '../../../space/interval.ts';
import type { Requirement } from '../../../space/labels.ts';
import { anyTransport } from '../../../space/transport.ts';
import { blocksWithout } from '../../address-blocks.ts';
import type { ImportOptions, JsonObject } from '../../importer.ts';
import { lastPriority } from '../network-policy.ts';
import { addressesOf, isWorld } from './addresses.ts';
import { clusterOf, namespaceSelector, namespacesOf, podSelector, podsOf, subjectPods } from './pods.ts';
import { policyPorts } from './ports.ts';
import { type Context, isPlain, type Ruled, type Say, type Unnamed, type Written } from './refuse.ts';

const directions = ['ingress', 'egress'] as const;

/** The documents of a policy, one for each namespace and each alternative of its subject. */
export function networkPoliciesOf(policy: Policy, rules: readonly Rule[], context: Context): readonly Unnamed[] {
  const plain = rules.filter((rule) => isPlain(rule, context.refuse));
  const ruled: Ruled = { policy, rules: plain.filter((rule) => isAllowed(policy, rule, context)) };
  const isolated = directions.filter((direction) => policy.defaultDeny[direction]);
  if (isolated.length === 0) return [];
  if (context.options.baseline === 'kubernetes') checkIsolation(policy, plain, context);
  return subjectsOf(policy, context).map(({ namespace, selector }) => {
    const written = (direction: Direction): readonly Written[] =>
      isolated.includes(direction)
        ? ruled.rules
            .filter(({ section }) => section === direction)
            .flatMap((rule) => writtenRule(rule, { namespace, context, say: (what, reason) => context.refuse(rule.span, what, reason) }))
        : [];
    const [ingress, egress] = [written('ingress'), written('egress')];
    const spec = {
      podSelector: selector,
      policyTypes: isolated.map((direction) => (direction === 'ingress' ? 'Ingress' : 'Egress')),
      ...(ingress.length > 0 && { ingress: ingress.map(({ entry }) => entry) }),
      ...(egress.length > 0 && { egress: egress.map(({ entry }) => entry) }),
    };
    return { policy, namespace, spec, ingress, egress };
  });
}

function isAllowed({ defaultDeny }: Policy, rule: NetworkRule, { options, refuse }: Context): boolean {
  if (options.baseline === 'kubernetes' && isIsolation(rule, options)) return false;
  if (rule.action !== 'allow') refuse(rule.span, `\`${rule.action}\` in tier \`normal\``, 'its rules of that tier only allow');
  else if (!defaultDeny[rule.section]) refuse(rule.span, '`default allow`', 'a NetworkPolicy isolates in each direction that it is about');
  return rule.action === 'allow' && defaultDeny[rule.section];
}

/** How Kubernetes' text ranks isolation: before the tier baseline, and a node reaches its own pods. */
const isIsolation = ({ action, priority, peers, transport, section }: NetworkRule, options: ImportOptions): boolean =>
  action === 'deny' &&
  priority === lastPriority &&
  (isOfHost(section, options) ? isAllButHost(peers) : peers.entities.includes('all')) &&
  equals(transport.points, anyTransport);

const isOfHost = (section: NetworkRule['section'], { allowLocalhost }: ImportOptions): boolean => section === 'ingress' && allowLocalhost;

const isAllButHost = ({ selectors, networks, reserved = [] }: NetworkRule['peers']): boolean =>
  selectors.some((selector) => selector.some((one) => one.length === 0)) &&
  equals(networks, union(ipv4Space, ipv6Space)) &&
  reserved.some(({ name, except, labels }) => name === undefined && !labels && except.join() === 'host');

function checkIsolation(policy: Policy, rules: readonly NetworkRule[], { refuse, options }: Context): void {
  for (const direction of directions)
    if (policy.defaultDeny[direction] && !rules.some((rule) => rule.section === direction && isIsolation(rule, options))) {
      const end = `deny${isOfHost(direction, options) ? ' from all except host' : ''} priority ${lastPriority}`;
      refuse(policy.span, `isolation of ${direction} behind the tier \`baseline\``, `end it with \`${end}\``);
    }
}

type Subject = { readonly namespace: string; readonly selector: JsonObject };

function subjectsOf({ subject, span }: Policy, { options, refuse }: Context): readonly Subject[] {
  const say: Say = (what, reason) => refuse(span, what, reason);
  if (subject.host || (subject.reserved ?? []).length > 0) say('a subject that is no pod', 'it is about pods');
  return subject.workloads.flatMap((one) => {
    const pods = subjectPods(one, options, say);
    const namespaces = pods && namespacesOf(pods);
    if (pods && !namespaces)
      say('a subject that no names of namespaces hold', 'a NetworkPolicy is of one namespace: `in namespace "NAME"`');
    return pods ? (namespaces ?? []).map((namespace) => ({ namespace, selector: podSelector(pods) })) : [];
  });
}

type Writing = { readonly namespace: string; readonly context: Context; readonly say: Say };

/** Of what is left with nobody, or with no port, nothing is written: there an empty list is everybody. */
function writtenRule(rule: NetworkRule, writing: Writing): readonly Written[] {
  const isEverybody = rule.peers.entities.includes('all');
  const peers = isEverybody ? [] : peersOf(rule, writing);
  const ports = policyPorts(rule.transport, writing.say);
  if ((!isEverybody && peers.length === 0) || ports?.length === 0) return [];
  const entry = { ...(peers.length > 0 && { [rule.section === 'ingress' ? 'from' : 'to']: peers }), ...(ports && { ports }) };
  return [{ rule, entry }];
}

function peersOf({ peers }: NetworkRule, { namespace, context, say }: Writing): readonly JsonObject[] {
  const { entities, reserved = [], domains, selectors } = peers;
  const { options } = context;
  const reason = 'its peers are pods and blocks of addresses';
  for (const entity of entities) if (!isWorld(entity)) say(`\`${entity}\``, reason);
  if (reserved.length > 0) say('entities without some, or with labels', reason);
  if (domains.length > 0) say('names of destinations', reason);
  const blocks = blocksWithout(addressesOf(peers, options, say));
  return [
    ...selectors.flat().flatMap((one) => podPeer(one, { namespace, options, say })),
    ...blocks.map(({ cidr, except }): JsonObject => ({ ipBlock: { cidr, ...(except.length > 0 && { except }) } })),
  ];
}

type PeerWriting = { readonly namespace: string; readonly options: ImportOptions; readonly say: Say };

function podPeer(requirements: readonly Requirement[], { namespace, options, say }: PeerWriting): readonly JsonObject[] {
  const pods = podsOf(requirements, say);
  if (!pods) return [];
  const cluster = clusterOf(pods, options);
  if (cluster !== (options.defaultLocalCluster ? 'here' : 'any')) {
    const what = cluster === 'any' ? 'pods of every cluster' : 'pods of a cluster by its name';
    const meant = options.defaultLocalCluster ? `its own cluster: \`in cluster "${options.clusterName}"\`` : 'every cluster';
    say(what, `its peers are pods of ${meant} (\`--agent policy-default-local-cluster\`, \`cluster-name\`)`);
    return [];
  }
  if (namespacesOf(pods)?.join() === namespace) return [{ podSelector: podSelector(pods) }];
  return [{ ...(pods.labels.length > 0 && { podSelector: podSelector(pods) }), namespaceSelector: namespaceSelector(pods) }];
}
