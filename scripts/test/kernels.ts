// The kernel tests on other kernels, as programs of a suite of their own: long ones, that only `--all` runs.
import { kernelVersions } from '../kernels/debian.ts';
import type { Program } from './suites.ts';

export const kernelPrograms = (long: boolean): readonly Program[] =>
  (long ? kernelVersions : []).map((version) => ({
    suite: 'kernels (long)',
    name: `kernels ${version}`,
    command: [process.execPath, '--import', 'tsx', 'scripts/kernels.ts', '--kernel', version],
    report: 'uvu',
    seconds: 1500,
    // It keeps a processor busy all the time.
    alone: true,
  }));
