// The table "who -> what, expected, what happened, decided by", and what the demo says while it runs.
import picocolors from 'picocolors';

const { bold, dim, green, red } = picocolors.createColors(process.stdout.isTTY === true);

export type Row = {
  readonly who: string;
  readonly what: string;
  readonly expected: 'allowed' | 'denied';
  readonly happened: string;
  readonly decidedBy: string;
  readonly good: boolean;
};

const began = performance.now();

/** A progress line. */
export const step = (text: string): void => {
  const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(5);
  console.log(`${dim(`${seconds} s`)}  ${text}`);
};

export const heading = (text: string): void => console.log(`\n${bold(text)}`);

const titles = ['who -> what', 'expected', 'what happened', 'decided by'] as const;

export function printTable(rows: readonly Row[]): void {
  const lines = rows.map(({ who, what, expected, happened, decidedBy }) => [`${who} -> ${what}`, expected, happened, decidedBy] as const);
  const widths = titles.map((title, column) => Math.max(title.length, ...lines.map((cells) => cells[column]?.length ?? 0)));
  const format = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  console.log(`\n   ${bold(format(titles))}`);
  lines.forEach((cells, index) => {
    const good = rows[index]?.good === true;
    console.log(`${good ? green('ok') : red('no')} ${good ? format(cells) : red(format(cells))}`);
  });
  console.log('');
}
