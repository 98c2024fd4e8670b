// The table of hooks: which template programs enforce which part of a policy, and what they ask of a machine.
import type { FeatureName, Requirement } from '../ir/bundle.ts';
import { type TemplateName, templateNames } from '../ir/emitted.ts';
import type { RuleId } from '../ir/ids.ts';
import type { Rule, Section, TypedPolicy } from '../ir/typed.ts';
import { equals, intersect, union } from '../space/interval.ts';
import { anyTransport, wholeProtocol } from '../space/transport.ts';

const icmp = union(wholeProtocol('icmp'), wholeProtocol('icmpv6'));

/** A rule that says `icmp` itself: one without a transport does not stand or fall with it. */
const namesIcmp = (rule: Rule): boolean =>
  rule.section === 'ingress' && !equals(rule.transport.points, anyTransport) && intersect(rule.transport.points, icmp).length > 0;

/** What a policy speaks of: sections, and services. */
export type Parts = {
  readonly sections: ReadonlySet<Section>;
  readonly services: boolean;
  /** Are there rules about requests that come to workloads, and about those that they send? */
  readonly received: boolean;
  readonly sent: boolean;
};

const isAboutReceived = (rule: Rule): boolean => rule.section === 'ingress' && rule.layer7 !== undefined;
const isAboutSent = (rule: Rule): boolean => rule.section === 'egress' && rule.layer7 !== undefined;

/** The rules that need a feature, and whether the policy needs it without any. */
type Need = {
  readonly feature: FeatureName;
  readonly byRule: (rule: Rule) => boolean;
  readonly always: (parts: Parts) => boolean;
};

const needs: readonly Need[] = [
  {
    feature: 'cgroup-skb',
    byRule: (rule) => rule.section !== 'process',
    always: (parts) => hasNetwork(parts),
  },
  { feature: 'cgroup-connect', byRule: (rule) => rule.section === 'egress', always: ({ sections }) => sections.has('egress') },
  { feature: 'service-translation', byRule: () => false, always: ({ services }) => services },
  { feature: 'http-ingress', byRule: isAboutReceived, always: () => false },
  { feature: 'http-egress', byRule: isAboutSent, always: () => false },
  { feature: 'exec-signal', byRule: (rule) => rule.section === 'process', always: ({ sections }) => sections.has('process') },
  { feature: 'ingress-icmp', byRule: namesIcmp, always: () => false },
];

/** Sections that rules or default deny speak of, and whether there are services. */
export function partsOf({ rules, policies, services }: TypedPolicy): Parts {
  const sections = new Set<Section>();
  for (const { section } of rules) sections.add(section);
  for (const { defaultDeny } of policies) {
    if (defaultDeny.ingress) sections.add('ingress');
    if (defaultDeny.egress) sections.add('egress');
    if (defaultDeny.process.length > 0) sections.add('process');
  }
  return { sections, services: services.length > 0, received: rules.some(isAboutReceived), sent: rules.some(isAboutSent) };
}

/** A caller of a service is known to the programs that look at its packets. */
const hasNetwork = ({ sections, services }: Parts): boolean => services || sections.has('ingress') || sections.has('egress');

/** What a machine must offer, each with the rules (ascending) that ask for it. */
export function requirementsOf({ rules }: TypedPolicy, parts: Parts): readonly Requirement[] {
  const asked = needs.map((need) => ({ ...need, ids: [] as RuleId[] }));
  for (const rule of rules) for (const { byRule, ids } of asked) if (byRule(rule)) ids.push(rule.id);
  return asked.flatMap(({ feature, always, ids }) => (ids.length > 0 || always(parts) ? [{ feature, rules: ids }] : []));
}

/** Packets meet three objects that share their tables (the stream object also tells accepted from connecting sockets). */
export function templatesOf(parts: Parts): readonly TemplateName[] {
  const network = hasNetwork(parts);
  return templateNames.filter((name) => {
    if (name === 'run/exec') return parts.sections.has('process');
    if (name === 'l7/receive') return parts.received;
    if (name === 'l7/send') return parts.sent;
    return name === 'net/service' ? parts.services : network;
  });
}
