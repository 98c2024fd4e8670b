// The smallest world that has every kind of thing that a rule can ask for, and all of its events: few enough to ask each of them
// about very many policies. Beside every value that a rule can name there is one that none does.
import type { FieldTest } from '../../src/compiler/domains/domain.ts';
import type { Content, Endpoint, PolicyEvent } from '../../src/compiler/ir/event.ts';
import { policyId, ruleId } from '../../src/compiler/ir/ids.ts';
import type { Action, DomainMatch, PeerSet, Policy, Rule, Subject, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { tiers } from '../../src/compiler/ir/typed.ts';
import { addressSet, ipv4Space, parseAddress, parsePrefix } from '../../src/compiler/space/address.ts';
import type { Selector } from '../../src/compiler/space/labels.ts';
import { literal } from '../../src/compiler/space/pattern.ts';
import { anyTransport, transportPoint, transportRange } from '../../src/compiler/space/transport.ts';
import type { Random } from './random.ts';
import { smallDomains } from './small-domains.ts';

const span = { source: { path: 'tiny.policy', text: '' }, start: 0, end: 0 };

const selectors: readonly Selector[] = [
  [[]],
  [[{ kind: 'one-of', key: 'app', values: ['a'] }]],
  [[{ kind: 'not-one-of', key: 'app', values: ['a'] }]],
  [[{ kind: 'exists', key: 'app' }]],
];
const networks = ['10.1.0.0/16', '10.0.0.0/8'].map((text) => addressSet([parsePrefix(text) ?? { address: 0n, length: 128 }]));
const points = [transportRange('tcp', 80, 80), transportRange('tcp', 80, 90), anyTransport];

// --- policies -------------------------------------------------------------------------------------------------------

const nobody: PeerSet = { selectors: [], networks: [], anyNetworks: [], domains: [], entities: [] };

function randomPeers(pick: Random): PeerSet {
  const kind = pick.int(4);
  if (kind === 0) return { ...nobody, entities: ['all'] };
  if (kind === 1) return { ...nobody, networks: pick.pick([...networks, ipv4Space]) };
  return { ...nobody, selectors: [pick.pick(selectors)], ...(kind === 2 && { networks: pick.pick(networks) }) };
}

const textTest = (field: string, value: string): FieldTest => ({
  ...{ field, every: false, orAbsent: false },
  values: { kind: 'text', pattern: literal(value) },
});
const request = (method: string): DomainMatch => ({ domain: 'http', lines: [[textTest('method', method)]] });
const program = (path: string): DomainMatch => ({ domain: 'exec', lines: [[textTest('path', path)]] });

type Draft = { readonly policy: number; readonly rule: Rule };

function randomRule(pick: Random, policy: number, text: string): Draft {
  const section = pick.pick(['ingress', 'egress', 'ingress', 'egress', 'process'] as const);
  const actions: readonly Action[] = section === 'process' ? ['allow', 'deny', 'kill'] : ['allow', 'allow', 'deny', 'drop', 'pass'];
  const action = pick.pick(actions);
  const base = {
    ...{ id: ruleId(0), policy: policyId(policy), span, text, action, priority: pick.chance(0.2) ? pick.int(3) - 1 : 0 },
    ...{ audit: pick.chance(0.1), require: [], annotations: [] },
  };
  if (section === 'process') return { policy, rule: { ...base, section, match: program(pick.pick(['/a', '/b'])) } };
  const isWhole = action === 'pass' || pick.chance(0.7);
  const transport = { points: isWhole ? pick.pick(points) : transportRange('tcp', 80, 80), named: [] };
  return {
    policy,
    rule: { ...base, section, peers: randomPeers(pick), transport, ...(!isWhole && { layer7: request(pick.pick(['GET', 'POST'])) }) },
  };
}

function randomPolicy(pick: Random, name: string): Omit<Policy, 'id'> {
  const tier = pick.chance(0.6) ? 'normal' : pick.pick(tiers);
  const subject: Subject = { workloads: pick.pick(selectors), host: false, reserved: [] };
  const brings = (): boolean => tier === 'normal' && pick.chance(0.5);
  const defaultDeny = { ingress: brings(), egress: brings(), process: brings() ? ['exec'] : [] };
  return { name, span, subject, tier, priority: pick.int(2), audit: pick.chance(0.1), defaultDeny, annotations: [] };
}

export type TinyWorld = { readonly policies: readonly Omit<Policy, 'id'>[]; readonly rules: readonly Draft[] };

export function tinyWorld(pick: Random): TinyWorld {
  const policies = ['p', 'q'].slice(pick.int(2)).map((name) => randomPolicy(pick, name));
  return { policies, rules: Array.from({ length: 1 + pick.int(5) }, (_, i) => randomRule(pick, pick.int(policies.length), `rule ${i}`)) };
}

/** After one or two edits. */
export function editedTinyWorld(pick: Random, { policies, rules }: TinyWorld): TinyWorld {
  const edited = [...rules];
  for (let edits = 1 + pick.int(2); edits > 0; edits--) {
    const made = randomRule(pick, pick.int(policies.length), `edit ${pick.int(1000)}`);
    const place = pick.int(edited.length + 1);
    if (pick.chance(0.3)) edited.push(...edited.splice(place, 1));
    else edited.splice(place, pick.int(2), ...(pick.chance(0.7) ? [made] : []));
  }
  return { policies: policies.map((policy) => (pick.chance(0.15) ? randomPolicy(pick, policy.name) : policy)), rules: edited };
}

export function typedTinyWorld({ policies, rules }: TinyWorld): TypedPolicy {
  const ordered = policies.flatMap((_, policy) => rules.filter((draft) => draft.policy === policy));
  return {
    domains: smallDomains,
    policies: policies.map((policy, id) => ({ ...policy, id: policyId(id) })),
    rules: ordered.map(({ policy, rule }, id) => ({ ...rule, id: ruleId(id), audit: rule.audit || policies[policy]?.audit === true })),
    tests: [],
    services: [],
    invariants: [],
  };
}

// --- events ---------------------------------------------------------------------------------------------------------

const labelSets = [{}, { app: 'a' }, { app: 'x' }];
const workloads = (id: string): readonly Endpoint[] => labelSets.map((labels) => ({ kind: 'workload', id, labels }));
const addresses = ['10.1.0.1', '10.2.0.1', '9.9.9.9', '2001:db8::1'].map(
  (text): Endpoint => ({ kind: 'address', address: parseAddress(text) ?? 0n }),
);
const fields = (given: Readonly<Record<string, string>>): Content => ({
  kind: 'fields',
  fields: Object.fromEntries(Object.entries(given).map(([name, value]) => [name, [value]])),
});
const unreadable: Content = { kind: 'undecidable', reason: 'ambiguous' };
const requests = [
  undefined,
  ...[unreadable, ...['GET', 'POST', 'PUT'].map((method) => fields({ method, path: '/', target: '/' }))].map((content) => ({
    domain: 'http',
    content,
  })),
];
const programs = [unreadable, ...['/a', '/b', '/c'].map((path) => fields({ path, user: '0', scope: 'container' }))];

/** Every event of a tiny world. */
export function everyTinyEvent(): readonly PolicyEvent[] {
  const pairs = [
    ...workloads('source').flatMap((from) => [...workloads('destination'), ...addresses].map((to) => [from, to] as const)),
    ...addresses.flatMap((from) => workloads('destination').map((to) => [from, to] as const)),
  ];
  const all = [transportPoint('tcp', 80), transportPoint('tcp', 85), transportPoint('udp', 53)];
  const flows = pairs.flatMap(([source, destination]) =>
    all.flatMap((point) =>
      requests.map((one): PolicyEvent => ({ kind: 'flow', source, destination, point, ...(one && { request: one }) })),
    ),
  );
  const started = workloads('subject').flatMap((subject) =>
    programs.map((content): PolicyEvent => ({ kind: 'process', domain: 'exec', subject, content })),
  );
  return [...flows, ...started];
}
