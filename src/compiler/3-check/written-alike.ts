// What is written alike is one set: a text without names means the same wherever it stands in a source, so it is worked out once,
// and whatever compares sets later mostly compares an object with itself.
import type { SourceText, Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Value } from '../ir/resolved.ts';

const isInside = (inner: Span, outer: Span): boolean =>
  inner.start >= outer.start && inner.end <= outer.end && inner.source === outer.source;

/** Does its text say all of it? A parameter of a `rules` block stands for a value that is written elsewhere. */
function isWhole(value: Value, outer: Span): boolean {
  if (!isInside(value.span, outer)) return false;
  switch (value.kind) {
    case 'missing':
    case 'declared':
      return false;
    case 'transport':
      return value.names.size === 0;
    case 'list':
      return value.items.every((item) => isWhole(item, outer));
    case 'combine':
      return value.operands.every((operand) => isWhole(operand, outer));
    case 'not':
    case 'including':
    case 'matched':
      return isWhole(value.operand, outer);
    default:
      return true;
  }
}

/** Sets of one kind by their texts; only what nothing was wrong with: a finding is told at each of its places. */
export class WrittenAlike<T> {
  readonly #known = new Map<SourceText, Map<string, T>>();

  /** What `compute` makes of the value, or made of one that is written alike. */
  of(value: Value, report: Report, compute: (report: Report) => T | undefined): T | undefined {
    if (!isWhole(value, value.span)) return compute(report);
    const { source, start, end } = value.span;
    const ofSource = this.#known.get(source) ?? new Map<string, T>();
    if (ofSource.size === 0) this.#known.set(source, ofSource);
    const text = source.text.slice(start, end);
    const known = ofSource.get(text);
    if (known !== undefined) return known;
    let isSaid = false;
    const found = compute((code, place, holes) => {
      isSaid = true;
      report(code, place, holes);
    });
    if (found !== undefined && !isSaid) ofSource.set(text, found);
    return found;
  }
}
