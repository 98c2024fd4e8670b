// Which programs make up which suite, how long each may take, and which must not run beside others of its suite.
import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** One program to run. `report: 'uvu'` counts what uvu prints; `'status'` is one test, passed when the program ends with 0. */
export type Program = {
  readonly suite: string;
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly report: 'uvu' | 'status';
  readonly seconds: number;
  /** One program of this suite at a time: they share a kernel and are timed. */
  readonly alone: boolean;
};

/** Suites that run in `npm run test:all` only; beside them every file called `*.long.test.ts`. */
const longSuites: ReadonlySet<string> = new Set(['demo', 'package']);
const aloneSuites: ReadonlySet<string> = new Set(['kernel', 'cli', 'demo', 'package']);
/** Started first, because they take longest; all others follow in the order of their names. */
const firstSuites = ['demo', 'package', 'kernel', 'differential'];

const testFiles = (folder: string): readonly string[] =>
  readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? testFiles(path) : path.endsWith('.test.ts') ? [path] : []));

const rank = ({ suite }: Program) => {
  const at = firstSuites.findIndex((name) => suite.startsWith(name));
  return at < 0 ? firstSuites.length : at;
};

/** The programs under test/: a suite is a folder. `long` adds the long ones. */
export function filePrograms(long: boolean): readonly Program[] {
  const programs = testFiles(join(root, 'test')).map((path): Program => {
    const name = relative(root, path).split(sep).join('/');
    const folder = name.split('/')[1] ?? '';
    const isLong = longSuites.has(folder) || name.endsWith('.long.test.ts');
    return {
      suite: isLong ? `${folder} (long)` : folder,
      name,
      command: [process.execPath, '--import', 'tsx', name],
      report: 'uvu',
      seconds: isLong ? 900 : 240,
      alone: aloneSuites.has(folder),
    };
  });
  return programs.filter(({ suite }) => long || !suite.endsWith('(long)')).sort((a, b) => rank(a) - rank(b));
}
