// `policyc fmt`: writes policy files in their canonical form, or says which are not in it. A file changes as a whole or
// not at all, and keeps its mode; one with mistakes, and one that is in form already, is not touched.
import {
  chownSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SourceText } from '../base/source.ts';
import { collector, type Diagnostic, wholeFile } from '../diagnostics/diagnostic.ts';
import { format as formatSource } from '../format/index.ts';
import { holdsDocuments } from '../pipeline.ts';
import type { CommonOptions } from './options.ts';
import { counted, print, printError, printJson, type Result, reportDiagnostics } from './output.ts';
import { readSources, sourceOf } from './sources.ts';

export type FormatCommandOptions = CommonOptions & { readonly check?: true; readonly stdout?: true };

/** A file without mistakes. `text`: its canonical form. */
type Outcome = { readonly source: SourceText; readonly text: string };

type Given = { readonly sources: readonly SourceText[]; readonly diagnostics: readonly Diagnostic[] };

const standardInput = '<stdin>';

export function runFormat(paths: readonly string[], options: FormatCommandOptions): Result {
  const isPipe = paths.includes('-');
  if (isPipe && paths.length > 1) return wrongUsage('`-` stands for standard input and stands alone');
  if (options.check && options.stdout) return wrongUsage('--check prints no text: leave out --stdout or --check');
  const documents = paths.find((path) => holdsDocuments(path));
  if (documents !== undefined) return wrongUsage(`\`${documents}\` holds no policy text; \`policyc import\` writes it as such`);
  const given = isPipe ? readPipe(options.maxFileBytes) : readFiles(paths, options.maxFileBytes);
  const formatted = given.sources.map((source) => ({ source, result: formatSource(source) }));
  const outcomes = formatted.flatMap(({ source, result }) => (result.ok ? [{ source, text: result.text }] : []));
  const mistakes = formatted.flatMap(({ result }) => (result.ok ? [] : result.diagnostics));
  const diagnostics = unique([...given.diagnostics, ...mistakes]);
  const records = reportDiagnostics(diagnostics, options.format);
  const changed = outcomes.filter(({ source, text }) => source.text !== text);
  const failures = options.check || options.stdout || isPipe ? [] : changed.flatMap(write);
  for (const message of failures) printError(`policyc: ${message}`);
  const isWrong = diagnostics.some(({ severity }) => severity === 'error');
  const ok = !isWrong && failures.length === 0 && !(options.check && changed.length > 0);
  const showsText = !options.check && (options.stdout === true || isPipe);
  if (options.format === 'json') printJson({ ok, files: outcomes.map((outcome) => record(outcome, showsText)), diagnostics: records });
  else if (showsText) print(outcomes.map(({ text }) => text).join(''));
  else printFiles(outcomes.length, changed, options);
  return { exitCode: ok ? 0 : 1 };
}

function wrongUsage(message: string): Result {
  printError(`policyc: ${message}`);
  return { exitCode: 2 };
}

function readFiles(paths: readonly string[], maximumBytes: number): Given {
  const { sources, diagnostics } = readSources(paths, maximumBytes);
  return { sources: sources.filter(({ path }) => !holdsDocuments(path)), diagnostics: diagnostics() };
}

function readPipe(maximumBytes: number): Given {
  const log = collector();
  const bytes = readFileSync(0);
  if (bytes.length > maximumBytes) log.report('source/too-large', wholeFile(standardInput), { bytes: bytes.length, limit: maximumBytes });
  const source = log.failed() ? undefined : sourceOf(standardInput, bytes, log);
  return { sources: source ? [source] : [], diagnostics: log.all() };
}

/** What reading and parsing both say of a file is said once. */
const unique = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  diagnostics.filter((one, i) => {
    const isSame = ({ code, span }: Diagnostic): boolean =>
      code === one.code && span.source.path === one.span.source.path && span.start === one.span.start;
    return diagnostics.findIndex(isSame) === i;
  });

const record = ({ source, text }: Outcome, showsText: boolean) => ({
  file: source.path,
  changed: source.text !== text,
  ...(showsText ? { text } : {}),
});

/** The files that differ, one a line, and on a terminal how many of how many. */
function printFiles(count: number, changed: readonly Outcome[], { check }: FormatCommandOptions): void {
  for (const { source } of changed) print(source.path);
  const verb = check ? 'not in canonical form' : 'formatted';
  if (process.stdout.isTTY) printError(`${counted(count, 'file')}, ${changed.length} ${verb}`);
}

/** Writes beside the file and moves it into place; a symbolic link stays one. Gives what went wrong. */
function write({ source, text }: Outcome): readonly string[] {
  let temporary: string | undefined;
  try {
    const file = realpathSync(source.path);
    const { mode, uid, gid } = statSync(file);
    temporary = join(dirname(file), `.${basename(file)}.${process.pid}.new`);
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      writeAll(descriptor, Buffer.from(text, 'utf8'));
      const made = statSync(temporary);
      if (made.uid !== uid || made.gid !== gid) chownSync(temporary, uid, gid);
      fchmodSync(descriptor, mode & 0o7777);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
    return [];
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (temporary !== undefined) rmSync(temporary, { force: true });
    return [`cannot write \`${source.path}\`: ${error.message}`];
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}
