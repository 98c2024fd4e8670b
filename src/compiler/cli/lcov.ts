// Coverage of rules as LCOV, for coverage viewers: a rule's lines, and the line on which a policy with a default deny
// begins, are hit by the test lines that they decide. Where several stand on one line, the line has the fewest of their
// hits, and each is a branch of it.
import type { Coverage } from '../analysis/coverage.ts';
import { positionAt, type Span } from '../base/source.ts';

type Hit = { readonly path: string; readonly first: number; readonly last: number; readonly lines: number };

const hitOf = ({ source, start, end }: Span, lines: number): Hit => ({
  path: source.path,
  first: positionAt(source, start).line,
  last: positionAt(source, Math.max(start, end - 1)).line,
  lines,
});

/** One record for each file that has a rule or a default deny; files in the order of their paths. */
export function lcovOf({ rules, defaults }: Coverage): string {
  const hits = [
    ...rules.map(({ rule, lines }) => hitOf(rule.span, lines)),
    ...defaults.map(({ policy, lines }) => {
      const hit = hitOf(policy.span, lines);
      return { ...hit, last: hit.first };
    }),
  ];
  const files = new Map<string, Hit[]>();
  for (const hit of hits) files.set(hit.path, [...(files.get(hit.path) ?? []), hit]);
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, own]) => recordOf(path, own))
    .join('');
}

function recordOf(path: string, hits: readonly Hit[]): string {
  const lines = new Map<number, number[]>();
  for (const { first, last, lines: count } of hits)
    for (let line = first; line <= last; line++) lines.set(line, [...(lines.get(line) ?? []), count]);
  const sorted = [...lines].sort(([a], [b]) => a - b).map(([line, counts]) => ({ line, counts, hits: Math.min(...counts) }));
  const branches = sorted.flatMap(({ line, counts }) => (counts.length < 2 ? [] : counts.map((taken, i) => ({ line, i, taken }))));
  return [
    'TN:policyc',
    `SF:${path.replace(/[\r\n]/g, ' ')}`,
    ...branches.map(({ line, i, taken }) => `BRDA:${line},0,${i},${taken}`),
    ...(branches.length > 0 ? [`BRF:${branches.length}`, `BRH:${branches.filter(({ taken }) => taken > 0).length}`] : []),
    ...sorted.map(({ line, hits: count }) => `DA:${line},${count}`),
    `LF:${sorted.length}`,
    `LH:${sorted.filter(({ hits: count }) => count > 0).length}`,
    'end_of_record',
    '',
  ].join('\n');
}
