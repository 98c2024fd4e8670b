// Options that every command has, and those about one unit of policies.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { closest } from '../base/closest.ts';
import { catalog } from '../diagnostics/catalog.ts';
import { type DocumentOptions, withDocuments } from './document-options.ts';
import type { Format } from './output.ts';

export type CommonOptions = { readonly format: Format; readonly maxFileBytes: number };

/** `asOf`: `2026-12-31`. `failOn`: codes of warnings that count as errors. `inventory`: a file. */
export type UnitOptions = DocumentOptions & {
  readonly asOf: string;
  readonly expired: 'fail' | 'warn';
  readonly failOn: readonly string[];
  readonly inventory?: string;
};

const maximum = 4 * 1024 * 1024;

export const withCommon = (command: Command, formats: readonly string[] = ['text', 'json'], usual = 'text'): Command =>
  command
    .addOption(new Option('--format <format>', 'how to print').choices(formats).default(usual))
    .addOption(
      new Option('--max-file-bytes <bytes>', 'largest policy file, also as 512k or 8m').argParser(readBytes).default(maximum, '4m'),
    );

/** `expired`: what an `@until` in the past is unless said otherwise. */
export const withUnit = (command: Command, expired: UnitOptions['expired']): Command =>
  withDocuments(command)
    .addOption(new Option('--as-of <date>', 'the day that `@until` is compared with').argParser(readDate).default(today(), 'today, in UTC'))
    .addOption(new Option('--expired <what>', 'what a rule past its `@until` does').choices(['fail', 'warn']).default(expired))
    .addOption(
      new Option('--fail-on <codes>', 'warnings that count as errors: codes with commas between, or all')
        .argParser(readCodes)
        .default([], 'none'),
    )
    .option('--inventory <file>', 'warn of selectors that select none of its workloads');

/** The one place where a clock is read. */
const today = (): string => new Date().toISOString().slice(0, 10);

/** A day of the calendar, `2026-12-31`. */
export function readDate(text: string): string {
  const date = new Date(`${/^\d{4}-\d\d-\d\d$/.test(text) ? text : 'no date'}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text) {
    throw new InvalidArgumentError('expected a date, for example 2026-12-31');
  }
  return text;
}

/** Codes of warnings; `all` is every one. */
export function readCodes(text: string, before: readonly string[]): readonly string[] {
  const warnings = Object.entries(catalog).flatMap(([code, { severity }]) => (severity === 'warning' ? [code] : []));
  const given = text.split(',').map((code) => code.trim());
  for (const code of given) {
    if (code === 'all' || warnings.includes(code)) continue;
    if (Object.hasOwn(catalog, code)) throw new InvalidArgumentError(`\`${code}\` is an error already`);
    const suggestion = closest(code, warnings);
    throw new InvalidArgumentError(
      `no warning has the code \`${code}\`${suggestion === undefined ? '' : `, did you mean \`${suggestion}\`?`}`,
    );
  }
  return [...new Set([...before, ...given.flatMap((code) => (code === 'all' ? warnings : [code]))])];
}

/** A positive whole number of bytes, also as `512k` or `8m`. */
export function readBytes(text: string): number {
  const match = /^(\d{1,12})([km]?)$/i.exec(text);
  const unit = { '': 1, k: 1024, m: 1024 * 1024 }[match?.[2]?.toLowerCase() ?? ''] ?? 1;
  const bytes = Number(match?.[1] ?? 0) * unit;
  if (bytes < 1) throw new InvalidArgumentError('expected a number of bytes, for example 4194304, 512k or 8m');
  return bytes;
}

/** A positive whole number of seconds, at most a day. */
export function readSeconds(text: string): number {
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > 86_400) throw new InvalidArgumentError('expected a whole number of seconds, from 1 to 86400');
  return seconds;
}
