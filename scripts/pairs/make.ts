// Makes files of cases:
//
//   node make.mjs FOLDER SEED NUMBER ...
import { setImmediate as otherWork } from 'node:timers/promises';
import { packedPackets } from '../../test/harness/packed-packets.ts';
import { writeCases } from '../../test/harness/packet-case-files.ts';
import { casesOf } from './cases.ts';
import { progressMark } from './progress.ts';

const [folder = '', seed = '', ...numbers] = process.argv.slice(2);
for (const number of numbers.map(Number)) {
  const cases = [];
  for (const one of casesOf(Number(seed), number)) {
    // Signals come in: who started this may have been ended.
    await otherWork();
    cases.push(packedPackets(one));
  }
  writeCases(folder, number, cases);
  console.log(`${progressMark}${number}`);
}
process.exit(0);
