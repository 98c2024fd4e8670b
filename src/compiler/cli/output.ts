// What the command line prints, and where: results on standard output, findings on standard error, one JSON document on
// standard output instead of both when asked. Colours only on a terminal.
import picocolors from 'picocolors';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnosticRecord, renderDiagnostics } from '../diagnostics/render.ts';

export type Format = 'text' | 'json';
export type Colors = ReturnType<typeof picocolors.createColors>;

/** `exitCode` 0: as it should be; 1: the policy is wrong, or differs where that was asked; 2: wrong usage; 3: not all is decided. */
export type Result = { readonly exitCode: 0 | 1 | 2 | 3 };

/** NO_COLOR and FORCE_COLOR are the conventions of no-color.org and of Node. */
const isColored = (stream: NodeJS.WriteStream): boolean => {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR || FORCE_COLOR === '0' || FORCE_COLOR === 'false') return false;
  return Boolean(FORCE_COLOR) || (stream.isTTY === true && TERM !== 'dumb');
};

/** Colours for what goes to a stream: none unless it is a terminal. */
export const colorsOf = (stream: NodeJS.WriteStream): Colors => picocolors.createColors(isColored(stream));

export const print = (text: string): void => void process.stdout.write(text === '' || text.endsWith('\n') ? text : `${text}\n`);
export const printError = (text: string): void => void process.stderr.write(text === '' || text.endsWith('\n') ? text : `${text}\n`);
export const printJson = (value: unknown): void => print(JSON.stringify(value, undefined, 2));

/** Findings in the chosen form: text goes out at once, JSON is what the caller puts into its document. */
export function reportDiagnostics(diagnostics: readonly Diagnostic[], format: Format): readonly unknown[] {
  if (format === 'text' && diagnostics.length > 0) printError(renderDiagnostics(diagnostics, { color: isColored(process.stderr) }));
  return diagnostics.map(diagnosticRecord);
}

/** A whole number, `-12,345`; by hand, since `Intl` takes 20 ms to load. */
export const grouped = (value: number): string => String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** `1 file`, `3 rules`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
