// Documents and identities -> map entries, in a process of its own: `node entries.mjs POLICIES IDENTITIES`. Prints one object: what there is of
// entries, or what does not fit. What the target refuses (requests that a workload sends) is laid out all the same; what a bundle holds
// beside tables is not made.
import { readFileSync } from 'node:fs';
import type { Case } from '../scripts/conformance/format.ts';
import { endpointsOf } from '../scripts/conformance/world.ts';
import { fixedEndpoint } from '../src/compiler/ir/abi.ts';
import { GenerationLimit, type InventoryEndpoint } from '../src/runtime/policy/generation.ts';
import { materialize } from '../src/runtime/policy/materialize.ts';
import { policySetOf } from '../src/runtime/policy/policy-index.ts';
import { typedPolicy } from '../test/harness/compile.ts';
import { imageOf, laidOut, plainCauses } from '../test/harness/tables.ts';

const [policies = '', identities = ''] = process.argv.slice(2);

function inventory(): readonly InventoryEndpoint[] {
  const one: Case = JSON.parse(readFileSync(identities, 'utf8'));
  return [...endpointsOf(one).values()].flatMap((endpoint, place) =>
    endpoint.kind === 'workload'
      ? [{ id: fixedEndpoint.firstDynamic + place, kind: 'workload' as const, labels: endpoint.labels, namedPorts: [], local: true }]
      : [],
  );
}

function entries(): object {
  const policy = laidOut(typedPolicy([{ path: policies, text: readFileSync(policies, 'utf8') }]));
  try {
    const { rows, verdicts } = materialize({
      policies: policySetOf(policy.program),
      ports: imageOf(policy, 'ports'),
      endpoints: inventory(),
      causes: plainCauses(),
    });
    return { rows: rows.length, verdictBytes: verdicts.words.byteLength };
  } catch (error) {
    if (error instanceof GenerationLimit) return { refused: error.message };
    throw error;
  }
}

console.log(JSON.stringify(entries()));
