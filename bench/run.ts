// `npm run bench -- NAME [--json] [--quick]`. With --json the last line is one object:
// {"bench": NAME, "kernel": ..., "cpus": N, "figures": {KEY: number, ...}}.
import { availableParallelism, release } from 'node:os';
import { changeBench } from './change.ts';
import { compileBench } from './compile.ts';
import { datapathBench } from './datapath.ts';
import { diffBench } from './diff.ts';
import { l7Bench } from './l7.ts';
import type { Options, Outcome } from './measure.ts';

const benches: Readonly<Record<string, (options: Options) => Promise<Outcome>>> = {
  change: changeBench,
  compile: compileBench,
  datapath: datapathBench,
  diff: diffBench,
  l7: l7Bench,
};

const [name = ''] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const bench = benches[name];
if (bench === undefined) {
  console.error(`usage: npm run bench -- NAME [--json] [--quick]\nbenches: ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}
const { figures, leftOut } = await bench({ quick: process.argv.includes('--quick') });
for (const [key, reason] of Object.entries(leftOut)) console.log(`left out: ${key}: ${reason}`);
for (const [key, value] of Object.entries(figures)) console.log(`${key.padEnd(40)} ${Number(value.toPrecision(4))}`);
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ bench: name, kernel: release(), cpus: availableParallelism(), figures }));
}
