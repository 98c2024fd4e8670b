// Rows of verdicts: for a list of candidates in deciding order and the defaults, what every peer class, request class or
// exec class comes to (grammar/README.md, "Order", "Undecidable", "Connections", "Default", "Audit").
import { eventDomain, matchType, type RequestDomain, verdictAction, verdictFlag } from '../../compiler/ir/abi.ts';
import type { Candidate, Candidates, Defaults } from './candidates.ts';
import { Chains } from './chains.ts';
import type { ChoiceTable } from './choices.ts';
import { UnfitBundle } from './class-space.ts';
import type { Groups } from './groups.ts';
import { decidesAll, type PortLists } from './port-lists.ts';
import { allows, contentRow, type Decider, isCandidate, type Ruling, Rulings, type Sizes } from './rulings.ts';
import type { VerdictTable } from './verdict-table.ts';

const matchOf = (decider: Decider): number => (isCandidate(decider) ? decider.match : matchType.none);

/** What lists come to in sections with these defaults: entries of lists of `PortLists.peersOf`, rows of those of `listsOf`. */
type OfDefaults = { readonly last: Defaults; readonly entries: Map<number, number>; readonly rows: Map<number, number> };

type RowParts = {
  readonly candidates: Candidates;
  readonly lists: PortLists;
  readonly verdicts: VerdictTable;
  readonly choices: ChoiceTable;
};

/** The requests of a connection: base of their row. */
type Inspected = { readonly next: number; readonly domain: RequestDomain };
/** `isNaming`: the answer to such a request names addresses. */
type Told = {
  readonly held: Decider;
  readonly wished: Decider;
  readonly match: number;
  readonly inspected?: Inspected;
  readonly isNaming?: boolean;
};

/**
 * `choices`: row of choices of peer classes, by which they choose of the verdicts behind `verdicts`. Who chooses nothing has the base
 * of its kind, network or endpoint: that of the section, or (`hasBases`) the row's own, which are the verdict before `verdicts` and that.
 */
export type Row = {
  readonly choices: number;
  readonly verdicts: number;
  readonly hasBases: boolean;
  /** An address is asked about by each of its names too: the lowest choice but 0 is that of the rule that stands first. */
  readonly isByName: boolean;
};

type Members = { readonly ofGroup: Int32Array; readonly unmoved: number };

/** How many classes of addresses, and how many of endpoints, are in each group. `moved`: of the groups. */
function membersOf(groups: Groups, moved: Int32Array, { addresses, peerClasses }: PortLists): readonly Members[] {
  const ofAddresses = new Int32Array(groups.lists.length);
  let movedAddresses = 0;
  for (; movedAddresses < moved.length; movedAddresses++) {
    const peer = moved[movedAddresses] ?? 0;
    if (peer >= addresses) break;
    const group = groups.of[peer] ?? 0;
    ofAddresses[group] = (ofAddresses[group] ?? 0) + 1;
  }
  const unmoved = addresses - movedAddresses;
  ofAddresses[0] = (ofAddresses[0] ?? 0) + unmoved;
  return [
    { ofGroup: ofAddresses, unmoved },
    {
      ofGroup: ofAddresses.map((count, group) => groups.sizeOf(group) - count),
      unmoved: peerClasses - addresses - (moved.length - movedAddresses),
    },
  ];
}

/** The entry of the most members, the first of several; `none` where there is nobody. */
function commonest(ofGroup: Int32Array, entryOf: readonly number[], none: number): number {
  const sums = new Map<number, number>();
  entryOf.forEach((entry, group) => {
    const count = ofGroup[group] ?? 0;
    if (count > 0) sums.set(entry, (sums.get(entry) ?? 0) + count);
  });
  let [found, most] = [none, 0];
  for (const [entry, count] of sums) if (count > most) [found, most] = [entry, count];
  return found;
}

export class Rows {
  readonly #lists: PortLists;
  readonly #table: VerdictTable;
  readonly #choices: ChoiceTable;
  readonly #execClasses: number;
  readonly #rulings: Rulings;
  /** Lists of two rulings -> their entry. */
  readonly #pairs = new Chains();
  readonly #entries: number[] = [];
  readonly #ofDefaults = new Map<string, OfDefaults>();
  #latest: OfDefaults | undefined;
  readonly #rows: Row[] = [];
  /** What a row is, as a list -> its number. */
  readonly #rowLists = new Chains();
  readonly #rowNumbers: number[] = [];
  readonly #buffer: Uint16Array;
  readonly #everyPeer: Int32Array;

  constructor(parts: RowParts, sizes: Sizes) {
    this.#rulings = new Rulings(parts, sizes);
    this.#lists = parts.lists;
    this.#table = parts.verdicts;
    this.#choices = parts.choices;
    this.#execClasses = sizes.exec;
    this.#buffer = new Uint16Array(parts.lists.peerClasses);
    this.#everyPeer = Int32Array.from(this.#buffer, (_, peer) => peer);
  }

  get all(): readonly Row[] {
    return this.#rows;
  }

  /** Sections of one subject follow each other: they mostly have the same defaults. */
  #of(last: Defaults): OfDefaults {
    if (this.#latest?.last === last) return this.#latest;
    const key = `${last.enforced.cause}|${last.audited.cause}`;
    const found = this.#ofDefaults.get(key) ?? { entries: new Map<number, number>(), rows: new Map<number, number>() };
    this.#latest = { ...found, last };
    this.#ofDefaults.set(key, this.#latest);
    return this.#latest;
  }

  /** The first of two verdicts where no rule is asked. */
  bases(last: Defaults): number {
    const none = this.#entryOfList(0, last);
    return this.#table.row([none, none]);
  }

  /** Number of the row of a list of `PortLists.listsOf`. @throws GenerationLimit */
  network(list: number, last: Defaults): number {
    const { rows } = this.#of(last);
    const known = rows.get(list);
    if (known !== undefined) return known;
    const row = this.#row(list, last);
    const choices = this.#rowLists.extend(0, row.choices);
    const name = this.#rowLists.extend(choices, row.verdicts * 4 + (row.hasBases ? 2 : 0) + (row.isByName ? 1 : 0));
    const number = this.#rowNumbers[name] ?? this.#rows.push(row) - 1;
    this.#rowNumbers[name] = number;
    rows.set(list, number);
    return number;
  }

  #row(list: number, last: Defaults): Row {
    if (this.#lists.hasNames) {
      const rules = this.#lists.rulesOf(list);
      if (rules.some(({ isByName }) => isByName)) return this.#rowByName(list, last, new Map(rules.map((rule, place) => [rule, place])));
    }
    const groups = this.#lists.peersOf(list);
    const entryOf = groups.lists.map((peers, group) => (groups.sizeOf(group) === 0 ? 0 : this.#entryOfList(peers, last)));
    const { of, moved } = groups;
    const { addresses } = this.#lists;
    const members = membersOf(groups, moved, this.#lists);
    const none = this.#entryOfList(0, last);
    const bases = members.map((counts) => commonest(counts.ofGroup, entryOf, none));
    const entries: number[] = [];
    const known = new Map<number, number>();
    // Numbered as peers meet them: rows with the same pattern of peers then share their blocks.
    const choiceOf = (entry: number, base: number | undefined): number => {
      if (entry === base) return 0;
      const choice = known.get(entry) ?? entries.push(entry);
      known.set(entry, choice);
      return choice;
    };
    // Whoever no rule names is visited only to be told what is not the base.
    const isTold = members.some(({ unmoved }, kind) => unmoved > 0 && entryOf[0] !== bases[kind]);
    const peers = isTold ? this.#everyPeer : moved;
    const choiceOfGroup: (number | undefined)[] = [];
    const buffer = this.#buffer;
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[i] ?? 0;
      const group = of[peer] ?? 0;
      const kind = peer < addresses ? 0 : 1;
      let choice = choiceOfGroup[2 * group + kind];
      if (choice === undefined) {
        choice = choiceOf(entryOf[group] ?? 0, bases[kind]);
        choiceOfGroup[2 * group + kind] = choice;
      }
      buffer[peer] = choice;
    }
    const choices = this.#choices.row(buffer, entries.length, peers);
    for (let i = 0; i < peers.length; i++) buffer[peers[i] ?? 0] = 0;
    if (bases.some((base) => base !== none))
      return { choices, verdicts: this.#table.row([...bases, ...entries]) + 1, hasBases: true, isByName: false };
    return { choices, verdicts: entries.length === 0 ? 0 : this.#table.row(entries) - 1, hasBases: false, isByName: false };
  }

  /** Choices are in the order of the rules that decide them; whom no rule is about chooses nothing. @throws UnfitBundle */
  #rowByName(list: number, last: Defaults, places: ReadonlyMap<Candidate, number>): Row {
    const groups = this.#lists.peersOf(list);
    const { of, moved } = groups;
    const [ofAddresses] = membersOf(groups, moved, this.#lists);
    const lastByName = Math.max(...[...places].map(([{ isByName }, place]) => (isByName ? place : -1)));
    const chosen = new Map<string, { readonly place: number; readonly entry: number }>();
    const keyOfGroup = groups.lists.map((peers, group): string | undefined => {
      const first = groups.sizeOf(group) === 0 ? undefined : this.#lists.firstOf(peers);
      if (!first) return undefined;
      const place = places.get(first) ?? 0;
      if (!decidesAll(first) && place < lastByName && (ofAddresses?.ofGroup[group] ?? 0) > 0)
        throw new UnfitBundle('the bundle is damaged: what a rule about names comes after leaves the rest of it undecided');
      const entry = this.#entryOfList(peers, last);
      const key = `${place}|${entry}`;
      chosen.set(key, { place, entry });
      return key;
    });
    const sorted = [...chosen].sort(([, a], [, b]) => a.place - b.place || a.entry - b.entry);
    const choiceOf = new Map(sorted.map(([key], number) => [key, number + 1]));
    const peers = keyOfGroup[0] === undefined ? moved : this.#everyPeer;
    for (const peer of peers) this.#buffer[peer] = choiceOf.get(keyOfGroup[of[peer] ?? 0] ?? '') ?? 0;
    const choices = this.#choices.row(this.#buffer, sorted.length, peers);
    for (const peer of peers) this.#buffer[peer] = 0;
    const entries = sorted.map(([, { entry }]) => entry);
    return { choices, verdicts: entries.length === 0 ? 0 : this.#table.row(entries) - 1, hasBases: false, isByName: true };
  }

  /** Base of the row over exec classes. */
  exec(list: readonly Candidate[], { enforced, audited }: Defaults): number {
    const contents = { domain: 'exec', classes: this.#execClasses } as const;
    const held = contentRow(
      list.filter(({ audit }) => !audit),
      enforced,
      contents,
    );
    const wished = contentRow(list, audited, contents);
    return this.#table.row(held.map((decider, number) => this.#request(decider, wished[number] ?? decider)));
  }

  /** The entry of the rules of a list of `PortLists.peersOf`. */
  #entryOfList(list: number, last: Defaults): number {
    const { entries } = this.#of(last);
    const known = entries.get(list);
    if (known !== undefined) return known;
    const { held, wished } = this.#rulings.of(list, last);
    const entry = this.#entryOf(held, wished);
    entries.set(list, entry);
    return entry;
  }

  /** The entry of a connection whose ruling is `held`, and with what is in audit mode `wished`. */
  #entryOf(held: number, wished: number): number {
    const pair = this.#pairs.extend(this.#pairs.extend(0, held), wished);
    const known = this.#entries[pair] ?? this.#connection(this.#rulings.at(held), this.#rulings.at(wished));
    this.#entries[pair] = known;
    return known;
  }

  /** What audit alone would inspect is not: to read requests is to refuse what cannot be read. */
  #connection(held: Ruling, wished: Ruling): number {
    if (!held.isInspected) return this.#final(held.connection, wished.connection);
    const requests = held.requests.map((decider, number) =>
      this.#entry({
        held: decider,
        wished: wished.requests[number] ?? wished.connection,
        match: matchType.layer7,
        isNaming: held.named[number] === true,
      }),
    );
    return this.#final(held.connection, wished.connection, { next: this.#table.row(requests), domain: held.domain });
  }

  #request(held: Decider, wished: Decider): number {
    return this.#entry({ held, wished, match: matchType.layer7 });
  }

  /** `inspected`: of a connection whose requests are read. */
  #final(held: Decider, wished: Decider, inspected?: Inspected): number {
    return this.#entry({ held, wished, match: matchOf(allows(held) && !allows(wished) ? wished : held), ...(inspected && { inspected }) });
  }

  #entry({ held, wished, match, inspected, isNaming = false }: Told): number {
    const isAudited = allows(held) && !allows(wished);
    const passes = inspected ? verdictAction.inspect : verdictAction.allow;
    return this.#table.word({
      action: allows(held) ? passes : verdictAction.deny,
      cause: (isAudited ? wished : held).cause,
      match,
      next: inspected?.next ?? 0,
      domain: inspected ? eventDomain[inspected.domain] : 0,
      flags: (isAudited ? verdictFlag.audited : held.action === 'drop' ? verdictFlag.silent : 0) + (isNaming ? verdictFlag.naming : 0),
    });
  }
}
