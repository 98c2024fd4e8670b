// The thousand policies of `../shared/scale`, for which another engine's verdicts are known: 3,000 flows, asked of the oracle and
// of the kernel's own tables. A machine governs the workloads that are on it and knows the others as peers: each flow is asked
// where its subject is, on one of several machines.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case, CaseFlow, Side } from '../../scripts/conformance/format.ts';
import { runCase } from '../../scripts/conformance/run-case.ts';
import { endpointsOf, pointOf } from '../../scripts/conformance/world.ts';
import { fixedEndpoint, verdictAction } from '../../src/compiler/ir/abi.ts';
import type { Endpoint } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { type Address, parseAddress } from '../../src/compiler/space/address.ts';
import { protocolOf } from '../../src/compiler/space/transport.ts';
import type { GenerationContent } from '../../src/runtime/kernel/tables.ts';
import type { InventoryEndpoint } from '../../src/runtime/policy/generation.ts';
import { lookupOf } from '../../src/runtime/policy/lookup.ts';
import { materialize } from '../../src/runtime/policy/materialize.ts';
import { policySetOf } from '../../src/runtime/policy/policy-index.ts';
import { noServices } from '../../src/runtime/policy/services.ts';
import { typedPolicy } from '../harness/compile.ts';
import { inCgroup, kernelOrSkip, privateCgroup } from '../harness/kernel.ts';
import { ip, tcp } from '../harness/packet.ts';
import { type PacketBench, packetBench } from '../harness/packet-bench.ts';
import { emitted, imageOf, imagesOf, plainCauses } from '../harness/tables.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'shared', 'scale');
/** Workloads of one machine. */
const perMachine = 250;

/** The case of a file of flows: with the policies of its YAML and all identities. */
function scaleCase(): Case {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const identities: Case = JSON.parse(read('identities.json'));
  const flows: Case = JSON.parse(read('1k.flows.json'));
  return {
    ...identities,
    ...flows,
    policies: read('1k.yaml'),
    namespaces: identities.namespaces ?? {},
    endpoints: { ...identities.endpoints, ...flows.endpoints },
  };
}

type Numbered = { readonly name: string; readonly id: number; readonly endpoint: Endpoint };
/** One side of a flow, as the subject is asked. */
type Question = { readonly flow: CaseFlow; readonly side: Side; readonly subject: Numbered; readonly peer: Numbered };
/** The tables of one machine, and the questions about its workloads. */
type Machine = { readonly content: GenerationContent; readonly questions: readonly Question[]; readonly local: readonly Numbered[] };

const addressOf = ({ id, endpoint }: Numbered): Address => {
  if (endpoint.kind === 'address') return endpoint.address;
  return (parseAddress('172.20.0.0') ?? 0n) + BigInt(id);
};

function questionsOf({ flows }: Case, numbered: ReadonlyMap<string, Numbered>): readonly Question[] {
  return flows.flatMap((flow) =>
    (['egress', 'ingress'] as const).flatMap((side) => {
      const [source, destination] = [numbered.get(flow.from), numbered.get(flow.to)];
      if (!source || !destination || flow[side] === undefined || flow[side] === 'n/a') return [];
      return [side === 'egress' ? { flow, side, subject: source, peer: destination } : { flow, side, subject: destination, peer: source }];
    }),
  );
}

function inventoryOf({ id, endpoint }: Numbered, local: boolean): readonly InventoryEndpoint[] {
  if (endpoint.kind === 'workload')
    return [{ id, kind: 'workload', labels: endpoint.labels, namedPorts: endpoint.namedPorts ?? [], local }];
  return endpoint.kind === 'reserved' ? [{ id, kind: 'reserved', entities: endpoint.entities }] : [];
}

function* machinesOf(one: Case, typed: TypedPolicy): Generator<Machine> {
  const numbered = new Map(
    [...endpointsOf(one)].map(([name, endpoint], place) => [name, { name, endpoint, id: fixedEndpoint.firstDynamic + place }]),
  );
  const all = [...numbered.values()];
  const workloads = all.filter(({ endpoint }) => endpoint.kind === 'workload');
  const questions = questionsOf(one, numbered);
  const policy = emitted(typed);
  const images = imagesOf(policy);
  for (let first = 0; first < workloads.length; first += perMachine) {
    const local = workloads.slice(first, first + perMachine);
    const endpoints = all.flatMap((entry) => inventoryOf(entry, local.includes(entry)));
    const tables = materialize({
      policies: policySetOf(policy.program),
      ports: imageOf(policy, 'ports'),
      endpoints,
      causes: plainCauses(),
    });
    const addresses = all.flatMap((entry) =>
      entry.endpoint.kind === 'address' ? [] : [{ address: addressOf(entry), endpoint: entry.id }],
    );
    yield {
      content: { images, tables, addresses, cgroups: [], services: noServices },
      local,
      questions: questions.filter(({ subject }) => local.includes(subject)),
    };
  }
}

const shown = ({ flow: { from, to, proto, port }, side }: Question): string => `${side} ${from} -> ${to} ${proto} ${port}`;

/** Those that the tables answer otherwise, as the runtime reads them. */
function wrongInTables({ content: { tables, images }, questions }: Machine): readonly string[] {
  const lookup = lookupOf(tables, images);
  return questions.flatMap((question) => {
    const { flow, side, subject, peer } = question;
    const other =
      peer.endpoint.kind === 'address'
        ? { kind: 'address' as const, address: peer.endpoint.address }
        : { kind: 'endpoint' as const, id: peer.id };
    const { action } = lookup.network({ subject: subject.id, peer: other, direction: side, point: pointOf(flow) });
    const found = action === verdictAction.deny ? 'denied' : 'allowed';
    return found === flow[side] ? [] : [`${shown(question)}: ${found}`];
  });
}

/** Those that the programs answer otherwise, asked with a packet in the subject's cgroup. */
function wrongInKernel(bench: PacketBench, { content, local, questions }: Machine): readonly string[] {
  const cgroups = new Map(local.map(({ id }) => [id, privateCgroup(`scale${id}`)]));
  bench.install({ ...content, cgroups: [...cgroups].map(([endpoint, { id }]) => ({ cgroup: id, endpoint })) });
  return local.flatMap((subject) => {
    const cgroup = cgroups.get(subject.id);
    const own = questions.filter((question) => question.subject === subject);
    return cgroup && own.length > 0 ? inCgroup(cgroup, () => own.flatMap((question, serial) => wrongPacket(bench, question, serial))) : [];
  });
}

function wrongPacket(bench: PacketBench, question: Question, serial: number): readonly string[] {
  const { flow, side, subject, peer } = question;
  const [source, destination] = side === 'egress' ? [subject, peer] : [peer, subject];
  const packet = ip(
    { source: addressOf(source), destination: addressOf(destination) },
    tcp({ source: 20_000 + serial, destination: protocolOf(pointOf(flow)).value }),
  );
  const found = bench.returned(side, packet) === 1 ? 'allowed' : 'denied';
  return found === flow[side] ? [] : [`${shown(question)}: ${found}`];
}

if (existsSync(join(folder, '1k.flows.json'))) {
  test('the oracle gives the verdicts of the engine for a thousand policies', () => {
    const { passed, mistakes } = runCase(scaleCase());
    assert.equal(
      mistakes.slice(0, 20).map(({ flow, text }) => `${text} ${JSON.stringify(flow)}`),
      [],
    );
    assert.is(passed, 3000);
  });

  test("so do the kernel's tables, and the programs that read them", () => {
    const one = scaleCase();
    const typed = typedPolicy([{ path: '1k.yaml', text: one.policies }]);
    const bench = kernelOrSkip('the packets of a thousand policies') ? packetBench('scale') : undefined;
    let asked = 0;
    for (const machine of machinesOf(one, typed)) {
      assert.equal(wrongInTables(machine).slice(0, 20), [], 'tables');
      if (bench) assert.equal(wrongInKernel(bench, machine).slice(0, 20), [], 'packets');
      asked += machine.questions.length;
    }
    console.log(`scale: ${asked} sides of 3,000 flows asked of the tables${bench ? ', and of the programs' : ''}`);
    assert.is(asked, one.flows.flatMap(({ egress, ingress }) => [egress, ingress].filter((side) => side !== 'n/a')).length);
  });
} else {
  console.log(`SKIP policies: there is no ${join('..', 'shared', 'scale')} beside the project`);
  test.skip('policies', () => undefined);
}

test.run();
