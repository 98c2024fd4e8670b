// A folder that is watched while its files change: from the write of one file to the answer about all of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds of each change: from the write to the answer, what the command says of its own part, and processor time of all its threads. */
export type Rechecks = { readonly answered: readonly number[]; readonly took: readonly number[]; readonly cpu: readonly number[] };

const longestWait = 120_000;
/** So long nothing is changed after an answer: comparing the rules follows it, and is not part of it. */
const quietMilliseconds = 400;

/** Processor time of a process until now, in steps of 10 ms. */
function cpuOf({ pid }: ChildProcess): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10;
}

/** What a process says, line by line. */
class Listener {
  #text = '';
  #heard = (): void => undefined;

  constructor(child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#text += chunk.toString();
        this.#heard();
      });
  }

  /** The text up to and with the pattern, which is forgotten then. */
  async until(pattern: RegExp, limit = longestWait): Promise<string> {
    const end = Date.now() + limit;
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found) {
        const until = found.index + found[0].length;
        const said = this.#text.slice(0, until);
        this.#text = this.#text.slice(until);
        return said;
      }
      if (Date.now() > end) throw new Error(`${pattern} was not said: ${this.#text.slice(-2000)}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
        setTimeout(resolve, 200).unref();
      });
    }
  }
}

/** A port, a rule more, a line more at the beginning, in turn; what was there before remains. */
const edits: readonly ((text: string, round: number) => string)[] = [
  (text, round) => text.replace(/at tcp \d+\n/, `at tcp ${30_000 + round}\n`),
  (text, round) => text.replace('  egress {\n', `  egress {\n    allow to common at tcp ${40_000 + round}\n`),
  (text, round) => `// ${round}\n${text}`,
];

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Changes one of the files `m0.policy` .. under a watching `policyc check`, again and again. */
export async function rechecks(
  program: string,
  folder: string,
  { files, times }: { readonly files: number; readonly times: number },
): Promise<Rechecks> {
  const child = spawn(process.execPath, [program, 'check', folder, '--watch'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const listener = new Listener(child);
  const answered: number[] = [];
  const took: number[] = [];
  const cpu: number[] = [];
  try {
    await listener.until(/waiting for changes\n/);
    // The first changes warm up.
    for (let round = -5; round < times; round++) {
      await pause(quietMilliseconds);
      await listener.until(/comparing rules .*\n/, 5000).catch(() => '');
      const file = join(folder, `m${((round + 5) * 37) % files}.policy`);
      const edit = edits[(round + 5) % edits.length];
      const text = readFileSync(file, 'utf8');
      const before = cpuOf(child);
      const start = performance.now();
      writeFileSync(file, edit ? edit(text, round + 5) : text);
      const said = await listener.until(/took \d+ ms, waiting for changes\n/);
      if (round < 0) continue;
      answered.push(performance.now() - start);
      cpu.push(cpuOf(child) - before);
      took.push(Number(/took (\d+) ms, waiting/.exec(said)?.[1]));
    }
  } finally {
    child.kill('SIGINT');
  }
  return { answered, took, cpu };
}
