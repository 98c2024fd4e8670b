// Sets of texts and numbers as Tetragon compares them. Only what its operators mean exactly: a text, all that begin, end or go on
// with one; anything else has no equal.
import type { Pattern } from '../../../space/pattern.ts';

type Operator = 'Equal' | 'Prefix' | 'Postfix' | 'SubString';
/** Values of one operator: one of them holds. */
export type Comparison = { readonly operator: Operator; readonly values: readonly string[] };
/** One of the comparisons holds; `not`: none. */
export type Compared = { readonly not: boolean; readonly any: readonly Comparison[] };

/** A text with what stands for any other: `any` none too, `some` at least a byte. */
type Piece = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'any' | 'some' };

const isAnyByte = (pattern: Pattern): boolean =>
  pattern.kind === 'byte' && pattern.ranges.length === 1 && pattern.ranges[0]?.[0] === 0 && pattern.ranges[0][1] === 255;

function piecesOf(pattern: Pattern): readonly Piece[] | undefined {
  if (pattern.kind === 'literal') return [{ kind: 'text', text: pattern.text }];
  if (pattern.kind === 'repeat' && isAnyByte(pattern.part)) return [{ kind: pattern.minimum === 0 ? 'any' : 'some' }];
  if (pattern.kind !== 'sequence') return undefined;
  const parts = pattern.parts.map(piecesOf);
  return parts.some((part) => part === undefined) ? undefined : joined(parts.flatMap((part) => part ?? []));
}

function joined(pieces: readonly Piece[]): readonly Piece[] {
  const out: Piece[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (piece.kind === 'text' && last?.kind === 'text') out[out.length - 1] = { kind: 'text', text: last.text + piece.text };
    else out.push(piece);
  }
  return out;
}

/** `path`: begins with `/` and ends with it only if it is the root. `program`: the root is none. */
export type TextKind = 'text' | 'path' | 'program';

/** `beside`: the operator says more than is meant, this too, so that it has to be meant beside. */
type Atom = { readonly operator: Operator; readonly text: string; readonly beside?: Operator };

function atomOf(pieces: readonly Piece[], kind: TextKind): Atom | undefined {
  const [first, second, third, fourth] = pieces;
  const isPath = kind !== 'text';
  if (first?.kind === 'text' && !second) return { operator: 'Equal', text: first.text };
  if (first?.kind === 'text' && second && second.kind !== 'text' && !third) {
    const { text } = first;
    if (second.kind === 'some' && !(isPath && text.endsWith('/'))) return undefined;
    return { operator: 'Prefix', text, ...(second.kind === 'some' && text === '/' && kind === 'path' && { beside: 'Equal' }) };
  }
  const rest = isPath ? (first?.kind === 'text' && first.text === '/' ? [second, third, fourth] : []) : [first, second, third];
  const [before, text, after, ...more] = rest;
  if (before?.kind !== 'any' || text?.kind !== 'text' || (after && after.kind !== 'any') || more.length > 0 || pieces.length > 4)
    return undefined;
  // `/` with anything and then a text that begins with `/` leaves out the text itself.
  const beside = isPath && text.text.startsWith('/');
  return after
    ? { operator: 'SubString', text: text.text, ...(beside && { beside: 'Prefix' }) }
    : { operator: 'Postfix', text: text.text, ...(beside && { beside: 'Equal' }) };
}

function atomsOf(pattern: Pattern, kind: TextKind): readonly Atom[] | undefined {
  if (pattern.kind === 'either') {
    const parts = pattern.parts.map((part) => atomsOf(part, kind));
    return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? []);
  }
  const pieces = piecesOf(pattern);
  const atom = pieces && atomOf(pieces, kind);
  return atom && [atom];
}

/** The comparisons that a pattern is. */
export function comparedText(pattern: Pattern, kind: TextKind): Compared | undefined {
  const not = pattern.kind === 'not';
  const atoms = atomsOf(not ? pattern.part : pattern, kind);
  if (!atoms) return undefined;
  const isBeside = (one: Atom, { text, beside }: Atom): boolean => one.text === text && one.operator === beside;
  if (atoms.some((atom) => atom.beside && !atoms.some((one) => isBeside(one, atom)))) return undefined;
  const needed = atoms.filter((one) => !atoms.some((atom) => isBeside(one, atom)));
  const operators = [...new Set(needed.map(({ operator }) => operator))];
  return {
    not,
    any: operators.map((operator) => ({ operator, values: needed.filter((one) => one.operator === operator).map(({ text }) => text) })),
  };
}

/** Exact values alone. */
export function exactTexts(pattern: Pattern): { readonly not: boolean; readonly values: readonly string[] } | undefined {
  const compared = comparedText(pattern, 'text');
  const [only, ...others] = compared?.any ?? [];
  return compared && only?.operator === 'Equal' && others.length === 0 ? { not: compared.not, values: only.values } : undefined;
}
