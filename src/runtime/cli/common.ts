// What all commands share: options, exit codes, and how a refusal is shown. No exception's stack ever reaches a user;
// what nobody expected is one line that asks for a report.
import type { Complaint } from '../daemon/refusal.ts';
import { errorText, Refusal } from '../daemon/refusal.ts';
import { version } from '../version.ts';

/** 0: done; 1: refused, or there is nothing to show; 2: the command line is wrong. */
export const exitCode = { ok: 0, refused: 1, usage: 2 } as const;

export const log = (line: string): void => void process.stderr.write(`policyd: ${line}\n`);
export const print = (text: string): void => void process.stdout.write(`${text}\n`);

const complaintText = ({ message, help }: Complaint): string =>
  `policyd: error: ${message}${help === undefined ? '' : `\n  help: ${help}`}\n`;

/** What nobody expected: one line, the place of it only where asked for. */
function unexpected(error: unknown): void {
  process.stderr.write(
    `policyd: error: ${errorText(error).split('\n')[0]}\n  help: policyd ${version} did not expect this; please report it (DEBUG=1 shows where)\n`,
  );
  if (process.env['DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}

/** Runs a command; what it returns is the exit code. A UsageError is the caller's. */
export async function guarded(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof Refusal) process.stderr.write(error.complaints.map(complaintText).join(''));
    else unexpected(error);
    return exitCode.refused;
  }
}

/** Errors that no command can catch. A daemon ends with them; enforcement goes on. */
export function guardProcess(): void {
  const fail = (error: unknown): never => {
    unexpected(error);
    process.exit(exitCode.refused);
  };
  process.on('uncaughtException', fail).on('unhandledRejection', fail);
  for (const stream of [process.stdout, process.stderr]) {
    // A reader that went away (`| head`) wants no more.
    stream.on('error', (error) => ('code' in error && error.code === 'EPIPE' ? process.exit(exitCode.ok) : fail(error)));
  }
}

/** `1 rule`, `2 rules`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** A wrong value on the command line. */
export class UsageError extends Error {}

const units: ReadonlyMap<string, number> = new Map(Object.entries({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }));
/** The longest that a timer can wait. */
const longest = 2 ** 31 - 1;

/** A duration on the command line; throws a UsageError. */
export function milliseconds(option: string, text: string): number {
  const [, count = '', unit = ''] = /^(\d+)(ms|s|m|h)?$/.exec(text) ?? [];
  const value = Number(count) * (units.get(unit) ?? 0);
  if (count === '' || (unit === '' && Number(count) !== 0) || value > longest)
    throw new UsageError(`${option}: expected a duration (\`30s\`, \`5m\`) or \`0\`, found \`${text}\``);
  return value;
}
