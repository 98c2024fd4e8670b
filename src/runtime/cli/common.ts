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
