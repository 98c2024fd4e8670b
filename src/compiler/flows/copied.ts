/** The same text in memory of its own: a part of a text keeps the whole of it alive, which here is a piece of a file. */
export const copied = (text: string): string => String(JSON.parse(JSON.stringify(text)));
