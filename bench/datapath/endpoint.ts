// What an endpoint costs that appears while a policy is in force: its class from the selectors of the bundle, and the tables with it.
import { fixedEndpoint } from '../../src/compiler/ir/abi.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import type { InventoryEndpoint } from '../../src/runtime/policy/generation.ts';
import { materialize } from '../../src/runtime/policy/materialize.ts';
import { policySetOf } from '../../src/runtime/policy/policy-index.ts';
import { noServices } from '../../src/runtime/policy/services.ts';
import { expectOk, loadTemplates, privatePins } from '../../test/harness/kernel.ts';
import { imageOf, plainCauses } from '../../test/harness/tables.ts';
import { type Figures, figure } from '../measure.ts';
import { manyPolicies } from './many-policies.ts';

const present = 1000;
const localWorkloads = 20;

const endpoint = (i: number): InventoryEndpoint => ({
  id: fixedEndpoint.firstDynamic + i,
  kind: 'workload',
  labels: { app: `w${i}`, instance: String(i) },
  namedPorts: [],
  local: i < localWorkloads,
});

/** `new_endpoint_class_ms`: its selectors alone; `new_endpoint_ms`: until packets are decided with it. */
export function endpointFigures(policies: number, count: number): Figures {
  const policy = manyPolicies(policies, 'base');
  const set = policySetOf(policy.program);
  const causes = plainCauses();
  const images = {
    prefixes: imageOf(policy, 'prefixes'),
    http: imageOf(policy, 'http'),
    dns: imageOf(policy, 'dns'),
    tls: imageOf(policy, 'tls'),
    exec: imageOf(policy, 'exec'),
  };
  const loaded = loadTemplates(['net/cgroup_skb', 'net/connect'], privatePins());
  const tables = generations(loaded.maps);
  try {
    const endpoints = Array.from({ length: present }, (_, i) => endpoint(i));
    const install = (): void => {
      const made = materialize({ policies: set, ports: imageOf(policy, 'ports'), endpoints, causes });
      const addresses = endpoints.map(({ id }) => ({ address: (0xffffn << 32n) | BigInt(0x0a000000 + id), endpoint: id }));
      expectOk(tables.install({ images, tables: made, addresses, cgroups: [], services: noServices }));
    };
    install();
    const [classes, all]: [number[], number[]] = [[], []];
    for (let i = 0; i < count; i++) {
      const next = endpoint(present + i);
      const start = performance.now();
      if (next.kind === 'workload') set.matching(next.labels);
      classes.push(performance.now() - start);
      if (i >= 30) continue;
      endpoints.push(next);
      const begin = performance.now();
      install();
      all.push(performance.now() - begin);
    }
    return { ...figure('new_endpoint_class_ms', classes), ...figure('new_endpoint_ms', all) };
  } finally {
    tables.close();
    loaded.close();
  }
}
