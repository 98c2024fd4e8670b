// Where a piece of policy text stands. A span is a half-open range of UTF-16 offsets in one source; line and
// column are computed only when somebody reads them, so that trees stay small.

/** One policy file as read: `path` is shown to people and stands in the source table, `/`-separated and relative where it can be. */
export type SourceText = {
  readonly path: string;
  readonly text: string;
  /** Of text that was made from a document: the place in the document that stands for an offset. */
  readonly originOf?: (start: number) => Span | undefined;
};

/** Half-open range `[start, end)` of UTF-16 code units in `source.text`. */
export type Span = { readonly source: SourceText; readonly start: number; readonly end: number };

/** The place that people know: of text that was made from a document, the document's. */
export const writtenAt = (span: Span): Span => span.source.originOf?.(span.start) ?? span;

/** Things with a place, each with the place that people know. */
export const withWrittenPlace = <T extends { readonly span: Span }>(one: T): T =>
  one.span.source.originOf ? { ...one, span: writtenAt(one.span) } : one;

/** 1-based line and column (in UTF-16 code units). */
export type Position = { readonly line: number; readonly column: number };

const lineStartsOf = new WeakMap<SourceText, readonly number[]>();

/** Offsets at which each line of `source` begins; `[0]` for an empty text. */
export function lineStarts(source: SourceText): readonly number[] {
  const known = lineStartsOf.get(source);
  if (known) return known;
  const starts = [0];
  for (let at = source.text.indexOf('\n'); at >= 0; at = source.text.indexOf('\n', at + 1)) starts.push(at + 1);
  lineStartsOf.set(source, starts);
  return starts;
}

/** The position of `offset`; an offset past the end is at the end of the text. */
export function positionAt(source: SourceText, offset: number): Position {
  const starts = lineStarts(source);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: Math.min(offset, source.text.length) - (starts[low] ?? 0) + 1 };
}

/** The text of 1-based `line`, without its line end. */
export function lineText(source: SourceText, line: number): string {
  const starts = lineStarts(source);
  const start = starts[line - 1] ?? source.text.length;
  const end = starts[line] ?? source.text.length;
  return source.text.slice(start, end).replace(/\r?\n$/, '');
}
