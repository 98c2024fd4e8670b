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

/** Runs a command; what it returns is the exit code. A UsageError is the caller's. */
export async function guarded(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof Refusal) process.stderr.write(error.complaints.map(complaintText).join(''));
    else process.stderr.write(`policyd: error: ${errorText(error)}\n  help: policyd ${version} did not expect this; please report it\n`);
    return exitCode.refused;
  }
}

/** `1 rule`, `2 rules`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** A wrong value on the command line. */
export class UsageError extends Error {}

/** Observers of a pipe that was closed (`| head`) end quietly. */
export function endWithReader(stream: NodeJS.WriteStream, end: () => void): void {
  stream.on('error', (error) => {
    if ('code' in error && error.code === 'EPIPE') end();
    else throw error;
  });
}
