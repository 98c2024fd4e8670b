// Runs the project's own kernel tests on other kernels: Debian's cloud kernels, booted in QEMU without KVM.
//
//   tsx scripts/kernels.ts                        6.1 and 6.12, the chosen tests
//   tsx scripts/kernels.ts --kernel 6.12 exec     one kernel, test files that have `exec` in their path
//   tsx scripts/kernels.ts --all                  all kernel tests, and those against the oracle
//   tsx scripts/kernels.ts --minutes 300 oracle  with more time than the usual 23 minutes a kernel
//   tsx scripts/kernels.ts --kernel here          the kernel of this machine, for the table
//   tsx scripts/kernels.ts --table                writes docs/kernels.md from what runs have found out
import { kernelVersions } from './kernels/debian.ts';
import { programs } from './kernels/programs.ts';
import { runKernel } from './kernels/run.ts';
import { writeTable } from './kernels/table.ts';

const usage = 'usage: tsx scripts/kernels.ts [--kernel 6.1|6.12|here ...] [--minutes N] [--all] [--table] [part of a test file name ...]';

type Options = {
  readonly kernels: readonly string[];
  readonly patterns: readonly string[];
  readonly minutes: number;
  readonly all: boolean;
  readonly table: boolean;
};

function optionsOf(words: readonly string[]): Options | undefined {
  const kernels: string[] = [];
  const patterns: string[] = [];
  let minutes = 23;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--kernel') kernels.push(words[++at] ?? '');
    else if (word === '--minutes') minutes = Number(words[++at]);
    else if (word !== '--all' && word !== '--table') patterns.push(word);
  }
  const known: readonly string[] = [...kernelVersions, 'here'];
  if (kernels.some((kernel) => !known.includes(kernel)) || patterns.some((word) => word.startsWith('-')) || !(minutes > 0))
    return undefined;
  return {
    kernels: kernels.length > 0 ? kernels : kernelVersions,
    patterns,
    minutes,
    all: words.includes('--all'),
    table: words.includes('--table'),
  };
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(130));

const options = optionsOf(process.argv.slice(2));
const chosen = options === undefined ? [] : programs(options);
if (options === undefined || (chosen.length === 0 && !options.table)) {
  console.error(usage);
  process.exit(2);
}
if (options.table) writeTable();
else {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const kernel of options.kernels) {
    const { passed, failed, skipped } = await runKernel(kernel, { files: chosen, seconds: options.minutes * 60 });
    counts.passed += passed;
    counts.failed += failed;
    counts.skipped += skipped;
  }
  console.log(`  Total: ${counts.passed + counts.failed + counts.skipped}\n  Passed: ${counts.passed}\n  Skipped: ${counts.skipped}`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}
