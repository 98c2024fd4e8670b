// Packets through programs by the hundred: one call of packet-runs.c in the place of one from JavaScript for each packet.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { widthBytes } from '../../src/compiler/base/bytes.ts';
import { limits } from '../../src/compiler/ir/abi.ts';
import type { Field } from '../../src/compiler/ir/layout.ts';
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

/** Of packets of one subject, in order: `packed-packets.ts` says what each word is. */
export type PackedAsks = { readonly subject: number; readonly asks: Uint32Array; readonly packets: Uint8Array };
/** What a program said of the packet at `index`, other than was expected. `told`: events in the ring; `event`: the beginning of the last one. */
export type WrongAnswer = { readonly index: number; readonly returned: number; readonly told: number; readonly event: DataView };
export type PacketRuns = {
  /** Each packet with the same context (null: none), one after the other, up to the first wrong answer. `sameCause`: by number, the first that means the same. */
  readonly ask: (asks: PackedAsks, sameCause: Uint32Array, context: Uint8Array | null) => WrongAnswer | undefined;
  /** Deletes every entry of a map. */
  readonly clear: (map: number, keyBytes: number) => void;
};

/** Words of `struct ask`. */
export const askWords = 8;

function checked(result: unknown): number {
  if (typeof result !== 'number') throw new Error('no number');
  if (result < 0) throw new Error(errnoName(-result));
  return result;
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

/** `struct expectation` but for its first four words: where an event has its fields. */
const fieldWords = ({ cause, subject, direction, verdict }: EventFields): readonly number[] =>
  [cause, subject, direction, verdict].flatMap(({ offset, width }) => [offset, widthBytes[width]]);

export type EventFields = Readonly<Record<'cause' | 'subject' | 'direction' | 'verdict', Field>>;
/** `events`: descriptor of the ring, which nobody else may read; `eventBytes`: so much of an event is wanted. */
export type EventSource = { readonly events: number; readonly eventBytes: number; readonly fields: EventFields };

/** `programs`: descriptors, as they are numbered in what is asked. */
export function packetRuns(programs: readonly number[], { events, eventBytes, fields }: EventSource): PacketRuns {
  const library = koffi.load(packetRunsLibrary());
  const askAll = library.func('int packet_asks(void *, void *, void *, void *, uint32, void *, uint32, void *, void *, void *, uint32)');
  const clearMap = library.func('int map_clear(uint32, uint32)');
  const ring = ringOf(events);
  const descriptors = Uint32Array.from(programs);
  return {
    ask: ({ subject, asks, packets }, sameCause, context) => {
      const causes = koffi.address(sameCause);
      const pointer = new Uint32Array(BigUint64Array.of(causes).buffer);
      const expectation = Uint32Array.from([subject, sameCause.length, ...pointer, ...fieldWords(fields)]);
      const [found, event] = [new Uint32Array(2), new Uint8Array(eventBytes)];
      const count = asks.length / askWords;
      const index = checked(
        askAll(ring, descriptors, packets, context, context?.length ?? 0, asks, count, expectation, found, event, eventBytes),
      );
      const [returned = 0, told = 0] = found;
      return index === count ? undefined : { index, returned, told, event: new DataView(event.buffer) };
    },
    clear: (map, keyBytes) => void checked(clearMap(map, keyBytes)),
  };
}
