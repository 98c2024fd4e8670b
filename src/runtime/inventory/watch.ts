// Tells when a file has another content. Editors and deployment tools replace files by renaming, or swap a symbolic
// link above them: so the folder is watched, and what decides is the file's identity; a slow poll sees the rest.
import { statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

export type Watch = { readonly close: () => void };

/** `settle`: how long a file must be left alone before it is read; `poll`: the longest time until a change is seen. Milliseconds. */
export type WatchTimes = { readonly settle: number; readonly poll: number };
/** `atOnce`: for a file that says itself whether it is whole; called as soon as something is seen. True: that was it, nothing is waited for. */
export type WatchOptions = Partial<WatchTimes> & { readonly atOnce?: () => boolean };

/** Calls `changed` after `path` was written, replaced, created or removed. Never keeps the process alive. */
export function watchFile(path: string, changed: () => void, { settle = 100, poll: every = 2000, atOnce }: WatchOptions = {}): Watch {
  let known = fingerprint(path);
  let timer: NodeJS.Timeout | undefined;
  let folders = watchFolders(path, () => look());
  const look = () => {
    const now = fingerprint(path);
    if (now === known) return;
    known = now;
    clearTimeout(timer);
    const isDone = now !== 'absent' && atOnce?.() === true;
    // The folder itself may be another one now.
    folders.close();
    folders = watchFolders(path, look);
    // What came meanwhile nobody was told of.
    if (isDone) return look();
    timer = setTimeout(() => (fingerprint(path) === known ? changed() : look()), settle).unref();
  };
  const poll = setInterval(look, every).unref();
  return {
    close: () => {
      folders.close();
      clearInterval(poll);
      clearTimeout(timer);
    },
  };
}

/** The file's folder, and the one above it: a whole folder may be renamed into place. */
function watchFolders(path: string, look: () => void): Watch {
  const stops = [dirname(path), dirname(dirname(path))].map((folder) => watchFolder(folder, look));
  return { close: () => stops.forEach((stop) => stop()) };
}

/** A folder that cannot be watched, or goes away, is left to the poll. */
function watchFolder(folder: string, look: () => void): () => void {
  try {
    const watcher = watch(folder, { persistent: false }, look);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}

function fingerprint(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found ? `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}` : 'absent';
}
