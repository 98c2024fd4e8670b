// policyd is replaced by one with other kernel layouts, newer and then older, while a governed process does nothing but
// try what it may not: nothing ever passes, and not one denial is missing from the counters.
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { abiVersion } from '../../src/compiler/ir/abi.ts';
import { kernelTest, privateCgroup } from '../harness/kernel.ts';
import { endChildren, otherVersion, type Running, until, type World, world } from '../harness/policyd.ts';
import { closingListener, started } from '../harness/policyd-traffic.ts';

const layouts = 'src/compiler/ir/abi.ts';
const raised = [`abiVersion = ${abiVersion};`, `abiVersion = ${abiVersion + 1};`] as const;

const policy = `
workload prober = { app: "prober" }
workload other = { app: "other" }
policy closed for prober { egress { allow to other } }
`;

/** A process that connects without end, once it may; `stop` says how often, and how often it was let. */
async function prober(here: World) {
  const cgroup = privateCgroup('prober');
  here.inventoryText(`workloads: [{ name: prober, labels: { app: prober }, cgroup: ${cgroup.path} }]\n`);
  const port = await closingListener();
  const [script, outcome] = [join(here.folder, 'probe.sh'), join(here.folder, 'outcome')];
  writeFileSync(
    script,
    `echo $$ > "${cgroup.path}/cgroup.procs"; tried=0; passed=0; trap 'echo "$tried $passed" > "${outcome}"; exit' TERM
exec 9<> <(:)
echo up
while :; do read -r -t 0.002 -u 9; tried=$((tried + 1)); if { exec 3<>/dev/tcp/127.0.0.1/${port}; } 2> /dev/null; then passed=$((passed + 1)); fi; done`,
  );
  const start = async () => {
    const child = started('/bin/bash', [script]);
    await once(child.stdout, 'data');
    return async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
      const [tried = 0, passed = 0] = readFileSync(outcome, 'utf8').split(' ').map(Number);
      return { tried, passed };
    };
  };
  return start;
}

const denials = (text: string): number =>
  Number(/^hubble_policy_verdicts_total\{direction="egress",match="none",action="dropped"\} (\d+)$/m.exec(text)?.[1] ?? 0);
/** Denials go on being counted. */
const goesOn = async (daemon: Running): Promise<void> => {
  const before = denials(await daemon.metrics());
  await until('denials', async () => denials(await daemon.metrics()) > before);
};
const moved = (here: World): readonly string[] => readdirSync(here.pins).filter((name) => /^(aside|abi)-/.test(name));

kernelTest('a newer policyd, then the older one again: no gap, no count lost', async () => {
  const here = world();
  const newer = await otherVersion('newer', layouts, [raised]);
  const start = await prober(here);
  here.policy(policy);
  const first = await here.run();
  const stop = await start();
  await goesOn(first);
  await first.end('SIGKILL');
  assert.equal(moved(here), [`abi-${abiVersion}`]);

  here.policy(policy, newer);
  const second = await here.runVersion(newer);
  assert.equal(moved(here), [`abi-${abiVersion + 1}`]);
  assert.not.match(second.log(), /begin at 0/);
  await goesOn(second);
  await second.end('SIGTERM');

  // Nobody runs: what the newer one left goes on.
  await sleep(50);
  here.policy(policy);
  const third = await here.run();
  assert.equal(moved(here), [`abi-${abiVersion}`]);
  await goesOn(third);
  const { tried, passed } = await stop();
  assert.is(passed, 0);
  const counted = denials(await third.metrics());
  // The last try may have been cut off before the shell could count it.
  assert.ok(counted === tried || counted === tried + 1 || counted === tried - 1, `${tried} tried, ${counted} counted`);
});

kernelTest('one that counts in another form says so, and goes on without a gap', async () => {
  const here = world();
  const other = await otherVersion('recount', layouts, [raised, ['all: 4,', 'all: 4, spare: 99,']]);
  const start = await prober(here);
  here.policy(policy);
  const first = await here.run();
  const stop = await start();
  await goesOn(first);
  const before = denials(await first.metrics());
  await first.end('SIGTERM');
  here.policy(policy, other);
  const second = await here.runVersion(other);
  assert.match(second.log(), /warning: the policyd before counted in another form: the counts of all metrics .* begin at 0/);
  await goesOn(second);
  const { tried, passed } = await stop();
  assert.is(passed, 0);
  const after = denials(await second.metrics());
  assert.ok(after > 0 && after <= tried - before, `${after} of ${tried} after ${before}`);
});

kernelTest('one that cannot start leaves what was enforced, and the one before takes it up again', async () => {
  const here = world();
  const newer = await otherVersion('failing', layouts, [raised]);
  const start = await prober(here);
  here.policy(policy);
  const first = await here.run();
  const stop = await start();
  await goesOn(first);
  await first.end('SIGTERM');
  // Refused after it has claimed the pins: its cgroup is not there.
  here.policy(policy, newer);
  const inventory = readFileSync(here.inventory, 'utf8');
  here.inventoryText('workloads: [{ name: prober, labels: { app: prober }, cgroup: /no/such }]\n');
  try {
    await here.runVersion(newer);
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /does not exist/);
  }
  here.inventoryText(inventory);
  here.policy(policy);
  const again = await here.run();
  assert.equal(moved(here), [`abi-${abiVersion}`]);
  await goesOn(again);
  const { tried, passed } = await stop();
  assert.is(passed, 0);
  assert.ok(Math.abs(denials(await again.metrics()) - tried) <= 1);
});

test.after(endChildren);
test.run();
