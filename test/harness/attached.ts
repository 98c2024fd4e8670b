// Templates attached to cgroups of a test, with tables to fill and counters to read.
import { attachCgroup, detachCgroup } from '../../src/runtime/kernel/attach.ts';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import { readCounters } from '../../src/runtime/kernel/counters.ts';
import type { Loaded } from '../../src/runtime/kernel/load.ts';
import { type GenerationContent, generations } from '../../src/runtime/kernel/tables.ts';
import { expectOk, loadTemplates, privatePins } from './kernel.ts';
import { difference, type Raised } from './packet-bench.ts';

export type { Raised };
export type Attached = {
  readonly loaded: Loaded;
  readonly install: (content: GenerationContent) => number;
  readonly attach: () => void;
  readonly detach: () => void;
  /** What is raised while `action` runs, one line for each counter and time. */
  readonly raisedBy: (action: () => Promise<void>) => Promise<readonly Raised[]>;
};

/** Loads and attaches; the end of the test takes all away. */
export function attachedTo(templates: readonly string[], cgroups: readonly Cgroup[]): Attached {
  const loaded = loadTemplates(templates, privatePins());
  const tables = generations(loaded.maps);
  const counters = loaded.maps;
  const attach = (): void => {
    for (const { path } of cgroups) expectOk(attachCgroup(loaded, path));
  };
  attach();
  return {
    loaded,
    install: (content) => expectOk(tables.install(content)),
    attach,
    detach: () => {
      for (const { id } of cgroups) detachCgroup(loaded.pins, id);
    },
    raisedBy: async (action) => {
      const before = readCounters(counters);
      await action();
      return difference(before, readCounters(counters));
    },
  };
}
