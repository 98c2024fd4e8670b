// What is kept from one compilation to the next: the trees of files whose text is the same. A session that is asked for
// every change of a folder parses the changed file alone.
import { parse } from './1-parse/index.ts';
import type { SourceText } from './base/source.ts';
import { type Collector, collector, type Diagnostic } from './diagnostics/diagnostic.ts';
import type { Ast, FileAst } from './ir/ast.ts';

type Parsed = { readonly file: FileAst; readonly found: readonly Diagnostic[]; used: number };

/** Holds trees between compilations; a file that the last one did not ask for is forgotten. */
export class Session {
  readonly #files = new Map<string, Parsed>();
  #round = 0;

  /** Begins a compilation. */
  begin(): void {
    for (const [path, { used }] of this.#files) if (used < this.#round) this.#files.delete(path);
    this.#round++;
  }

  /** As `parse` does; the sources of the result are those that were given when their texts were first seen. */
  parse(sources: readonly SourceText[], log: Collector): Ast {
    return { files: sources.map((source) => this.#parsed(source, log)) };
  }

  #parsed(source: SourceText, log: Collector): FileAst {
    const kept = this.#files.get(source.path);
    const parsed = kept && kept.file.source.text === source.text ? kept : parsedAlone(source);
    parsed.used = this.#round;
    this.#files.set(source.path, parsed);
    log.add(parsed.found);
    return parsed.file;
  }
}

function parsedAlone(source: SourceText): Parsed {
  const log = collector();
  const [file] = parse([source], log.report).files;
  if (!file) throw new Error('policyc bug: a source without a tree');
  return { file, found: log.all(), used: 0 };
}
