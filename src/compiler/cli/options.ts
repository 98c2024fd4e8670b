// Options that every command has.
import { InvalidArgumentError } from 'commander';
import type { Format } from './output.ts';

export type CommonOptions = { readonly format: Format; readonly maxFileBytes: number };

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
