// The nearest known name, for "did you mean": Damerau-Levenshtein distance (optimal string alignment), case-blind.

/** Any number past `limit` when it is more. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
      least = Math.min(least, best);
    }
    // No later row has a smaller number than the least of this one: a transposition adds one to the row before it.
    if (least > limit) return least;
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Names longer than this are not compared: no one mistypes them, and the comparison is quadratic. */
const longest = 64;

/** The known name nearest to `name`, or undefined when none is near enough (within `most` edits) to be what was meant. */
export function closest(name: string, known: Iterable<string>, most = longest): string | undefined {
  if (name.length > longest) return undefined;
  const wanted = name.toLowerCase();
  let limit = Math.min(Math.max(1, Math.floor(name.length / 3)), name.length - 1, most);
  let found: string | undefined;
  for (const candidate of known) {
    if (candidate === name || candidate.length > longest) continue;
    const away = distance(wanted, candidate.toLowerCase(), limit);
    if (away < limit || (away === limit && found === undefined)) {
      found = candidate;
      limit = away;
    }
  }
  return found;
}
