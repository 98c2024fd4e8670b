// Somebody with access to the BPF file system changes a table: `policyd verify` says so, metrics and status too, and it is written
// again where that was asked for. And what the programs answered before the switch stands in status.
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { limits } from '../../src/compiler/ir/abi.ts';
import { mapById, mapDelete, mapLookup, mapNextKey, mapUpdate, objectGet } from '../../src/runtime/ffi/libbpf.ts';
import { using } from '../../src/runtime/kernel/descriptor.ts';
import { kernelTest, privateCgroup } from '../harness/kernel.ts';
import { endChildren, policyd, until, type World, world } from '../harness/policyd.ts';
import { freePort, reach, serveIn, shop } from '../harness/policyd-traffic.ts';

/** Runs `action` on the first inner maps of some slots of a pinned table. */
function onSlots({ pins }: World, table: 't_memory' | 't_cgroups', action: (fd: number) => void, slots = [0, 1]): void {
  using(objectGet(join(pins, 'maps', table)), (outer) => {
    for (const slot of slots) {
      const id = new Uint32Array(1);
      const index = slot * (table === 't_memory' ? limits.memoryPages : 1);
      const isThere = mapLookup(outer, new Uint8Array(Uint32Array.of(index).buffer), new Uint8Array(id.buffer));
      if (isThere) using(mapById(id[0] ?? 0), action);
    }
  });
}

const emptied = (fd: number): void => {
  const key = new Uint8Array(8);
  while (mapNextKey(fd, null, key)) mapDelete(fd, key);
};

kernelTest('a table that somebody changed is reported, and repaired where that was asked for', async () => {
  const [here, port, cgroup] = [world(), await freePort(), privateCgroup('server')];
  here.policy(shop(port));
  here.inventoryText(`workloads: [{ name: server, labels: { app: server }, cgroup: ${cgroup.path} }]\n`);
  await serveIn(cgroup.path, port);
  const daemon = await here.run('--verify-every', '0');
  assert.is(await reach(port), 'timeout');
  const clean = policyd(['verify', ...here.state]);
  assert.is(clean.status, 0, clean.error);
  assert.match(
    clean.out,
    /^[1-9]\d* questions of the bundle answered by the programs as the policy says\nevery table in the kernel is as it was written\n$/,
  );

  onSlots(here, 't_cgroups', emptied);
  const found = policyd(['verify', '--json', ...here.state]);
  assert.is(found.status, 1);
  assert.equal(JSON.parse(found.out).drift, [{ table: 't_cgroups', entries: 1 }]);
  assert.equal(here.status().integrity.drift, [{ table: 't_cgroups', entries: 1 }]);
  assert.match(await daemon.metrics(), /^policyc_table_drift_entries\{table="t_cgroups"\} 1$/m);

  const repaired = policyd(['verify', '--repair', ...here.state]);
  assert.is(repaired.status, 0);
  assert.match(repaired.out, /t_cgroups: 1 entry not as written, written again/);
  assert.is(await reach(port), 'timeout');
  assert.is(policyd(['verify', ...here.state]).status, 0);
  assert.match(await daemon.metrics(), /^policyc_table_repairs_total 1$/m);
});

kernelTest('the timer looks by itself, entries too many and changed bytes are found too', async () => {
  const [here, port, cgroup] = [world(), await freePort(), privateCgroup('server')];
  here.policy(shop(port));
  here.inventoryText(`workloads: [{ name: server, labels: { app: server }, cgroup: ${cgroup.path} }]\n`);
  const daemon = await here.run('--verify-every', '200ms', '--repair');
  const change = (fd: number): void => {
    const page = new Uint8Array(limits.memoryPage);
    mapLookup(fd, new Uint8Array(4), page);
    page[100] = (page[100] ?? 0) ^ 1;
    mapUpdate(fd, new Uint8Array(4), page);
  };
  // Also in the slot that no packet reads: the next change puts it in force.
  for (const [times, slot] of [0, 1].entries()) {
    onSlots(here, 't_memory', change, [slot]);
    const told = (): number => [...daemon.log().matchAll(/somebody changed tables in the kernel: t_memory \(1\)\n.*written again/g)].length;
    await until('t_memory is repaired', () => told() === times + 1);
    await until('it is clean', () => policyd(['verify', ...here.state]).status === 0);
  }
});

test.after(endChildren);
test.run();
