// `policyc import`: documents of Kubernetes and its like, written as policy files in canonical form.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SourceText } from '../base/source.ts';
import { type Diagnostic, isError } from '../diagnostics/diagnostic.ts';
import { format as formatSource } from '../format/index.ts';
import { holdsDocuments, importUnit } from '../pipeline.ts';
import { type DocumentOptions, importOptionsOf } from './document-options.ts';
import type { CommonOptions } from './options.ts';
import { counted, print, printError, printJson, type Result, reportDiagnostics } from './output.ts';
import { readSources } from './sources.ts';
import { UsageError } from './usage-error.ts';

export type ImportCommandOptions = CommonOptions & DocumentOptions & { readonly output?: string };

/** `path`: where the text is written, if anywhere. */
type Written = { readonly from: string; readonly path: string; readonly text: string };

export function runImport(paths: readonly string[], options: ImportCommandOptions): Result {
  const { format, output, maxFileBytes } = options;
  const read = readSources(paths, maxFileBytes);
  const imported = importUnit(read.sources.filter(isDocuments), { documents: importOptionsOf(options) });
  const diagnostics: readonly Diagnostic[] = [...read.diagnostics(), ...imported.diagnostics];
  const records = reportDiagnostics(diagnostics, format);
  if (!imported.ok || diagnostics.some(isError)) {
    if (format === 'json') printJson({ ok: false, diagnostics: records });
    return { exitCode: 1 };
  }
  const files = named(imported.value.sources.map(canonical));
  if (output !== undefined) {
    const there = files.map(({ path }) => join(output, path)).find(existsSync);
    if (there !== undefined) throw new UsageError(`\`${there}\` is there already: remove it, or give another folder`);
    for (const { path, text } of files) writeInto(join(output, path), text);
  }
  const shown = output === undefined ? files : files.map((file) => ({ ...file, path: join(output, file.path) }));
  if (format === 'text' && shown.length === 0) printError('no policy is among the documents: nothing is written');
  if (format === 'json') printJson({ ok: true, files: shown, diagnostics: records });
  else if (output === undefined) print(shown.map(({ text }) => text).join('\n'));
  else {
    for (const { path } of shown) print(path);
    if (process.stdout.isTTY) printError(`${counted(shown.length, 'file')} written`);
  }
  return { exitCode: 0 };
}

/** Policy files that stand beside documents in a folder are what they are. */
const isDocuments = ({ path }: SourceText): boolean => holdsDocuments(path);

function canonical(source: SourceText): Omit<Written, 'path'> {
  const formatted = formatSource(source);
  if (!formatted.ok) throw new Error(`policyc bug: what \`${source.path}\` was written as cannot be read`);
  return { from: source.path, text: formatted.text };
}

/** Below the folder that all have in common: `web.yaml` becomes `web.policy`, a second one of that name `web-2.policy`. */
function named(files: readonly Omit<Written, 'path'>[]): readonly Written[] {
  const common = commonFolder(files.map(({ from }) => dirname(from)));
  const taken = new Set<string>();
  return files.map((file) => {
    const stem = file.from.slice(common.length).replace(/\.[^./]*$/, '');
    let path = `${stem}.policy`;
    for (let n = 2; taken.has(path); n++) path = `${stem}-${n}.policy`;
    taken.add(path);
    return { ...file, path };
  });
}

/** With a slash at its end; empty for the working directory. */
function commonFolder([first = '.', ...others]: readonly string[]): string {
  const steps = first === '.' ? [] : first.split('/');
  const shared = steps.findIndex((_, i) => !others.every((other) => `${other}/`.startsWith(`${steps.slice(0, i + 1).join('/')}/`)));
  const folder = (shared < 0 ? steps : steps.slice(0, shared)).join('/');
  return folder === '' && !first.startsWith('/') ? '' : `${folder}/`;
}

function writeInto(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw new UsageError(`cannot write \`${path}\`: ${String(error.code)}`);
    throw error;
  }
}
