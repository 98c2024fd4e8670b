// THE list of what is written: one line for each target.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { TypedPolicy } from '../ir/typed.ts';
import { exportCilium } from './cilium/export/index.ts';
import type { ImportOptions, JsonObject } from './importer.ts';
import { exportKubernetes } from './kubernetes/export/index.ts';
import { exportTetragon } from './tetragon/export/index.ts';

/** Documents that mean the same when they are read with these options, in a fixed order; what the target cannot say is reported at its rule. */
export type Exporter = (typed: TypedPolicy, report: Report, options: ImportOptions) => readonly JsonObject[];

export const exportTargets = ['cilium', 'kubernetes', 'tetragon'] as const;
export type ExportTarget = (typeof exportTargets)[number];
export const exporters: Readonly<Record<ExportTarget, Exporter>> = {
  cilium: exportCilium,
  kubernetes: exportKubernetes,
  tetragon: exportTetragon,
};
