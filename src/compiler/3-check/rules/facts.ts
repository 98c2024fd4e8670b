// What of one file matters for findings about the whole unit: they ask for it again and again, the rules are many.
import type { ResolvedFile, Value } from '../../ir/resolved.ts';
import type { Annotation } from '../../ir/typed.ts';
import type { CheckedPolicy, Facts, ServiceUse } from './finding.ts';
import { assumedSelectors, labelUses, selectorsOf } from './label-uses.ts';

const isUntil = ({ name }: Annotation): boolean => name === 'until';

export function factsOf(file: ResolvedFile, policies: readonly CheckedPolicy[]): Facts {
  const selectors = selectorsOf(file);
  const labels = [...selectors, ...assumedSelectors(file)].flatMap(labelUses);
  const facts = { policies, named: [], asking: [], services: [], dated: [], selectors, labels };
  for (const policy of policies) addFacts(policy, facts);
  return facts;
}

type Growing<T> = { readonly [Key in keyof T]: T[Key] extends readonly (infer Element)[] ? Element[] : T[Key] };
type Found = Growing<Pick<Facts, 'named' | 'asking' | 'services' | 'dated'>>;

function addFacts(one: CheckedPolicy, found: Found): void {
  const { policy, rules, written } = one;
  let asks = false;
  for (const annotation of policy.annotations) if (isUntil(annotation)) found.dated.push({ what: 'policy', annotation });
  for (const [place, rule] of rules.entries()) {
    for (const annotation of rule.annotations) if (isUntil(annotation)) found.dated.push({ what: 'rule', annotation });
    if (rule.section !== 'egress') continue;
    if (rule.peers.domains.length > 0) found.named.push({ policy: one, rule });
    if (rule.action !== 'allow') continue;
    asks ||= rule.layer7?.domain === 'dns';
    const { peers, transport } = asNetwork(written.rules[place]);
    const services = peers ? servicesOf(peers) : none;
    for (const service of services) found.services.push({ service, rule, place: transport?.span ?? rule.span });
  }
  if (asks) found.asking.push(policy);
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
