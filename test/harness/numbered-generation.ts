// Generations of which every table says one number, so that a mixture of two shows.
import { layouts } from '../../src/compiler/ir/abi.ts';
import { encode } from '../../src/compiler/ir/layout.ts';
import { parseAddress } from '../../src/compiler/space/address.ts';
import type { GenerationContent } from '../../src/runtime/kernel/tables.ts';
import { content } from './kernel.ts';

export const address = parseAddress('10.0.0.1') ?? 0n;
const ports443 = encode(layouts.ports, { class: Uint16Array.from({ length: 444 }, (_, port) => (port === 443 ? 9 : 0)) });
/** Every table says `n`. */
export const generationOf = (n: number): GenerationContent =>
  content({
    endpoints: [{ id: 16, subjectClass: n, peerClass: n }],
    addresses: [{ address, endpoint: n }],
    cgroups: [{ cgroup: 77n, endpoint: n }],
    rows: [{ subjectClass: 1, peerClass: 2, section: 'egress', base: n }],
    verdicts: Array.from({ length: n + 1 }, (_, index) => ({ action: 'allow' as const, cause: index * 100 })),
    ports: ports443,
  });
