// Policies for the host that are new to a machine: for how long they hold, what is new, what is kept, and what comes back.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { build } from '../../../src/compiler/7-build/index.ts';
import { Confirmation } from '../../../src/runtime/daemon/confirmation.ts';
import { loadBundle } from '../../../src/runtime/daemon/inputs.ts';
import { Refusal } from '../../../src/runtime/daemon/refusal.ts';
import { monotonicNow } from '../../../src/runtime/kernel/revision.ts';
import type { Bundle } from '../../../src/runtime/policy/bundle.ts';
import { emittedPolicy } from '../../harness/compile.ts';
import { templateObject } from '../../harness/kernel.ts';

const root = mkdtempSync(join(tmpdir(), 'policyc-confirmation-'));
let serial = 0;
function bundle(text: string): Bundle {
  const emitted = emittedPolicy(text);
  const [objectsDirectory, out] = [join(root, 'objects'), join(root, `bundle${serial++}`)];
  mkdirSync(objectsDirectory, { recursive: true });
  for (const template of emitted.templates)
    writeFileSync(join(objectsDirectory, `${template.split('/').at(-1)}.o`), templateObject(template).bytes);
  const built = build(emitted, { out, objectsDirectory });
  assert.ok(built.ok);
  return loadBundle(out);
}
const ssh = bundle('policy machine for host { ingress { allow from world at tcp 22 } }');
const web = bundle('policy machine for host { ingress { allow from world at tcp 80 } }');
const plain = bundle('policy others for { app: "web" } { ingress { allow from world at tcp 22 } }');
const renamed = bundle(
  'workload w = { app: "web" }\nport shell = tcp 22\npolicy another for host { ingress { allow from world at shell } }\npolicy more for w { egress {} }',
);

const folder = (): string => join(root, `kept${serial++}`);
const made = (confirm: number | undefined, confirmations = folder()): Confirmation =>
  new Confirmation({ confirm, confirmations, log: () => {} });

test('what it means for the host is what has to be confirmed, whatever it is called and whatever else there is', () => {
  assert.is(plain.manifest.host, undefined);
  assert.is(renamed.manifest.host, ssh.manifest.host);
  assert.is.not(web.manifest.host, ssh.manifest.host);
});

test('without a time nothing new is taken', () => {
  assert.throws(
    () => made(undefined).holdOf(ssh, true),
    (error: unknown) => error instanceof Refusal && /nobody has confirmed/.test(error.message),
  );
});

test('it holds for its time, and for good once it is confirmed, also for the next policyd', () => {
  const place = folder();
  const first = made(60_000, place);
  const hold = first.holdOf(ssh, true);
  const seconds = Number(hold.rule.until - monotonicNow()) / 1e9;
  assert.ok(hold.isNew && seconds > 55 && seconds <= 60, String(seconds));
  first.took(ssh, hold, () => assert.unreachable());
  assert.is(first.state()?.left, 60);
  assert.equal(first.holdOf(ssh, false), { rule: hold.rule, isNew: false }, 'another change does not make it longer');
  assert.equal(first.confirm(), { until: 0n });
  assert.is(first.state(), undefined);
  assert.throws(() => first.confirm(), /nothing waits/);
  first.giveUp();
  const next = made(undefined, place);
  assert.equal(next.holdOf(renamed, true), { rule: { until: 0n }, isNew: false });
  assert.throws(() => next.holdOf(web, true));
  assert.is(next.confirmed()?.manifest.build, ssh.manifest.build);
});

test('what was there before the first of several tries comes back, when its time is over', async () => {
  const tried = made(80);
  const back: string[] = [];
  tried.took(ssh, tried.holdOf(ssh, true), () => void back.push('first'));
  tried.took(web, tried.holdOf(web, true), () => void back.push('second'));
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(back, ['second', 'first']);
  assert.is(tried.state(), undefined);
});

test('a bundle that does not govern this host ends the waiting', () => {
  const tried = made(60_000);
  tried.took(ssh, tried.holdOf(ssh, true), () => assert.unreachable());
  tried.took(plain, undefined, () => assert.unreachable());
  assert.is(tried.state(), undefined);
  tried.giveUp();
});

test('what nothing can take the place of is over, until somebody gives it again', () => {
  const tried = made(60_000);
  assert.equal(tried.abandon(ssh), { until: 1n });
  assert.equal(tried.holdOf(ssh, false), { rule: { until: 1n }, isNew: false });
  assert.ok(tried.holdOf(ssh, true).isNew);
});

test('a bundle that was changed on disk meanwhile is not confirmed', () => {
  const changed = bundle('policy machine for host { ingress { allow from world at tcp 2222 } }');
  const tried = made(60_000);
  tried.took(changed, tried.holdOf(changed, true), () => {});
  writeFileSync(join(changed.directory, 'manifest.json'), '{}');
  assert.throws(() => tried.confirm(), /cannot keep in/);
  tried.giveUp();
});

test.after(() => rmSync(root, { recursive: true }));
test.run();
