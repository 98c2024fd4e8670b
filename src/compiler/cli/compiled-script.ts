// The code of all commands, as the build lays it out: one script and, beside it, what V8 made of it when it was built (its code cache).
// To compile the script anew takes longer than most commands do. Another version of V8 refuses the cache, and compiles.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import type * as program from './program.ts';

/** Name of a module of this folder, without `.ts` -> the module, made when it is first asked for. */
type Modules = Readonly<Record<string, () => object>> & { readonly program: () => typeof program };
type Run = (module: { exports?: Modules }, require: NodeJS.Require, directory: string) => void;

/** `script`: the file without its ending. Both files are of one build: a cache of another text of the same length would be taken, too. */
export const cacheOf = (script: string): string => `${script}.cache`;

export function scriptOf(script: string): Script {
  const filename = `${script}.cjs`;
  const cache = cacheOf(script);
  // Each of its characters is one byte.
  const text = `(function (module, require, __dirname) {${readFileSync(filename, 'latin1')}\n})`;
  return new Script(text, { filename, ...(existsSync(cache) && { cachedData: readFileSync(cache) }) });
}

/** Runs it as a module of `directory`. */
export function modulesOf(script: Script, directory: string): Modules {
  const run: Run = script.runInThisContext();
  const module: { exports?: Modules } = {};
  run(module, createRequire(join(directory, 'module')), directory);
  if (!module.exports) throw new Error('the script of the commands exports nothing');
  return module.exports;
}

let modules: Modules | undefined;

/** A module of this folder from the script that stands beside the program. */
export function moduleIn(script: string, name: string): object | undefined {
  modules ??= modulesOf(scriptOf(join(import.meta.dirname, script)), import.meta.dirname);
  return modules[name]?.();
}
