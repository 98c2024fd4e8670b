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

/** One field of requests: classes of single values, of several together, and what they come to with the fields before. */
export type FieldClasses = {
  /** As fieldName makes it: `path`, `header x-token`. */
  readonly name: string;
  readonly slot: number;
  /** A value -> its class, from 1; 0 for texts that no value can be. */
  readonly automaton: Automaton;
  /** `fold[class * values + class of one more]` -> class, where a field may have several values; class 0 is that of none. */
  readonly fold: Uint32Array | undefined;
  /** Classes of one value, and of all together, with class 0. */
  readonly values: number;
  readonly folded: number;
  /** States before it that have something to ask of this or a later field; a higher one less this is a request class. */
  readonly live: number;
  /** `combine[state * folded + class]` -> state. */
  readonly combine: Uint32Array;
};
/** `start` is the state before the first field; without fields one that names the only class. `classes` counts class 0. */
export type RequestClasses = { readonly fields: readonly FieldClasses[]; readonly start: number; readonly classes: number };

export type VerdictSpace = {
  readonly typed: TypedPolicy;
  readonly program: PolicyProgram;
  readonly ports: PortClasses;
  readonly networks: NetworkClasses;
  readonly http: RequestClasses;
  readonly dns: RequestClasses;
  readonly tls: RequestClasses;
  readonly exec: ContentClasses;
  /** Of peers: without an automaton no rule is about any. */
  readonly names: ContentClasses;
};
