// Packets through programs by the hundred: one call of packet-runs.c in the place of one from JavaScript for each packet.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { limits } from '../../src/compiler/ir/abi.ts';
import { errnoName } from '../../src/runtime/ffi/errno.ts';
import { memoryMap, pageSize } from '../../src/runtime/ffi/libbpf.ts';
import { atEnd, objectFolder } from './kernel.ts';

/** Compiles it, unless that was done before; a machine that emulates its instructions finds it done. */
export function packetRunsLibrary(): string {
  const source = join(import.meta.dirname, 'packet-runs.c');
  const library = join(objectFolder, `${createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 32)}.so`);
  if (!existsSync(library)) {
    mkdirSync(objectFolder, { recursive: true });
    execFileSync('clang', ['-O2', '-Wall', '-shared', '-fPIC', source, '-o', `${library}.${process.pid}`]);
    renameSync(`${library}.${process.pid}`, library);
  }
  return library;
}

/** `program`: descriptor. */
export type Run = { readonly program: number; readonly packet: Uint8Array };
/** `told`: events in the ring; `event`: the first `eventBytes` of the last one. */
export type Ran = { readonly returned: number; readonly told: number; readonly event: DataView };
export type PacketRuns = {
  /** Each packet with the same context (null: none), one after the other. */
  readonly run: (runs: readonly Run[], context: Uint8Array | null) => readonly Ran[];
  /** Deletes every entry of a map. */
  readonly clear: (map: number, keyBytes: number) => void;
};

/** Words of `struct run`. */
const words = { program: 0, offset: 1, length: 2, returned: 3, told: 4, all: 5 } as const;

function checked(result: unknown): void {
  if (typeof result !== 'number') throw new Error('no number');
  if (result < 0) throw new Error(errnoName(-result));
}

/** Pointers into the ring: `struct ring`. */
function ringOf(fd: number): Uint8Array {
  const page = pageSize();
  const ours = memoryMap(fd, 'readWrite', { offset: 0, length: page });
  const theirs = memoryMap(fd, 'read', { offset: page, length: page + 2 * limits.ringBytes });
  atEnd(ours.release);
  atEnd(theirs.release);
  const at = koffi.address(new Uint8Array(theirs.bytes));
  const ring = BigUint64Array.of(koffi.address(new Uint8Array(ours.bytes)), at, at + BigInt(page), BigInt(limits.ringBytes));
  return new Uint8Array(ring.buffer);
}

/** `events`: descriptor of the ring, which nobody else may read; `eventBytes`: so much of an event is wanted. */
export function packetRuns(events: number, eventBytes: number): PacketRuns {
  const library = koffi.load(packetRunsLibrary());
  const runAll = library.func('int packet_runs(void *, void *, void *, uint32, void *, uint32, void *, uint32)');
  const clearMap = library.func('int map_clear(uint32, uint32)');
  const ring = ringOf(events);
  return {
    run: (runs, context) => {
      const packets = Buffer.concat(runs.map(({ packet }) => packet));
      const table = new Uint32Array(runs.length * words.all);
      let offset = 0;
      runs.forEach(({ program, packet }, i) => {
        table.set([program, offset, packet.length], i * words.all);
        offset += packet.length;
      });
      const found = new Uint8Array(runs.length * eventBytes);
      checked(runAll(ring, packets, context, context?.length ?? 0, table, runs.length, found, eventBytes));
      return runs.map((_, i) => ({
        returned: table[i * words.all + words.returned] ?? 0,
        told: table[i * words.all + words.told] ?? 0,
        event: new DataView(found.buffer, i * eventBytes, eventBytes),
      }));
    },
    clear: (map, keyBytes) => checked(clearMap(map, keyBytes)),
  };
}
