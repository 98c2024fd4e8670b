// docs/kernels.md: what each kernel has and takes, written from what runs have found out and from nothing else.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { probeMethod, probeNames } from '../../src/runtime/kernel/features.ts';
import { root } from '../test/suites.ts';
import { kernelTests } from './programs.ts';
import { type Findings, type Outcome, recorded } from './record.ts';

export const tableFile = 'docs/kernels.md';

/** A table of the document: the heading above it, the head of its first column, kernels, and a row for each name. */
export type Table = {
  readonly title: string;
  readonly head: string;
  readonly kernels: readonly string[];
  readonly rows: readonly { readonly name: string; readonly cells: readonly string[] }[];
};

const notRun = '–';
const outcomeText = ({ passed, failed, skipped }: Outcome): string =>
  [`${passed} passed`, ...(failed > 0 ? [`${failed} failed`] : []), ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ');

/** Of other kernels than Debian's the version alone says something. */
const nameOf = (release: string): string => (release.endsWith('-cloud-amd64') ? release : (/^\d+\.\d+/.exec(release)?.[0] ?? release));

type Cell = (name: string, found: Findings) => string | undefined;

function tableOf(heads: Pick<Table, 'title' | 'head'>, names: readonly string[], of: Cell): Table {
  const kernels = recorded();
  return {
    ...heads,
    kernels: kernels.map(({ release }) => nameOf(release)),
    rows: names.map((name) => ({ name, cells: kernels.map((found) => of(name, found) ?? notRun) })),
  };
}

const programNames = (): readonly string[] => [...new Set(recorded().flatMap(({ programs }) => Object.keys(programs)))].sort();

/** The tables as they are now: rows for everything that there is, `–` where no run has asked. */
export const tables = (): readonly Table[] => [
  tableOf({ title: 'Features', head: 'feature' }, probeNames, (name, { features }) => features[name]),
  tableOf({ title: 'Programs', head: 'program' }, programNames(), (name, { programs }) => programs[name]),
  tableOf({ title: 'Tests', head: 'file' }, kernelTests(), (name, { tests }) => {
    const outcome = tests[name];
    return outcome && outcomeText(outcome);
  }),
];

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const tableText = ({ title, head, kernels, rows }: Table): string =>
  [
    `## ${title}`,
    '',
    line([head, ...kernels]),
    line(['---', ...kernels.map(() => '---')]),
    ...rows.map(({ name, cells }) => line([`\`${name}\``, ...cells])),
  ].join('\n');

const introduction = `# Kernels

What policyd finds on the kernels that it is held to: Debian's cloud kernels, booted in QEMU, and the one of a developer's machine. Each feature is found by trying it, each
program was loaded and attached, each test ran there. Written by \`npm run test:kernels -- --table\` after runs of \`npm run test:kernels -- --all\`; not edited by hand.`;

const methods = (): string =>
  ['How a feature is found:', '', ...probeNames.map((name) => `- \`${name}\`: ${probeMethod(name)}`)].join('\n');

export const documentText = (all: readonly Table[]): string => `${[introduction, ...all.map(tableText), methods()].join('\n\n')}\n`;

const cellsOf = (text: string): readonly string[] => text.slice(2, -2).split(' | ');

/** Reads the tables of a document again. */
export const tablesIn = (document: string): readonly Table[] =>
  [...document.matchAll(/^## (.+)\n\n((?:\|.*\n)+)/gm)].map(([, title = '', block = '']) => {
    const [first = '', , ...lines] = block.trimEnd().split('\n');
    const [head = '', ...kernels] = cellsOf(first);
    const rows = lines.map(cellsOf).map(([name = '', ...cells]) => ({ name: name.replaceAll('`', ''), cells }));
    return { title, head, kernels, rows };
  });

export const documentNow = (): string => readFileSync(join(root, tableFile), 'utf8');
export const writeTable = (): void => writeFileSync(join(root, tableFile), documentText(tables()));
