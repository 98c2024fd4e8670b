// Lines of blocks and operands of process classes: the domain that they speak of, and which of their words are names.
import type { Span } from '../base/source.ts';
import type { DomainSpec, Line, Operand } from '../domains/domain.ts';
import type { Name } from '../ir/ast.ts';
import type { ResolvedLine, ResolvedMatch } from '../ir/resolved.ts';
import { foundIn, namesOf, refuseForeign, seenIn } from './names.ts';
import { type Place, refuseWord, type Unit } from './unit.ts';
import { oneOf, operators } from './vocabulary.ts';

const vocabularies = new WeakMap<DomainSpec, ReadonlySet<string>>();

/** Words that mean something in lines of a domain, whatever is declared under them. */
export function wordsOf(domain: DomainSpec): ReadonlySet<string> {
  const known = vocabularies.get(domain);
  if (known) return known;
  const fields = domain.fields.flatMap(({ name, type }) => [name, ...type.words]);
  const words = new Set([...fields, ...operators, 'not', 'exists', 'absent']);
  vocabularies.set(domain, words);
  return words;
}

/** Words as messages show operands. */
export const operandText = (operand: Operand): string => {
  if (operand.kind === 'list') return '[...]';
  if (operand.kind === 'range') return `${operand.low}-${operand.high}`;
  if (operand.kind === 'matched') return `${operand.operator.text} ${operandText(operand.operand)}`;
  return operand.kind === 'set' ? operand.name : operand.text;
};

export const asName = (operand: Operand): Name => ({ text: operandText(operand), span: operand.span });

const ofForm = ({ domains }: Unit, form: DomainSpec['form']): readonly DomainSpec[] => domains.filter((one) => one.form === form);
export const requestDomains = (unit: Unit): readonly DomainSpec[] => ofForm(unit, 'request');

/** The domain that a class word names; others are refused. */
export function processDomain(unit: Unit, word: Operand): DomainSpec | undefined {
  if (word.kind === 'word') return processClass(unit, word);
  refuseDomain(unit, asName(word), 'process');
  return undefined;
}

export function processClass(unit: Unit, word: Name): DomainSpec | undefined {
  const domain = unit.domains.find(({ form, name }) => form === 'process' && name === word.text);
  if (!domain) refuseDomain(unit, word, 'process');
  return domain;
}

function refuseDomain(unit: Unit, word: Name, form: DomainSpec['form']): void {
  const known = ofForm(unit, form).map(({ name }) => name);
  refuseWord(unit, word, { expected: `${form === 'process' ? 'a process class' : 'a request block'} (${oneOf(known)})`, known });
}

type Block = { readonly name: Name; readonly lines: readonly Line[]; readonly span: Span };

/** The match that a block says; undefined after a report. */
export function matchOf(place: Place, { name, lines, span }: Block): ResolvedMatch | undefined {
  const domain = place.unit.domains.find((one) => one.form === 'request' && one.name === name.text);
  if (!domain) {
    refuseDomain(place.unit, name, 'request');
    return undefined;
  }
  const resolved = lines.map((line) => resolvedLine(place, domain, line));
  return resolved.includes(undefined) ? undefined : { domain, lines: resolved.filter((line) => line !== undefined), span };
}

/** The operands as a line; without one, its place is behind `before`. Undefined after a report. */
export function lineOf(
  place: Place,
  domain: DomainSpec,
  [operands, before]: readonly [readonly Operand[], Span],
): ResolvedLine | undefined {
  const start = operands[0]?.span.start ?? before.end;
  const span = { source: before.source, start, end: operands.at(-1)?.span.end ?? before.end };
  return resolvedLine(place, domain, { operands, span });
}

const noNames: ReadonlyMap<number, number> = new Map();

function resolvedLine(place: Place, domain: DomainSpec, { operands, span }: Line): ResolvedLine | undefined {
  const naming: Naming = { place, domain, names: new Map() };
  if (!bindAll(naming, operands)) return undefined;
  return { operands, names: naming.names.size > 0 ? naming.names : noNames, span };
}

type Naming = { readonly place: Place; readonly domain: DomainSpec; readonly names: Map<number, number> };

/** Binds the names among operands; false after a report. */
function bindAll(naming: Naming, operands: readonly Operand[]): boolean {
  let bound = true;
  for (const operand of operands) {
    if (operand.kind === 'list') bound = bindAll(naming, operand.items) && bound;
    else if (operand.kind === 'matched') bound = bindAll(naming, [operand.operator, operand.operand]) && bound;
    else if (operand.kind === 'word') bound = bindWord(naming, operand) && bound;
  }
  return bound;
}

const lineKinds: ReadonlySet<string> = new Set(['list', 'domain', 'path', 'binary']);

/** Binds a word that is not of the domain. What is no name either is told by the domain, which knows what is expected there. */
function bindWord({ place, domain, names }: Naming, word: Name): boolean {
  const words = wordsOf(domain);
  if (words.has(word.text)) return isPlain(place, word, domain);
  const found = foundIn(place, word.text);
  if (found?.kind === 'set' && lineKinds.has(found.type)) {
    names.set(word.span.start, found.declaration);
    return true;
  }
  if (!found) return !isMistaken(place, words, word);
  const expected = 'a `domain`, `path`, `binary` or `list`';
  place.unit.report('resolve/wrong-kind', [word.span, found.span], { expected, found: `${found.what} \`${word.text}\``, hint: undefined });
  return false;
}

/** A word of a domain is no name. One under which something is declared that could be meant is reported, not guessed: where words stand, a list. */
function isPlain(place: Place, { text, span }: Name, { name: domain, fields }: DomainSpec): boolean {
  const found = seenIn(place, text);
  if (found?.kind !== 'set' || !lineKinds.has(found.type)) return true;
  if (found.type !== 'list' && fields.some(({ type }) => type.words.includes(text))) return true;
  foundIn(place, text);
  place.unit.report('resolve/ambiguous-word', [span, found.span], { name: text, domain, kind: found.what });
  return false;
}

/** As isPlain, for an item of a list, which may be meant for any domain. */
export function isPlainItem(place: Place, word: Name): boolean {
  const domain = place.unit.domains.find((one) => wordsOf(one).has(word.text));
  return !domain || isPlain(place, word, domain);
}

/** Is this the name of something that this file cannot see, or nearest to one that it can? Reported then, if it has not been. */
function isMistaken(place: Place, words: ReadonlySet<string>, { text, span }: Name): boolean {
  const { unit, scope } = place;
  if (scope.excused.has(text)) return true;
  if (refuseForeign(place, { text, span }, 'set')) return true;
  const suggestion = unit.suggest(text, wordsAndNames(place, words));
  if (suggestion === undefined || words.has(suggestion)) return false;
  unit.report('resolve/unknown-name', span, { kind: 'name', name: text, suggestion });
  return true;
}

function* wordsAndNames(place: Place, words: ReadonlySet<string>): Iterable<string> {
  yield* words;
  yield* namesOf(place, (found) => found.kind === 'set' && lineKinds.has(found.type));
}
