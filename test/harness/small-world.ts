// Random policies and all events of a world small enough to be enumerated: for tests that compare answers about every
// event there is. Made as TypedPolicy, so that they do not wait for a parser.

import type { Endpoint, FlowEvent, PolicyEvent } from '../../src/compiler/ir/event.ts';
import { policyId, ruleId } from '../../src/compiler/ir/ids.ts';
import type { DomainMatch, EntityName, NetworkRule, Policy, Rule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { addressSet, parseAddress, parsePrefix } from '../../src/compiler/space/address.ts';
import { intervals } from '../../src/compiler/space/interval.ts';
import type { Selector } from '../../src/compiler/space/labels.ts';
import { anyText, either, literal, type Pattern, repeat, segmentByte, sequence } from '../../src/compiler/space/pattern.ts';
import { anyTransport, transportPoint, transportRange, wholeProtocol } from '../../src/compiler/space/transport.ts';
import type { Random } from './random.ts';

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
const points = [
  transportRange('tcp', 80, 80),
  transportRange('tcp', 80, 443),
  transportRange('udp', 53, 53),
  wholeProtocol('icmp'),
  anyTransport,
  [],
];
const segment = repeat(segmentByte, 1);
const requests: readonly Pattern[] = [
  literal('GET /a'),
  sequence(literal('GET /'), segment),
  sequence(either(literal('GET'), literal('POST')), literal(' /a'), anyText),
  sequence(literal('POST /'), anyText),
  anyText,
];
const programs: readonly Pattern[] = [literal('/bin/a'), sequence(literal('/bin/'), segment), sequence(literal('/'), anyText), anyText];

type Draft = { readonly policy: number; readonly make: (id: number) => Rule };

const source = { path: 'small.policy', text: '' };
const span = { source, start: 0, end: 0 };

function randomRule(random: Random, policy: number, text: string): Draft {
  const action = random.chance(0.5) ? 'deny' : 'allow';
  const base = { policy: policyId(policy), span, text, action } as const;
  const section = random.pick(['ingress', 'egress', 'process'] as const);
  if (section === 'process') {
    const match = { domain: 'exec', pattern: random.pick(programs) };
    return { policy, make: (id) => ({ ...base, id: ruleId(id), section, match }) };
  }
  const rule: Omit<NetworkRule, 'id'> = {
    ...base,
    section,
    peers: {
      selectors: random.some(selectors, 0.25),
      networks: addressSet(random.some(prefixes, 0.2).flatMap((text) => parsePrefix(text) ?? [])),
      entities: random.some(entities, 0.15),
    },
    transport: {
      points: intervals([...random.pick(points), ...random.pick(points)]),
      named: random.chance(0.3) ? [{ protocol: 'tcp', name: 'web' }] : [],
    },
  };
  const layer7: DomainMatch | undefined = random.chance(0.4) ? { domain: 'http', pattern: random.pick(requests) } : undefined;
  return { policy, make: (id) => ({ ...rule, id: ruleId(id), ...(layer7 && { layer7 }) }) };
}

export type World = { readonly policies: readonly Omit<Policy, 'id'>[]; readonly rules: readonly Draft[] };

const randomPolicy = (random: Random, name: string): Omit<Policy, 'id'> => ({
  name,
  span,
  subject: random.pick(selectors),
  defaultDeny: { ingress: random.chance(0.4), egress: random.chance(0.4), process: random.chance(0.4) ? ['exec'] : [] },
});

export function randomWorld(random: Random): World {
  const policies = ['p', 'q', 'r'].slice(random.int(3)).map((name) => randomPolicy(random, name));
  return {
    policies,
    rules: Array.from({ length: 2 + random.int(8) }, (_, i) => randomRule(random, random.int(policies.length), `rule ${i}`)),
  };
}

/** The world after a few edits: a rule less, more, other or elsewhere, a policy with another subject or defaults. */
export function editedWorld(random: Random, { policies, rules }: World): World {
  const editedRules = [...rules];
  for (let edits = 1 + random.int(3); edits > 0; edits--) {
    const place = random.int(editedRules.length + 1);
    const made = () => randomRule(random, random.int(policies.length), `edit ${random.int(1000)}`);
    if (random.chance(0.4)) editedRules.splice(place, 1);
    else if (random.chance(0.3)) editedRules.push(...editedRules.splice(place, 1));
    else editedRules.splice(place, random.int(2), made());
  }
  return { policies: policies.map((policy) => (random.chance(0.15) ? randomPolicy(random, policy.name) : policy)), rules: editedRules };
}

/** Rules get their ids in the order (policy, place), as 2-resolve mints them. */
export function typedWorld({ policies, rules }: World): TypedPolicy {
  const ordered = policies.flatMap((_, policy) => rules.filter((rule) => rule.policy === policy));
  return {
    policies: policies.map((policy, id) => ({ ...policy, id: policyId(id) })),
    rules: ordered.map(({ make }, id) => make(id)),
    tests: [],
  };
}

const labelSets: readonly Readonly<Record<string, string>>[] = [
  {},
  { app: 'a' },
  { app: 'b' },
  { app: 'x' },
  { app: 'b', env: 'p' },
  { env: 'p' },
];
const web = { protocol: 'tcp', name: 'web', port: 81 } as const;
const workloads = (id: string): readonly Endpoint[] => labelSets.map((labels) => ({ kind: 'workload', id, labels }));
const outside: readonly Endpoint[] = [
  ...([['host'], ['host', 'kube-apiserver'], ['health']] as const).map((names): Endpoint => ({ kind: 'reserved', entities: names })),
  ...['9.9.9.9', '10.0.0.1', '10.1.0.1', '10.1.0.2', '2001:db8::1', '::1'].map(
    (text): Endpoint => ({ kind: 'address', address: parseAddress(text) ?? 0n }),
  ),
];
const eventPoints = [transportPoint('tcp', 80), transportPoint('tcp', 81), transportPoint('udp', 53), transportPoint('icmp', 2048)];
const texts = ['GET /a', 'GET /b', 'POST /a', 'GET /a/b', 'PUT /c'];
const eventRequests: readonly FlowEvent['request'][] = [
  undefined,
  { domain: 'http', content: { kind: 'undecidable', reason: 'ambiguous' } },
  ...texts.map((text) => ({ domain: 'http', content: { kind: 'text', text } }) as const),
];
const eventPrograms = ['/bin/a', '/bin/b', '/tmp/x', '/bin/a/b'];

/** Every event of the small world. */
export function everyEvent(): readonly PolicyEvent[] {
  const destinations = [...workloads('destination'), ...workloads('destination').map((end) => ({ ...end, namedPorts: [web] }) as Endpoint)];
  const pairs = [
    ...workloads('source').flatMap((from) => [...destinations, ...outside].map((to) => [from, to] as const)),
    ...outside.flatMap((from) => destinations.map((to) => [from, to] as const)),
  ];
  const flows = pairs.flatMap(([from, to]) =>
    eventPoints.flatMap((point) =>
      eventRequests.map((request): PolicyEvent => ({ kind: 'flow', source: from, destination: to, point, ...(request && { request }) })),
    ),
  );
  const execs = workloads('subject').flatMap((subject) => [
    ...eventPrograms.map((text): PolicyEvent => ({ kind: 'exec', subject, content: { kind: 'text', text } })),
    { kind: 'exec', subject, content: { kind: 'undecidable', reason: 'unnamed file' } } as const,
  ]);
  return [...flows, ...execs];
}
