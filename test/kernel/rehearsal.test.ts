// A change that is gone through without its switch leaves everything as it was, and the change behind it comes out as if it had not been.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Enforcement } from '../../src/runtime/daemon/enforcement.ts';
import { loadBundle, loadInventory } from '../../src/runtime/daemon/inputs.ts';
import { CauseTable } from '../../src/runtime/events/causes.ts';
import { EndpointIds } from '../../src/runtime/inventory/endpoints.ts';
import { machineNow } from '../../src/runtime/inventory/resolve.ts';
import { forgotten } from '../../src/runtime/policy/bundle.ts';
import { kernelTest, privateCgroup } from '../harness/kernel.ts';
import { type World, world } from '../harness/policyd.ts';

const policyText = (port: number): string => `
workload web = { app: "web" }
workload shop = { app: "shop" }
policy web-access for web { ingress { allow from shop at tcp ${port} } }
policy shop-access for shop { egress { allow to web at tcp ${port} } }
`;

function enforced(here: World, causes: CauseTable): Enforcement {
  const cgroup = privateCgroup('web');
  here.inventoryText(
    `workloads: [{ name: web, labels: { app: web }, cgroup: ${cgroup.path} }, { name: shop, labels: { app: shop }, addresses: [192.0.2.7] }]\n`,
  );
  const enforcement = new Enforcement(here.pins, { causes, ids: new EndpointIds(), save: () => {} });
  const desired = { bundle: loadBundle(here.bundle), inventory: loadInventory(here.inventory), dynamic: [] };
  enforcement.apply(desired, machineNow('refuse'));
  return enforcement;
}

kernelTest('a rehearsal changes nothing, and what comes behind it is whole', () => {
  const [here, causes] = [world(), new CauseTable()];
  here.policy(policyText(8080));
  const enforcement = enforced(here, causes);
  const before = enforcement.inForce;
  assert.ok(before);
  const { bundle } = before.desired;
  const known = causes.size;
  for (let round = 0; round < 4; round++) {
    const again = loadBundle(here.bundle, { before: forgotten(bundle, 0) });
    assert.is.not(again.parts[0], bundle.parts[0], 'the part is read again');
    enforcement.rehearse(again, 0);
  }
  assert.is(enforcement.inForce, before);
  assert.is(causes.size, known);
  assert.equal(enforcement.drift(), []);
  assert.equal(before.policies.selecting({ app: 'shop' }).length, 1);
  enforcement.verifyAgain();

  here.policy(policyText(9090));
  const next = loadBundle(here.bundle, { before: bundle });
  // Not the bundle in force: there is nothing to rehearse with it.
  enforcement.rehearse(next, 0);
  assert.is(enforcement.inForce, before);
  const after = enforcement.apply({ ...before.desired, bundle: next }, 'unchanged');
  assert.is(after.revision, before.revision + 1);
  assert.is(after.verified, next.boundary.points.length);
  assert.ok(causes.size > known, 'a rule of its own');
  assert.equal(enforcement.drift(), []);
  enforcement.close();
});

test.run();
