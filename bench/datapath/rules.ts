// The rules of the datapath bench: one workload that is asked, a thousand others, networks, and rules of which no two are
// about the same peer and port. Peers and ports are spread so that neither collapses into few classes.

import { fixedEndpoint } from '../../src/compiler/ir/abi.ts';
import type { PolicyProgram } from '../../src/compiler/ir/bundle.ts';
import { parseAddress } from '../../src/compiler/space/address.ts';
import type { GenerationContent } from '../../src/runtime/kernel/tables.ts';
import type { InventoryEndpoint } from '../../src/runtime/policy/generation.ts';
import { materialize } from '../../src/runtime/policy/materialize.ts';
import { type MemoryImage, memoryImage } from '../../src/runtime/policy/memory/image.ts';
import { policySetOf } from '../../src/runtime/policy/policy-index.ts';
import { noServices } from '../../src/runtime/policy/services.ts';
import { typedPolicy } from '../../test/harness/compile.ts';
import { emitted, imageOf, imagesOf, plainCauses } from '../../test/harness/tables.ts';

/** Peers that are workloads. */
export const workloads = 1024;
const portCount = 256;
const firstPort = 1000;

export type RuleEntry = { readonly peer: number; readonly port: number; readonly allow: boolean };
/** Peers `0 .. workloads - 1` are workloads, then come networks. */
export type RuleSet = { readonly entries: readonly RuleEntry[]; readonly networks: number; readonly ports: readonly number[] };

/** Workload `i`'s address: 172.16.0.0 and on. */
export const workloadAddress = (i: number): number => (172 << 24) + (16 << 16) + i;
/** Network `i`, a /24: 10.0.0.0 and on. */
export const networkAddress = (i: number): number => (10 << 24) + (i << 8);
export const ipv4Text = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

/** Every peer has as many ports as every other; one rule of sixteen denies. */
export function ruleSet(rules: number): RuleSet {
  const networks = Math.min(1024, Math.ceil(rules / 4));
  const peers = workloads + networks;
  const ports = Array.from({ length: portCount }, (_, i) => firstPort + i);
  const entries = Array.from({ length: rules }, (_, i): RuleEntry => {
    const peer = rules < peers ? Math.floor((i * peers) / rules) : i % peers;
    const port = ports[(Math.floor(i / peers) + peer * 11) % portCount] ?? firstPort;
    return { peer, port, allow: i % 16 !== 15 };
  });
  return { entries, networks, ports };
}

/** The port of a rule that allows peer 0. */
export const allowedPort = ({ entries }: RuleSet): number => entries.find(({ peer, allow }) => peer === 0 && allow)?.port ?? 0;

const peerText = (peer: number): string => (peer < workloads ? `w${peer}` : `${ipv4Text(networkAddress(peer - workloads))}/24`);

/** The rules as a policy for the workload `hot`. */
export function policyText({ entries }: RuleSet): string {
  const declared = Array.from({ length: workloads }, (_, i) => `workload w${i} = { app: "w${i}" }\n`);
  const lines = entries.map(({ peer, port, allow }) => `    ${allow ? 'allow' : 'deny'} from ${peerText(peer)} at tcp ${port}\n`);
  return `workload hot = { app: "hot" }\n${declared.join('')}policy p for hot {\n  ingress {\n${lines.join('')}  }\n}\n`;
}

/** `peers`: classes. */
export type Generation = {
  readonly rules: RuleSet;
  readonly content: GenerationContent;
  readonly memory: MemoryImage;
  readonly classes: PolicyProgram['classes'];
  readonly peers: number;
};

const ofWorkload = (id: number, app: string, local: boolean): InventoryEndpoint => ({
  ...{ id, kind: 'workload', labels: { app }, namedPorts: [] },
  local,
});

export const hotEndpoint = fixedEndpoint.firstDynamic;

export function generationOf(rules: RuleSet): Generation {
  const policy = emitted(typedPolicy([{ path: 'bench.policy', text: policyText(rules) }]));
  const others = Array.from({ length: workloads }, (_, i) => ({
    id: hotEndpoint + 1 + i,
    address: ipv4Text(workloadAddress(i)),
    app: `w${i}`,
  }));
  const endpoints = [ofWorkload(hotEndpoint, 'hot', true), ...others.map(({ id, app }) => ofWorkload(id, app, false))];
  const tables = materialize({ policies: policySetOf(policy.program), ports: imageOf(policy, 'ports'), endpoints, causes: plainCauses() });
  const addresses = others.map(({ id, address }) => ({ address: parseAddress(address) ?? 0n, endpoint: id }));
  const images = imagesOf(policy);
  const classes = new Set(tables.endpoints.map(({ peerClass }) => peerClass));
  return {
    rules,
    content: { images, tables, addresses, cgroups: [], services: noServices },
    memory: memoryImage(tables, { prefixes: images.prefixes, addresses }),
    classes: policy.program.classes,
    peers: classes.size + policy.program.classes.networks,
  };
}

/** 16, 1k, 100k. */
export const sizeName = (size: number): string => (size < 1000 ? String(size) : `${Math.round(size / 1000)}k`);
