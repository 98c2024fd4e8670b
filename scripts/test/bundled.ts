// Test files are run as bundles of all of them: each file by itself loads its modules through a compiler, which takes a second or two
// of a processor where the whole compiler is among them. A failure is told with the places of the sources.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, placesInSources } from './bundle.ts';
import type { Result } from './program.ts';
import { type Program, root } from './suites.ts';

const folder = join(root, 'build', `tests-${process.pid}`);
const fileOf = ({ command }: Program): string => command.at(-1) ?? '';
const isTestFile = (program: Program): boolean => fileOf(program).endsWith('.test.ts');

/** The same programs, with bundles in place of test files; as they are where that does not work, so that each says itself what is wrong. */
export async function bundled(programs: readonly Program[]): Promise<readonly Program[]> {
  const files = [...new Set(programs.filter(isTestFile).map(fileOf))];
  if (files.length === 0) return programs;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  try {
    mkdirSync(folder, { recursive: true });
    const bundles = await bundle(files, folder);
    return programs.map((program) => {
      const file = bundles.get(fileOf(program));
      return file === undefined ? program : { ...program, command: [process.execPath, file] };
    });
  } catch (error) {
    console.log(`test files are not bundled: ${error instanceof Error ? error.message : String(error)}`);
    return programs;
  }
}

export const withSourcePlaces = (result: Result): Result =>
  result.failed > 0 ? { ...result, output: placesInSources(result.output, folder) } : result;
