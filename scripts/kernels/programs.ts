// Which tests run on other kernels. Those chosen for every run show that each template is verified, attached and decides
// as it should; `all` are whatever needs a kernel.
import { filePrograms } from '../test/suites.ts';

const folder = 'test/kernel/';
/** Tests elsewhere that ask the kernel, too. */
const others: readonly string[] = ['test/differential/oracle-vs-kernel.test.ts', 'test/differential/oracle-vs-sockets.test.ts'];

/** Compiles templates with faults, which takes a minute for each under emulation, to ask about tests and not about a kernel. */
const here: readonly string[] = ['test/kernel/local-truth.long.test.ts'];

/** What can be another on each kernel, for as little time as that takes: no policyd, few sockets. */
const chosen: readonly string[] = ['verifier', 'attach', 'packets', 'packet-state', 'tc', 'tc-packets', 'xdp', 'exec'].map(
  (name) => `${folder}${name}.test.ts`,
);

/** Every test file that could run on another kernel, by its path from the root. */
export const kernelTests = (): readonly string[] =>
  [...new Set(filePrograms(true).map(({ command }) => command.at(-1) ?? ''))].filter(
    (file) => (file.startsWith(folder) && !here.includes(file)) || others.includes(file),
  );

/** The files to run: those that a pattern names; without patterns the chosen ones, or all. */
export function programs({ patterns, all }: { readonly patterns: readonly string[]; readonly all: boolean }): readonly string[] {
  const files = kernelTests();
  if (patterns.length > 0) return files.filter((file) => patterns.some((pattern) => file.includes(pattern)));
  return all ? files : chosen.filter((file) => files.includes(file));
}
