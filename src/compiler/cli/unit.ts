// Reading and checking one unit for a command that goes on with it only if nothing is wrong.
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type CheckedUnit, checkUnit } from '../pipeline.ts';
import { readSources } from './sources.ts';

export type ReadUnit = { readonly diagnostics: readonly Diagnostic[] /** Absent when something is wrong. */; readonly unit?: CheckedUnit };

export function readUnit(paths: readonly string[], maximumBytes: number): ReadUnit {
  const read = readSources(paths, maximumBytes);
  const checked = checkUnit(read.sources, { load: read.load });
  const diagnostics = [...read.diagnostics(), ...checked.diagnostics];
  return checked.ok && !read.failed() ? { diagnostics, unit: checked.value } : { diagnostics };
}
