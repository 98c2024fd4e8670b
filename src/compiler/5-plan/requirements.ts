// The table of hooks: which template programs enforce which part of a policy, and what they ask of a machine.
import type { FeatureName, Requirement } from '../ir/bundle.ts';
import { type TemplateName, templateNames } from '../ir/emitted.ts';
import type { RuleId } from '../ir/ids.ts';
import { governsHost } from '../ir/subject-selector.ts';
import type { NetworkRule, Rule, Section, TypedPolicy } from '../ir/typed.ts';
import { equals, intersect, union } from '../space/interval.ts';
import { anyTransport, type TransportProtocol, wholeProtocol } from '../space/transport.ts';

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
  /** Are there rules about DNS queries over tcp? */
  readonly queriesOverTcp: boolean;
  /** Are there rules about TLS? */
  readonly tls: boolean;
};

const isAboutReceived = (rule: Rule): boolean => rule.section === 'ingress' && rule.layer7?.domain === 'http';
const isAboutSent = (rule: Rule): boolean => rule.section === 'egress' && rule.layer7?.domain === 'http';
const isAboutTls = (rule: Rule): boolean => rule.section !== 'process' && rule.layer7?.domain === 'tls';
const isAboutQueriesOverTcp = (rule: Rule): boolean => rule.section === 'egress' && rule.layer7?.domain === 'dns' && reaches(rule, 'tcp');

/** By number or by name. */
const reaches = ({ transport }: NetworkRule, protocol: TransportProtocol): boolean =>
  intersect(transport.points, wholeProtocol(protocol)).length > 0 || transport.named.some((port) => port.protocol === protocol);

/** Policies that govern a host: what they ask for depends on whose rule it is. */
const hostPolicies = ({ policies }: TypedPolicy): ReadonlySet<number> =>
  new Set(policies.flatMap(({ subject }, policy) => (governsHost(subject) ? [policy] : [])));

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
  { feature: 'dns-stream', byRule: isAboutQueriesOverTcp, always: () => false },
  { feature: 'tls-stream', byRule: isAboutTls, always: () => false },
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
  return {
    sections,
    services: services.length > 0,
    received: rules.some(isAboutReceived),
    sent: rules.some(isAboutSent),
    queriesOverTcp: rules.some(isAboutQueriesOverTcp),
    tls: rules.some(isAboutTls),
  };
}

/** A caller of a service is known to the programs that look at its packets. */
const hasNetwork = ({ sections, services }: Parts): boolean => services || sections.has('ingress') || sections.has('egress');

/** What a machine must offer, each with the rules (ascending) that ask for it. */
export function requirementsOf(typed: TypedPolicy, parts: Parts): readonly Requirement[] {
  const { rules } = typed;
  const asked = needs.map((need) => ({ ...need, ids: [] as RuleId[] }));
  for (const rule of rules) for (const { byRule, ids } of asked) if (byRule(rule)) ids.push(rule.id);
  const hosts = hostPolicies(typed);
  const ofHosts = rules.flatMap(({ id, policy }) => (hosts.has(policy) ? [id] : []));
  return [
    ...asked.flatMap(({ feature, always, ids }) => (ids.length > 0 || always(parts) ? [{ feature, rules: ids }] : [])),
    ...(hosts.size > 0 ? [{ feature: 'host' as const, rules: ofHosts }] : []),
  ];
}

/** Packets meet three objects that share their tables (the stream object also tells accepted from connecting sockets). */
export function templatesOf(parts: Parts): readonly TemplateName[] {
  const network = hasNetwork(parts);
  return templateNames.filter((name) => {
    if (name === 'run/exec') return parts.sections.has('process');
    if (name === 'l7/receive') return parts.received;
    if (name === 'l7/send') return parts.sent;
    if (name === 'l7/dns') return parts.queriesOverTcp;
    if (name === 'l7/tls') return parts.tls;
    return name === 'net/service' ? parts.services : network;
  });
}
