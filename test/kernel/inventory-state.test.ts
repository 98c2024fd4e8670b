// Was the machine changed since an inventory was looked up? The daemon asks this every second; a cgroup that is made
// anew while a change is being put in force must not count as already seen.
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cgroupMounts } from '../../src/runtime/inventory/cgroup.ts';
import type { Inventory } from '../../src/runtime/inventory/inventory.ts';
import { interfaceAddresses, machineState, resolvedState, resolveInventory } from '../../src/runtime/inventory/resolve.ts';
import { atEnd, kernelTest, privateCgroup } from '../harness/kernel.ts';

kernelTest('a cgroup that was made anew since the look-up is a change', () => {
  const path = join(privateCgroup('state').path, 'service');
  mkdirSync(path);
  atEnd(() => rmdirSync(path));
  const workload = { origin: 'inventory.yaml:1', name: 'service', labels: {}, addresses: [], ports: [] };
  const inventory: Inventory = {
    workloads: [
      { ...workload, cgroup: { kind: 'path', path } },
      { ...workload, name: 'elsewhere' },
    ],
    entities: [],
    hostLabels: {},
    hostInterfaces: [],
    places: { namespaces: {} },
  };
  const machine = { mounts: cgroupMounts(), interfaceAddresses, missing: 'refuse' } as const;
  const found = resolveInventory(inventory, [], machine);
  if (!found.ok) throw new Error(found.problems.join());
  assert.is(resolvedState(inventory, found.inventory), machineState(inventory, machine));
  rmdirSync(path);
  mkdirSync(path);
  assert.is.not(resolvedState(inventory, found.inventory), machineState(inventory, machine));
});

test.run();
