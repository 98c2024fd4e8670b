// VerdictSpace: rules over classes. Every static dimension (transport, addresses, content) is split into the parts that
// the rules can tell apart; a rule then only lists class numbers. 4-normalize makes it, 5-plan reads it.

import type { Prefix } from '../space/address.ts';
import type { Automaton } from '../space/automaton.ts';
import type { Interval } from '../space/interval.ts';
import type { PolicyProgram } from './bundle.ts';
import type { TypedPolicy } from './typed.ts';

/** The class of every transport point: intervals that cover the line, ascending. */
export type PortClasses = readonly (Interval<number> & { readonly class: number })[];
/** Longest-prefix-match entries; always holds `::/0` (class 1) and `::ffff:0:0/96` (class 0). */
export type NetworkClasses = readonly (Prefix & { readonly class: number })[];
/** Without an automaton no policy speaks of the domain: every text is of class 1. `classes` counts class 0, the undecidable content. */
export type ContentClasses = { readonly automaton: Automaton | undefined; readonly classes: number };

export type VerdictSpace = {
  readonly typed: TypedPolicy;
  readonly program: PolicyProgram;
  readonly ports: PortClasses;
  readonly networks: NetworkClasses;
  readonly http: ContentClasses;
  readonly exec: ContentClasses;
};
