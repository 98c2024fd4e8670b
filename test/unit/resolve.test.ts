// Names, uses of `rules` blocks and places: what 2-resolve makes of texts that nothing is wrong with.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/compiler/1-parse/index.ts';
import { resolve } from '../../src/compiler/2-resolve/index.ts';
import type { Span } from '../../src/compiler/base/source.ts';
import { collector } from '../../src/compiler/diagnostics/diagnostic.ts';
import { domains } from '../../src/compiler/domains/registry.ts';
import type { ResolvedFile, ResolvedRule, Value } from '../../src/compiler/ir/resolved.ts';

type Texts = Readonly<Record<string, string>>;

/** All files as one. */
type Unit = Omit<ResolvedFile, 'base' | 'invariants' | 'annotations'> & { readonly rules: readonly ResolvedRule[] };

function resolved(texts: Texts | string): Unit {
  const log = collector();
  const files = Object.entries(typeof texts === 'string' ? { 'a.policy': texts } : texts);
  const found = resolve(
    parse(
      files.map(([path, text]) => ({ path, text })),
      log.report,
    ),
    domains,
    log.report,
  );
  assert.equal(
    log.all().map(({ code, message }) => `${code}: ${message}`),
    [],
  );
  return {
    declarations: found.files.flatMap(({ declarations }) => declarations),
    order: found.files.flatMap(({ base, order }) => order.map((place) => base + place)),
    policies: found.policies,
    rules: found.policies.flatMap(({ rules }) => rules),
    tests: found.files.flatMap(({ tests }) => tests),
    services: found.files.flatMap(({ services }) => services),
    allowances: found.files.flatMap(({ allowances }) => allowances),
  };
}

const written = ({ source, start, end }: Span): string => source.text.slice(start, end);
const texts = ({ rules }: Unit): readonly string[] => rules.map(({ text }) => text);

/** What a value comes down to, through declarations. */
function meaning({ declarations }: Pick<Unit, 'declarations'>, value: Value | undefined): string {
  if (value?.kind !== 'declared') return value ? written(value.span) : 'nothing';
  return meaning({ declarations }, declarations[value.declaration]?.value);
}

test('rules stand in the order of policy names, then of places; those of a block where it is used', () => {
  const found = resolved(`
    workload w = { app: "w" }
    rules block(who: peer) { ingress { allow from who at tcp 1
      allow from who at tcp 2 } egress { allow to who at tcp 3 } }
    policy b for w { ingress { allow at tcp 4 } use block(w) egress { allow at tcp 5 } use block(world) }
    policy a for w { use block(w) ingress { allow at tcp 6 } }`);
  const ports = found.rules.map(({ text }) => Number(/tcp (\d)/.exec(text)?.[1]));
  assert.equal(ports, [1, 2, 3, 6, 4, 1, 2, 3, 5, 1, 2, 3]);
  assert.equal(
    found.rules.map(({ usedAt }) => usedAt && written(usedAt)),
    [
      'block(w)',
      'block(w)',
      'block(w)',
      '',
      '',
      'block(w)',
      'block(w)',
      'block(w)',
      '',
      'block(world)',
      'block(world)',
      'block(world)',
    ].map((one) => (one === '' ? undefined : `use ${one}`)),
  );
});

test('each use has declarations of its own in the place of parameters', () => {
  const found = resolved(`
    workload w = { app: "w" }
    list shared = [80, 81]
    rules block(listens: port, program: binary, numbers: list) {
      ingress { allow at listens
        allow at tcp numbers }
      process { allow exec program }
    }
    policy a for w { use block(tcp 1, "/bin/a", [7]) }
    policy b for w { use block([tcp 2, udp 2], under "/b", shared) }`);
  const of = found.rules.map((rule) => {
    if (rule.section === 'process') return [...rule.line.names.values()].map((index) => meaning(found, found.declarations[index]?.value));
    const { transport } = rule;
    if (transport?.kind === 'transport')
      return [...transport.names.values()].map((index) => meaning(found, found.declarations[index]?.value));
    return [meaning(found, transport)];
  });
  assert.equal(of, [['tcp 1'], ['[7]'], ['"/bin/a"'], ['[tcp 2, udp 2]'], ['[80, 81]'], ['under "/b"']]);
  assert.is(found.order.length, found.declarations.length);
});

test('a block sees the names of its own file, its arguments those of the using file', () => {
  const found = resolved({
    'lib/blocks.policy': `
      namespace "lib"
      private workload resolver = { app: "lib-resolver" }
      rules names(who: peer) { egress { allow to resolver
        allow to who
        allow to { app: "inline" } } }`,
    'main.policy': `
      namespace "main"
      import names from "./lib/blocks.policy"
      workload resolver = { app: "main-resolver" }
      policy a for resolver { use names({ app: "argument" }) use names(resolver) }`,
  });
  const peers = found.rules.map((rule) => (rule.section === 'process' ? undefined : rule.peers));
  assert.equal(
    peers.map((peer) => meaning(found, peer)),
    [
      ...['{ app: "lib-resolver" }', '{ app: "argument" }', '{ app: "inline" }'],
      ...['{ app: "lib-resolver" }', '{ app: "main-resolver" }', '{ app: "inline" }'],
    ],
  );
  assert.equal(
    peers.map((peer) => (peer?.kind === 'selector' ? peer.namespace : undefined)),
    [undefined, 'main', 'lib', undefined, undefined, 'lib'],
  );
});

test('sections of used blocks count as sections of the policy', () => {
  const found = resolved(`
    workload w = { app: "w" }
    rules open() { ingress { default allow } process { default deny exec
      default deny read } }
    policy a for w { use open() ingress { deny from world } process { default deny exec } }
    policy b for w { use open() }
    policy c for w { ingress { } }`);
  assert.equal(
    found.policies.map(({ ingress, egress, defaultDeny }) => [
      ingress?.defaultAllow,
      egress,
      defaultDeny.map(({ domain }) => domain).join(' '),
    ]),
    [
      [true, undefined, 'exec read'],
      [true, undefined, 'exec read'],
      [false, undefined, ''],
    ],
  );
});

test('a block that nobody uses makes no rules', () => {
  assert.equal(texts(resolved('workload w = { app: "w" }\nrules block(who: peer) { ingress { allow from who } }')), []);
});

test('names in lines: declared ones; a word of the block is itself, where nothing declared could be meant', () => {
  const found = resolved(`
    workload w = { app: "w" }
    binary GET = "/usr/bin/GET"
    workload query = { app: "query" }
    list reads = [HEAD]
    domain shop = "shop.example"
    policy a for w { ingress { allow at tcp 80 http { GET "/a" host shop; [reads, POST] "/b"; reads "/c" query "x" } } }`);
  const [rule] = found.rules;
  const lines = rule?.section === 'ingress' ? (rule.request?.lines ?? []) : [];
  assert.equal(
    lines.map(({ names }) => [...names].map(([start, index]) => [start, found.declarations[index]?.name])),
    lines.map(({ span }) => {
      const at = (text: string): number => span.source.text.indexOf(text, span.start);
      const text = written(span);
      if (text.startsWith('GET')) return [[at('shop'), 'shop']];
      return [[at('reads'), 'reads']];
    }),
  );
});

test('actions, attributes, tiers and annotations', () => {
  const found = resolved(`
    annotation team = one of ["a", "b"]
    workload w = { app: "w" }
    policy a for [w, host] tier admin priority 3 mode audit @team("a") {
      ingress { @name("first") @allow("check/x", "so")
        allow from w priority -1 at tcp 80 require encryption log "x" rate 10/s @severity(low)
        audit from w mode audit
        drop from w
        pass from w }
      process { kill exec "/x" signal SIGTERM
        deny syscall kill errno ENOSYS }
    }`);
  assert.equal(
    found.rules.map(({ action, audit, attributes }) => [action, audit, attributes.map(({ span }) => written(span)).join()].join()),
    [
      'allow,false,priority -1,require encryption,log "x",rate 10/s',
      'deny,true,mode audit',
      'drop,false,',
      'pass,false,',
      'kill,false,signal SIGTERM',
      'deny,false,errno ENOSYS',
    ],
  );
  const [policy] = found.policies;
  assert.is(policy?.tier, 'admin');
  assert.equal(
    policy?.attributes.map(({ name }) => name),
    ['priority', 'mode'],
  );
  assert.equal(
    policy?.annotations.map(({ name, choices }) => [name, choices]),
    [['team', ['a', 'b']]],
  );
  assert.equal(
    found.rules[0]?.annotations.map(({ name }) => name),
    ['name', 'severity'],
  );
  assert.equal(
    found.allowances.map(({ scope }) => written(scope).startsWith('allow from w priority')),
    [true],
  );
});

test('the domain of a test line: named first, known by its first word, or http', () => {
  const found = resolved(`
    workload w = { app: "w" }
    test "x" {
      w -> w tcp 80 "/x" is allowed
      w -> w tcp 80 GET "/x" is allowed
      w -> w udp 53 dns "a.example" is allowed
      w -> w udp 53 type A is allowed
      w -> w tcp 443 sni "a.example" is allowed
      w -> w tcp 9092 produce topic "x" is allowed
      w exec "/bin/sh" is allowed
    }`);
  assert.equal(
    found.tests.map(({ content }) => content?.domain.name),
    ['http', 'http', 'dns', 'dns', 'tls', 'kafka', 'exec'],
  );
});

test('a list declares words that are no names, and other lists', () => {
  const found = resolved('list reads = [GET, HEAD]\nlist all-of-them = [reads, POST, tcp]');
  const value = found.declarations[1]?.value;
  assert.equal(value?.kind === 'list' ? value.items.map(({ kind }) => kind) : [], ['declared', 'literal', 'literal']);
});

test('defaults of the module stand in selectors that name no place of the kind', () => {
  const found = resolved(`
    namespace "n"
    cluster "c"
    workload a = { app: "a" }
    workload b = { app: "b" } in namespace { team: "x" }
    workload d = { app: "d" } in cluster "e" in namespace "m"`);
  assert.equal(
    found.declarations.map(({ value }) => (value.kind === 'selector' ? [value.namespace, value.cluster] : [])),
    [
      ['n', 'c'],
      [undefined, 'c'],
      [undefined, undefined],
    ],
  );
});

test.run();
