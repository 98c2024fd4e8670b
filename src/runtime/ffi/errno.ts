// Names of the errors that the kernel answers with, and the exception that carries one. A negative return of libbpf is
// -errno; a null pointer leaves it in errno.
import { constants } from 'node:os';

const names: ReadonlyMap<number, string> = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
/** ENOTSUPP is the kernel's own and stands in no user header; libbpf numbers its errors from 4000 (libbpf/libbpf.h). */
const others: ReadonlyMap<number, string> = new Map([
  [524, 'ENOTSUPP'],
  [4000, 'LIBBPF_ELIBELF'],
  [4001, 'LIBBPF_EFORMAT'],
  [4002, 'LIBBPF_EKVERSION'],
  [4003, 'LIBBPF_EENDIAN'],
  [4004, 'LIBBPF_EINTERNAL'],
  [4005, 'LIBBPF_ERELOC'],
  [4006, 'LIBBPF_ELOAD'],
  [4007, 'LIBBPF_EVERIFY'],
  [4008, 'LIBBPF_EPROG2BIG'],
  [4009, 'LIBBPF_EKVER'],
  [4010, 'LIBBPF_EPROGTYPE'],
]);

/** `EPERM` for 1; `errno 999` for what has no name. */
export const errnoName = (number: number): string => names.get(number) ?? others.get(number) ?? `errno ${number}`;

/** A call to libbpf or libc failed. `code` is the name of the error, `log` what libbpf said meanwhile. */
export class CallError extends Error {
  readonly code: string;
  readonly call: string;
  readonly log: string;

  constructor(call: string, number: number, log: string) {
    super(`${call}: ${errnoName(number)}${log === '' ? '' : ` (${lastLine(log)})`}`);
    this.name = 'CallError';
    this.code = errnoName(number);
    this.call = call;
    this.log = log;
  }
}

const lastLine = (log: string): string => log.trimEnd().split('\n').at(-1)?.trim() ?? '';

/** Is `error` a failed call (of ours or of node:fs) with one of these codes? */
export const isCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code));
