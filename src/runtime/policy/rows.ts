// Rows of verdicts: for a list of candidates in deciding order and the defaults, what every port class, request class or
// exec class comes to (grammar/README.md, "Order", "Undecidable", "Connections", "Default", "Audit").
import { eventDomain, matchType, verdictAction, verdictFlag } from '../../compiler/ir/abi.ts';
import { type Tier, tiers } from '../../compiler/ir/typed.ts';
import { type Candidate, type Candidates, type Default, type Defaults, matches } from './candidates.ts';
import { Chains } from './chains.ts';
import type { VerdictTable } from './verdict-table.ts';

type Decider = Candidate | Default;
const isCandidate = (decider: Decider): decider is Candidate => 'number' in decider;
const matchOf = (decider: Decider): number => (isCandidate(decider) ? decider.match : matchType.none);
const keyOf = (decider: Decider): string => (isCandidate(decider) ? `${decider.number}` : `default ${decider.cause}`);
const allows = ({ action }: Decider): boolean => action === 'allow';

/** What a connection comes to: who decides it, and who each class of requests on it; none where the one decides all. */
type Ruling = { readonly connection: Decider; readonly requests: readonly Decider[]; readonly isInspected: boolean };

type Sizes = { readonly ports: number; readonly http: number; readonly exec: number };

/** Content class -> who decides it. A `pass` that matches takes the rest of its tier away. */
function contentRow(list: readonly Candidate[], last: Decider, classes: number): readonly Decider[] {
  return Array.from({ length: classes }, (_, number) => {
    let passed: Tier | undefined;
    for (const candidate of list) {
      if (candidate.tier === passed || !matches(candidate, number)) continue;
      if (candidate.action !== 'pass') return candidate;
      passed = candidate.tier;
    }
    return last;
  });
}

export class Rows {
  readonly #candidates: Candidates;
  readonly #table: VerdictTable;
  readonly #sizes: Sizes;
  /** Lists of candidates with content that come before what decides every request. */
  readonly #pending = new Chains();
  readonly #rulings: Ruling[] = [];
  readonly #rulingNumbers = new Map<string, number>();
  readonly #entries = new Map<string, number>();
  readonly #rows = new Map<string, number>();

  constructor(candidates: Candidates, table: VerdictTable, sizes: Sizes) {
    this.#candidates = candidates;
    this.#table = table;
    this.#sizes = sizes;
  }

  /** Base of the row over port classes. `key` names `list`: equal keys are equal lists. */
  network(key: number, list: () => readonly Candidate[], last: Defaults): number {
    const name = `${key}|${last.enforced.cause}|${last.audited.cause}`;
    const base = this.#rows.get(name) ?? this.#table.row(this.#portRow(list(), last));
    this.#rows.set(name, base);
    return base;
  }

  /** Base of the row over exec classes. */
  exec(list: readonly Candidate[], { enforced, audited }: Defaults): number {
    const held = contentRow(
      list.filter(({ audit }) => !audit),
      enforced,
      this.#sizes.exec,
    );
    const wished = contentRow(list, audited, this.#sizes.exec);
    return this.#table.row(held.map((decider, number) => this.#request(decider, wished[number] ?? decider)));
  }

  #portRow(list: readonly Candidate[], { enforced, audited }: Defaults): ArrayLike<number> {
    const held = list.filter(({ audit }) => !audit);
    const rulings = this.#rulingRow(held, enforced);
    const isSame = held.length === list.length && enforced.cause === audited.cause;
    const wished = isSame ? rulings : this.#rulingRow(list, audited);
    return rulings.map((ruling, port) => this.#entryOf(ruling, wished[port] ?? ruling));
  }

  /** Port class -> number of its ruling. */
  #rulingRow(list: readonly Candidate[], last: Default): Uint32Array {
    const { ports } = this.#sizes;
    const pending = new Uint32Array(ports);
    const rulings = new Uint32Array(ports);
    /** One more than the tier that a `pass` took the rest of. */
    const passed = new Uint8Array(ports);
    let open = ports;
    const meet = (port: number, candidate: Candidate, tier: number): void => {
      if (rulings[port] !== 0 || passed[port] === tier) return;
      const before = pending[port] ?? 0;
      if (candidate.action === 'pass') {
        passed[port] = tier;
      } else if (candidate.content) {
        pending[port] = this.#pending.extend(before, candidate.number);
      } else {
        rulings[port] = this.#rulingNumber(before, candidate);
        open--;
      }
    };
    for (const candidate of list) {
      const tier = tiers.indexOf(candidate.tier) + 1;
      if (candidate.ports === 'all') for (let port = 0; port < ports; port++) meet(port, candidate, tier);
      else for (const port of candidate.ports) meet(port, candidate, tier);
      if (open === 0) return rulings;
    }
    return rulings.map((ruling, port) => (ruling === 0 ? this.#rulingNumber(pending[port] ?? 0, last) : ruling));
  }

  /** Candidates with content in order, then what decides the rest; numbered from 1. */
  #rulingNumber(pending: number, last: Decider): number {
    const key = `${pending}|${keyOf(last)}`;
    const known = this.#rulingNumbers.get(key) ?? this.#rulings.push(this.#ruling(pending, last));
    this.#rulingNumbers.set(key, known);
    return known;
  }

  #ruling(pending: number, last: Decider): Ruling {
    if (pending === 0) return { connection: last, requests: [], isInspected: false };
    const list = this.#pending.members(pending).map((number) => this.#candidates.get(number));
    const requests = contentRow(list, last, this.#sizes.http);
    const allowing = [...list, last].find((decider) => allows(decider) && requests.includes(decider));
    const isInspected = allowing !== undefined && requests.some((decider) => decider !== allowing);
    return { connection: allowing ?? requests[0] ?? last, requests, isInspected };
  }

  /** The entry of a connection whose ruling is `held`, and with what is in audit mode `wished`. */
  #entryOf(held: number, wished: number): number {
    const key = `${held}|${wished}`;
    const known = this.#entries.get(key) ?? this.#connection(this.#rulingAt(held), this.#rulingAt(wished));
    this.#entries.set(key, known);
    return known;
  }

  #rulingAt(number: number): Ruling {
    const ruling = this.#rulings[number - 1];
    if (!ruling) throw new Error(`policyd bug: no ruling ${number}`);
    return ruling;
  }

  /** What audit alone would inspect is not: to read requests is to refuse what cannot be read. */
  #connection(held: Ruling, wished: Ruling): number {
    if (!held.isInspected) return this.#final(held.connection, wished.connection);
    const requests = held.requests.map((decider, number) => this.#request(decider, wished.requests[number] ?? wished.connection));
    return this.#final(held.connection, wished.connection, this.#table.row(requests));
  }

  #request(held: Decider, wished: Decider): number {
    return this.#entry({ held, wished, match: matchType.layer7 });
  }

  /** `next`: of a connection that is inspected. */
  #final(held: Decider, wished: Decider, next = 0): number {
    return this.#entry({ held, wished, match: matchOf(allows(held) && !allows(wished) ? wished : held), next });
  }

  #entry({ held, wished, match, next = 0 }: { held: Decider; wished: Decider; match: number; next?: number }): number {
    const isAudited = allows(held) && !allows(wished);
    const passes = next === 0 ? verdictAction.allow : verdictAction.inspect;
    return this.#table.entry({
      action: allows(held) ? passes : verdictAction.deny,
      cause: (isAudited ? wished : held).cause,
      match,
      next,
      domain: next === 0 ? 0 : eventDomain.http,
      flags: isAudited ? verdictFlag.audited : held.action === 'drop' ? verdictFlag.silent : 0,
    });
  }
}
