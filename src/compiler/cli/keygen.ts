// `policyc keygen`: a pair of keys for bundles. The private one is readable by its owner alone; a file that is there is never replaced.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { newKeys } from '../7-build/sign.ts';
import { print, type Result } from './output.ts';
import { UsageError } from './usage-error.ts';

export function runKeygen(name: string): Result {
  const { privateKey, publicKey, name: id } = newKeys();
  const [secret, shared] = [`${name}.key`, `${name}.pub`];
  writeNew(secret, privateKey, 0o600);
  try {
    writeNew(shared, publicKey, 0o644);
  } catch (error) {
    rmSync(secret, { force: true });
    throw error;
  }
  print(
    `${secret}  signs: \`policyc build --sign ${secret}\`; whoever has it can sign\n${shared}  is trusted: \`policyd run --trust ${shared}\`\nkey ${id}`,
  );
  return { exitCode: 0 };
}

function writeNew(path: string, text: string, mode: number): void {
  try {
    const file = openSync(path, 'wx', mode);
    writeSync(file, text);
    closeSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UsageError(code === 'EEXIST' ? `\`${path}\` exists: a key is never replaced` : `\`${path}\` cannot be written: ${code}`);
  }
}
