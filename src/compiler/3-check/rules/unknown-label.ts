// A label value that stands in one selector only, while nearly the same value of the same key stands in several others,
// is most likely mistyped: the selector then matches nothing. Values that differ in digits are counted, not mistyped.
import { closest } from '../../base/closest.ts';
import type { Finding } from './finding.ts';
import { assumedSelectors, type LabelUse, labelUses, selectorsOf } from './label-uses.ts';

const shortest = 5;
/** Edits between a mistyped value and the one that was meant. */
const mostEdits = 2;

/** Words of a mistyped value keep their first or their last letter; only such ones are compared. */
const ends = (value: string): readonly string[] => [`^${value[0]}`, `${value.at(-1)}$`];
const withoutDigits = (value: string): string => value.replace(/\d+/g, '#');

type Values = Map<string, LabelUse[]>;

function byKey(uses: readonly LabelUse[]): ReadonlyMap<string, Values> {
  const keys = new Map<string, Values>();
  for (const use of uses) {
    const values = keys.get(use.key) ?? new Map<string, LabelUse[]>();
    keys.set(use.key, values);
    const known = values.get(use.value);
    if (known) known.push(use);
    else values.set(use.value, [use]);
  }
  return keys;
}

/** Values that stand in several selectors, by their ends. */
function frequent(values: Values): ReadonlyMap<string, readonly string[]> {
  const byEnd = new Map<string, string[]>();
  for (const [value, uses] of values) {
    if (uses.length < 2) continue;
    for (const end of ends(value)) {
      const known = byEnd.get(end);
      if (known) known.push(value);
      else byEnd.set(end, [value]);
    }
  }
  return byEnd;
}

/** Warns of label values that look mistyped. */
export const warnUnknownLabel: Finding = ({ resolved }, report) => {
  for (const [key, values] of byKey([...selectorsOf(resolved), ...assumedSelectors(resolved)].flatMap(labelUses))) {
    const others = frequent(values);
    for (const [value, [use, another]] of values) {
      if (another || !use || value.length < shortest) continue;
      const near = ends(value).flatMap((end) => others.get(end) ?? []);
      const suggestion = closest(
        value,
        near.filter((one) => withoutDigits(one) !== withoutDigits(value)),
        mostEdits,
      );
      if (suggestion !== undefined)
        report('check/unknown-label', use.span, { what: `no other selector has the value \`${value}\` of label \`${key}\``, suggestion });
    }
  }
};
