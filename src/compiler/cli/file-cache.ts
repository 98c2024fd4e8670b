// Texts of files, kept while the file is the same one and was not written.
import type { Stats } from 'node:fs';
import type { SourceText } from '../base/source.ts';

type Kept = { readonly source: SourceText; readonly mark: string };

/** The clock of a file system may stand still for so long: what is written meanwhile has the same times. */
const blindMilliseconds = 50;

export class FileCache {
  readonly #kept = new Map<string, Kept>();

  get(path: string, stat: Stats): SourceText | undefined {
    const kept = this.#kept.get(path);
    return kept?.mark === markOf(stat) ? kept.source : undefined;
  }

  /** `stat` was taken before the file was read. */
  set(source: SourceText, stat: Stats): void {
    if (Date.now() - stat.ctimeMs < blindMilliseconds) this.#kept.delete(source.path);
    else this.#kept.set(source.path, { source, mark: markOf(stat) });
  }
}

const markOf = ({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string => [dev, ino, size, mtimeMs, ctimeMs].join(' ');
