// Assertions of a regular expression about its surroundings (`\b`, `^` and `$` inside of groups) say nothing that a regular language could
// not: what a part matches depends on whether a letter, another byte or an end of the text stands on each side of it. So parts are read
// for each kind of neighbours, taken apart by their first and last byte.
import { anyText, type ByteRange, both, byteIn, either, literal, type Pattern, repeat, sequence } from './pattern.ts';

export type Assertion = 'start' | 'end' | 'border' | 'no-border';
type Kind = 'word' | 'other';
type Side = Kind | 'edge';
/** The text `''`, and texts by the kinds of their first and last byte. */
type Pieces = { readonly isEmpty: boolean; readonly texts: ReadonlyMap<Shape, Pattern> };
type Shape = `${Kind} ${Kind}`;

const kinds: readonly Kind[] = ['word', 'other'];
const shapes: readonly Shape[] = kinds.flatMap((first) => kinds.map((last): Shape => `${first} ${last}`));
const firstOf = (shape: Shape): Kind => (shape.startsWith('word') ? 'word' : 'other');
const lastOf = (shape: Shape): Kind => (shape.endsWith('word') ? 'word' : 'other');

const byteOf: Readonly<Record<Kind, Pattern>> = {
  word: byteIn([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]),
  other: byteIn([0, 0x2f], [0x3a, 0x40], [0x5b, 0x5e], [0x60, 0x60], [0x7b, 0xff]),
};

function textOf(shape: Shape): Pattern {
  const [first, last] = [byteOf[firstOf(shape)], byteOf[lastOf(shape)]];
  const several = sequence(first, anyText, last);
  return first === last ? either(first, several) : several;
}

const isWord = (byte: number): boolean => /\w/.test(String.fromCharCode(byte));

/** Which texts a part without assertions may match, by their ends. */
function shapesOf(pattern: Pattern): ReadonlySet<Shape> {
  switch (pattern.kind) {
    case 'literal': {
      const bytes = new TextEncoder().encode(pattern.text);
      const kindOf = (byte = 0): Kind => (isWord(byte) ? 'word' : 'other');
      return new Set(bytes.length === 0 ? [] : [`${kindOf(bytes[0])} ${kindOf(bytes.at(-1))}` as const]);
    }
    case 'byte':
      return new Set(kinds.flatMap((kind) => (restricted(pattern.ranges, kind).length > 0 ? [`${kind} ${kind}` as const] : [])));
    case 'either':
      return new Set(pattern.parts.flatMap((part) => [...shapesOf(part)]));
    case 'repeat':
      return repeatedShapes([...shapesOf(pattern.part)]);
    case 'sequence': {
      let found: readonly Shape[] = [];
      let isEmpty = true;
      for (const part of pattern.parts) {
        const [own, mayBeNothing] = [[...shapesOf(part)], matchesEmpty(part)];
        const together = found.flatMap((one) => own.map((other): Shape => `${firstOf(one)} ${lastOf(other)}`));
        found = [...new Set([...together, ...(mayBeNothing ? found : []), ...(isEmpty ? own : [])])];
        isEmpty &&= mayBeNothing;
      }
      return new Set(found);
    }
    default:
      return new Set(shapes);
  }
}

const repeatedShapes = (own: readonly Shape[]): ReadonlySet<Shape> =>
  new Set([...own, ...own.flatMap((one) => own.map((other): Shape => `${firstOf(one)} ${lastOf(other)}`))]);

const restricted = (ranges: readonly ByteRange[], kind: Kind): readonly ByteRange[] => {
  const own = byteOf[kind].kind === 'byte' ? byteOf[kind].ranges : [];
  return ranges.flatMap(([low, high]) =>
    own.flatMap(([first, last]): readonly ByteRange[] =>
      Math.max(low, first) <= Math.min(high, last) ? [[Math.max(low, first), Math.min(high, last)]] : [],
    ),
  );
};

/** A part that can be taken apart by itself; undefined of one whose parts have to be. */
function wholePieces(pattern: Pattern): Pieces | undefined {
  const possible = [...shapesOf(pattern)];
  const isEmpty = matchesEmpty(pattern);
  const all = (textOfShape: (shape: Shape) => Pattern): Pieces => ({
    isEmpty,
    texts: new Map(possible.map((shape) => [shape, textOfShape(shape)])),
  });
  if (possible.length === 1 && !isEmpty) return all(() => pattern);
  if (pattern.kind === 'byte') return all((shape) => byteIn(...restricted(pattern.ranges, firstOf(shape))));
  const isWhole = pattern.kind === 'both' || pattern.kind === 'not' || pattern.kind === 'repeat';
  return isWhole ? all((shape) => both(pattern, textOf(shape))) : undefined;
}

const holds = (assertion: Assertion, before: Side, behind: Side): boolean => {
  const isBorder = (before === 'word') !== (behind === 'word');
  return { start: before === 'edge', end: behind === 'edge', border: isBorder, 'no-border': !isBorder }[assertion];
};

/** The pattern without assertions; `assertions`: which of its parts are one. */
export function withoutAssertions(pattern: Pattern, assertions: ReadonlyMap<Pattern, Assertion>): Pattern {
  const { isEmpty, texts } = new BorderReader(assertions).read(pattern, 'edge', 'edge');
  return either(...(isEmpty ? [literal('')] : []), ...texts.values());
}

class BorderReader {
  readonly #assertions: ReadonlyMap<Pattern, Assertion>;
  readonly #known = new Map<Pattern, Map<string, Pieces>>();
  readonly #plain = new Map<Pattern, boolean>();

  constructor(assertions: ReadonlyMap<Pattern, Assertion>) {
    this.#assertions = assertions;
  }

  read(pattern: Pattern, before: Side, behind: Side): Pieces {
    const known = this.#known.get(pattern) ?? new Map<string, Pieces>();
    this.#known.set(pattern, known);
    const key = this.#isPlain(pattern) ? '' : `${before} ${behind}`;
    const pieces = known.get(key) ?? this.#pieces(pattern, before, behind);
    known.set(key, pieces);
    return pieces;
  }

  #isPlain(pattern: Pattern): boolean {
    const known = this.#plain.get(pattern);
    if (known !== undefined) return known;
    const parts = 'parts' in pattern ? pattern.parts : 'part' in pattern ? [pattern.part] : [];
    const isPlain = !this.#assertions.has(pattern) && parts.every((part) => this.#isPlain(part));
    this.#plain.set(pattern, isPlain);
    return isPlain;
  }

  #pieces(pattern: Pattern, before: Side, behind: Side): Pieces {
    const assertion = this.#assertions.get(pattern);
    if (assertion) return { isEmpty: holds(assertion, before, behind), texts: new Map() };
    const whole = this.#isPlain(pattern) ? wholePieces(pattern) : undefined;
    if (whole) return whole;
    switch (pattern.kind) {
      case 'sequence':
        return this.#sequence(pattern, before, behind);
      case 'either': {
        const parts = pattern.parts.map((part) => this.read(part, before, behind));
        return { isEmpty: parts.some(({ isEmpty }) => isEmpty), texts: joined(parts.map(({ texts }) => texts)) };
      }
      case 'repeat':
        return this.#repeat(pattern, before, behind);
      case 'literal':
        return { isEmpty: pattern.text === '', texts: new Map() };
      default:
        throw new TypeError(`policyc bug: an assertion inside of \`${pattern.kind}\``);
    }
  }

  /** By halves, so that long ones take no deep stack. */
  #sequence(pattern: Pattern & { readonly kind: 'sequence' }, before: Side, behind: Side): Pieces {
    const [first, second] = this.#halvesOf(pattern);
    if (!second) return first ? this.read(first, before, behind) : { isEmpty: true, texts: new Map() };
    const [alone, onlySecond] = [this.read(first, before, behind), this.read(second, before, behind)];
    const found: ReadonlyMap<Shape, Pattern>[] = [
      new Map([...onlySecond.texts].filter(([shape]) => this.read(first, before, firstOf(shape)).isEmpty)),
      new Map([...alone.texts].filter(([shape]) => this.read(second, lastOf(shape), behind).isEmpty)),
    ];
    for (const left of shapes)
      for (const right of shapes) {
        const one = this.read(first, before, firstOf(right)).texts.get(left);
        const other = this.read(second, lastOf(left), behind).texts.get(right);
        if (one && other) found.push(new Map([[`${firstOf(left)} ${lastOf(right)}` as const, sequence(one, other)]]));
      }
    return { isEmpty: alone.isEmpty && onlySecond.isEmpty, texts: joined(found) };
  }

  readonly #halves = new Map<Pattern, readonly [Pattern, Pattern] | readonly [Pattern | undefined, undefined]>();

  #halvesOf(pattern: Pattern & { readonly kind: 'sequence' }): readonly [Pattern, Pattern] | readonly [Pattern | undefined, undefined] {
    const { parts } = pattern;
    const known = this.#halves.get(pattern);
    if (known) return known;
    const half = (some: readonly Pattern[]): Pattern => (some.length === 1 && some[0] ? some[0] : sequence(...some));
    const middle = Math.ceil(parts.length / 2);
    const made = parts.length < 2 ? ([parts[0], undefined] as const) : ([half(parts.slice(0, middle)), half(parts.slice(middle))] as const);
    this.#halves.set(pattern, made);
    return made;
  }

  /**
   * Rounds that match something, one behind another: a round is known by what stands before it and its first byte. Equations over these
   * four, solved one by one (Arden's rule).
   */
  #repeat({ part, minimum }: Pattern & { readonly kind: 'repeat' }, before: Side, behind: Side): Pieces {
    const last = (side: Side, first: Kind): ReadonlyMap<Kind, Pattern> =>
      new Map(kinds.flatMap((end) => entry(end, this.read(part, side, behind).texts.get(`${first} ${end}`))));
    const more = (side: Side, first: Kind): ReadonlyMap<Shape, Pattern> =>
      new Map(shapes.flatMap((next) => entry(next, this.read(part, side, lastOf(next)).texts.get(`${first} ${firstOf(next)}`))));
    const rounds = new Map(
      shapes.map((at): [Shape, Round] => [at, { more: more(firstOf(at), lastOf(at)), last: last(firstOf(at), lastOf(at)) }]),
    );
    const solved = solve(rounds);
    const texts = kinds.flatMap((first): readonly ReadonlyMap<Shape, Pattern>[] => {
      const { last: ends } = substituted({ more: more(before, first), last: last(before, first) }, solved);
      return [new Map([...ends].map(([end, text]): [Shape, Pattern] => [`${first} ${end}`, text]))];
    });
    return { isEmpty: minimum === 0 || this.read(part, before, behind).isEmpty, texts: joined(texts) };
  }
}

/** What comes of a round: another one, or the end, by its last byte. */
type Round = { readonly more: ReadonlyMap<Shape, Pattern>; readonly last: ReadonlyMap<Kind, Pattern> };

function solve(rounds: ReadonlyMap<Shape, Round>): ReadonlyMap<Shape, Round> {
  const solved = new Map<Shape, Round>();
  const open = new Map(rounds);
  for (const [at, round] of rounds) {
    const { more, last } = substituted(open.get(at) ?? round, solved);
    const again = more.get(at);
    const led = (text: Pattern): Pattern => (again ? sequence(repeat(again, 0), text) : text);
    const others = new Map([...more].flatMap(([to, text]) => (to === at ? [] : [[to, led(text)] as const])));
    const own: Round = { more: others, last: new Map([...last].map(([end, text]) => [end, led(text)] as const)) };
    for (const [place, one] of solved) solved.set(place, substituted(one, new Map([[at, own]])));
    solved.set(at, own);
  }
  return solved;
}

/** With what is known of the rounds behind. */
function substituted({ more, last }: Round, solved: ReadonlyMap<Shape, Round>): Round {
  const left: ReadonlyMap<Shape, Pattern>[] = [];
  const ends: ReadonlyMap<Kind, Pattern>[] = [last];
  for (const [to, text] of more) {
    const known = solved.get(to);
    if (!known) left.push(new Map([[to, text]]));
    else {
      left.push(new Map([...known.more].map(([next, rest]) => [next, sequence(text, rest)] as const)));
      ends.push(new Map([...known.last].map(([end, rest]) => [end, sequence(text, rest)] as const)));
    }
  }
  return { more: joined(left), last: joined(ends) };
}

const entry = <K>(key: K, pattern: Pattern | undefined): readonly (readonly [K, Pattern])[] => (pattern ? [[key, pattern]] : []);

function joined<K>(maps: readonly ReadonlyMap<K, Pattern>[]): ReadonlyMap<K, Pattern> {
  const found = new Map<K, Pattern[]>();
  for (const map of maps) for (const [key, pattern] of map) found.set(key, [...(found.get(key) ?? []), pattern]);
  return new Map(
    [...found].map(([key, [first, ...others]]) => [
      key,
      first && others.length === 0 ? first : either(...[first ?? sequence(), ...others]),
    ]),
  );
}

function matchesEmpty(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'literal':
      return pattern.text === '';
    case 'byte':
      return false;
    case 'sequence':
    case 'both':
      return pattern.parts.every(matchesEmpty);
    case 'either':
      return pattern.parts.some(matchesEmpty);
    case 'repeat':
      return pattern.minimum === 0 || matchesEmpty(pattern.part);
    case 'not':
      return !matchesEmpty(pattern.part);
  }
}
