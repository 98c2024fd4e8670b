// Asks the kernel that it runs on the cases of files, and says of each file what came of it:
//
//   node ask.mjs FOLDER SEED NUMBER ...
import { release } from 'node:os';
import { setImmediate as otherWork } from 'node:timers/promises';
import { type AskedPackets, askPackets, emptyTally, type Wrong, wrongText } from '../../test/harness/compared-packets.ts';
import type { PackedPackets } from '../../test/harness/packed-packets.ts';
import { readCases } from '../../test/harness/packet-case-files.ts';
import { packetHooks } from '../../test/harness/packet-hooks.ts';
import { casesOf } from './cases.ts';
import { type Asked, progressMark } from './progress.ts';

const [folder = '', seed = '', ...numbers] = process.argv.slice(2);
const kernel = packetHooks(['cgroup', 'interface', 'early']);
/** Made once more, where one is to be shown: what is packed has no words. */
function madeAgain(file: number): () => readonly AskedPackets[] {
  let made: readonly AskedPackets[] | undefined;
  return () => (made ??= [...casesOf(Number(seed), file)]);
}

type Answered = { readonly packed: PackedPackets; readonly wrong: Wrong };
function mismatchText(policy: number, { packed, wrong }: Answered, made: () => readonly AskedPackets[]): string {
  const asked = made()[policy - 1];
  return `policy ${policy}: ${asked ? wrongText(asked, packed, wrong) : 'is not made any more'}`;
}

for (const file of numbers.map(Number)) {
  const [tally, made] = [emptyTally(), madeAgain(file)];
  const mismatches: string[] = [];
  for (const packed of readCases(folder, file)) {
    // Meanwhile the kernel waits for the programs that read the slot that this case gets, and signals come in.
    await otherWork();
    const wrong = askPackets(kernel, packed, tally);
    if (wrong) mismatches.push(`file ${file}, ${mismatchText(tally.policies, { packed, wrong }, made)}`);
  }
  const { policies, pairs, packets } = tally;
  const told: Asked = { file, release: release(), policies, pairs, packets, mismatches };
  console.log(`${progressMark}${JSON.stringify(told)}`);
}
process.exit(0);
