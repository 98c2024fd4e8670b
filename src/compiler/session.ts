// What is kept from one compilation to the next: the trees of files whose text is the same, what 2-resolve and 3-check keep
// of them, which rules never decide, and what documents mean while none of them is another. A session that is asked for every
// change of a folder looks at the changed file alone, at those that import from it, and at rules that its rules may hide.
import { parse } from './1-parse/index.ts';
import { ResolveMemory } from './2-resolve/index.ts';
import { CheckMemory } from './3-check/index.ts';
import { UnreachableMemory } from './analysis/unreachable.ts';
import type { SourceText } from './base/source.ts';
import { type Collector, collector, type Diagnostic } from './diagnostics/diagnostic.ts';
import type { Imported } from './interchange/index.ts';
import type { Ast, FileAst } from './ir/ast.ts';

type Meant = {
  readonly key: string;
  readonly documents: readonly SourceText[];
  readonly imported: Imported;
  readonly found: readonly Diagnostic[];
};
type Parsed = { readonly file: FileAst; readonly found: readonly Diagnostic[]; used: number };

/** Holds trees between compilations with the same domains; a file that the last one did not ask for is forgotten. */
export class Session {
  readonly resolving = new ResolveMemory();
  readonly checking = new CheckMemory();
  readonly comparing = new UnreachableMemory();
  readonly #files = new Map<string, Parsed>();
  #round = 0;
  #meant: Meant | undefined;

  /** Begins a compilation. */
  begin(): void {
    for (const [path, { used }] of this.#files) if (used < this.#round) this.#files.delete(path);
    this.#round++;
  }

  /** As `parse` does; the sources of the result are those that were given when their texts were first seen. */
  parse(sources: readonly SourceText[], log: Collector): Ast {
    return { files: sources.map((source) => this.#parsed(source, log)) };
  }

  /** What `read` makes of the documents, or made of the same ones under the same key. */
  imported(documents: readonly SourceText[], key: string, log: Collector, read: (log: Collector) => Imported): Imported {
    const kept = this.#meant;
    const same = kept && kept.key === key && sameItems(kept.documents, documents);
    const meant = same ? kept : meantAlone(documents, key, read);
    this.#meant = meant;
    log.add(meant.found);
    return meant.imported;
  }

  #parsed(source: SourceText, log: Collector): FileAst {
    const kept = this.#files.get(source.path);
    const parsed = kept && isSame(kept.file.source, source) ? kept : parsedAlone(source);
    parsed.used = this.#round;
    this.#files.set(source.path, parsed);
    log.add(parsed.found);
    return parsed.file;
  }
}

function meantAlone(documents: readonly SourceText[], key: string, read: (log: Collector) => Imported): Meant {
  const log = collector();
  return { key, documents, imported: read(log), found: log.all() };
}

/** Text that was made from documents is the same only with the same places. */
const isSame = (a: SourceText, b: SourceText): boolean => a === b || (a.text === b.text && !a.originOf && !b.originOf);
const sameItems = <T>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((one, i) => one === b[i]);

function parsedAlone(source: SourceText): Parsed {
  const log = collector();
  const [file] = parse([source], log.report).files;
  if (!file) throw new Error('policyc bug: a source without a tree');
  return { file, found: log.all(), used: 0 };
}
