// Keys as users make them: the private one is theirs alone, none is replaced, and what is no key is refused before anything is built.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, policyc, write } from '../harness/policyc.ts';

write('a.policy', 'policy a for { app: "a" } { ingress { allow from { app: "b" } at tcp 80 } }\n');

test('a pair of keys', () => {
  const { status, out, error } = policyc(['keygen', 'release']);
  assert.is(status, 0, error);
  assert.match(out, /^release\.key {2}signs: .*\nrelease\.pub {2}is trusted: .*\nkey [0-9a-f]{64}\n$/);
  assert.is(statSync(join(folder, 'release.key')).mode & 0o777, 0o600);
  assert.match(readFileSync(join(folder, 'release.key'), 'utf8'), 'BEGIN PRIVATE KEY');
  assert.match(readFileSync(join(folder, 'release.pub'), 'utf8'), 'BEGIN PUBLIC KEY');
});

test('a key is never replaced', () => {
  const before = readFileSync(join(folder, 'release.key'), 'utf8');
  const { status, error } = policyc(['keygen', 'release']);
  assert.is(status, 2);
  assert.match(error, '`release.key` exists: a key is never replaced');
  assert.is(readFileSync(join(folder, 'release.key'), 'utf8'), before);
  write('half.pub', 'mine');
  assert.is(policyc(['keygen', 'half']).status, 2);
  assert.not(statSync(join(folder, 'half.key'), { throwIfNoEntry: false }));
});

test('what does not sign is refused', () => {
  const build = (key: string) => policyc(['build', 'a.policy', '-o', 'out.bundle', '--sign', key]);
  assert.match(build('release.pub').error, '`release.pub` does not sign: it is no private key in PEM without a passphrase');
  assert.match(build('nowhere.key').error, 'cannot read `nowhere.key`: ENOENT');
  assert.is(build('a.policy').status, 2);
  assert.not(statSync(join(folder, 'out.bundle'), { throwIfNoEntry: false }));
});

test('a bundle is signed', () => {
  const built = policyc(['build', 'a.policy', '-o', 'signed.bundle', '--sign', 'release.key']);
  assert.is(built.status, 0, built.error);
  const { signatures } = JSON.parse(readFileSync(join(folder, 'signed.bundle', 'signature.json'), 'utf8'));
  assert.is(signatures.length, 1);
  // Built again over itself: a signed bundle is a bundle.
  assert.is(policyc(['build', 'a.policy', '-o', 'signed.bundle']).status, 0);
  assert.not(statSync(join(folder, 'signed.bundle', 'signature.json'), { throwIfNoEntry: false }));
});

test.run();
