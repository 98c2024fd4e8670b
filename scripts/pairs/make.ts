// Makes files of cases:
//
//   node make.mjs FOLDER SEED NUMBER ...
import { setImmediate as otherWork } from 'node:timers/promises';
import { type AskedPackets, packetCase } from '../../test/harness/compared-packets.ts';
import { writeCases } from '../../test/harness/packet-case-files.ts';
import { random } from '../../test/harness/random.ts';
import { pairsPerFile, progressMark } from './progress.ts';

const [folder = '', seed = '', ...numbers] = process.argv.slice(2);
for (const number of numbers.map(Number)) {
  const source = random(Number(seed) + number);
  const cases: AskedPackets[] = [];
  for (let made = 0; made < pairsPerFile; made += cases.at(-1)?.events.length ?? 0) {
    // Signals come in: who started this may have been ended.
    await otherWork();
    cases.push(packetCase(source).asked);
  }
  writeCases(folder, number, cases);
  console.log(`${progressMark}${number}`);
}
process.exit(0);
