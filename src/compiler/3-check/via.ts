// What is wrong with an item of a declared list is wrong where the list is used: the finding stands at the use, and shows
// the item as its second place.
import type { Span } from '../base/source.ts';
import { catalog, type Entry } from '../diagnostics/catalog.ts';
import type { Place, Report } from '../diagnostics/diagnostic.ts';

const isSpan = (place: Place): place is Span => 'source' in place;

/** Reports about items of a list that is used at `use`. */
export const reportVia =
  (report: Report, use: Span): Report =>
  (code, place, holes) => {
    const entry: Entry = catalog[code];
    report(code, isSpan(place) && entry.second === 'declared here' ? [use, place] : use, holes);
  };
