// `--watch`: runs a command again whenever one of its files, or of the files that they import, is another. Folders are
// watched, not files: editors replace files. An interrupt ends it as it ends every command. Of many rules the answer comes first; that
// they are compared with each other, which may find rules that never decide, waits for a moment without changes.
import { existsSync, type FSWatcher, statSync, watch as watchFolder } from 'node:fs';
import { dirname } from 'node:path';
import type { SourceText } from '../base/source.ts';
import { compareUnit } from '../pipeline.ts';
import type { CommonOptions, UnitOptions } from './options.ts';
import { colorsOf, printError, type Result, reportDiagnostics } from './output.ts';
import { readSources, type Sources } from './sources.ts';
import { checkedSources, escalatedBy, Memory, type ReadUnit } from './unit.ts';
import { UsageError } from './usage-error.ts';

type WatchOptions = Omit<CommonOptions, 'format'> & UnitOptions & { readonly format: string };

/** Events that come within this time are one change. */
const settleMilliseconds = 25;
/** Where folders cannot be watched (too many of them for the system) they are looked at so often. */
const pollMilliseconds = 1000;
/** Rules that are compared before the answer: it takes a few milliseconds. */
const comparedAtOnce = 5000;
/** How long nothing has to change before more are. */
const idleMilliseconds = 300;

/** Runs `once` now and after each change; never ends by itself. */
export function watch(paths: readonly string[], options: WatchOptions, once: (read: ReadUnit) => Result): Promise<Result> {
  const memory = new Memory();
  let before: Sources | undefined;
  let waiting: NodeJS.Timeout | undefined;
  let comparing: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(waiting);
    waiting = setTimeout(again, settleMilliseconds);
  };
  const folders = new WatchedFolders(soon);
  const round = (): void => {
    const start = performance.now();
    const sources = readSources(paths, options.maxFileBytes, { cache: memory.files });
    const read = checkedSources(sources, options.format === 'text' ? { ...options, comparedAtOnce } : options, memory);
    const changed = before && changesBetween(before, sources);
    if (changed === undefined || changed.length > 0) {
      if (options.format === 'text' && process.stdout.isTTY && process.stderr.isTTY) process.stdout.write('\u001b[2J\u001b[H');
      once(read);
      tell(changed, performance.now() - start);
      clearTimeout(comparing);
      if (read.unit?.uncompared) comparing = setTimeout(() => compare(read, options), idleMilliseconds);
    }
    before = sources;
    folders.set([...sources.folders(), ...paths.map(dirname)]);
  };
  const again = (): void => {
    try {
      round();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      printError(`policyc: ${error.message}`);
    }
  };
  round();
  return new Promise(() => undefined);
}

/** What the answer left out. */
function compare({ unit, diagnostics }: ReadUnit, options: WatchOptions): void {
  const start = performance.now();
  const more = unit ? compareUnit(unit, diagnostics, escalatedBy(options)) : [];
  if (more.length > 0) reportDiagnostics(more, 'text');
  const what = more.length > 0 ? 'found the above' : 'found nothing more';
  printError(colorsOf(process.stderr).dim(`comparing rules ${what}; took ${Math.round(performance.now() - start)} ms`));
}

/** Paths of files that are new, gone or another, and of those about which there is another thing to say. */
function changesBetween(before: Sources, now: Sources): readonly string[] {
  const textsOf = (all: Sources) => new Map(all.read().map(({ path, text }: SourceText) => [path, text]));
  const foundOf = (all: Sources) => new Map(all.diagnostics().map(({ span, message }) => [span.source.path, message]));
  const differing = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): readonly string[] =>
    [...a.keys(), ...b.keys()].filter((path) => a.get(path) !== b.get(path));
  return [...new Set([...differing(textsOf(before), textsOf(now)), ...differing(foundOf(before), foundOf(now))])].sort();
}

function tell(changed: readonly string[] | undefined, milliseconds: number): void {
  const shown = changed?.slice(0, 5).join(', ') ?? '';
  const more = changed && changed.length > 5 ? ` and ${changed.length - 5} more` : '';
  const why = changed ? `changed: ${shown}${more}; ` : '';
  printError(colorsOf(process.stderr).dim(`${why}took ${Math.round(milliseconds)} ms, waiting for changes`));
}

/** Calls `changed` for whatever happens in the folders; also when one could only now be watched. */
class WatchedFolders {
  readonly #changed: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #polling: NodeJS.Timeout | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  set(folders: readonly string[]): void {
    const wanted = new Map(folders.filter(existsSync).map((folder) => [`${statSync(folder).ino} ${folder}`, folder]));
    for (const [key, watcher] of this.#watchers) if (!wanted.has(key)) this.#drop(key, watcher);
    for (const [key, folder] of wanted) if (!this.#watchers.has(key)) this.#add(key, folder);
  }

  #add(key: string, folder: string): void {
    try {
      const watcher = watchFolder(folder, this.#changed);
      watcher.on('error', () => this.#drop(key, watcher));
      this.#watchers.set(key, watcher);
      this.#changed();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      this.#polling ??= setInterval(this.#changed, pollMilliseconds);
    }
  }

  #drop(key: string, watcher: FSWatcher): void {
    watcher.close();
    this.#watchers.delete(key);
  }
}
