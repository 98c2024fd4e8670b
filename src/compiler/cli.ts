// policyc, the command line: reading arguments, exit codes, and what happens when something goes wrong. No stack trace
// reaches a user: a mistake of theirs is a message, a mistake of ours is one line that asks for a report.
import { CommanderError } from 'commander';
import { packageRoot, versionOf } from './cli/installation.ts';
import { policyc } from './cli/program.ts';
import { isUsageError } from './cli/usage-error.ts';

/** Our own mistake (`EX_SOFTWARE` of sysexits.h); nothing else ends with it. */
const bugExitCode = 70;

function reportBug(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`policyc: a mistake of the program itself: ${message.split('\n')[0]}; please report it (DEBUG=1 shows where)\n`);
  if (process.env['DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = bugExitCode;
}

/** The reader of a pipe went away (`policyc diff ... | head`): nothing is left to say. */
function onStreamError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit();
  reportBug(error);
  process.exit();
}

async function main(args: readonly string[]): Promise<void> {
  const program = policyc(versionOf(packageRoot()), ({ exitCode }) => {
    process.exitCode = exitCode;
  });
  for (const command of [program, ...program.commands]) command.exitOverride();
  if (args.length === 0) {
    program.outputHelp({ error: true });
    process.exitCode = 2;
    return;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (isUsageError(error)) process.stderr.write(`policyc: ${error.message}\n`);
    else if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
  }
}

process.stdout.on('error', onStreamError);
process.stderr.on('error', onStreamError);
process.on('uncaughtException', reportBug);
await main(process.argv.slice(2)).catch(reportBug);
