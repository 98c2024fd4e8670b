// Random policies about program starts, and programs near them.
import type { Content } from '../../src/compiler/ir/event.ts';
import type { Random } from './random.ts';

/** Below the folder of a test. */
export const execPrograms = ['run', 'bin/echo', 'bin/a-1', 'bin/other/echo', 'opt/echo', 'opt/x/run', 'opt/x/y/run'] as const;

const patternsBelow = (folder: string): readonly string[] => [
  ...['bin/echo', 'bin/other/echo', 'opt/x/run', 'run'].map((name) => `"${folder}/${name}"`),
  `["${folder}/bin/echo", "${folder}/opt/echo"]`,
  `[under "${folder}/bin", "${folder}/run"]`,
  ...['bin', 'opt', 'opt/x', 'opt/x/y'].map((name) => `under "${folder}/${name}"`),
  ...['*/echo', 'bin/*', 'opt/*/run', '*/*/*'].map((name) => `glob "${folder}/${name}"`),
  ...['regex ".*/(bin|opt)/[a-z]+"', 'regex ".*/[a-z]-[0-9]"'],
  ...[`not "${folder}/bin/echo"`, `not under "${folder}/opt"`, `not ["${folder}/run", "${folder}/bin/a-1"]`],
];

/** Of one workload, about the programs that it starts. */
export function randomExecPolicy(source: Random, folder: string): string {
  const rule = (): string =>
    `    ${source.pick(['allow', 'allow', 'deny', 'kill'])} exec ${source.pick(patternsBelow(folder))} priority ${source.int(3)}`;
  const rules = Array.from({ length: 1 + source.int(5) }, rule).join('\n');
  return `policy p for { app: "web" } { process {\n${source.chance(0.6) ? '    default deny exec\n' : ''}${rules}\n} }`;
}

export const contentOfStart = (path: string): Content => ({ kind: 'fields', fields: { path: [path] } });
