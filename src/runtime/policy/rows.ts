// Rows of verdicts: for a list of candidates in deciding order and a default, what every port class, request class or
// exec class comes to (grammar/README.md, "Order", "Undecidable", "Connections", "Default").
import { eventDomain, matchType, verdictAction } from '../../compiler/ir/abi.ts';
import { type Candidate, type Candidates, type Default, decides } from './candidates.ts';
import { Chains } from './chains.ts';
import type { VerdictTable } from './verdict-table.ts';

type Decider = Candidate | Default;
const isCandidate = (decider: Decider): decider is Candidate => 'number' in decider;
const matchOf = (decider: Decider): number => (isCandidate(decider) ? decider.match : matchType.none);

export class Rows {
  readonly #candidates: Candidates;
  readonly #table: VerdictTable;
  readonly #sizes: { readonly ports: number; readonly http: number; readonly exec: number };
  /** Lists of candidates with content that come before what decides every request. */
  readonly #pending: Chains;
  readonly #connections = new Map<string, number>();
  readonly #rows = new Map<string, number>();

  constructor(
    candidates: Candidates,
    table: VerdictTable,
    sizes: { readonly ports: number; readonly http: number; readonly exec: number },
  ) {
    this.#candidates = candidates;
    this.#table = table;
    this.#sizes = sizes;
    this.#pending = new Chains();
  }

  /** Base of the row over port classes. `key` names `list`: equal keys are equal lists. */
  network(key: number, list: () => readonly Candidate[], last: Default): number {
    const name = `${key}|${last.cause}`;
    const base = this.#rows.get(name) ?? this.#table.row(this.#portRow(list(), last));
    this.#rows.set(name, base);
    return base;
  }

  /** Base of the row over exec classes. */
  exec(list: readonly Candidate[], last: Default): number {
    return this.#table.row(this.#contentRow(list, last, this.#sizes.exec).map((decider) => this.#final(decider, matchType.layer7)));
  }

  #portRow(list: readonly Candidate[], last: Default): Uint32Array {
    const { ports } = this.#sizes;
    const pending = new Uint32Array(ports);
    const entries = new Uint32Array(ports);
    let open = ports;
    const meet = (port: number, candidate: Candidate): void => {
      if (entries[port] !== 0) return;
      const before = pending[port] ?? 0;
      if (candidate.content) {
        pending[port] = this.#pending.extend(before, candidate.number);
        return;
      }
      entries[port] = this.#connection(before, candidate);
      open--;
    };
    for (const candidate of list) {
      if (candidate.ports === 'all') for (let port = 0; port < ports; port++) meet(port, candidate);
      else for (const port of candidate.ports) meet(port, candidate);
      if (open === 0) return entries;
    }
    return entries.map((entry, port) => (entry === 0 ? this.#connection(pending[port] ?? 0, last) : entry));
  }

  /** The entry of a connection: candidates with content in order, then what decides the rest. */
  #connection(pending: number, last: Decider): number {
    if (pending === 0) return this.#final(last, matchOf(last));
    const key = `${pending}|${isCandidate(last) ? last.number : `default ${last.cause}`}`;
    const known = this.#connections.get(key) ?? this.#inspected(pending, last);
    this.#connections.set(key, known);
    return known;
  }

  #inspected(pending: number, last: Decider): number {
    const list = this.#pending.members(pending).map((number) => this.#candidates.get(number));
    const requests = this.#contentRow(list, last, this.#sizes.http);
    const allowing = [...list, last].find((decider) => decider.action === 'allow' && requests.includes(decider));
    const undecidable = requests[0] ?? last;
    if (!allowing) return this.#final(undecidable, matchOf(undecidable));
    if (requests.every((decider) => decider === allowing)) return this.#final(allowing, matchOf(allowing));
    const next = this.#table.row(requests.map((decider) => this.#final(decider, matchType.layer7)));
    const { cause } = allowing;
    return this.#table.entry({ action: verdictAction.inspect, cause, match: matchOf(allowing), next, domain: eventDomain.http });
  }

  /** Content class -> who decides it. */
  #contentRow(list: readonly Candidate[], last: Decider, classes: number): readonly Decider[] {
    return Array.from({ length: classes }, (_, number) => list.find((candidate) => decides(candidate, number)) ?? last);
  }

  #final({ action, cause }: Decider, match: number): number {
    return this.#table.entry({ action: verdictAction[action], cause, match, next: 0, domain: 0 });
  }
}
