// The names of peers (`domain`), split into the classes that the rules can tell apart: one automaton reads the name of an answer,
// and its class is as good as a network's. Class 0 is none, 1 the names that no rule is about, which need not be remembered.
import type { Report } from '../diagnostics/diagnostic.ts';
import { limits } from '../ir/abi.ts';
import type { NetworkRule, TypedPolicy } from '../ir/typed.ts';
import type { ContentClasses } from '../ir/verdict-space.ts';
import { either, type Pattern } from '../space/pattern.ts';
import { Interned } from './intern.ts';
import { classified, fitsRoom, tooLarge } from './too-large.ts';

/** Classes of names, and those that the domains of a rule match, ascending. */
export type Names = { readonly classes: ContentClasses; readonly classesOf: (domains: readonly Pattern[]) => readonly number[] };

const unnamed = 1;
const nothing: Names = { classes: { automaton: undefined, classes: 0 }, classesOf: () => [] };
const room = { states: limits.requestStates, cells: limits.requestCells };

const hasDomains = (rule: TypedPolicy['rules'][number]): rule is NetworkRule => rule.section !== 'process' && rule.peers.domains.length > 0;

/** Partitions names; of too many for the automaton, the last rule about some is reported: which one it is takes many attempts to know. */
export function namesOf({ rules }: TypedPolicy, report: Report): Names {
  const named = rules.filter(hasDomains);
  if (named.length === 0) return nothing;
  const patterns = new Interned<Pattern>((pattern) => JSON.stringify(pattern));
  for (const { peers } of named) patterns.number(either(...peers.domains));
  const question = { patterns: patterns.values, overshadowed: undefined, room };
  const found = classified(question);
  if (!fitsRoom(found, room)) {
    const last = named.at(-1);
    if (last) report('plan/automaton-too-large', last.span, { domain: 'domain', ...tooLarge(found, room) });
    return nothing;
  }
  const matched = [...new Set(found.classesOf.flat())].sort((a, b) => a - b);
  const numberOf = new Map(matched.map((number, place) => [number, unnamed + 1 + place]));
  const accept = found.automaton.accept.map((number) => numberOf.get(number) ?? unnamed);
  return {
    classes: { automaton: { ...found.automaton, accept }, classes: unnamed + 1 + matched.length },
    classesOf: (domains) => {
      const classes = found.classesOf[patterns.number(either(...domains))] ?? [];
      return classes.flatMap((number) => numberOf.get(number) ?? []).sort((a, b) => a - b);
    },
  };
}
