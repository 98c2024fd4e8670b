// The static checks: types, format and lint, generated files. Each is one test of the suite
// `checks`, and a program that can be run by hand.
import type { Program } from './suites.ts';

const tsx = (script: string, ...args: readonly string[]): readonly [string, ...string[]] => [
  process.execPath,
  '--import',
  'tsx',
  script,
  ...args,
];

const commands = (): Readonly<Record<string, readonly [string, ...string[]]>> => ({
  types: [process.execPath, 'node_modules/typescript/bin/tsc', '-p', '.'],
  'format and lint': [process.execPath, 'node_modules/@biomejs/biome/bin/biome', 'ci', '--error-on-warnings', '--colors=off', '.'],
  'types of the report page': [process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'src/report'],
  'generated report page is fresh': tsx('scripts/generate-report.ts', '--check'),
  'generated header is fresh': tsx('scripts/generate.ts', '--check'),
  'generated grammar is fresh': tsx('scripts/generate-grammar.ts', '--check'),
});

export const checks = (): readonly Program[] =>
  Object.entries(commands()).map(([name, command]) => ({
    suite: 'checks',
    name,
    command,
    report: 'status',
    seconds: 240,
    alone: false,
  }));
