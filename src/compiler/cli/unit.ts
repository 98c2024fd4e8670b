// Reading and checking one unit for a command that goes on with it only if nothing is wrong.
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type CheckedUnit, checkUnit, type Options, Session } from '../pipeline.ts';
import { importOptionsOf } from './document-options.ts';
import { FileCache } from './file-cache.ts';
import { readInventory } from './inventory.ts';
import type { CommonOptions, UnitOptions } from './options.ts';
import { Progress } from './progress.ts';
import { readSources, type Sources } from './sources.ts';

/** What is kept from one reading of the same files to the next. */
export class Memory {
  readonly session = new Session();
  readonly files = new FileCache();
}

export type ReadUnit = {
  readonly diagnostics: readonly Diagnostic[];
  /** Absent when something is wrong. */
  readonly unit?: CheckedUnit;
};

/** Reads what the arguments name, and what that imports. */
export function readUnit(
  paths: readonly string[],
  options: Pick<CommonOptions, 'maxFileBytes'> & Partial<UnitOptions>,
  memory = new Memory(),
): ReadUnit {
  return checkedSources(readSources(paths, options.maxFileBytes, { cache: memory.files }), options, memory);
}

/** Codes of warnings that count as errors. */
export const escalatedBy = ({ failOn, expired }: Partial<UnitOptions>): ReadonlySet<string> =>
  new Set([...(failOn ?? []), ...(expired === 'fail' ? ['check/expired'] : [])]);

/** The same of sources that are read already. */
export function checkedSources(
  read: Sources,
  options: Partial<UnitOptions> & Pick<Options, 'comparedAtOnce'>,
  { session }: Memory,
): ReadUnit {
  const progress = new Progress();
  const checked = checkUnit(read.sources, {
    load: read.load,
    session,
    progress: progress.step,
    documents: importOptionsOf(options),
    escalated: escalatedBy(options),
    ...(options.comparedAtOnce !== undefined && { comparedAtOnce: options.comparedAtOnce }),
    ...(options.asOf !== undefined && { asOf: options.asOf }),
    ...(options.inventory !== undefined && { inventory: readInventory(options.inventory) }),
  });
  progress.end();
  const diagnostics = [...read.diagnostics(), ...checked.diagnostics];
  return checked.ok && !read.failed() ? { diagnostics, unit: checked.value } : { diagnostics };
}
