// Bundles on disk: the same bytes for the same policy, whole or not at all, and read back only when nothing in them is
// wrong.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { build } from '../../../src/compiler/7-build/index.ts';
import { compile } from '../../../src/compiler/index.ts';
import { abiVersion } from '../../../src/compiler/ir/abi.ts';
import { type Manifest, type ProgramRule, partFile } from '../../../src/compiler/ir/bundle.ts';
import { buildText } from '../../../src/compiler/ir/bundle-schema.ts';
import type { Emitted } from '../../../src/compiler/ir/emitted.ts';
import type { Selector } from '../../../src/compiler/space/labels.ts';
import { type BundleError, readBundle } from '../../../src/runtime/policy/bundle.ts';
import { ClassSpace } from '../../../src/runtime/policy/class-space.ts';
import { PolicyIndex } from '../../../src/runtime/policy/policy-index.ts';

const policy = `
workload web = { app: "web" }
workload client = { app: "client" }
network office = [192.0.2.0/24, 2001:db8::/32]

policy web-access for web {
  ingress {
    allow from client at tcp 80 http { GET "/items/{id}" }
    allow from office at tcp [22, 8000-8100]
    deny from world at udp 53
  }
  egress { allow to client at tcp 5432 }
  process {
    default deny exec
    allow exec "/usr/bin/node"
  }
}
`;

const folder = mkdtempSync(join(tmpdir(), 'policyc-bundle-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function emitted(text = policy): Emitted {
  const compiled = compile([{ path: 'web.policy', text }]);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics.map(({ message }) => message)));
  // Objects come from clang; what a bundle does with them does not depend on what is in them.
  return { ...compiled.emitted, templates: [] };
}

let serial = 0;
function built(text?: string): string {
  const out = join(folder, `${serial++}`, 'bundle');
  assert.equal(build(emitted(text), { out, objectsDirectory: folder }).ok, true);
  return out;
}

const filesIn = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const readManifest = (directory: string): Manifest => JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'));
const writeManifest = (directory: string, manifest: unknown): void =>
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));

/** Replaces a file and repairs every hash, as somebody would who means it. */
function forge(directory: string, file: string, bytes: string | Uint8Array): void {
  const parts = readManifest(directory).parts.map((hash) => (partFile(hash) === file ? sha256(bytes) : hash));
  const isPart = file.startsWith('parts/');
  writeFileSync(join(directory, isPart ? partFile(sha256(bytes)) : file), bytes);
  const repaired = JSON.parse(JSON.stringify({ ...readManifest(directory), parts }), (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'file' in value && value.file === file ? { ...value, sha256: sha256(bytes) } : value,
  );
  writeManifest(directory, { ...repaired, build: sha256(buildText(repaired)) });
}

function errorOf(directory: string): BundleError {
  const read = readBundle(directory);
  if (read.ok) throw new Error('the bundle was read');
  return read.error;
}

/** A rule with its selectors as they are written: their numbers are each side's own. */
const spelled = (rule: ProgramRule, selectorOf: (number: number) => Selector | undefined): unknown => ({
  ...rule,
  subject: JSON.stringify(selectorOf(rule.subject)),
  ...(rule.peers && { peers: { ...rule.peers, selectors: rule.peers.selectors.map((one) => JSON.stringify(selectorOf(one))).sort() } }),
});

test('a bundle is read back as it was emitted', () => {
  const read = readBundle(built());
  assert.ok(read.ok, read.ok ? '' : read.error.message);
  if (!read.ok) return;
  const { program, sources, metrics, images } = emitted();
  const { parts, frame } = read.bundle;
  const index = new PolicyIndex();
  index.change(parts);
  const policies = index.setOf(frame, new ClassSpace(read.bundle.images));
  const own = program.selectors.map((_, selector) => selector);
  for (const section of ['ingress', 'egress', 'process'] as const)
    assert.equal(
      policies.rulesFor(own, section).map((rule) => spelled(rule, (selector) => index.selector(selector))),
      program.rules.filter((rule) => rule.section === section).map((rule) => spelled(rule, (selector) => program.selectors[selector])),
    );
  assert.equal([frame.classes, frame.services, frame.ipv6Networks], [program.classes, program.services, program.ipv6Networks]);
  assert.equal(read.bundle.sources.table(), sources);
  assert.equal(read.bundle.metrics, metrics);
  for (const { table, bytes } of images) assert.ok(Buffer.from(read.bundle.images[table]).equals(bytes), table);
  assert.equal(
    read.bundle.manifest.requirements.map(({ feature }) => feature),
    ['cgroup-skb', 'cgroup-connect', 'http-ingress', 'exec-signal'],
  );
});

test('the same policy gives the same bytes, in another folder and in the place of another bundle', () => {
  const [first, second] = [built(), built('policy other for all { ingress {} }')];
  assert.is.not(readManifest(first).build, readManifest(second).build);
  assert.ok(build(emitted(), { out: second, objectsDirectory: folder }).ok);
  assert.equal(filesIn(first), filesIn(second));
  for (const file of filesIn(first)) assert.ok(readFileSync(join(first, file)).equals(readFileSync(join(second, file))), file);
  assert.equal(readdirSync(join(second, '..')), ['bundle'], 'nothing is left beside it');
});

test('what is no bundle is not replaced', () => {
  const attempt = (out: string): string => {
    const result = build(emitted(), { out, objectsDirectory: folder });
    return result.ok ? 'replaced' : result.message;
  };
  const foreign = built();
  writeFileSync(join(foreign, 'notes.txt'), 'mine');
  assert.match(attempt(foreign), /is not replaced: it is no bundle, it holds `notes.txt`/);
  const other = join(folder, 'other');
  mkdirSync(join(other, 'images'), { recursive: true });
  assert.match(attempt(other), /it has no `manifest.json`/);
  writeFileSync(join(folder, 'file'), '');
  assert.match(attempt(join(folder, 'file')), /exists and is not a folder/);
  assert.match(attempt(join(folder, 'file', 'below')), /cannot be written: ENOTDIR/);
  mkdirSync(join(folder, 'empty'));
  assert.is(attempt(join(folder, 'empty')), 'replaced');
});

test('a missing compiled template is named', () => {
  const result = build({ ...emitted(), templates: ['run/exec'] }, { out: join(folder, 'never'), objectsDirectory: join(folder, 'no') });
  assert.match(result.ok ? '' : result.message, /`.*exec\.o` is missing: run `npm run build`/);
  writeFileSync(join(folder, 'exec.o'), 'not an object');
  const wrong = build({ ...emitted(), templates: ['run/exec'] }, { out: join(folder, 'never'), objectsDirectory: folder });
  assert.match(wrong.ok ? '' : wrong.message, /it has no BTF/);
});

test('a folder that is no bundle is said to be none', () => {
  assert.match(errorOf(join(folder, 'nowhere')).message, /does not exist/);
  assert.match(errorOf(tmpdir()).message, /is not a bundle: it has no `manifest.json`/);
  const empty = built();
  writeManifest(empty, {});
  assert.is(errorOf(empty).kind, 'not-a-bundle');
});

test('a bundle of another version is refused before its keys are judged', () => {
  const directory = built();
  writeManifest(directory, { ...readManifest(directory), format: 99, more: true });
  assert.equal(errorOf(directory).kind, 'other-version');
  assert.match(
    errorOf(directory).message,
    new RegExp(`made by another version: bundle format 99, kernel layouts ${abiVersion}; .*build it again`),
  );
});

test('a missing or damaged file is named', () => {
  const missing = built();
  rmSync(join(missing, 'images/ports.bin'));
  assert.equal(errorOf(missing), {
    kind: 'missing-file',
    file: 'images/ports.bin',
    message: '`images/ports.bin` is missing from the bundle',
  });
  for (const file of filesIn(built()).filter((name) => name !== 'manifest.json')) {
    const damaged = built();
    const bytes = readFileSync(join(damaged, file));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(join(damaged, file), bytes);
    assert.equal([errorOf(damaged).kind, errorOf(damaged).file], ['damaged', file]);
  }
  const cut = built();
  writeFileSync(join(cut, 'manifest.json'), readFileSync(join(cut, 'manifest.json')).subarray(0, 100));
  assert.match(errorOf(cut).message, /`manifest.json` is damaged: it is not JSON/);
  const other = built();
  writeManifest(other, { ...readManifest(other), requirements: [] });
  assert.match(errorOf(other).message, /does not have the build hash/);
});

test('an unknown key is named with its place', () => {
  const directory = built();
  writeManifest(directory, { ...readManifest(directory), extra: 1 });
  assert.equal(
    [errorOf(directory).kind, errorOf(directory).message],
    ['unknown-key', '`manifest.json` has an unknown key `extra` at the top level'],
  );
  const inside = built();
  const file = partIn(inside);
  const part = JSON.parse(readFileSync(join(inside, file), 'utf8'));
  part.rules[0].more = [];
  forge(inside, file, JSON.stringify(part));
  assert.match(errorOf(inside).message, /`parts\/.*json` has an unknown key `more` at `\/rules\/0`/);
});

test('a path out of the bundle is refused', () => {
  const directory = built();
  const manifest = JSON.parse(JSON.stringify(readManifest(directory)));
  manifest.files.program.file = '../program.json';
  writeManifest(directory, { ...manifest, build: sha256(buildText(manifest)) });
  assert.is(errorOf(directory).kind, 'damaged');
});

/** What the next test changes of a part. */
type Editable = {
  readonly rules: readonly { readonly peers: { readonly selectors: number[]; networks: string[] }; readonly ports: { points: number[] } }[];
  readonly policies: readonly object[];
};
const partIn = (directory: string): string => partFile(readManifest(directory).parts[0] ?? '');

test('numbers that point nowhere are refused even when every hash is right', () => {
  const edits: Readonly<Record<string, (program: Editable) => unknown>> = {
    'a selector': ({ rules }) => rules[0]?.peers.selectors.push(99),
    'a subject': ({ policies }) => Object.assign(policies[0] ?? {}, { subject: 99 }),
    'a policy': ({ rules }) => Object.assign(rules[0] ?? {}, { policy: 99 }),
    'a port': ({ rules }) => rules[0]?.ports.points.push(1 << 20, 1 << 20),
    'half a range': ({ rules }) => rules[0]?.ports.points.push(90),
    'a range backwards': ({ rules }) => rules[0]?.ports.points.push(99, 98),
    'a block': ({ rules }) => rules[0]?.peers.networks.push('10.0.0.0/33'),
  };
  for (const [what, edit] of Object.entries(edits)) {
    const directory = built();
    const file = partIn(directory);
    const part: Editable = JSON.parse(readFileSync(join(directory, file), 'utf8'));
    edit(part);
    forge(directory, file, JSON.stringify(part));
    assert.is(errorOf(directory).kind, 'damaged', what);
  }
  const fewer = built();
  const frame = JSON.parse(readFileSync(join(fewer, 'program.json'), 'utf8'));
  forge(fewer, 'program.json', JSON.stringify({ ...frame, classes: { ...frame.classes, http: 1 } }));
  assert.is(errorOf(fewer).kind, 'damaged');
  for (const bytes of [4, 6, 400]) {
    const directory = built();
    forge(directory, 'lines.bin', new Uint8Array(bytes).fill(1));
    assert.match(errorOf(directory).message, /^`lines.bin` is damaged: /);
  }
  const twice = built();
  const manifest = readManifest(twice);
  const doubled = { ...manifest, parts: [...manifest.parts, ...manifest.parts] };
  writeManifest(twice, { ...doubled, build: sha256(buildText(doubled)) });
  assert.match(errorOf(twice).message, /names a part twice/);
  for (const table of ['ports', 'prefixes', 'http', 'exec']) {
    const directory = built();
    const bytes = readFileSync(join(directory, `images/${table}.bin`));
    // Records end with a class.
    const isRecords = table === 'ports' || table === 'prefixes';
    forge(directory, `images/${table}.bin`, bytes.fill(0xff, isRecords ? bytes.length - 4 : 100, isRecords ? bytes.length : 200));
    assert.is(errorOf(directory).kind, 'damaged', table);
    assert.match(errorOf(directory).message, /does not exist|is no automaton|is no table/);
  }
});

test('pieces of port classes are ascending, from the first point on', () => {
  for (const [at, low] of [
    [0, 1],
    [8, 0],
    [8, 2 ** 31],
  ] as const) {
    const directory = built();
    const bytes = readFileSync(join(directory, 'images/ports.bin'));
    bytes.writeUInt32LE(low, at);
    forge(directory, 'images/ports.bin', bytes);
    assert.match(errorOf(directory).message, /the pieces of the image `ports` are in no order/);
  }
});

test.run();
