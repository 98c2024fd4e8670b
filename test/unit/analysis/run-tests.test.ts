// A test line stands for every label set, every name and every value of an open field: its outcome is compared with asking
// the oracle about each of a small world, and its counterexamples are asked again.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { textMatcher } from '../../../src/compiler/analysis/derivative.ts';
import { policiesOf, verdictOf } from '../../../src/compiler/analysis/oracle.ts';
import { isHost } from '../../../src/compiler/analysis/oracle-members.ts';
import { runTests } from '../../../src/compiler/analysis/run-tests.ts';
import type { Content, WrittenContent } from '../../../src/compiler/domains/domain.ts';
import type { Endpoint, PolicyEvent, ReservedName, Verdict } from '../../../src/compiler/ir/event.ts';
import type { TestEndpoint, TestEvent } from '../../../src/compiler/ir/test-case.ts';
import type { TestCase, TypedPolicy } from '../../../src/compiler/ir/typed.ts';
import { isIpv4, parseAddress } from '../../../src/compiler/space/address.ts';
import { type Selector, selects } from '../../../src/compiler/space/labels.ts';
import { anyText, either, literal, type Pattern, sequence } from '../../../src/compiler/space/pattern.ts';
import { protocolOf, transportRange } from '../../../src/compiler/space/transport.ts';
import { typedPolicy } from '../../harness/compile.ts';
import { type Random, random, seedOf } from '../../harness/random.ts';
import { randomWorld, typedWorld } from '../../harness/small-world.ts';

const seed = seedOf('run-tests', 31);
const apps = [undefined, 'a', 'b', 'x'];
const environments = [undefined, 'p', 'x'];
const labelSets = apps.flatMap((app) => environments.map((env) => ({ ...(app && { app }), ...(env && { env }) })));

const selectors: readonly Selector[] = [
  [[]],
  [[{ kind: 'one-of', key: 'app', values: ['a', 'b'] }]],
  [[{ kind: 'exists', key: 'env' }]],
  [[{ kind: 'not-one-of', key: 'app', values: ['a'] }], [{ kind: 'one-of', key: 'env', values: ['p'] }]],
];
const port = (number: number) => transportRange('tcp', number, number);
const span = { source: { path: 'tests.policy', text: '' }, start: 0, end: 0 };
const workloadOf = (selector: Selector): TestEndpoint => ({ kind: 'workload', name: 'some', selector });

const names: readonly Pattern[] = [either(literal('api.test'), literal('x.test')), sequence(anyText, literal('.test'))];
const someNames = ['api.test', 'x.test', 'b.test', 'xb.test', 'b.b.test', 'x.org'];
const address = parseAddress('192.0.2.1') ?? 0n;
const ofIpv6 = parseAddress('3fff::1') ?? 0n;

/** A line of http or exec, some fields of it open. */
function randomContent(pick: Random, domain: string): WrittenContent {
  const stated = (field: string, value: string): readonly (readonly [string, readonly string[]])[] =>
    pick.chance(0.6) ? [[field, [value]]] : [];
  const said =
    domain === 'http'
      ? [...stated('method', pick.pick(['GET', 'POST'])), ['path', ['/a']] as const, ...stated('header content-type', 'json')]
      : [['path', [pick.pick(['/bin/a', '/bin/x'])]] as const, ...stated('user', '0'), ...stated('argument', '-x')];
  const fields = Object.fromEntries(said);
  const all = domain === 'http' ? ['method', 'header content-type', 'query'] : ['user', 'argument'];
  return { kind: 'fields', fields, open: all.filter((field) => !Object.hasOwn(fields, field)) };
}

const expectations: readonly TestCase['expected'][] = [
  ...(['allowed', 'denied', 'audited', 'dropped', 'killed'] as const).map((verdict) => ({ verdict })),
  { verdict: 'allowed', byDefault: true },
  { verdict: 'denied', byDefault: true },
  ...['p', 'q', 'r'].flatMap((by) => (['allowed', 'denied'] as const).map((verdict) => ({ verdict, by }))),
];

function nodeOf(pick: Random, names: readonly ReservedName[]): TestEndpoint {
  const name = pick.pick(names);
  return { kind: 'reserved', name, except: pick.some(['kube-apiserver', 'health'] as const, 0.2).filter((one) => one !== name) };
}

function randomCase(pick: Random): TestCase {
  const [source, destination] = [pick.pick(selectors), pick.pick(selectors)].map(workloadOf);
  const expected = pick.pick(expectations);
  if (!source || !destination || pick.chance(0.3)) {
    const event: TestEvent = { kind: 'process', domain: 'exec', subject: workloadOf([[]]), content: randomContent(pick, 'exec') };
    return { test: 't', span, event, expected };
  }
  const outside: TestEndpoint = { kind: 'domain', name: 'names', names: pick.pick(names) };
  const node = nodeOf(pick, ['kube-apiserver', 'remote-node']);
  const request = pick.chance(0.5) ? { domain: 'http', content: randomContent(pick, 'http') } : undefined;
  const event: TestEvent = {
    ...{
      kind: 'flow',
      source: pick.chance(0.2) ? nodeOf(pick, ['host', 'host', 'kube-apiserver', 'remote-node']) : source,
      destination: pick.pick([outside, node, destination, destination, destination]),
    },
    ...{
      points: pick.pick(request ? [port(80), port(81)] : [port(80), port(81), transportRange('icmp', 3 * 256, 3 * 256 + 255)]),
      ...(request && { request }),
    },
  };
  return { test: 't', span, event, expected };
}

const matcher = textMatcher();

function endsOf(endpoint: TestEndpoint, id: string): readonly Endpoint[] {
  switch (endpoint.kind) {
    case 'workload':
      return labelSets
        .filter((labels) => selects(endpoint.selector, labels))
        .flatMap((labels) =>
          [undefined, ...someAddresses].map((one) => ({ kind: 'workload', id, labels, ...(one !== undefined && { address: one }) })),
        );
    case 'reserved':
      return nodes
        .filter(({ entities }) => entities.includes(endpoint.name) && !endpoint.except.some((one) => entities.includes(one)))
        .flatMap((one) => [undefined, ...someAddresses].map((at) => ({ ...one, ...(at !== undefined && { address: at }) })))
        .flatMap((one): readonly Endpoint[] => [one, { ...one, labels: { env: 'p' } }])
        .concat(
          endpoint.name === 'kube-apiserver' ? someAddresses.map((one) => ({ kind: 'address', address: one, isApiServer: true })) : [],
        );
    case 'domain':
      return someNames
        .filter((name) => matcher.matches(endpoint.names, name))
        .flatMap((name) => [address, ofIpv6].map((one) => ({ kind: 'address', address: one, names: [name] })));
    case 'address':
      return [endpoint];
  }
}

const nodes = ([['host'], ['kube-apiserver'], ['remote-node'], ['host', 'kube-apiserver'], ['kube-apiserver', 'remote-node']] as const).map(
  (entities): Endpoint & { readonly kind: 'reserved' } => ({ kind: 'reserved', entities }),
);
const someAddresses = ['9.9.9.9', '10.0.0.1', '10.1.0.1', '10.1.0.2', '2001:db8::1'].map((text) => parseAddress(text) ?? 0n);

/** Addresses of one family, and one host at most. */
function isOneFlow({ points }: TestEvent & { readonly kind: 'flow' }, source: Endpoint, destination: Endpoint): boolean {
  const isIcmp = protocolOf(points[0]?.low ?? 0).protocol === 'icmp';
  const families = [
    ...(isIcmp ? [true] : []),
    ...[source, destination].flatMap((end) => (end.address === undefined ? [] : [isIpv4(end.address)])),
  ];
  return new Set(families).size < 2 && !(isHost(source) && isHost(destination));
}
const pointsOf = ({ points }: TestEvent & { readonly kind: 'flow' }): readonly number[] =>
  points.flatMap(({ low, high }) => (low === high ? [low] : [low, low + 1, high]));
const web = { protocol: 'tcp', name: 'web' } as const;
const withPorts = (end: Endpoint, point: number): readonly Endpoint[] =>
  end.kind === 'workload' ? [end, { ...end, namedPorts: [{ ...web, port: point % 65536 }] }] : [end];

const someValues: Readonly<Record<string, readonly (string | undefined)[]>> = {
  method: ['GET', 'POST', 'PUT'],
  'header content-type': [undefined, 'json', 'text'],
  query: [undefined, 'a=1', 'b'],
  user: ['0', '1', '1000', '1001'],
  argument: [undefined, '-x', '-v'],
};

function contentsOf(content: WrittenContent): readonly Content[] {
  if (content.kind === 'undecidable') return [content];
  return content.open.reduce<readonly Extract<Content, { kind: 'fields' }>[]>(
    (contents, field) =>
      contents.flatMap(({ kind, fields }) =>
        (someValues[field] ?? []).map((value) => ({ kind, fields: value === undefined ? fields : { ...fields, [field]: [value] } })),
      ),
    [{ kind: 'fields', fields: content.fields }],
  );
}

/** Events of the small world that the line stands for. */
function eventsOf({ event }: TestCase): readonly PolicyEvent[] {
  if (event.kind === 'process')
    return endsOf(event.subject, 's').flatMap((subject) => contentsOf(event.content).map((content) => ({ ...event, subject, content })));
  const requests = event.request ? contentsOf(event.request.content).map((content) => ({ domain: 'http', content })) : [undefined];
  return endsOf(event.source, 's').flatMap((source) =>
    endsOf(event.destination, 'd')
      .filter((destination) => isOneFlow(event, source, destination))
      .flatMap((destination) =>
        pointsOf(event).flatMap((point) =>
          withPorts(destination, point).flatMap((to) =>
            requests.map((request): PolicyEvent => ({ kind: 'flow', source, destination: to, point, ...(request && { request }) })),
          ),
        ),
      ),
  );
}

function isAsExpected(typed: TypedPolicy, { verdict, by, byDefault }: TestCase['expected'], found: Verdict): boolean {
  const rule = found.cause.kind === 'rule' ? typed.rules[found.cause.rule] : undefined;
  const is = {
    allowed: found.action === 'allowed' && found.audit?.action !== 'denied',
    denied: found.action === 'denied',
    audited: found.action === 'allowed' && found.audit?.action === 'denied',
    dropped: rule?.action === 'drop',
    killed: rule?.action === 'kill',
  };
  if (!is[verdict] || (byDefault && rule)) return false;
  return by === undefined || policiesOf(typed, found.cause).includes(by);
}

/** Half of the lines expect what holds for some event of theirs. */
function oftenRight(pick: Random, typed: TypedPolicy, line: TestCase): TestCase {
  const [event] = pick.chance(0.5) ? eventsOf(line) : [];
  const verdict = event && verdictOf(typed, event);
  return verdict ? { ...line, expected: { verdict: verdict.audit?.action === 'denied' ? 'audited' : verdict.action } } : line;
}

test('a line holds exactly when it holds for every label set, address, name, port by name and value', () => {
  const pick = random(seed);
  const count = { holds: 0, fails: 0, narrow: 0 };
  for (let round = 0; round < 90; round++) {
    const world = typedWorld(randomWorld(pick));
    const typed = { ...world, tests: Array.from({ length: 6 }, () => oftenRight(pick, world, randomCase(pick))) };
    for (const { test: line, counterexample } of runTests(typed)) {
      const holds = eventsOf(line).every((event) => isAsExpected(typed, line.expected, verdictOf(typed, event)));
      // A counterexample may be one that the small world has not got.
      if (counterexample && holds) count.narrow++;
      else
        assert.is(
          counterexample === undefined,
          holds,
          JSON.stringify(line, (_, part: unknown) => (typeof part === 'bigint' ? `${part}` : part)),
        );
      count[holds ? 'holds' : 'fails']++;
      if (!counterexample) continue;
      assert.equal(counterexample.verdict, verdictOf(typed, counterexample.event));
      assert.not(isAsExpected(typed, line.expected, counterexample.verdict));
    }
  }
  assert.ok(count.holds > 50 && count.fails > 50 && count.narrow < 10, JSON.stringify(count));
});

test('all of the policies that bring a default deny are told apart when one is named', () => {
  const text = (by: string): string => `
workload a = { app: "a" }
policy p for a { ingress { } }
policy q for { app: "a", env: "prod" } { ingress { } }
test "t" { 1.2.3.4 -> a tcp 80 is denied by ${by} }`;
  assert.equal(
    runTests(typedPolicy(text('p'))).map(({ counterexample }) => counterexample),
    [undefined],
  );
  const [outcome] = runTests(typedPolicy(text('q')));
  assert.equal(outcome?.counterexample?.verdict.cause, { kind: 'default-deny', policies: [0] });
});

test('ends outside: addresses and reserved endpoints', () => {
  const typed = typedPolicy(`
workload a = { app: "a" }
policy p for a { ingress { allow from [world-ipv4, host] at tcp 80 } egress { allow to world-ipv6 } }
test "t" {
  192.0.2.1 -> a tcp 80 is allowed by p
  2001:db8::1 -> a tcp 80 is denied by default
  host -> a tcp 80 is allowed
  remote-node -> a tcp 80 is denied
  a -> 2001:db8::1 tcp 443 is allowed by p
  a -> host udp 53 is denied by default
}`);
  assert.equal(
    runTests(typed).filter(({ counterexample }) => counterexample),
    [],
  );
});

const failures = (text: string): readonly (string | undefined)[] =>
  runTests(typedPolicy(text)).map(({ test: { span: place }, counterexample }) =>
    counterexample ? place.source.text.slice(place.start, place.end).trim() : undefined,
  );

test('every verdict word, by policy, by the name of a rule, by default', () => {
  const found = failures(`
workload a = { app: "a" }
policy p for a {
  ingress {
    allow from 192.0.2.1 @name("door")
    drop from 192.0.2.2
    deny from 192.0.2.3
    audit from 192.0.2.4 @name("watch")
    allow from 192.0.2.4
  }
  process { kill exec under "/tmp" }
}
test "t" {
  192.0.2.1 -> a tcp 80 is allowed by p "door"
  192.0.2.2 -> a tcp 80 is dropped by p
  192.0.2.2 -> a tcp 80 is denied
  192.0.2.3 -> a tcp 80 is denied by p
  192.0.2.4 -> a tcp 80 is audited by p "watch"
  192.0.2.5 -> a tcp 80 is denied by default
  a exec "/tmp/x" is killed by p
  a exec "/bin/x" is allowed by default
  192.0.2.3 -> a tcp 80 is dropped
  192.0.2.1 -> a tcp 80 is audited
  192.0.2.4 -> a tcp 80 is allowed by p "watch"
  a exec "/tmp/x" is dropped
  192.0.2.4 -> a tcp 80 is allowed by p
}`);
  assert.equal(
    found.map((text) => text !== undefined),
    [...Array.from({ length: 8 }, () => false), true, true, true, true, true],
  );
});

test('a domain stands for each of its names, a field that is not written for each value', () => {
  const text = (lines: string): string => `
workload a = { app: "a" }
domain shops = "*.shop.test"
policy p for a {
  egress { allow to shops\n deny to "old.shop.test" }
  process { deny exec "/bin/sh" user 0 }
}
test "t" { ${lines} }`;
  const [byName] = runTests(typedPolicy(text('a -> shops tcp 443 is allowed')));
  const destination = byName?.counterexample?.event.kind === 'flow' ? byName.counterexample.event.destination : undefined;
  assert.equal(destination?.kind === 'address' && destination.names, ['old.shop.test']);
  const [byUser] = runTests(typedPolicy(text('a exec "/bin/sh" is allowed')));
  const event = byUser?.counterexample?.event;
  assert.equal(event?.kind === 'process' && event.content.kind === 'fields' && event.content.fields['user'], ['0']);
  assert.equal(failures(text('a -> 192.0.2.1 named "new.shop.test" tcp 443 is allowed\n a exec "/bin/sh" user 1 is allowed')), [
    undefined,
    undefined,
  ]);
});

test.run();
