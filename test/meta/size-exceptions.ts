// What is larger than the limits and why. The list may only shrink: an entry states the size, and is refused when the
// real size is another one, so that a growth is seen and a cure is written down.

export type SizeException = { readonly what: string; readonly lines: number; readonly reason: string };

/** Files of more than 400 lines: path. */
export const largeFiles: readonly SizeException[] = [];

/** Functions of more than 50 lines: `path: name`. */
export const largeFunctions: readonly SizeException[] = [];
