// Text patterns by derivatives (Brzozowski 1964): what is left to match after one byte. This is the oracle's own
// reading of a Pattern; it shares nothing with space/automaton.ts, which it checks.
// Expressions are interned, and unions and intersections flattened, sorted and deduplicated, so that each pattern has finitely
// many derivatives.
import { type ByteRange, both, byteIn, either, type Pattern, repeat, sequence } from '../space/pattern.ts';
import { AnalysisLimit } from './limit.ts';

/** What is still to come. `empty`: matches the end of the text. */
type Expression = { readonly id: number; readonly empty: boolean } & (
  | { readonly kind: 'nothing' | 'end' }
  | { readonly kind: 'byte'; readonly ranges: readonly ByteRange[] }
  | { readonly kind: 'sequence'; readonly head: Expression; readonly tail: Expression }
  | { readonly kind: 'either' | 'both'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression }
  | { readonly kind: 'star'; readonly part: Expression }
);
type Shape<E = Expression> = E extends Expression ? Omit<E, 'id'> : never;

/** How texts relate to patterns: `matched[i]` says whether they match the i-th. `example`: a shortest of them, of familiar bytes. */
export type TextClass = { readonly matched: readonly boolean[]; readonly example: string };

/** Answers about text patterns; remembers derivatives, so keep one for all questions about one policy. */
export type TextMatcher = {
  readonly matches: (pattern: Pattern, text: string) => boolean;
  /**
   * Every way in which one text can relate to these patterns: the vectors of (does it match the i-th) that some text has.
   * @throws AnalysisLimit
   */
  readonly combinations: (patterns: readonly Pattern[]) => readonly (readonly boolean[])[];
  /**
   * The same of texts that are UTF-8 and match `possible`, each with an example.
   * @throws AnalysisLimit
   */
  readonly classes: (possible: Pattern, patterns: readonly Pattern[]) => readonly TextClass[];
};

const maximumStates = 200_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const continued = byteIn([0x80, 0xbf]);
/** Unicode 16.0, table 3-7. */
const utf8 = repeat(
  either(
    byteIn([0, 0x7f]),
    sequence(byteIn([0xc2, 0xdf]), continued),
    sequence(byteIn([0xe0, 0xe0]), byteIn([0xa0, 0xbf]), continued),
    sequence(byteIn([0xe1, 0xec], [0xee, 0xef]), continued, continued),
    sequence(byteIn([0xed, 0xed]), byteIn([0x80, 0x9f]), continued),
    sequence(byteIn([0xf0, 0xf0]), byteIn([0x90, 0xbf]), continued, continued),
    sequence(byteIn([0xf1, 0xf3]), continued, continued, continued),
    sequence(byteIn([0xf4, 0xf4]), byteIn([0x80, 0x8f]), continued, continued),
  ),
  0,
);

/** The smart constructors: each keeps the normal form that makes equal languages of this kind equal objects. */
function expressions() {
  const known = new Map<string, Expression>();
  const intern = (key: string, shape: Shape): Expression => {
    const found = known.get(key);
    if (found) return found;
    const made = { ...shape, id: known.size };
    known.set(key, made);
    return made;
  };
  const nothing = intern('nothing', { kind: 'nothing', empty: false });
  const end = intern('end', { kind: 'end', empty: true });
  const byte = (ranges: readonly ByteRange[]): Expression =>
    ranges.length === 0 ? nothing : intern(`b${ranges.join(';')}`, { kind: 'byte', empty: false, ranges });
  const sequence = (head: Expression, tail: Expression): Expression => {
    if (head === nothing || tail === nothing) return nothing;
    if (head === end) return tail;
    if (head.kind === 'sequence') return sequence(head.head, sequence(head.tail, tail));
    return intern(`s${head.id},${tail.id}`, { kind: 'sequence', empty: head.empty && tail.empty, head, tail });
  };
  const not = (part: Expression): Expression =>
    part.kind === 'not' ? part.part : intern(`!${part.id}`, { kind: 'not', empty: !part.empty, part });
  const everything = not(nothing);
  /** `neutral` adds nothing to the list, `absorbing` alone decides it. */
  const list = (kind: 'either' | 'both', given: readonly Expression[]): Expression => {
    const [neutral, absorbing] = kind === 'either' ? [nothing, everything] : [everything, nothing];
    const flat = new Set(given.flatMap((part) => (part.kind === kind ? part.parts : [part])));
    flat.delete(neutral);
    if (flat.has(absorbing)) return absorbing;
    const parts = [...flat].sort((a, b) => a.id - b.id);
    const [only] = parts;
    if (only === undefined) return neutral;
    if (parts.length === 1) return only;
    const empty = kind === 'either' ? parts.some((part) => part.empty) : parts.every((part) => part.empty);
    return intern(`${kind}${parts.map((part) => part.id).join()}`, { kind, empty, parts });
  };
  const either = (parts: readonly Expression[]): Expression => list('either', parts);
  const both = (parts: readonly Expression[]): Expression => list('both', parts);
  const star = (part: Expression): Expression => {
    if (part === nothing || part === end) return end;
    return part.kind === 'star' ? part : intern(`*${part.id}`, { kind: 'star', empty: true, part });
  };
  return { nothing, end, byte, sequence, either, both, not, star };
}

type Constructors = ReturnType<typeof expressions>;

function read(make: Constructors, pattern: Pattern): Expression {
  switch (pattern.kind) {
    case 'literal':
      return [...encoder.encode(pattern.text)].reduceRight((tail, value) => make.sequence(make.byte([[value, value]]), tail), make.end);
    case 'byte':
      return make.byte(pattern.ranges);
    case 'sequence':
      return pattern.parts.reduceRight((tail, part) => make.sequence(read(make, part), tail), make.end);
    case 'either':
      return make.either(pattern.parts.map((part) => read(make, part)));
    case 'both':
      return make.both(pattern.parts.map((part) => read(make, part)));
    case 'not':
      return make.not(read(make, pattern.part));
    case 'repeat': {
      const part = read(make, pattern.part);
      return pattern.minimum === 0 ? make.star(part) : make.sequence(part, make.star(part));
    }
  }
}

/** Bytes that a reader likes to see, the best first. */
const likedBytes: readonly number[] = [...encoder.encode('axbcdefghijklmnopqrstuvwyz0123456789AXB-_./ ')];

/** One byte out of each set of bytes that these patterns cannot tell apart, the liked ones first. */
function representatives(patterns: readonly Pattern[]): readonly number[] {
  const starts = new Set([0]);
  const range = (low: number, high: number) => starts.add(low).add(high + 1);
  const visit = (pattern: Pattern): void => {
    if (pattern.kind === 'literal') for (const value of encoder.encode(pattern.text)) range(value, value);
    else if (pattern.kind === 'byte') for (const [low, high] of pattern.ranges) range(low, high);
    else if (pattern.kind === 'repeat' || pattern.kind === 'not') visit(pattern.part);
    else pattern.parts.forEach(visit);
  };
  patterns.forEach(visit);
  const sorted = [...starts].filter((value) => value < 256).sort((a, b) => a - b);
  const chosen = sorted.map((low, i) => likedBytes.find((byte) => low <= byte && byte < (sorted[i + 1] ?? 256)) ?? low);
  const rank = (byte: number): number => likedBytes.indexOf(byte) + 1 || likedBytes.length + byte;
  return chosen.sort((a, b) => rank(a) - rank(b));
}

/** An expression per pattern and a derivative per byte, each computed once. */
function derivatives() {
  const make = expressions();
  const roots = new WeakMap<Pattern, Expression>();
  const known = new Map<number, Expression>();

  const root = (pattern: Pattern): Expression => {
    const found = roots.get(pattern) ?? read(make, pattern);
    roots.set(pattern, found);
    return found;
  };
  const derive = (expression: Expression, value: number): Expression => {
    const key = expression.id * 256 + value;
    const found = known.get(key) ?? derivative(expression, value);
    known.set(key, found);
    return found;
  };
  const derivative = (expression: Expression, value: number): Expression => {
    switch (expression.kind) {
      case 'nothing':
      case 'end':
        return make.nothing;
      case 'byte':
        return expression.ranges.some(([low, high]) => low <= value && value <= high) ? make.end : make.nothing;
      case 'sequence': {
        const first = make.sequence(derive(expression.head, value), expression.tail);
        return expression.head.empty ? make.either([first, derive(expression.tail, value)]) : first;
      }
      case 'either':
        return make.either(expression.parts.map((part) => derive(part, value)));
      case 'both':
        return make.both(expression.parts.map((part) => derive(part, value)));
      case 'not':
        return make.not(derive(expression.part, value));
      case 'star':
        return make.sequence(derive(expression.part, value), expression);
    }
  };
  return { root, derive };
}

/** A text on the way to its class: its last byte, and the text before that. */
type Step = { readonly at: readonly Expression[]; readonly value: number; readonly before: Step | undefined };

function textOf(step: Step): string {
  const bytes: number[] = [];
  for (let one: Step | undefined = step; one?.before; one = one.before) bytes.push(one.value);
  return decoder.decode(Uint8Array.from(bytes.reverse()));
}

export function textMatcher(): TextMatcher {
  const { root, derive } = derivatives();
  /** The shortest way to each vector, breadth first. */
  const reached = (patterns: readonly Pattern[]): readonly { readonly matched: readonly boolean[]; readonly step: Step }[] => {
    const bytes = representatives(patterns);
    const found = new Map<string, { readonly matched: readonly boolean[]; readonly step: Step }>();
    const start: Step = { at: patterns.map(root), value: 0, before: undefined };
    const seen = new Set([start.at.map((state) => state.id).join()]);
    const queue = [start];
    for (const step of queue) {
      const matched = step.at.map((state) => state.empty);
      if (!found.has(matched.join())) found.set(matched.join(), { matched, step });
      for (const value of bytes) {
        const after = step.at.map((state) => derive(state, value));
        const key = after.map((state) => state.id).join();
        if (!seen.has(key)) queue.push({ at: after, value, before: step });
        seen.add(key);
      }
      if (seen.size > maximumStates) throw new AnalysisLimit('pattern states', maximumStates);
    }
    return [...found.values()];
  };
  return {
    matches: (pattern, text) => encoder.encode(text).reduce(derive, root(pattern)).empty,
    combinations: (patterns) => reached(patterns).map(({ matched }) => matched),
    classes: (possible, patterns) =>
      reached([both(utf8, possible), ...patterns]).flatMap(({ matched: [isPossible, ...matched], step }) =>
        isPossible ? [{ matched, example: textOf(step) }] : [],
      ),
  };
}
