// Is every text of one pattern a text of another? Asked of very many pairs, nearly all of which differ: one text of the
// part, tried in the whole, says so at once. Patterns that are too large are in nothing but themselves.
import { type Automaton, classify, textValue } from './automaton.ts';
import { sampleBytes } from './bytes.ts';
import type { Pattern } from './pattern.ts';

/** Larger patterns are not asked about. */
const mostNodes = 2000;
const mostStates = 1024;
/** Pairs of states on the way to an answer. */
const mostPairs = 1 << 15;

/** `inside`: the value of the texts in the language; undefined if there is none. */
type Language = {
  readonly number: number;
  readonly automaton: Automaton;
  readonly inside: number | undefined;
  readonly sample: Uint8Array;
};

/** How many nodes are left of `budget`, which a pattern written out uses up. */
function nodesLeft(pattern: Pattern, budget: number): number {
  if (budget <= 0) return 0;
  if (pattern.kind === 'literal') return budget - 1 - pattern.text.length;
  if (pattern.kind === 'byte') return budget - 1;
  const parts = 'part' in pattern ? [pattern.part] : pattern.parts;
  return parts.reduce((left, part) => nodesLeft(part, left), budget - 1);
}

const step = ({ next, classes, byteClass }: Automaton, state: number, byte: number): number =>
  next[state * classes + (byteClass[byte] ?? 0)] ?? 0;

function holds(part: Language, whole: Language): boolean {
  const [a, b] = [part.automaton, whole.automaton];
  const bytes = sampleBytes(a, b);
  const met = new Set([a.start * b.states + b.start]);
  for (const pair of met) {
    const [inPart, inWhole] = [Math.floor(pair / b.states), pair % b.states];
    if (a.accept[inPart] === part.inside && b.accept[inWhole] !== whole.inside) return false;
    if (met.size > mostPairs) return false;
    // State 0 is dead: nothing of the part is behind it.
    for (const byte of bytes) {
      const to = step(a, inPart, byte);
      if (to !== 0) met.add(to * b.states + step(b, inWhole, byte));
    }
  }
  return true;
}

/** Remembers what it has worked out about patterns: keep one for all questions about one policy. */
export class Containment {
  readonly #languages = new Map<Pattern, Language | undefined>();
  readonly #answers = new Map<number, boolean>();

  #languageOf(pattern: Pattern): Language | undefined {
    if (this.#languages.has(pattern)) return this.#languages.get(pattern);
    const found = nodesLeft(pattern, mostNodes) > 0 ? classify([pattern], mostStates) : undefined;
    const inside = found?.classesOf[0]?.[0];
    const sample = found?.witnesses[inside ?? 0] ?? new Uint8Array();
    const language = found && { number: this.#languages.size, automaton: found.automaton, inside, sample };
    this.#languages.set(pattern, language);
    return language;
  }

  /** Is it certain that every text of `part` is one of `whole`? */
  isWithin(part: Pattern, whole: Pattern): boolean {
    if (part === whole) return true;
    if (part.kind === 'literal' && whole.kind === 'literal') return part.text === whole.text;
    const outer = this.#languageOf(whole);
    if (!outer) return false;
    if (part.kind === 'literal') return textValue(outer.automaton, part.text) === outer.inside;
    const inner = this.#languageOf(part);
    if (!inner) return false;
    if (inner.inside === undefined) return true;
    if (textValue(outer.automaton, inner.sample) !== outer.inside) return false;
    const key = inner.number * 2 ** 26 + outer.number;
    const known = this.#answers.get(key) ?? holds(inner, outer);
    this.#answers.set(key, known);
    return known;
  }

  /** Is it certain that no text is in the language? */
  isEmpty(pattern: Pattern): boolean {
    if (pattern.kind === 'literal') return false;
    const language = this.#languageOf(pattern);
    return language !== undefined && language.inside === undefined;
  }
}
