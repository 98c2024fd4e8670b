// Imported policies: places, names, sessions, and what documents state beside policies.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reservedMeaning } from '../../../src/compiler/2-resolve/vocabulary.ts';
import { lineText, positionAt, type SourceText, writtenAt } from '../../../src/compiler/base/source.ts';
import { collector } from '../../../src/compiler/diagnostics/diagnostic.ts';
import { renderDiagnostics } from '../../../src/compiler/diagnostics/render.ts';
import { readDocuments } from '../../../src/compiler/interchange/documents/index.ts';
import { factsOf } from '../../../src/compiler/interchange/facts.ts';
import { PolicyWriter, reservedWords } from '../../../src/compiler/interchange/writer.ts';
import { checkUnit, importUnit, Session } from '../../../src/compiler/pipeline.ts';

const policy = (name: string, label = name): string =>
  `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec:
  podSelector: { matchLabels: { app: ${label} } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: web } } }]
`;
const yaml = (text: string, path = 'a.yaml'): SourceText => ({ path, text });

test('rules and policies show the places of the document', () => {
  const checked = checkUnit([yaml(`# first\n${policy('a')}`)]);
  assert.ok(checked.ok);
  if (!checked.ok) return;
  const { policies, rules } = checked.value.typed;
  const shown = [...policies, ...rules].map(({ span: { source, start } }) => `${source.path}:${positionAt(source, start).line}`);
  assert.equal(shown, ['a.yaml:2', 'a.yaml:4', 'a.yaml:2', 'a.yaml:8']);
});

test('the place of a part of a line is its own', () => {
  const source = yaml('one\ntwo\nthree\n', 'x.yaml');
  const at = (line: number) => ({ source, start: source.text.indexOf(lineText(source, line)), end: 0 });
  const writer = new PolicyWriter();
  writer.block('policy p', at(1), () => writer.line('allow from a at b', at(2), [{ start: 11, span: at(3) }]));
  const made = writer.source('x.policy');
  const placeOf = (text: string) => positionAt(source, writtenAt({ source: made, start: made.text.indexOf(text), end: 0 }).start).line;
  assert.equal(['policy', 'allow', 'from', 'a at', 'b\n', '}'].map(placeOf), [1, 2, 2, 3, 3, 1]);
});

test('names: words of the language are none, and each stands once', () => {
  for (const word of reservedWords) assert.ok(reservedMeaning(word), word);
  const writer = new PolicyWriter(new Set(['taken']));
  const wishes = ['a.b/c', 'a-b-c', 'taken', 'default', 'remote-node', '8-ball', 'ünï', 'tcp', '.*'];
  assert.equal(
    wishes.map((wish) => writer.name(wish)),
    [...['a-b-c', 'a-b-c-2', 'taken-2', 'p-default', 'p-remote-node', 'p-8-ball', 'n', 'p-tcp', 'p']],
  );
});

test('every word of the language that cannot be declared is known to the writer', () => {
  const words = 'tcp udp sctp icmp icmpv6 any protocol gre esp all world host for at default workload'.split(' ');
  assert.equal(
    words.filter((word) => !reservedWords.has(word)),
    [],
  );
});

test('policy text and documents are one unit; names are unique over its files', () => {
  const checked = checkUnit([
    yaml(policy('a')),
    yaml(policy('a').replace('namespace: shop', 'namespace: other').replace('name: a', 'name: "shop-a"'), 'b.yaml'),
    { path: 'c.policy', text: 'policy c for { app: "c" } { ingress { allow from host } }\n' },
  ]);
  assert.ok(checked.ok, renderDiagnostics(checked.diagnostics, { color: false }));
  if (checked.ok)
    assert.equal(
      checked.value.typed.policies.map(({ name }) => name),
      ['allow-localhost', 'c', 'other-shop-a', 'shop-a'],
    );
});

test('a session: the same documents are read once, and places are those of the present text', () => {
  const session = new Session();
  const [a, b] = [yaml(policy('a')), yaml(policy('b'), 'b.yaml')];
  const filesOf = (...sources: readonly SourceText[]) => {
    const checked = checkUnit(sources, { session });
    assert.ok(checked.ok);
    return checked.ok ? checked.value : undefined;
  };
  const first = filesOf(a, b);
  assert.is(filesOf(a, b)?.ast.files[0], first?.ast.files[0]);
  const moved = filesOf(yaml(`\n\n${a.text}`), b);
  const rule = moved?.typed.rules.find(({ span }) => span.source.path === 'a.yaml');
  assert.is(rule && positionAt(rule.span.source, rule.span.start).line, 3);
  const wrong = yaml(a.text.replace('podSelector', 'podSelectr'));
  for (let i = 0; i < 2; i++) assert.is(checkUnit([wrong, b], { session }).diagnostics.length, 1);
});

test('a policy in a .policy file is checked while documents are wrong', () => {
  const { ok, diagnostics } = checkUnit([
    yaml('a: b\n'),
    { path: 'c.policy', text: 'policy c for { app: "c" } { ingress { allow from 10.0.0.1/8 } }\n' },
  ]);
  assert.equal([ok, diagnostics.map(({ code }) => code)], [false, ['import/no-object', 'check/host-bits']]);
});

test('enforcement that is switched off leaves no policy', () => {
  const imported = importUnit([yaml(policy('a'))], { documents: { enforcement: 'never' } });
  assert.equal(imported.ok && imported.value.sources, []);
});

test('facts: workloads of every kind, namespaces, nodes, services with their addresses', () => {
  const pod = (name: string) => `metadata: { labels: { app: ${name} } }`;
  const text = `
{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { team: x } } }
---
{ apiVersion: v1, kind: Node, metadata: { name: n1, labels: { zone: a } } }
---
{ apiVersion: v1, kind: Pod, metadata: { name: p, namespace: shop, labels: { app: p } }, spec: { containers: [{ ports: [{ name: http, containerPort: 80 }, { containerPort: 81 }] }, { ports: [{ name: dns, containerPort: 53, protocol: UDP }] }] } }
---
{ apiVersion: apps/v1, kind: StatefulSet, metadata: { name: s, namespace: shop }, spec: { template: { ${pod('s')} } } }
---
{ apiVersion: batch/v1, kind: CronJob, metadata: { name: c }, spec: { jobTemplate: { spec: { template: { ${pod('c')} } } } } }
---
{ apiVersion: apps/v1, kind: Deployment, metadata: { name: broken }, spec: [] }
---
{ apiVersion: example.com/v1, kind: Deployment, metadata: { name: other }, spec: { template: { ${pod('other')} } } }
---
{ apiVersion: v1, kind: Service, metadata: { name: web, namespace: shop }, spec: { selector: { app: p } } }
---
{ apiVersion: v1, kind: Service, metadata: { name: outside }, spec: {} }
---
{ apiVersion: v1, kind: Endpoints, metadata: { name: outside }, subsets: [{ addresses: [{ ip: 192.0.2.1 }] }] }
---
{ apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: { name: outside-1, labels: { kubernetes.io/service-name: outside } }, endpoints: [{ addresses: ["2001:db8::1"] }] }
`;
  const log = collector();
  const facts = factsOf(readDocuments(yaml(text), log.report));
  assert.equal(log.all(), []);
  assert.equal([...facts.namespaces], [['shop', { team: 'x', 'kubernetes.io/metadata.name': 'shop' }]]);
  assert.equal([...facts.nodes], [['n1', { zone: 'a' }]]);
  assert.equal(
    facts.workloads.map(({ namespace, name, labels, namedPorts }) => [namespace, name, labels, namedPorts.length]),
    [
      ['shop', 'p', { app: 'p' }, 2],
      ['shop', 's', { app: 's' }, 0],
      ['default', 'c', { app: 'c' }, 0],
    ],
  );
  assert.equal(
    facts.services.map(({ namespace, name, selector, addresses }) => [namespace, name, selector, addresses]),
    [
      ['shop', 'web', { app: 'p' }, []],
      ['default', 'outside', undefined, ['192.0.2.1', '2001:db8::1']],
    ],
  );
});

test.run();
