// The cases of a file: the same ones whenever they are made.
import { type AskedPackets, packetCase } from '../../test/harness/compared-packets.ts';
import { random } from '../../test/harness/random.ts';
import { pairsPerFile } from './progress.ts';

export function* casesOf(seed: number, file: number): Generator<AskedPackets> {
  const source = random(seed + file);
  for (let made = 0; made < pairsPerFile; ) {
    const { asked } = packetCase(source);
    made += asked.events.length;
    yield asked;
  }
}
