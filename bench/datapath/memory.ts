// Bytes in the kernel, as the kernel counts them: of the tables of many rules, of many workloads, and of the large sets of
// documents that stand beside the project, all of whose identities are workloads of this machine.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../../scripts/conformance/format.ts';
import { endpointsOf } from '../../scripts/conformance/world.ts';
import { fixedEndpoint } from '../../src/compiler/ir/abi.ts';
import { parseAddress } from '../../src/compiler/space/address.ts';
import { type GenerationContent, generations } from '../../src/runtime/kernel/tables.ts';
import type { InventoryEndpoint } from '../../src/runtime/policy/generation.ts';
import { materialize } from '../../src/runtime/policy/materialize.ts';
import { policySetOf } from '../../src/runtime/policy/policy-index.ts';
import { noServices } from '../../src/runtime/policy/services.ts';
import { typedPolicy } from '../../test/harness/compile.ts';
import { expectOk, loadTemplates, privatePins } from '../../test/harness/kernel.ts';
import { emitted, imageOf, imagesOf, plainCauses } from '../../test/harness/tables.ts';
import type { Figures, Outcome } from '../measure.ts';
import { innerMapBytes } from './map-bytes.ts';
import { generationOf, ruleSet } from './rules.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'shared', 'scale');
const sets = { yaml_10k_map_bytes: '10k.yaml', yaml_10k_hot_map_bytes: '10k-hot.yaml' } as const;

/** Bytes of all inner maps of a generation: what the kernel holds for it and for nothing else. */
function loadedBytes(content: GenerationContent): number {
  const loaded = loadTemplates(['net/cgroup_skb', 'net/connect'], privatePins());
  try {
    return innerMapBytes(loaded.maps, expectOk(generations(loaded.maps).install(content)));
  } finally {
    loaded.close();
  }
}

/** `local`: how many of the identities are workloads of this machine. */
function contentOf(file: string, local: number): GenerationContent {
  const identities: Case = JSON.parse(readFileSync(join(folder, 'identities.json'), 'utf8'));
  const policy = emitted(typedPolicy([{ path: file, text: readFileSync(join(folder, file), 'utf8') }]));
  const endpoints = [...endpointsOf(identities).values()].flatMap((endpoint, place): readonly InventoryEndpoint[] =>
    endpoint.kind === 'workload'
      ? [{ id: fixedEndpoint.firstDynamic + place, kind: 'workload', labels: endpoint.labels, namedPorts: [], local: place < local }]
      : [],
  );
  const tables = materialize({ policies: policySetOf(policy.program), ports: imageOf(policy, 'ports'), endpoints, causes: plainCauses() });
  const images = imagesOf(policy);
  const first = parseAddress('172.20.0.0') ?? 0n;
  return {
    images,
    tables,
    addresses: endpoints.map(({ id }) => ({ address: first + BigInt(id), endpoint: id })),
    cgroups: endpoints.slice(0, local).map(({ id }) => ({ cgroup: BigInt(id) << 20n, endpoint: id })),
    services: noServices,
  };
}

/** Of the large sets of documents. */
export function documentBytes(): Outcome {
  const keys = [...Object.keys(sets), 'kernel_bytes_per_workload'];
  if (!existsSync(folder)) {
    const reason = `there is no ${join('..', 'shared', 'scale')} beside the project`;
    return { figures: {}, leftOut: Object.fromEntries(keys.map((key) => [key, reason])) };
  }
  const figures = Object.fromEntries(Object.entries(sets).map(([key, file]) => [key, loadedBytes(contentOf(file, 1000))]));
  const few = loadedBytes(contentOf('10k.yaml', 100));
  return { figures: { ...figures, kernel_bytes_per_workload: ((figures['yaml_10k_map_bytes'] ?? Number.NaN) - few) / 900 }, leftOut: {} };
}

/** `most`: rules of the larger of two sets. */
export function memoryFigures(most: number): Outcome {
  const [small, large] = [1000, most].map((rules) => loadedBytes(generationOf(ruleSet(rules)).content));
  const perThousand: Figures = { kernel_bytes_per_1k_rules: (1000 * ((large ?? 0) - (small ?? 0))) / (most - 1000) };
  const { figures, leftOut } = documentBytes();
  return { figures: { ...perThousand, ...figures }, leftOut };
}
