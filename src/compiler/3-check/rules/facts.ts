// What of one file matters for findings about the whole unit: they ask for it again and again, the rules are many.
import type { ResolvedFile, Value } from '../../ir/resolved.ts';
import type { Annotation, Rule } from '../../ir/typed.ts';
import type { CheckedPolicy, Facts, ServiceUse } from './finding.ts';
import { assumedSelectors, labelUses, selectorsOf } from './label-uses.ts';

const until = ({ name }: Annotation): boolean => name === 'until';

const dated = (what: string, annotations: readonly Annotation[]): Facts['dated'] =>
  annotations.length === 0 ? [] : annotations.filter(until).map((annotation) => ({ what, annotation }));

const asksForNames = (rule: Rule): boolean => rule.section === 'egress' && rule.action === 'allow' && rule.layer7?.domain === 'dns';

export function factsOf(file: ResolvedFile, policies: readonly CheckedPolicy[]): Facts {
  const selectors = selectorsOf(file);
  const rules = policies.flatMap((policy) => policy.rules.map((rule) => ({ policy, rule })));
  return {
    policies,
    named: rules.filter(({ rule }) => rule.section === 'egress' && rule.peers.domains.length > 0),
    asking: policies.filter((one) => one.rules.some(asksForNames)).map(({ policy }) => policy),
    services: policies.flatMap(servicesIn),
    dated: [
      ...policies.flatMap(({ policy }) => dated('policy', policy.annotations)),
      ...rules.flatMap(({ rule }) => dated('rule', rule.annotations)),
    ],
    selectors,
    labels: [...selectors, ...assumedSelectors(file)].flatMap(labelUses),
  };
}

function servicesIn({ rules, written }: CheckedPolicy): readonly ServiceUse[] {
  return rules.flatMap((rule, place) => {
    const { peers, transport } = asNetwork(written.rules[place]);
    if (rule.section !== 'egress' || rule.action !== 'allow' || !peers) return [];
    return servicesOf(peers).map((service) => ({ service, rule, place: transport?.span ?? rule.span }));
  });
}

const asNetwork = (rule: CheckedPolicy['written']['rules'][number] | undefined): { readonly peers?: Value; readonly transport?: Value } =>
  rule && rule.section !== 'process' ? rule : {};

const none: readonly ServiceUse['service'][] = [];

/** The services that a peer names. */
function servicesOf(value: Value): readonly ServiceUse['service'][] {
  switch (value.kind) {
    case 'declared':
      return value.service ? [value] : none;
    case 'list':
      return value.items.flatMap(servicesOf);
    case 'combine':
      return value.operands.flatMap(servicesOf);
    default:
      return none;
  }
}
