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

/** The rules that need a feature, and whether the policy needs it without any. */
type Need = {
  readonly feature: FeatureName;
  readonly byRule: (rule: Rule) => boolean;
  readonly always: (sections: ReadonlySet<Section>) => boolean;
};

const needs: readonly Need[] = [
  {
    feature: 'cgroup-skb',
    byRule: (rule) => rule.section !== 'process',
    always: (sections) => sections.has('ingress') || sections.has('egress'),
  },
  { feature: 'cgroup-connect', byRule: (rule) => rule.section === 'egress', always: (sections) => sections.has('egress') },
  { feature: 'http-ingress', byRule: (rule) => rule.section === 'ingress' && rule.layer7 !== undefined, always: () => false },
  { feature: 'exec-signal', byRule: (rule) => rule.section === 'process', always: (sections) => sections.has('process') },
  { feature: 'ingress-icmp', byRule: namesIcmp, always: () => false },
];

/** Sections that rules or default deny speak of. */
export function sectionsOf({ rules, policies }: TypedPolicy): ReadonlySet<Section> {
  const sections = new Set<Section>();
  for (const { section } of rules) sections.add(section);
  for (const { defaultDeny } of policies) {
    if (defaultDeny.ingress) sections.add('ingress');
    if (defaultDeny.egress) sections.add('egress');
    if (defaultDeny.process.length > 0) sections.add('process');
  }
  return sections;
}

/** What a machine must offer, each with the rules (ascending) that ask for it. */
export function requirementsOf({ rules }: TypedPolicy, sections: ReadonlySet<Section>): readonly Requirement[] {
  const asked = needs.map((need) => ({ ...need, ids: [] as RuleId[] }));
  for (const rule of rules) for (const { byRule, ids } of asked) if (byRule(rule)) ids.push(rule.id);
  return asked.flatMap(({ feature, always, ids }) => (ids.length > 0 || always(sections) ? [{ feature, rules: ids }] : []));
}

/** Packets meet three objects that share their tables (the stream object also tells accepted from connecting sockets). */
export function templatesOf(sections: ReadonlySet<Section>): readonly TemplateName[] {
  const network = sections.has('ingress') || sections.has('egress');
  return templateNames.filter((name) => (name === 'run/exec' ? sections.has('process') : network));
}
