// The parts of a bundle in their order, with their lines, out of those of the bundle before. A change touches few of very many: what is
// as before, at either end, is taken over in whole runs, and what merely stands elsewhere in its file is found by halves, not part by part.
import type { PolicyPart } from '../../compiler/ir/bundle.ts';
import { moved } from '../../compiler/ir/part-lines.ts';
import type { ContentEnds } from './program-check.ts';

/** By place: hash of each part, the part, what it names; `starts`: where its lines begin, and at the end, how many there are. */
export type KnownParts = {
  readonly names: readonly string[];
  readonly parts: readonly PolicyPart[];
  readonly ends: readonly ContentEnds[];
  readonly starts: Uint32Array;
  readonly lines: Uint32Array;
};

export const noParts: KnownParts = { names: [], parts: [], ends: [], starts: Uint32Array.of(0), lines: new Uint32Array() };

/** How many names at either end are as before. */
export type SharedEnds = { readonly head: number; readonly tail: number };

export function sharedEnds(before: readonly unknown[], now: readonly unknown[]): SharedEnds {
  const most = Math.min(before.length, now.length);
  let [head, tail] = [0, 0];
  while (head < most && now[head] === before[head]) head++;
  while (tail < most - head && now[now.length - 1 - tail] === before[before.length - 1 - tail]) tail++;
  return { head, tail };
}

/** What was before at both ends, with `middle` between them. */
export const between = <T>(before: readonly T[], { head, tail }: SharedEnds, middle: readonly T[]): readonly T[] =>
  before.slice(0, head).concat(middle, before.slice(before.length - tail));

/** A part that is new. `count`: of its lines. */
export type ReadPart = { readonly count: number; readonly ends: ContentEnds; readonly placed: (lines: Uint32Array) => PolicyPart };
/** `placed`: with its first lines, which may be others now. */
type MiddlePart = ReadPart & { readonly name: string };

/** `parts` are the names of all; no two are the same. Undefined where `lines` are not exactly theirs. */
export type Asked = { readonly names: readonly string[]; readonly shared: SharedEnds; readonly lines: Uint32Array };

/** The parts of `asked`; what `before` has not is `read`. Undefined where the lines are not exactly those of the parts. */
export function followParts(before: KnownParts, asked: Asked, read: (name: string) => ReadPart): KnownParts | undefined {
  const { names, shared, lines } = asked;
  const middle = middleOf(before, asked, read);
  const starts = startsOf(before, asked, middle);
  if (starts[names.length] !== lines.length) return undefined;
  const { head } = shared;
  const made = middle.map(({ placed }, i) => placed(lines.slice(starts[head + i], starts[head + i + 1])));
  const parts = [...between(before.parts, shared, made)];
  const now = {
    names,
    parts,
    ends: between(
      before.ends,
      shared,
      middle.map(({ ends }) => ends),
    ),
    starts,
    lines,
  };
  const behind = names.length - shared.tail;
  moveAll(before, now, { from: 0, to: head, shift: 0 });
  moveAll(before, now, { from: behind, to: names.length, shift: before.names.length - names.length });
  return now;
}

function middleOf(before: KnownParts, { names, shared: { head, tail } }: Asked, read: (name: string) => ReadPart): readonly MiddlePart[] {
  const places = new Map<string, number>();
  for (let place = head; place < before.names.length - tail; place++) places.set(before.names[place] ?? '', place);
  return names.slice(head, names.length - tail).map((name) => {
    const place = places.get(name);
    return { name, ...(place === undefined ? read(name) : elsewhere(before, place)) };
  });
}

/** A part of `before` among others than before. */
function elsewhere({ parts, ends, starts, lines }: KnownParts, place: number): ReadPart {
  const [part, own] = [parts[place], ends[place]];
  if (!part || !own) throw new Error('policyd bug: a part without a place');
  const at = lines.subarray(starts[place], starts[place + 1]);
  return { count: at.length, ends: own, placed: (now) => (sameWords(at, now) ? part : moved(part, now)) };
}

function startsOf(before: KnownParts, { names, shared: { head, tail } }: Asked, middle: readonly MiddlePart[]): Uint32Array {
  const starts = new Uint32Array(names.length + 1);
  starts.set(before.starts.subarray(0, head + 1));
  middle.forEach(({ count }, i) => {
    starts[head + i + 1] = (starts[head + i] ?? 0) + count;
  });
  const [behind, old] = [names.length - tail, before.names.length - tail];
  starts.set(before.starts.subarray(old + 1), behind + 1);
  const further = (starts[behind] ?? 0) - (before.starts[old] ?? 0);
  if (further !== 0) for (let place = behind + 1; place <= names.length; place++) starts[place] = (starts[place] ?? 0) + further;
  return starts;
}

/** Parts `from .. to - 1`, which before stood `shift` further on. */
type Run = { readonly from: number; readonly to: number; readonly shift: number };

/** Takes the new lines for those of a run whose lines are others. */
function moveAll(before: KnownParts, now: KnownParts & { readonly parts: PolicyPart[] }, { from, to, shift }: Run): void {
  const own = now.lines.subarray(now.starts[from], now.starts[to]);
  if (sameWords(own, before.lines.subarray(before.starts[from + shift], before.starts[to + shift]))) return;
  if (to - from > 1) {
    const middle = (from + to) >>> 1;
    moveAll(before, now, { from, to: middle, shift });
    moveAll(before, now, { from: middle, to, shift });
    return;
  }
  const part = now.parts[from];
  if (part) now.parts[from] = moved(part, own);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);
const sameWords = (a: Uint32Array, b: Uint32Array): boolean => a.length === b.length && Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
