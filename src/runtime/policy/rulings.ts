// What lists of candidates come to, each with the defaults that are asked last: who decides a connection, and who each class of
// requests on it (grammar/README.md, "Order", "Undecidable", "Connections").
import { type RequestDomain, requestDomains } from '../../compiler/ir/abi.ts';
import type { Tier } from '../../compiler/ir/typed.ts';
import { type Candidate, type Candidates, type Default, type Defaults, matches } from './candidates.ts';
import { Chains } from './chains.ts';
import type { PortLists } from './port-lists.ts';

export type Decider = Candidate | Default;
export const isCandidate = (decider: Decider): decider is Candidate => 'number' in decider;
const keyOf = (decider: Decider): number => (isCandidate(decider) ? decider.number * 2 : decider.cause * 2 + 1);
export const allows = ({ action }: Decider): boolean => action === 'allow';

/** What a connection comes to: who decides it, and who each class of requests on it; none where the one decides all. */
export type Ruling = {
  readonly connection: Decider;
  readonly requests: readonly Decider[];
  /** Of which of them the answers name addresses. */
  readonly named: readonly boolean[];
  readonly domain: RequestDomain;
  readonly isInspected: boolean;
};
/** `pending`, `naming`: lists of candidates with content, in order: those before `last`, and those whose answers name addresses. Numbered from 1. */
type Asked = { readonly pending: number; readonly naming: number; readonly last: Decider };

/** Where candidates in deciding order have come to: what is passed over from now on, and who decides what `pending` leaves. */
type Reached = Omit<Asked, 'last'> & { readonly passed: Tier | undefined; readonly decider: Candidate | undefined };
const nowhere: Reached = { pending: 0, naming: 0, passed: undefined, decider: undefined };
/** Without candidates in audit mode, and with them. */
type Standing = { readonly held: Reached; readonly wished: Reached };

/** What requests of a connection are read as: no build has rules of two domains for one, but where ports have names. */
const requestDomainOf = (list: readonly Candidate[]): RequestDomain =>
  requestDomains.findLast((name) => list.some(({ domain }) => domain === name)) ?? requestDomains[0];

/** Classes of contents. */
export type Sizes = Readonly<Record<RequestDomain | 'exec', number>>;
export type Contents = { readonly domain: keyof Sizes; readonly classes: number };

/** Content class -> who decides it. A `pass` that matches takes the rest of its tier away. */
export function contentRow(list: readonly Candidate[], last: Decider, { domain, classes }: Contents): readonly Decider[] {
  return Array.from({ length: classes }, (_, number) => {
    let passed: Tier | undefined;
    for (const candidate of list) {
      if (candidate.tier === passed || !matches(candidate, { domain, number })) continue;
      if (candidate.action !== 'pass') return candidate;
      passed = candidate.tier;
    }
    return last;
  });
}

/** Rulings have numbers; equal ones are one. */
export class Rulings {
  readonly #candidates: Candidates;
  readonly #lists: PortLists;
  readonly #sizes: Sizes;
  /** Lists of candidates with content that come before what decides every request. */
  readonly #pending = new Chains();
  /** What was asked, as a list -> its ruling. */
  readonly #asked = new Chains();
  readonly #rulings: (Ruling | undefined)[] = [];
  /** By list of `PortLists.peersOf`. */
  readonly #standings: (Standing | undefined)[] = [{ held: nowhere, wished: nowhere }];

  constructor({ candidates, lists }: { readonly candidates: Candidates; readonly lists: PortLists }, sizes: Sizes) {
    this.#candidates = candidates;
    this.#lists = lists;
    this.#sizes = sizes;
  }

  /** Of a list of `PortLists.peersOf`: without what is in audit mode, and with it. */
  of(list: number, { enforced, audited }: Defaults): { readonly held: number; readonly wished: number } {
    const { held, wished } = this.#standingOf(list);
    return { held: this.#numberOf(held, enforced), wished: this.#numberOf(wished, audited) };
  }

  at(number: number): Ruling {
    const ruling = this.#rulings[number];
    if (!ruling) throw new Error(`policyd bug: no ruling ${number}`);
    return ruling;
  }

  /** Lists grow at their ends: what one comes to is what that before it did, and its last. */
  #standingOf(list: number): Standing {
    const unknown: number[] = [];
    let at = list;
    let standing = this.#standings[at];
    for (; standing === undefined; standing = this.#standings[at]) {
      unknown.push(at);
      at = this.#lists.lastOf(at)?.before ?? 0;
    }
    for (const one of unknown.reverse()) {
      standing = this.#further(standing, one);
      this.#standings[one] = standing;
    }
    return standing;
  }

  #further({ held, wished }: Standing, list: number): Standing {
    const candidate = this.#lists.lastOf(list)?.candidate;
    if (!candidate) throw new Error(`policyd bug: no candidate in the list ${list}`);
    const further = this.#reached(wished, candidate);
    if (candidate.audit) return { held, wished: further };
    return { held: held === wished ? further : this.#reached(held, candidate), wished: further };
  }

  /**
   * What comes first decides, after those with content that come before it. A `pass` takes the rest of its tier away. Whether the
   * names of an answer count is said by those behind it, too.
   */
  #reached(before: Reached, candidate: Candidate): Reached {
    if (candidate.tier === before.passed) return before;
    const { number, tier } = candidate;
    const naming = candidate.givesNames ? this.#pending.extend(before.naming, number) : before.naming;
    if (candidate.action === 'pass') return { ...before, naming, passed: tier };
    if (before.decider) return naming === before.naming ? before : { ...before, naming };
    if (candidate.content) return { ...before, naming, pending: this.#pending.extend(before.pending, number) };
    return { ...before, naming, decider: candidate };
  }

  #numberOf({ pending, naming, decider }: Reached, other: Default): number {
    const last = decider ?? other;
    const lists = this.#asked;
    const number = lists.extend(lists.extend(lists.extend(0, pending), naming), keyOf(last));
    this.#rulings[number] ??= this.#ruling({ pending, naming, last });
    return number;
  }

  #ruling({ pending, naming, last }: Asked): Ruling {
    if (pending === 0 && naming === 0) return { connection: last, requests: [], named: [], domain: 'http', isInspected: false };
    const [list, givers] = [this.#membersOf(pending), this.#membersOf(naming)];
    const domain = requestDomainOf([...list, ...givers]);
    const requests = contentRow(list, last, { domain, classes: this.#sizes[domain] });
    const named = requests.map((decider, number) => allows(decider) && givers.some((giver) => matches(giver, { domain, number })));
    const allowing = [...list, last].find((decider) => allows(decider) && requests.includes(decider));
    const isInspected = allowing !== undefined && (requests.some((decider) => decider !== allowing) || named.includes(true));
    return { connection: allowing ?? requests[0] ?? last, requests, named, domain, isInspected };
  }

  #membersOf(pending: number): readonly Candidate[] {
    return this.#pending.members(pending).map((number) => this.#candidates.get(number));
  }
}
