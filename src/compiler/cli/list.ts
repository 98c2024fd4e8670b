// `policyc list`: all connections that are allowed between the workloads that there are, and with what is outside.
import type { ConnectivityReport } from '../analysis/connectivity.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Stated } from '../ir/workload.ts';
import { type CheckedUnit, connectivityUnit } from '../pipeline.ts';
import type { DocumentOptions } from './document-options.ts';
import { readWorkloads } from './inventory.ts';
import { type ListFormat, listText } from './list-text.ts';
import type { CommonOptions } from './options.ts';
import { colorsOf, print, printJson, type Result, reportDiagnostics } from './output.ts';
import { readUnit } from './unit.ts';
import { UsageError } from './usage-error.ts';

export type ListOptions = Omit<CommonOptions, 'format'> &
  DocumentOptions & {
    readonly format: ListFormat;
    readonly inventory?: string;
    readonly focus: readonly string[];
    readonly explain?: true;
  };

export function runList(given: readonly string[], options: ListOptions): Result {
  const { format, inventory, focus, explain, ...reading } = options;
  const shown = format === 'json' ? 'json' : 'text';
  const read = readUnit(given, reading);
  const listed = read.unit && connectivityUnit(read.unit, whoThereIs(read.unit, inventory));
  const records = reportDiagnostics([...read.diagnostics, ...(listed?.diagnostics ?? [])].filter(concernsMeaning), shown);
  if (!listed?.ok) {
    if (format === 'json') printJson({ ok: false, diagnostics: records });
    return { exitCode: 1 };
  }
  const report = focused(listed.value, focus);
  if (format === 'json') printJson({ ok: true, ...report, diagnostics: records });
  else print(listText(report, { format, explain: explain === true, colors: colorsOf(process.stdout) }));
  return { exitCode: 0 };
}

/** What is wrong, and what of documents is not meant as it may seem; what could be written better is `check`'s. */
export const concernsMeaning = ({ severity, code }: Diagnostic): boolean => severity === 'error' || code.startsWith('import/');

/** Workloads of the documents, and those of the inventory. */
export function whoThereIs({ stated }: CheckedUnit, inventory: string | undefined): Stated {
  const workloads = [...stated.workloads, ...(inventory === undefined ? [] : readWorkloads(inventory))];
  if (workloads.length === 0) {
    const where =
      inventory === undefined ? 'the files state none: add their manifests, or give `--inventory`' : `\`${inventory}\` lists none`;
    throw new UsageError(`there are no workloads to ask about: ${where}`);
  }
  return { ...stated, workloads };
}

/** What begins or ends at one of these workloads: by its name, with or without its namespace and kind. */
function focused(report: ConnectivityReport, focus: readonly string[]): ConnectivityReport {
  if (focus.length === 0) return report;
  const isMeant = (name: string): boolean => focus.some((one) => namesOf(name).includes(one));
  const unknown = focus.find((one) => !report.workloads.some((name) => namesOf(name).includes(one)));
  if (unknown !== undefined) throw new UsageError(`no workload is called \`${unknown}\`, expected one of ${report.workloads.join(', ')}`);
  return { ...report, connections: report.connections.filter(({ source, destination }) => isMeant(source) || isMeant(destination)) };
}

function namesOf(name: string): readonly string[] {
  const plain = name.replace(/\[[^\]]*\]$/, '');
  return [name, plain, plain.slice(plain.indexOf('/') + 1)];
}
