// For tests that govern a whole machine: they run in one that was booted for them (npm run test:kernels) and nowhere else.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import { guestMark } from '../../scripts/kernels/machine.ts';
import { kernelOrSkip } from './kernel.ts';

/** Was this kernel booted for tests? Its own command line says so, which nothing on a running machine can change. */
export const isGuest = (): boolean => readFileSync('/proc/cmdline', 'utf8').trim().split(' ').includes(guestMark);

/** A test that may attach to the root of all cgroups and to any interface; skipped everywhere but in such a machine. */
export const guestTest = (name: string, body: () => Promise<void>): void =>
  test(name, async () => {
    if (!isGuest()) console.log(`SKIP ${name}: it governs a whole machine, so only in one of its own (npm run test:kernels)`);
    else if (kernelOrSkip(name)) await body();
  });
