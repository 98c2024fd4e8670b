// What Cilium's words mean, piece by piece; and that its documents, read and written again, mean the same.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allExcept, clusterwideSubject, unrestrictedPeers } from '../../../src/compiler/interchange/cilium/entities.ts';
import { selectorOf } from '../../../src/compiler/interchange/cilium/export/labels.ts';
import { nameText, patternText } from '../../../src/compiler/interchange/cilium/names.ts';
import { icmpTexts, isServiceName, portNumber, portTexts } from '../../../src/compiler/interchange/cilium/ports.ts';
import { defaultImportOptions, type Json } from '../../../src/compiler/interchange/importer.ts';
import { selectorText, testsIn } from '../../../src/compiler/interchange/labels.ts';
import { literalText, quoted, regexText } from '../../../src/compiler/interchange/texts.ts';
import { checkUnit, diffUnits, documentsText, exportUnit, importUnit } from '../../../src/compiler/pipeline.ts';

const field = (value: Json) => ({ value, path: [] });
const tests = (matchLabels: Json, ...matchExpressions: readonly Json[]) => testsIn(field({ matchLabels, matchExpressions }));
const test1 = (key: string, operator: string, ...values: readonly string[]): Json => ({ key, operator, values });

test('numbers of ports are read as Go reads them', () => {
  assert.equal(['80', '0', '010', '8_0', '65535'].map(portNumber), [80, 0, 8, 80, 65_535]);
  assert.equal(['08', '65536', '1__0', '-1', '80-90', 'http', ''].map(portNumber), Array(7).fill(undefined));
  assert.equal(['http', 'a', '0x50', 'abcdefghijklmno'].map(isServiceName), [true, true, true, true]);
  assert.equal(['80', 'a--b', '-a', 'a-', 'abcdefghijklmnop', 'a_b'].map(isServiceName), Array(6).fill(false));
});

test('ports: every one, ranges, names, protocols', () => {
  const at = (...ports: readonly Json[]): readonly string[] => portTexts(field({ ports }));
  assert.equal(at({ port: '53' }), ['tcp 53', 'udp 53', 'sctp 53']);
  assert.equal(at({ port: '0', protocol: 'TCP', endPort: 9 }), ['tcp']);
  assert.equal(at({ port: '80', endPort: 70, protocol: 'tcp' }, { port: '80', endPort: 90, protocol: 'TCP' }), ['tcp [80, 80-90]']);
  assert.equal(at({ port: 'HTTP', protocol: 'UDP' }, { port: 'web', endPort: 90, protocol: 'TCP' }), ['udp "http"', 'tcp "web..90"']);
  assert.equal(at(), []);
  const icmp = (...fields: readonly Json[]): readonly string[] => icmpTexts(field({ icmps: [{ fields }] }));
  assert.equal(icmp({ type: 8 }, { type: 'EchoRequest', family: 'IPv6' }, { type: '3' }), ['icmp [8, 3]', 'icmpv6 128']);
  assert.equal(icmp({ type: 0 }, { type: 8 }, { type: 256, family: 'IPv6' }), ['icmp']);
});

test('patterns of names', () => {
  const patterns = ['*', '**', '*.a.b', '**.a.b', 'a***b.C.', '***.a', 'a..b', `${'x'.repeat(64)}.a`];
  assert.equal(patterns.map(patternText), ['"**"', '"**"', '"*.a.b"', '"**.a.b"', '"a*b.c"', '"*.a"', undefined, undefined]);
  assert.equal(['A.b.', 'a'].map(nameText), ['"a.b"', '"a"']);
});

test('texts keep their signs', () => {
  assert.equal([quoted('a"b\\'), literalText('a*{b}"')], ['"a\\"b\\\\"', '"a\\*\\{b\\}\\""']);
  assert.equal(regexText('a\\.b"c\\"'), 'regex "a\\.b\\"c\\""');
});

test('selectors: sources, places, several tests of one label', () => {
  const text = (...some: Parameters<typeof tests>): string | undefined => selectorText(tests(...some));
  assert.is(text({ 'k8s:app': 'a', 'any:b': 'c' }), '{ app: "a", b: "c" }');
  assert.is(text({ 'io.kubernetes.pod.namespace': 'n', 'io.cilium.k8s.policy.cluster': 'c' }), '{} in cluster "c" in namespace "n"');
  assert.is(text({ 'io.cilium.k8s.namespace.labels.team': 'x' }), '{} in namespace { team: "x" }');
  assert.is(text({}, test1('a', 'In', 'x', 'y'), test1('a', 'NotIn', 'y')), '{ a: "x" }');
  assert.is(text({}, test1('a', 'Exists'), test1('a', 'NotIn', 'y', 'z')), '{ a: exists, a: not one of ["y", "z"] }');
  assert.is(text({}, test1('a', 'In', 'x'), test1('a', 'DoesNotExist')), undefined);
  assert.is(text({ 'container:a': 'b' }), undefined);
  assert.is(text({}), '{} in namespace not ""');
});

test('selectors of reserved labels', () => {
  const peers = (...some: Parameters<typeof tests>): readonly string[] | undefined =>
    unrestrictedPeers(tests(...some), defaultImportOptions);
  assert.equal(peers({ 'reserved:host': '' }), ['host']);
  assert.equal(peers({ 'reserved:host': 'x' }), []);
  assert.equal(peers({ 'reserved:host': '', app: 'a' }), []);
  assert.equal(peers({ 'reserved:kube-apiserver': '' }, test1('reserved:host', 'DoesNotExist')), ['kube-apiserver except host']);
  assert.equal(peers({ app: 'a' }, test1('reserved:host', 'DoesNotExist')), ['{ app: "a" }']);
  assert.equal(peers({}, test1('reserved:host', 'DoesNotExist'), test1('a', 'NotIn', 'b')), ['all except [host, { a: "b" }]']);
  assert.is(peers({ 'reserved:host': '', 'reserved:kube-apiserver': '' }), undefined);
  const ofOneFamily = (...some: Parameters<typeof tests>): readonly string[] | undefined =>
    unrestrictedPeers(tests(...some), { ...defaultImportOptions, ipv6: false });
  assert.equal(peers({ 'reserved:world-ipv4': '' }), ['world-ipv4']);
  assert.equal(ofOneFamily({ 'reserved:world-ipv4': '' }), []);
  assert.equal(ofOneFamily({ 'reserved:world': '' }), ['world']);
  assert.equal(ofOneFamily({}, test1('reserved:world-ipv4', 'DoesNotExist'), test1('a', 'NotIn', 'b')), ['all except { a: "b" }']);
  assert.is(allExcept([], []), 'all');
  const subject = (...some: Parameters<typeof tests>): string | undefined => clusterwideSubject(tests(...some));
  assert.equal(
    [subject({}), subject({ app: 'a' }), subject({ 'reserved:health': '' })],
    ['[all, health, ingress]', '{ app: "a" }', 'health'],
  );
  assert.is(
    subject({}, test1('reserved:init', 'DoesNotExist'), test1('a', 'DoesNotExist')),
    '[{ a: absent } except init, health, ingress]',
  );
  assert.is(subject({ 'reserved:host': '' }), undefined);
});

const golden = join(import.meta.dirname, '..', '..', 'golden', 'import');

test('documents that are read and written mean the same', () => {
  let proved = 0;
  for (const name of readdirSync(golden).filter((one) => one.startsWith('cilium-'))) {
    const folder = join(golden, name);
    const options = readdirSync(folder).includes('options.json') ? JSON.parse(readFileSync(join(folder, 'options.json'), 'utf8')) : {};
    const before = checkUnit([{ path: 'policies.yaml', text: readFileSync(join(folder, 'policies.yaml'), 'utf8') }], {
      documents: options,
    });
    if (!before.ok) continue;
    const exported = exportUnit(before.value, 'cilium', { documents: options });
    // What holds because of other policies has no document of its own, and borders of words are not written back.
    if (!exported.ok) assert.ok(['cilium-merged', 'cilium-expressions'].includes(name), name);
    if (!exported.ok) continue;
    const text = documentsText(exported.value);
    const after = checkUnit([{ path: 'policies.yaml', text }], { documents: options });
    assert.ok(after.ok, `${name}: ${JSON.stringify(after.diagnostics.map(({ message }) => message))}`);
    if (!after.ok) continue;
    const differences = diffUnits(before.value, after.value);
    assert.ok(differences.ok);
    if (differences.ok)
      assert.equal(
        differences.value.filter(({ effect }) => effect.startsWith('newly')),
        [],
        name,
      );
    assert.is(documentsText(exported.value), text);
    proved++;
  }
  assert.ok(proved >= 4, String(proved));
});

test('what is read by hand is what is read from the document', () => {
  const yaml =
    'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: a, namespace: shop }\nspec: { endpointSelector: {}, ingress: [{}] }\n';
  const imported = importUnit([{ path: 'a.yaml', text: yaml }]);
  assert.ok(imported.ok && imported.value.sources[0]?.text.includes('policy shop-a for {} in namespace "shop"'));
});

test('two values of one label are two tests of it', () => {
  const appIs = (value: string) => ({ kind: 'one-of', key: 'app', values: [value] }) as const;
  assert.equal(selectorOf([appIs('a'), appIs('b')]), {
    matchLabels: { app: 'a' },
    matchExpressions: [{ key: 'app', operator: 'In', values: ['b'] }],
  });
});

test.run();
