// policyd that trusts a key puts in force what that key signed, and nothing else: not at its start, and not when the bundle changes.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newKeys, readSigningKey, signaturesOf } from '../../src/compiler/7-build/sign.ts';
import { kernelTest } from '../harness/kernel.ts';
import { endChildren, policyd, until, world } from '../harness/policyd.ts';

const here = world();
const [ours, theirs] = [newKeys(), newKeys()];
const trust = join(here.folder, 'ours.pub');
writeFileSync(trust, ours.publicKey);
const policy = (port: number): string => `policy p for { app: "a" } { ingress { allow from { app: "b" } at tcp ${port} } }\n`;

/** As `policyc build --sign` does. */
function sign({ privateKey }: { readonly privateKey: string }): void {
  const { build } = JSON.parse(readFileSync(join(here.bundle, 'manifest.json'), 'utf8'));
  const read = readSigningKey(privateKey);
  assert.ok(read.ok);
  if (read.ok) writeFileSync(join(here.bundle, 'signature.json'), JSON.stringify(signaturesOf(build, read.key)));
}
const run = ['run', '--bundle', here.bundle, '--inventory', here.inventory, '--metrics', '127.0.0.1:0', ...here.places, '--trust', trust];
function refused(message: string, parameters = run): void {
  const { status, error } = policyd(parameters);
  assert.is(status, 1, error);
  assert.match(error, message);
}

kernelTest('an unsigned bundle, and one that another signed, are not put in force', () => {
  here.policy(policy(80));
  refused('it is not signed, and only what a trusted key signed is put in force');
  sign(theirs);
  refused('and trusted are');
  refused('is no public key of Ed25519 in PEM', [...run, '--trust', here.inventory]);
  refused('cannot read key', [...run, '--trust', join(here.folder, 'nowhere.pub')]);
});

kernelTest('a signed one is, and a change of it only when it is signed, too', async () => {
  here.policy(policy(80));
  sign(ours);
  const daemon = await here.run('--trust', trust);
  const first = here.status();
  assert.is(first.bundle.signer, ours.name);
  assert.match(policyd(['status', ...here.places]).out, `signed by ${ours.name.slice(0, 16)}`);
  rmSync(join(here.bundle, 'signature.json'));
  here.policy(policy(81));
  await until('the refusal', () => here.status().refused.length > 0);
  assert.match(here.status().refused[0]?.messages[0] ?? '', 'it is not signed');
  assert.is(here.status().bundle.build, first.bundle.build);
  sign(ours);
  daemon.child.kill('SIGHUP');
  await until('the change', () => here.status().bundle.build !== first.bundle.build);
  assert.equal(here.status().refused, []);
  await daemon.end();
  policyd(['unload', ...here.places]);
});

test.after(endChildren);
test.run();
