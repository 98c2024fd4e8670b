// ClusterNetworkPolicy, and AdminNetworkPolicy and BaselineAdminNetworkPolicy before it: rules of the tiers admin and baseline, in
// their order.

import { nodeText } from '../cilium/peers.ts';
import { checker } from '../documents/schema.ts';
import { type Field, has, items, itemsOf, member, numberIn, textIn, textOf } from '../fields.ts';
import type { Importer, ImportOptions, JsonObject } from '../importer.ts';
import { isPositive, type LabelTest, testsIn } from '../labels.ts';
import { quoted } from '../texts.ts';
import { warnBaseline } from './baseline.ts';
import { blockText, inThisCluster, podTests, subjectText } from './peers.ts';
import { type Direction, type Peer, PortTexts, placed, type Rule, type Section, writePolicy } from './policy-text.ts';
import { Problems } from './problems.ts';
import { adminNetworkPolicySchema, baselineAdminNetworkPolicySchema, clusterNetworkPolicySchema } from './schema.ts';

type Kind = {
  readonly kind: string;
  readonly version: string;
  readonly schema: JsonObject;
  /** Absent: the document says it. */
  readonly tier?: 'admin' | 'baseline';
};

export const clusterNetworkPolicy = importerOf({ kind: 'ClusterNetworkPolicy', version: 'v1alpha2', schema: clusterNetworkPolicySchema });
export const adminNetworkPolicy = importerOf({
  kind: 'AdminNetworkPolicy',
  version: 'v1alpha1',
  schema: adminNetworkPolicySchema,
  tier: 'admin',
});
export const baselineAdminNetworkPolicy = importerOf({
  kind: 'BaselineAdminNetworkPolicy',
  version: 'v1alpha1',
  schema: baselineAdminNetworkPolicySchema,
  tier: 'baseline',
});

function importerOf({ kind, version, schema, tier: fixed }: Kind): Importer {
  const check = checker(schema);
  return {
    group: 'policy.networking.k8s.io',
    kind,
    versions: [version],
    write: (document, context, writer) => {
      const value = check(document, context);
      if (!value) return;
      // Cilium does not read the kinds before ClusterNetworkPolicy: what they mean, the text of Kubernetes says.
      const options: ImportOptions = fixed ? { ...context.options, baseline: 'kubernetes' } : context.options;
      const problems = new Problems(document, { ...context, options });
      const spec = member({ value, path: [] }, 'spec');
      const tier = fixed ?? (textOf(spec, 'tier') === 'Baseline' ? 'baseline' : 'admin');
      const subject = podsOf(member(spec, 'subject'));
      const sections = sectionsOf(spec, problems);
      if (problems.found) return;
      if (tier === 'baseline') warnBaseline(document, { subject, sections }, context);
      const priority = numberIn(member(spec, 'priority')) ?? 0;
      const attributes = `tier ${tier}${priority === 0 ? '' : ` priority ${priority}`}`;
      writePolicy(document, { subject: subject.length === 0 ? 'all' : subjectText(subject), attributes, sections }, writer);
    },
  };
}

/** `namespaces`, or `pods` with both selectors. */
function podsOf(field: Field): readonly LabelTest[] {
  const pods = member(field, 'pods');
  if (has(field, 'namespaces')) return podTests(member(field, 'namespaces'), { value: undefined, path: [] });
  return podTests(member(pods, 'namespaceSelector'), member(pods, 'podSelector'));
}

function sectionsOf(spec: Field, problems: Problems): readonly Section[] {
  const names = new Set<string>();
  return (['ingress', 'egress'] as const)
    .filter((direction) => has(spec, direction))
    .map((direction) => {
      const { path } = member(spec, direction);
      const rules = itemsOf(spec, direction).map((rule, i) => ({ ...ruleOf(direction, rule, problems), priority: i }));
      return { direction, path, rules: rules.map((rule, i) => ({ ...rule, ...nameOf(itemsOf(spec, direction)[i], names) })) };
    });
}

/** A name that another rule has already is left to the document. */
function nameOf(rule: Field | undefined, names: Set<string>): Pick<Rule, 'name'> {
  const name = rule && textOf(rule, 'name');
  if (name === undefined || name === '' || names.has(name)) return {};
  names.add(name);
  return { name };
}

const actions: Readonly<Record<string, Rule['action']>> = { Accept: 'allow', Allow: 'allow', Deny: 'deny', Pass: 'pass' };

function ruleOf(direction: Direction, rule: Field, problems: Problems): Rule {
  const action = actions[textOf(rule, 'action') ?? ''] ?? 'deny';
  const peers = itemsOf(rule, direction === 'ingress' ? 'from' : 'to');
  const ports = portsOf(rule, problems);
  return {
    action,
    path: rule.path,
    peers: peers.flatMap((peer) => peersOf(peer, action, problems)),
    ...(ports.length > 0 && { ports, portsKey: has(rule, 'protocols') ? 'protocols' : 'ports' }),
  };
}

function peersOf(peer: Field, action: Rule['action'], problems: Problems): readonly Peer[] {
  const [networks, names, nodes] = [member(peer, 'networks'), member(peer, 'domainNames'), member(peer, 'nodes')];
  if (networks.value !== undefined) return items(networks).flatMap((network) => placed(network, blockText(network, problems)));
  if (names.value !== undefined) {
    if (action !== 'allow') problems.unsupported(names.path, 'names of destinations can only be accepted');
    return items(names).flatMap((name) => placed(name, domainText(textIn(name) ?? '')));
  }
  if (nodes.value !== undefined) return nodePeers(nodes, problems);
  const tests = podsOf(peer);
  const isAnywhere = !has(peer, 'namespaces') && !has(member(peer, 'pods'), 'namespaceSelector');
  return podPeers(isAnywhere ? inThisCluster(tests, problems.options) : tests, member(peer, 'namespaces'), problems);
}

/** Cilium means other nodes; the text of Kubernetes, this one, too. */
function nodePeers(selector: Field, problems: Problems): readonly Peer[] {
  const { nodeLabels, baseline } = problems.options;
  const isOfCilium = baseline === 'cilium';
  if (isOfCilium && !nodeLabels)
    problems.unsupported(selector.path, 'labels of nodes are unknown to the agent', 'say `--agent enable-node-selector-labels=true`');
  const tests = testsIn(selector);
  return (isOfCilium ? ['remote-node'] : ['host', 'remote-node']).flatMap((entity) =>
    nodeText(tests, entity).flatMap((text) => placed(selector, text)),
  );
}

/** What is in no namespace. */
export const outside = ['world', 'host', 'remote-node', 'kube-apiserver', 'ingress', 'health', 'init', 'unmanaged'];

/**
 * Pods of every cluster. Of `namespaces` that only refuses labels, Cilium's engine takes what is no pod, too; the text of Kubernetes
 * is about pods alone.
 */
function podPeers(tests: readonly LabelTest[], { path, value }: Field, problems: Problems): readonly Peer[] {
  // No pod is an entity.
  if (tests.some((test) => test.about.kind === 'reserved' && isPositive(test))) return [];
  const text = subjectText(tests);
  const isOpen = problems.options.baseline === 'cilium' && value !== undefined && tests.length > 0 && !tests.some(isPositive);
  if (isOpen) problems.warnOpen(path);
  return [...placed({ path }, text), ...(isOpen ? outside.map((entity) => ({ text: entity, path })) : [])];
}

/** `*.example.com` is every name below it. */
const domainText = (name: string): string => quoted(name.replace(/^\*\./, '**.').replace(/\.$/, ''));

function portsOf(rule: Field, problems: Problems): readonly string[] {
  const texts = new PortTexts();
  for (const port of itemsOf(rule, 'protocols')) addProtocol(port, texts, problems);
  for (const port of itemsOf(rule, 'ports')) addPort(port, texts, problems);
  return texts.texts();
}

function addProtocol(field: Field, texts: PortTexts, problems: Problems): void {
  const name = textOf(field, 'destinationNamedPort');
  if (name !== undefined) texts.addName('any', name);
  for (const protocol of ['tcp', 'udp', 'sctp']) {
    if (!has(field, protocol)) continue;
    const port = member(member(field, protocol), 'destinationPort');
    const range = member(port, 'range');
    if (range.value !== undefined) addRange(protocol, range, [texts, problems]);
    else texts.add(protocol, numberIn(member(port, 'number')));
  }
}

function addRange(protocol: string, range: Field, [texts, problems]: readonly [PortTexts, Problems]): void {
  const [start, end] = [numberIn(member(range, 'start')), numberIn(member(range, 'end'))];
  if (start !== undefined && end !== undefined && end < start)
    problems.wrong(member(range, 'end'), `at least \`start\`, which is ${start}`);
  texts.add(protocol, start, end);
}

function addPort(field: Field, texts: PortTexts, problems: Problems): void {
  const [number, range, name] = [member(field, 'portNumber'), member(field, 'portRange'), textOf(field, 'namedPort')];
  const protocolOf = (port: Field): string => (textOf(port, 'protocol') ?? 'TCP').toLowerCase();
  if (number.value !== undefined) texts.add(protocolOf(number), numberIn(member(number, 'port')));
  if (range.value !== undefined) addRange(protocolOf(range), range, [texts, problems]);
  if (name !== undefined) texts.addName('any', name);
}
