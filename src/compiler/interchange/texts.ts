// How values are written in policy text.

const special = /["\\]/;

/** A text in quotation marks. */
export const quoted = (text: string): string => (special.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`);

/** A text in which every sign of patterns stands for itself. */
export const literalText = (text: string): string => `"${text.replace(/["\\*{}?[\]]/g, '\\$&')}"`;

/** A regular expression, whose backslashes are its own. */
export const regexText = (expression: string): string =>
  `regex "${expression.replace(/(\\[\s\S])|"/g, (found, pair) => pair ?? `\\${found}`)}"`;

/** One thing by itself, several as a list. */
export const listed = (texts: readonly string[]): string => (texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`);

export const distinct = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];
