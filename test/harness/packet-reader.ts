// A reader of streams by itself: a program that a test run gives bytes to, packet by packet, without a socket. What it does with a
// stream is what the program on a socket would do with it.
import { loadObjects } from '../../src/runtime/kernel/load.ts';
import { type Governed, govern } from './governed.ts';
import { atEnd, compile, expectOk, privateCgroup, privatePins, testRun } from './kernel.ts';

/** Bytes before each packet: what a program at tc sees as an Ethernet header, and a reader as its orders: the first is 1 where a connection begins. */
export const bytesBefore = 14;
/** Longer packets have no room in a test run. */
export const longestPacket = 3000;

export type PacketReader = {
  readonly governed: Governed;
  /** What the program returns of one packet. @throws where it could not read it */
  readonly packet: (bytes: Uint8Array, begins: boolean) => number;
};

/** Loads the program, whose name is `pol_walk`; gone when the process ends. `root`: of a copy of the templates. */
export function packetReader(program: string, root?: string): PacketReader {
  const loaded = expectOk(loadObjects([{ template: 'test/walk', bytes: compile(program, root) }], privatePins()));
  atEnd(loaded.close);
  const frame = new Uint8Array(bytesBefore + longestPacket);
  return {
    governed: govern(loaded, privateCgroup('walk')),
    packet: (bytes, begins) => {
      frame[0] = begins ? 1 : 0;
      frame.set(bytes, bytesBefore);
      const { value } = testRun(loaded, 'pol_walk', frame.subarray(0, bytesBefore + bytes.length));
      if (value > 0xffff) throw new Error('the program could not read a packet');
      return value;
    },
  };
}
