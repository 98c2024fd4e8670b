// Random policies and all events of a world small enough to be enumerated: for tests that compare answers about every
// event there is. Made as TypedPolicy, so that they do not wait for a parser. A `native` world has only what the kernel
// programs hold: method and path of http on ingress, the path of exec, workloads as subjects, neither audit nor domains nor
// `including workloads` nor labels of nodes.
import type { FieldTest, LineMatch, ValueSet } from '../../src/compiler/domains/domain.ts';
import { policyId, ruleId } from '../../src/compiler/ir/ids.ts';
import {
  type Action,
  type DomainMatch,
  type EntityName,
  type NetworkRule,
  type Policy,
  type ReservedSet,
  type Rule,
  type Section,
  type Tier,
  type TypedPolicy,
  tiers,
} from '../../src/compiler/ir/typed.ts';
import { type AddressSet, addressSet, parsePrefix } from '../../src/compiler/space/address.ts';
import { intervals } from '../../src/compiler/space/interval.ts';
import type { Selector } from '../../src/compiler/space/labels.ts';
import { anyText, either, literal, not, type Pattern, repeat, segmentByte, sequence } from '../../src/compiler/space/pattern.ts';
import { anyTransport, transportRange, wholeProtocol } from '../../src/compiler/space/transport.ts';
import type { Random } from './random.ts';
import { smallDomains } from './small-domains.ts';

export { everyEvent } from './small-events.ts';

/** `names`: native ones have addresses with names, and rules about them, too. */
export type WorldOptions = { readonly native?: boolean; readonly names?: boolean };

const selectors: readonly Selector[] = [
  [[]],
  [[{ kind: 'one-of', key: 'app', values: ['a'] }]],
  [[{ kind: 'one-of', key: 'app', values: ['a', 'b'] }]],
  [[{ kind: 'not-one-of', key: 'app', values: ['a'] }]],
  [
    [
      { kind: 'exists', key: 'app' },
      { kind: 'absent', key: 'env' },
    ],
  ],
  [[{ kind: 'one-of', key: 'app', values: ['b'] }], [{ kind: 'one-of', key: 'env', values: ['p'] }]],
];
const prefixes = ['10.0.0.0/8', '10.1.0.0/16', '10.1.0.1/32', '2001:db8::/32', '0.0.0.0/0'];
const entities: readonly EntityName[] = ['all', 'cluster', 'host', 'kube-apiserver', 'world', 'world-ipv4', 'world-ipv6'];
const reserved: readonly ReservedSet[] = [
  { except: [] },
  { except: ['host'] },
  { except: ['kube-apiserver', 'remote-node'] },
  { name: 'kube-apiserver', except: ['host'] },
];
/** Of other entities than the host, and of nodes by their labels: other agents' policies only. */
const labelled: readonly ReservedSet[] = [
  { name: 'host', except: [], labels: [[{ kind: 'one-of', key: 'env', values: ['p'] }]] },
  { name: 'remote-node', except: ['kube-apiserver'], labels: [[{ kind: 'absent', key: 'env' }]] },
];
const subjects: readonly ReservedSet[] = [
  ...labelled.filter(({ name }) => name === 'host'),
  ...(['health', 'ingress', 'init', 'host'] as const).map((name) => ({ name, except: [] })),
];
const points = [
  transportRange('tcp', 80, 80),
  transportRange('tcp', 80, 443),
  transportRange('udp', 53, 53),
  wholeProtocol('icmp'),
  anyTransport,
  [],
];
const segment = repeat(segmentByte, 1);
const domains: readonly Pattern[] = [
  literal('api.test'),
  sequence(anyText, literal('.test')),
  sequence(repeat(segmentByte, 0), literal('b.test')),
];

// --- content --------------------------------------------------------------------------------------------------------

const testOf = (field: string, values: ValueSet, more: Partial<FieldTest> = {}): FieldTest => ({
  field,
  every: field.startsWith('header ') || field === 'alpn',
  orAbsent: false,
  values,
  ...more,
});
const textTest = (field: string, pattern: Pattern): FieldTest => testOf(field, { kind: 'text', pattern });
/** `not "x"`: holds also where there is no value. */
const notTest = (field: string, pattern: Pattern): FieldTest => testOf(field, { kind: 'text', pattern: not(pattern) }, { orAbsent: true });
const absent = (field: string): FieldTest => testOf(field, { kind: 'text', pattern: either() }, { orAbsent: true });
const numbers = (field: string, low: number, high: number): FieldTest => testOf(field, { kind: 'number', ranges: [{ low, high }] });

const [get, post] = [textTest('method', literal('GET')), textTest('method', literal('POST'))];
const path = (pattern: Pattern): FieldTest => textTest('path', pattern);
const json = textTest('header content-type', literal('json'));

const nativeLines: Readonly<Record<string, readonly LineMatch[]>> = {
  http: [
    [get, path(literal('/a'))],
    [get, path(sequence(literal('/'), segment))],
    [textTest('method', either(literal('GET'), literal('POST'))), path(sequence(literal('/a'), anyText))],
    [post],
    [path(sequence(literal('/'), anyText))],
    [post, json],
    [notTest('header content-type', literal('json'))],
    [path(literal('/a')), absent('header content-type')],
    [notTest('path', literal('/a')), textTest('query', sequence(literal('a='), anyText))],
    [get, textTest('target', sequence(literal('/b?'), anyText))],
    [textTest('host', literal('api.test'))],
    [textTest('header x-role', either(literal('a'), literal('b'))), notTest('header content-type', literal('text'))],
  ],
  exec: [literal('/bin/a'), sequence(literal('/bin/'), segment), sequence(literal('/'), anyText), anyText].map((pattern) => [
    path(pattern),
  ]),
};
const lines: Readonly<Record<string, readonly LineMatch[]>> = {
  http: [...(nativeLines['http'] ?? [])],
  dns: [[textTest('name', domains[0] ?? anyText)], [textTest('name', domains[1] ?? anyText), textTest('type', literal('A'))]],
  exec: [
    ...(nativeLines['exec'] ?? []),
    [path(sequence(literal('/bin/'), segment)), textTest('argument', literal('-x'))],
    [notTest('argument', literal('-x')), numbers('user', 0, 0)],
    [numbers('user', 1, 1000)],
  ],
  read: [[path(sequence(literal('/bin/'), anyText)), textTest('binary', literal('/bin/a'))], [numbers('user', 0, 10)]],
};

function randomMatch(random: Random, domain: string, { native = false }: WorldOptions): DomainMatch {
  const known = (native ? nativeLines : lines)[domain] ?? [];
  const chosen = random.some(known, 0.2);
  return { domain, lines: chosen.length > 0 ? chosen : [random.pick(known)] };
}

// --- rules ----------------------------------------------------------------------------------------------------------

type Draft = { readonly policy: number; readonly make: (id: number) => Rule };

const source = { path: 'small.policy', text: '' };
const span = { source, start: 0, end: 0 };

const addresses = (random: Random, probability: number): AddressSet =>
  addressSet(random.some(prefixes, probability).flatMap((text) => parsePrefix(text) ?? []));

function randomAction(random: Random, section: Section): Action {
  if (random.chance(0.08)) return 'pass';
  if (random.chance(0.15)) return section === 'process' ? 'kill' : 'drop';
  return random.chance(0.5) ? 'deny' : 'allow';
}

/** The domain of a request block that its points can carry, if one is wanted. */
function requestDomain(random: Random, { native = false }: WorldOptions): string | undefined {
  if (!random.chance(0.45)) return undefined;
  if (native) return 'http';
  return random.chance(0.75) ? 'http' : 'dns';
}
const carried = (domain: string | undefined, wanted: NetworkRule['transport']['points']) =>
  domain === undefined ? wanted : domain === 'dns' ? dnsPoints : wholeProtocol('tcp');
const dnsPoints = [...transportRange('tcp', 53, 80), ...transportRange('udp', 53, 53)];

function randomRule(random: Random, policy: number, text: string, options: WorldOptions): Draft {
  const { native = false, names = !native } = options;
  const section = random.pick(['ingress', 'egress', 'process'] as const);
  const action = randomAction(random, section);
  const base = {
    ...{ policy: policyId(policy), span, text, action, priority: random.chance(0.3) ? random.int(5) - 2 : action === 'pass' ? -3 : 0 },
    ...{ audit: !native && random.chance(0.15), require: [], annotations: [] },
  };
  if (section === 'process') {
    const match = randomMatch(random, native || random.chance(0.7) ? 'exec' : 'read', options);
    return { policy, make: (id) => ({ ...base, id: ruleId(id), section, match }) };
  }
  const domain = action === 'pass' ? undefined : requestDomain(random, options);
  const rule: Omit<NetworkRule, 'id'> = {
    ...base,
    section,
    peers: {
      selectors: random.some(selectors, 0.25),
      networks: addresses(random, 0.2),
      anyNetworks: native ? [] : addresses(random, 0.05),
      domains: !names || section === 'ingress' ? [] : random.some(domains, native ? 0.4 : 0.15),
      entities: random.some(entities, 0.15),
      ...(random.chance(0.3) && { reserved: random.some(native ? reserved : [...reserved, ...labelled], 0.4) }),
    },
    transport: {
      points: intervals([...carried(domain, random.pick(points)), ...(domain === undefined ? random.pick(points) : [])]),
      named: random.chance(0.3) ? [{ protocol: 'tcp', name: 'web' }] : [],
    },
  };
  const layer7 = domain === undefined ? undefined : randomMatch(random, domain, options);
  return { policy, make: (id) => ({ ...rule, id: ruleId(id), ...(layer7 && { layer7 }) }) };
}

// --- policies -------------------------------------------------------------------------------------------------------

export type World = { readonly policies: readonly Omit<Policy, 'id'>[]; readonly rules: readonly Draft[] };

function randomSubject(random: Random): Policy['subject'] {
  const subject = { workloads: random.pick(selectors), host: random.chance(0.2) };
  return random.chance(0.2) ? { ...subject, reserved: random.some(subjects, 0.4) } : subject;
}

function randomPolicy(random: Random, name: string, { native = false }: WorldOptions): Omit<Policy, 'id'> {
  const tier: Tier = random.chance(0.5) ? 'normal' : random.pick(tiers);
  const brings = (probability: number): boolean => tier === 'normal' && random.chance(probability);
  return {
    ...{ name, span, tier, subject: native ? { workloads: random.pick(selectors), host: false } : randomSubject(random) },
    priority: random.chance(0.3) ? random.int(5) - 2 : 0,
    audit: !native && random.chance(0.1),
    defaultDeny: {
      ingress: brings(0.5),
      egress: brings(0.5),
      process: [...(brings(0.5) ? ['exec'] : []), ...(!native && brings(0.3) ? ['read'] : [])],
    },
    annotations: [],
  };
}

export function randomWorld(random: Random, options: WorldOptions = {}): World {
  const policies = ['p', 'q', 'r'].slice(random.int(3)).map((name) => randomPolicy(random, name, options));
  const rules = Array.from({ length: 2 + random.int(8) }, (_, i) => randomRule(random, random.int(policies.length), `rule ${i}`, options));
  return { policies, rules };
}

/** The world after a few edits: a rule less, more, other or elsewhere, a policy with another subject, tier or defaults. */
export function editedWorld(random: Random, { policies, rules }: World, options: WorldOptions = {}): World {
  const editedRules = [...rules];
  for (let edits = 1 + random.int(3); edits > 0; edits--) {
    const place = random.int(editedRules.length + 1);
    const made = () => randomRule(random, random.int(policies.length), `edit ${random.int(1000)}`, options);
    if (random.chance(0.4)) editedRules.splice(place, 1);
    else if (random.chance(0.3)) editedRules.push(...editedRules.splice(place, 1));
    else editedRules.splice(place, random.int(2), made());
  }
  return {
    policies: policies.map((policy) => (random.chance(0.15) ? randomPolicy(random, policy.name, options) : policy)),
    rules: editedRules,
  };
}

/** Rules get their ids in the order (policy, place), as 2-resolve mints them; a rule of an audit policy is in audit mode. */
export function typedWorld({ policies, rules }: World): TypedPolicy {
  const ordered = policies.flatMap((_, policy) => rules.filter((rule) => rule.policy === policy));
  return {
    domains: smallDomains,
    policies: policies.map((policy, id) => ({ ...policy, id: policyId(id) })),
    rules: ordered.map(({ policy, make }, id) => {
      const rule = make(id);
      return { ...rule, audit: rule.audit || policies[policy]?.audit === true };
    }),
    tests: [],
    invariants: [],
    services: [],
  };
}
