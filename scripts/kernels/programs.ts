// Which tests run on other kernels. Those chosen for every run show that each template is verified, attached and decides
// as it should; `all` are whatever needs a kernel.
import { filePrograms } from '../test/suites.ts';

const folders = ['test/kernel/'] as const;
/** Tests elsewhere that ask the kernel, too. */
const others: readonly string[] = ['test/differential/oracle-vs-kernel.test.ts', 'test/differential/oracle-vs-sockets.test.ts'];

/** Too slow under emulation for each run, or about what is the same on every kernel. */
const notChosen: readonly string[] = [];

/** Every test file that could run on another kernel, by its path from the root. */
export const kernelTests = (): readonly string[] =>
  [...new Set(filePrograms(true).map(({ command }) => command.at(-1) ?? ''))].filter(
    (file) => folders.some((folder) => file.startsWith(folder)) || others.includes(file),
  );

/** The files to run: those that a pattern names; without patterns the chosen ones, or all. */
export function programs({ patterns, all }: { readonly patterns: readonly string[]; readonly all: boolean }): readonly string[] {
  const files = kernelTests();
  if (patterns.length > 0) return files.filter((file) => patterns.some((pattern) => file.includes(pattern)));
  return all ? files : files.filter((file) => !notChosen.includes(file) && !others.includes(file));
}
