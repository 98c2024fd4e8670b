// What the programs that make cases and ask them say, as lines of JSON; and what is kept of it.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** One file has the cases of so many pairs, or a few more. */
export const pairsPerFile = 20_000;

/** What became of the cases of one file. */
export type Asked = {
  readonly file: number;
  readonly release: string;
  readonly policies: number;
  readonly pairs: number;
  readonly packets: number;
  readonly mismatches: readonly string[];
};

/** Begins each line that says something; others are somebody's output. */
export const progressMark = '@pairs ';

/** Lines that were kept; one that was cut off is none. */
export function keptIn(file: string): readonly Asked[] {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return lines.slice(0, -1).map((line): Asked => JSON.parse(line));
}

export const keep = (file: string, asked: Asked): void => appendFileSync(file, `${JSON.stringify(asked)}\n`);
