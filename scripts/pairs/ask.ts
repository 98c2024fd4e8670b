// Asks the kernel that it runs on the cases of files, and says of each file what came of it:
//
//   node ask.mjs FOLDER NUMBER ...
import { release } from 'node:os';
import { setImmediate as otherWork } from 'node:timers/promises';
import { comparePackets, emptyTally } from '../../test/harness/compared-packets.ts';
import { readCases } from '../../test/harness/packet-case-files.ts';
import { packetHooks } from '../../test/harness/packet-hooks.ts';
import { type Asked, progressMark } from './progress.ts';

const [folder = '', ...numbers] = process.argv.slice(2);
const kernel = packetHooks(['cgroup', 'interface', 'early']);
for (const file of numbers.map(Number)) {
  const tally = emptyTally();
  const mismatches: string[] = [];
  for (const asked of readCases(folder, file)) {
    // Meanwhile the kernel waits for the programs that read the slot that this case gets, and signals come in.
    await otherWork();
    const mismatch = comparePackets(kernel, asked, tally);
    if (mismatch !== undefined) mismatches.push(`file ${file}, policy ${tally.policies}: ${mismatch}`);
  }
  const { policies, pairs, packets } = tally;
  const told: Asked = { file, release: release(), policies, pairs, packets, mismatches };
  console.log(`${progressMark}${JSON.stringify(told)}`);
}
process.exit(0);
