// What of the kernel texts can be at all. A class without a possible text is nobody's: a connection would else be admitted
// for a request that nobody can send.
import type { DomainSpec } from '../domains/domain.ts';
import { kernelFields } from '../ir/abi.ts';
import { type Automaton, type Classification, language } from '../space/automaton.ts';
import { sampleBytes } from '../space/bytes.ts';
import { anyText, literal, type Pattern, sequence } from '../space/pattern.ts';

/** Every text that the domain's automaton can be given; any, where nothing is known of the domain. */
export function possibleTexts(spec: DomainSpec | undefined): Pattern {
  const fields = spec ? (kernelFields[spec.name] ?? []) : [];
  const patterns = fields.map((name) => spec?.fields.find((field) => field.name === name)?.type.possible ?? anyText);
  return patterns.length === 0 ? anyText : sequence(...patterns.flatMap((pattern, i) => (i === 0 ? [pattern] : [literal(' '), pattern])));
}

const step = ({ next, classes, byteClass }: Automaton, state: number, byte: number): number =>
  next[state * classes + (byteClass[byte] ?? 0)] ?? 0;

/** The classes that some text of the language has. */
function classesIn(classified: Automaton, possible: Automaton): ReadonlySet<number> {
  const bytes = sampleBytes(classified, possible);
  const met = new Set([classified.start * possible.states + possible.start]);
  const found = new Set<number>();
  for (const pair of met) {
    const [state, inside] = [Math.floor(pair / possible.states), pair % possible.states];
    if (possible.accept[inside] === 1) found.add(classified.accept[state] ?? 0);
    for (const byte of bytes) met.add(step(classified, state, byte) * possible.states + step(possible, inside, byte));
  }
  return found;
}

const languages = new WeakMap<Pattern, Automaton>();

function languageOf(pattern: Pattern): Automaton {
  const made = languages.get(pattern) ?? language(pattern);
  languages.set(pattern, made);
  return made;
}

/** The same classes without those that no text can have; what would have had them is of class 0, as what could not be read. */
export function withoutImpossible(found: Classification, possible: Pattern): Classification {
  const kept = [...classesIn(found.automaton, languageOf(possible))].sort((a, b) => a - b);
  const numberOf = new Map(kept.map((number, i) => [number, i + 1]));
  return {
    automaton: { ...found.automaton, accept: found.automaton.accept.map((number) => numberOf.get(number) ?? 0) },
    classes: kept.length + 1,
    classesOf: found.classesOf.map((classes) => classes.flatMap((number) => numberOf.get(number) ?? [])),
    witnesses: [new Uint8Array(), ...kept.map((number) => found.witnesses[number] ?? new Uint8Array())],
  };
}
