// Generations of which every table says one number, so that a mixture of two shows.
import { portsImage, startsOf } from '../../src/compiler/ir/class-pieces.ts';
import { parseAddress } from '../../src/compiler/space/address.ts';
import { transportPoints } from '../../src/compiler/space/transport.ts';
import type { GenerationContent } from '../../src/runtime/kernel/tables.ts';
import { content } from './kernel.ts';

export const address = parseAddress('10.0.0.1') ?? 0n;
const ports443 = portsImage(startsOf(Uint16Array.from({ length: transportPoints }, (_, point) => (point === 443 ? 9 : 0))));
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
