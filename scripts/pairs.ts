// Random pairs of a policy and an event through the kernel's packet programs, against the oracle: as many as are asked for, on as many
// kernels. Cases are made once, as files; what is made and what is asked is kept, so that a run that was ended goes on where it was.
//
//   npm run pairs -- --pairs 10000000 --kernel here --kernel 6.1 --kernel 6.12 --seed 7
//
// Other kernels are booted in QEMU, where each instruction is emulated; several at once. Files stand in build/pairs/, in a folder for each
// seed and each state of the compiler and the templates.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { kernelVersions } from './kernels/debian.ts';
import { askKernel, type Outcome } from './pairs/asking.ts';
import { makeCases } from './pairs/making.ts';
import { pairsPerFile } from './pairs/progress.ts';
import { statePrograms } from './pairs/state.ts';

const usage =
  'usage: npm run pairs -- [--pairs N] [--seed N] [--kernel here|6.1|6.12 ...] [--processes N]   (10,000,000 pairs, here, all processors)';

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(130));

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '20260803' },
    kernel: { type: 'string', multiple: true, default: ['here'] },
    processes: { type: 'string', default: String(availableParallelism()) },
  },
});
const [pairs, seed, processes] = [Number(values.pairs), Number(values.seed), Number(values.processes)];
const known: readonly string[] = [...kernelVersions, 'here'];
if (!(pairs > 0) || !Number.isInteger(seed) || !(processes > 0) || values.kernel.some((name) => !known.includes(name))) {
  console.error(usage);
  process.exit(2);
}

const outcomeText = (kernel: string, { release, policies, packets, mismatches, ...all }: Outcome): string =>
  `${kernel} (${release}): ${all.pairs} pairs of ${policies} policies and an event, ${packets} packets, seed ${seed}: ${mismatches.length} mismatches`;

const programs = await statePrograms(seed);
const files = Math.ceil(pairs / pairsPerFile);
await makeCases(programs, { files, seed, processes });
const outcomes = await Promise.all(
  values.kernel.map(async (kernel) => [kernel, await askKernel(kernel, programs, { files, seed, processes })] as const),
);
for (const [kernel, outcome] of outcomes) {
  for (const mismatch of outcome.mismatches.slice(0, 3)) console.log(`${kernel}: ${mismatch}\n`);
  console.log(outcomeText(kernel, outcome));
}
process.exitCode = outcomes.every(([, outcome]) => outcome.mismatches.length === 0 && outcome.pairs >= pairs) ? 0 : 1;
