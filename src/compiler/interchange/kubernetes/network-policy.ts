// NetworkPolicy, `networking.k8s.io/v1`. Its rules are allow rules of tier normal, and a direction that it is about is isolated.

import { checker } from '../documents/schema.ts';
import { type Field, has, itemsOf, member, numberIn, textIn, textOf, textsIn } from '../fields.ts';
import type { Document, ImportContext, Importer } from '../importer.ts';
import { blockWithoutText, inNamespace, peerText, podTests, subjectText } from './peers.ts';
import { type Direction, PortTexts, placed, type Rule, type Section, writePolicy } from './policy-text.ts';
import { Problems } from './problems.ts';
import { networkPolicySchema } from './schema.ts';

const check = checker(networkPolicySchema);

export const networkPolicy: Importer = {
  group: 'networking.k8s.io',
  kind: 'NetworkPolicy',
  versions: ['v1'],
  write: (document, context, writer) => {
    const value = check(document, context);
    if (!value) return;
    const located = { ...document, namespace: document.namespace ?? 'default' };
    const problems = new Problems(document, context);
    const spec = member({ value, path: [] }, 'spec');
    const reading: Reading = { namespace: located.namespace, problems };
    const sections = isolated(spec).map((direction) => sectionOf(direction, spec, reading));
    warnUnasked(spec, located, context);
    const subject = subjectText([...podTests(none, member(spec, 'podSelector')), inNamespace(located.namespace)]);
    if (!problems.found) writePolicy(located, { subject, sections }, writer);
  },
};

/** Rules of a direction that `policyTypes` does not name are nobody's. */
function warnUnasked(spec: Field, document: Document, { report }: ImportContext): void {
  const asked = isolated(spec);
  for (const [direction, type] of [
    ['ingress', 'Ingress'],
    ['egress', 'Egress'],
  ] as const)
    if (!asked.includes(direction) && itemsOf(spec, direction).length > 0)
      report('import/without-effect', document.at(['spec', direction]), {
        what: `\`spec.${direction}\``,
        reason: `\`policyTypes\` does not name \`${type}\``,
      });
}

type Reading = { readonly namespace: string; readonly problems: Problems };
const none: Field = { value: undefined, path: [] };

/** Of which directions a policy is: without `policyTypes` always ingress, and egress where it has rules. */
export function isolated(spec: Field): readonly Direction[] {
  const types = textsIn(member(spec, 'policyTypes'));
  const isAbout = types.length > 0 ? types : ['Ingress', ...(itemsOf(spec, 'egress').length > 0 ? ['Egress'] : [])];
  return (['ingress', 'egress'] as const).filter((direction) => isAbout.some((type) => type.toLowerCase() === direction));
}

/** Behind every allow rule of the tier and before the tier baseline: how Kubernetes' text ranks isolation. */
export const lastPriority = 1_000_000;

function sectionOf(direction: Direction, spec: Field, reading: Reading): Section {
  const rules = itemsOf(spec, direction).map((rule) => ruleOf(direction, rule, reading));
  const { baseline, allowLocalhost } = reading.problems.options;
  // Nothing keeps a node from its own pods.
  const isBehind = direction === 'ingress' && allowLocalhost;
  const peers = isBehind ? { peers: [{ text: 'all except host', path: ['spec'] }] } : {};
  const isolation: Rule = { action: 'deny', priority: lastPriority, path: ['spec'], ...peers };
  const written = has(spec, direction) ? member(spec, direction) : has(spec, 'policyTypes') ? member(spec, 'policyTypes') : spec;
  return { direction, rules: baseline === 'kubernetes' ? [...rules, isolation] : rules, path: written.path };
}

/** An empty list of peers is anybody, an empty list of ports every port: as if there were none. */
function ruleOf(direction: Direction, rule: Field, reading: Reading): Rule {
  const peers = itemsOf(rule, direction === 'ingress' ? 'from' : 'to');
  const ports = itemsOf(rule, 'ports');
  return {
    action: 'allow',
    path: rule.path,
    ...(peers.length > 0 && { peers: peers.flatMap((peer) => placed(peer, peerOf(peer, reading))) }),
    ...(ports.length > 0 && { ports: portsOf(ports, reading.problems) }),
  };
}

function peerOf(peer: Field, { namespace, problems }: Reading): string | undefined {
  if (has(peer, 'ipBlock')) return blockWithoutText(member(peer, 'ipBlock'), problems);
  const tests = podTests(member(peer, 'namespaceSelector'), member(peer, 'podSelector'));
  return peerText(has(peer, 'namespaceSelector') ? tests : [...tests, inNamespace(namespace)], problems.options);
}

const protocols = ['TCP', 'UDP', 'SCTP'];

function portsOf(ports: readonly Field[], problems: Problems): readonly string[] {
  const texts = new PortTexts();
  for (const field of ports) {
    const protocol = textOf(field, 'protocol') ?? 'TCP';
    const [port, endPort] = [member(field, 'port'), member(field, 'endPort')];
    const [number, end, name] = [numberIn(port), numberIn(endPort), textIn(port)];
    if (!protocols.includes(protocol))
      problems.wrong(member(field, 'protocol'), `one of ${protocols.map((one) => `\`${one}\``).join(', ')}`);
    if (number !== undefined && end !== undefined && end < number) problems.wrong(endPort, `at least \`port\`, which is ${number}`);
    if (name === undefined) texts.add(protocol.toLowerCase(), number, end);
    else texts.addName(protocol.toLowerCase(), name);
  }
  return texts.texts();
}

/** For tests of other documents: the policies that isolate in a direction. */
export type Isolating = { readonly document: Document; readonly directions: readonly Direction[] };
export const isolatingPolicies = ({ facts }: ImportContext): readonly Isolating[] =>
  (facts.documents.get('networking.k8s.io/NetworkPolicy') ?? []).map((document) => ({
    document,
    directions: isolated(member({ value: document.value, path: [] }, 'spec')),
  }));
