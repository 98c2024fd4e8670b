// Which programs make up which suite, how long each may take, and which must not run beside others of its suite.
import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** One program to run. `report: 'uvu'` counts what uvu prints; `'status'` is one test, passed when the program ends with 0. */
export type Program = {
  readonly suite: string;
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  readonly report: 'uvu' | 'status';
  readonly seconds: number;
  /** One program of this suite at a time: they share a kernel and are timed. */
  readonly alone: boolean;
};

/** Suites that run in `npm run test:all` only; beside them every file called `*.long.test.ts`. */
const longSuites: ReadonlySet<string> = new Set(['demo', 'package']);
/** Tests of which the long run asks more of the same: what the short one asks, and then on. */
const longRuns: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'test/differential/oracle-vs-kernel.test.ts': { PAIRS: '100000' },
  'test/differential/oracle-vs-sockets.test.ts': { SOCKETS: '2000' },
  'test/differential/oracle-vs-compiled.test.ts': { POLICIES: '1000' },
  'test/differential/oracle-vs-diff.test.ts': { ROUNDS: '200' },
  'test/differential/oracle-vs-unreachable.test.ts': { PROGRAMS: '1000' },
};
const aloneSuites: ReadonlySet<string> = new Set(['kernel', 'cli', 'demo', 'package']);
/** The static checks, then what takes longest; all others follow in the order of their names. */
const firstSuites = ['checks', 'kernels', 'demo', 'package', 'kernel', 'differential'];

const testFiles = (folder: string): readonly string[] =>
  readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? testFiles(path) : path.endsWith('.test.ts') ? [path] : []));

const rank = ({ suite }: Program) => {
  const at = firstSuites.indexOf(suite.split(' ')[0] ?? '');
  return at < 0 ? firstSuites.length : at;
};

function programOf(name: string, environment?: Readonly<Record<string, string>>): Program {
  const folder = name.split('/')[1] ?? '';
  const isLong = environment !== undefined || longSuites.has(folder) || name.endsWith('.long.test.ts');
  const more = Object.entries(environment ?? {}).map(([key, value]) => ` ${key}=${value}`);
  return {
    suite: isLong ? `${folder} (long)` : folder,
    name: name + more.join(''),
    command: [process.execPath, '--import', 'tsx', name],
    ...(environment && { environment }),
    report: 'uvu',
    seconds: isLong ? 1500 : 480,
    alone: aloneSuites.has(folder),
  };
}

/** The programs under test/: a suite is a folder. `long` adds the long ones. */
export function filePrograms(long: boolean): readonly Program[] {
  const names = testFiles(join(root, 'test')).map((path) => relative(root, path).split(sep).join('/'));
  return names.map((name) => programOf(name, long ? longRuns[name] : undefined)).filter(({ suite }) => long || !suite.endsWith('(long)'));
}

/** In the order in which they are started. */
export const inOrder = (programs: readonly Program[]): readonly Program[] => [...programs].sort((a, b) => rank(a) - rank(b));
