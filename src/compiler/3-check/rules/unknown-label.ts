// A label value that stands in one selector only, while nearly the same value of the same key stands in several others,
// is most likely mistyped: the selector then matches nothing. Values that differ in digits are counted, not mistyped.
import { closest } from '../../base/closest.ts';
import type { LabelUse, UnitFinding } from './finding.ts';

const shortest = 5;
/** Edits between a mistyped value and the one that was meant. */
const mostEdits = 2;

/** Words of a mistyped value keep their first or their last letter; only such ones are compared. */
const ends = (value: string): readonly string[] => [`^${value[0]}`, `${value.at(-1)}$`];

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

/** Forms of values that stand in several selectors: each with such a value, and by their ends. */
type Frequent = { readonly values: ReadonlyMap<string, string>; readonly byEnd: ReadonlyMap<string, readonly string[]> };

function frequentForms(values: Values): Frequent {
  const found = new Map<string, string>();
  for (const [value, [use, another]] of values) if (use && another) found.set(use.form, value);
  const byEnd = new Map<string, string[]>();
  for (const one of found.keys()) {
    for (const end of ends(one)) {
      const known = byEnd.get(end);
      if (known) known.push(one);
      else byEnd.set(end, [one]);
    }
  }
  return { values: found, byEnd };
}

/** A value that nearly is this one. */
function meant({ form: own }: LabelUse, { values, byEnd }: Frequent): string | undefined {
  if (values.has(own)) return undefined;
  const near = ends(own).flatMap((end) => byEnd.get(end) ?? []);
  return values.get(closest(own, near, mostEdits) ?? '');
}

/** Warns of label values that look mistyped. */
export const warnUnknownLabel: UnitFinding = ({ files }, report) => {
  for (const [key, values] of byKey(files.flatMap(({ labels }) => labels))) {
    const frequent = frequentForms(values);
    for (const [value, [use, another]] of frequent.values.size === 0 ? [] : values) {
      if (another || !use || value.length < shortest) continue;
      const suggestion = meant(use, frequent);
      if (suggestion !== undefined)
        report('check/unknown-label', use.span, { what: `no other selector has the value \`${value}\` of label \`${key}\``, suggestion });
    }
  }
};
