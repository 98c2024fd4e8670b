// Writes cases for test/differential/oracle-vs-kernel.test.ts, which another kernel is asked under emulation:
//
//   tsx scripts/packet-cases.ts FOLDER --pairs 1000000 --seed 7
//   CASES=FOLDER PAIRS=1000000 tsx scripts/kernels.ts --kernel 6.1 oracle-vs-kernel
import { parseArgs } from 'node:util';
import { type AskedPackets, packetCase } from '../test/harness/compared-packets.ts';
import { writeCases } from '../test/harness/packet-case-files.ts';
import { random } from '../test/harness/random.ts';

const casesPerFile = 200;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { pairs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '20260803' } },
});
const [folder] = positionals;
const [pairs, seed] = [Number(values.pairs), Number(values.seed)];
if (folder === undefined || !(pairs > 0) || !Number.isInteger(seed)) {
  console.error('usage: tsx scripts/packet-cases.ts FOLDER [--pairs N] [--seed N]');
  process.exit(2);
}

const source = random(seed);
let [made, file] = [0, 0];
while (made < pairs) {
  const cases: AskedPackets[] = [];
  for (; cases.length < casesPerFile && made < pairs; made += cases.at(-1)?.events.length ?? 0) cases.push(packetCase(source).asked);
  writeCases(folder, file++, cases);
}
console.log(`${made} pairs of seed ${seed} in ${file} files`);
