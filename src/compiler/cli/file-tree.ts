// Where files are read from: the disk, or a revision of a repository. Paths are as people name them, relative to the working
// directory, with `/`.
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';

/** What stands at a path. `stat`: on a disk, where a file can change. */
export type FileEntry = { readonly kind: 'file' | 'folder' | 'other'; readonly size: number; readonly stat?: Stats };

/** Symbolic links are followed, but by `isLink`. What cannot be read is an Error with a `code` of the system. */
export type FileTree = {
  /** Undefined: there is nothing, or a link that leads nowhere. */
  readonly entryOf: (path: string) => FileEntry | undefined;
  readonly isLink: (path: string) => boolean;
  /** Equal for two paths that are one file or folder. */
  readonly realPath: (path: string) => string;
  readonly namesIn: (folder: string) => readonly string[];
  readonly read: (path: string) => Buffer;
  /** So many first bytes. */
  readonly start: (path: string, bytes: number) => Buffer;
};

export const disk: FileTree = {
  entryOf: (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat && { kind: stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'other', size: stat.size, stat };
  },
  isLink: (path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false,
  realPath: (path) => realpathSync(path),
  namesIn: (folder) => readdirSync(folder),
  read: (path) => readFileSync(path),
  start: (path, bytes) => {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(bytes);
      return buffer.subarray(0, readSync(file, buffer, 0, bytes, 0));
    } finally {
      closeSync(file);
    }
  },
};
