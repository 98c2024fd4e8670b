// Signed bundles: only what a trusted key signed is read where keys are trusted; whatever is altered is refused, by name.

import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { build } from '../../../src/compiler/7-build/index.ts';
import { newKeys, readSigningKey, signaturesOf } from '../../../src/compiler/7-build/sign.ts';
import { compile } from '../../../src/compiler/index.ts';
import { readBundle } from '../../../src/runtime/policy/bundle.ts';
import { readTrustedKey, type TrustedKey } from '../../../src/runtime/policy/trust.ts';

const folder = mkdtempSync(join(tmpdir(), 'policyc-signed-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const [ours, theirs] = [newKeys(), newKeys()];
const trusted = (...keys: readonly { readonly publicKey: string }[]): readonly TrustedKey[] =>
  keys.map(({ publicKey }) => readTrustedKey(publicKey)).filter((key) => key !== undefined);

function built(name: string, port: number, privateKey?: string): string {
  const compiled = compile([
    { path: 'a.policy', text: `policy a for { app: "a" } { ingress { allow from { app: "b" } at tcp ${port} } }` },
  ]);
  if (!compiled.ok) throw new Error('the policy is wrong');
  const key = privateKey === undefined ? undefined : readSigningKey(privateKey);
  assert.ok(!key || key.ok);
  const out = join(folder, name);
  const result = build(
    { ...compiled.emitted, templates: [] },
    { out, objectsDirectory: folder, ...(key?.ok && { signatures: (build: string) => signaturesOf(build, key.key) }) },
  );
  assert.is(result.ok, true);
  return out;
}
function refused(directory: string, keys: readonly TrustedKey[]): string {
  const read = readBundle(directory, { trusted: keys });
  return read.ok ? 'read' : `${read.error.kind}: ${read.error.message}`;
}
const partOf = (directory: string): string => `parts/${readdirSync(join(directory, 'parts'))[0]}`;
const edit = (directory: string, file: string, change: (text: string) => string): void =>
  writeFileSync(join(directory, file), change(readFileSync(join(directory, file), 'utf8')));

test('a signed bundle is read where its key is trusted, and where nobody asks', () => {
  const signed = built('signed', 80, ours.privateKey);
  const read = readBundle(signed, { trusted: trusted(theirs, ours) });
  assert.is(read.ok && read.bundle.signer, ours.name);
  assert.is(readBundle(signed).ok, true);
  // The same sources and the same key give the same bytes.
  const again = built('again', 80, ours.privateKey);
  assert.is(readFileSync(join(again, 'signature.json'), 'utf8'), readFileSync(join(signed, 'signature.json'), 'utf8'));
  assert.is(readFileSync(join(again, 'manifest.json'), 'utf8'), readFileSync(join(built('plain', 80), 'manifest.json'), 'utf8'));
});

test('a bundle that is not signed, or by another key, is refused', () => {
  assert.match(refused(built('unsigned', 80), trusted(ours)), /^untrusted: it is not signed/);
  const other = refused(built('other', 80, theirs.privateKey), trusted(ours));
  assert.match(other, `untrusted: it is signed by key ${theirs.name.slice(0, 16)}, and trusted are ${ours.name.slice(0, 16)}`);
  assert.match(refused(built('nobody', 80, ours.privateKey), []), /^untrusted: it is signed by key/);
});

test('whatever is altered is refused', () => {
  const signed = built('altered', 80, ours.privateKey);
  const another = built('another', 81, ours.privateKey);
  const copy = (name: string): string => {
    cpSync(signed, join(folder, name), { recursive: true });
    return join(folder, name);
  };
  // Another build under the signature of this one; one file; the manifest; the signature itself.
  const swapped = copy('swapped');
  cpSync(join(another, 'signature.json'), join(swapped, 'signature.json'));
  assert.match(refused(swapped, trusted(ours)), 'the bundle was altered after it was signed');
  const file = copy('file');
  edit(file, partOf(file), (text) => text.replace('"allow"', '"deny"'));
  assert.match(refused(file, trusted(ours)), 'damaged: `parts');
  const manifest = copy('manifest');
  edit(manifest, 'manifest.json', (text) => text.replace(/"build": "../, '"build": "00'));
  assert.match(refused(manifest, trusted(ours)), 'damaged: `manifest.json` is damaged');
  const forged = copy('forged');
  edit(forged, 'signature.json', (text) => text.replace(/"signature": "..../, '"signature": "AAAA'));
  assert.match(refused(forged, trusted(ours)), 'the bundle was altered after it was signed');
  const renamed = copy('renamed');
  cpSync(join(built('theirs', 80, theirs.privateKey), 'signature.json'), join(renamed, 'signature.json'));
  edit(renamed, 'signature.json', (text) => text.replace(theirs.name, ours.name));
  assert.match(refused(renamed, trusted(ours)), 'the bundle was altered after it was signed');
  const broken = copy('broken');
  for (const text of ['', '{}', '{"signatures":[{"key":7,"signature":""}]}', '{"signatures":[],"more":1}']) {
    writeFileSync(join(broken, 'signature.json'), text);
    assert.match(refused(broken, trusted(ours)), /^(damaged|unknown-key): /, text);
  }
  writeFileSync(join(broken, 'signature.json'), '{"signatures":[]}');
  assert.match(refused(broken, trusted(ours)), /^untrusted: /);
});

test('what is no key', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [rsaPrivate, rsaPublic] = [
    rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  ];
  const messages = [rsaPrivate, ours.publicKey, 'x', ''].map((text) => {
    const read = readSigningKey(text);
    return read.ok ? 'read' : read.message;
  });
  assert.equal(messages, [
    'it is a key of rsa, expected one of ed25519',
    ...Array.from({ length: 3 }, () => 'it is no private key in PEM without a passphrase'),
  ]);
  assert.equal([rsaPublic, ours.privateKey, 'x', ''].map(readTrustedKey), [undefined, undefined, undefined, undefined]);
});

test.run();
