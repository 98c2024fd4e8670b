// What is larger than the limits and why. The list may only shrink: an entry states the largest size, is refused when
// that is passed, and when it is no longer needed.

export type SizeException = { readonly what: string; readonly lines: number };

/** Files of more than 400 lines: path. */
export const largeFiles: readonly SizeException[] = [];

/** Functions of more than 50 lines: `path: name`. */
export const largeFunctions: readonly SizeException[] = [];
