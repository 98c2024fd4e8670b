// File descriptors of kernel objects: closed exactly once, also when something throws.
import { closeSync, openSync } from 'node:fs';

export const closeFd = (fd: number): void => closeSync(fd);

/** Runs `action` with a descriptor and closes it. */
export function using<T>(fd: number, action: (fd: number) => T): T {
  try {
    return action(fd);
  } finally {
    closeSync(fd);
  }
}

/** A descriptor of a folder: of a cgroup, for attaching. */
export const openFolder = (path: string): number => openSync(path, 'r');
