// Recorded traffic, added up: records that policy cannot tell apart, and people do not want to, are one cell with counts and times. What is
// kept grows with the number of different flows, never with the number of records; past a limit that is said, too.
import { copied } from './copied.ts';
import { type End, Ends, type Telling } from './ends.ts';
import { type RecordedRequest, requestOf } from './layer7.ts';
import { type NotJudged, type Recorded, recordedKinds, recordedOf, recordedProcess, skipped } from './observation.ts';
import { pointOf } from './point.ts';
import type { Line, RecordedFlow, RecordedProcess } from './record.ts';

export type Direction = 'egress' | 'ingress' | 'unknown';
const directions: readonly Direction[] = ['egress', 'ingress', 'unknown'];

/** Flows of one cell that were recorded on one side, with one verdict. Times in microseconds since 1970, NaN where none is said. */
export type Count = {
  readonly direction: Direction;
  readonly recorded: Recorded;
  readonly count: number;
  readonly first: number;
  readonly last: number;
};
type Slot = { count: number; first: number; last: number };

type CellBase = {
  readonly source: End;
  readonly request: RecordedRequest | undefined;
  /** What tells the request apart. */
  readonly content: string;
  /** Where the first of them stands. */
  readonly place: Place;
};
/** `isSelf`: both ends are one endpoint. Addresses: of the first record. */
export type FlowCell = CellBase & {
  readonly kind: 'flow';
  readonly destination: End;
  readonly point: number;
  readonly isSelf: boolean;
  readonly sourceAddress: string;
  readonly destinationAddress: string;
};
export type ProcessCell = CellBase & { readonly kind: 'process'; readonly request: RecordedRequest };
export type Cell = FlowCell | ProcessCell;
export type CountedCell = { readonly cell: Cell; readonly counts: readonly Count[] };

/** Lines begin with 1. */
export type Place = { readonly file: string; readonly line: number };
export type Skip = { readonly reason: NotJudged; readonly count: number; readonly first: Place };
export type BadLine = Place & { readonly reason: string };

/** What was read; of bad lines the first `mostBadLines` are named. */
export type Tally = {
  readonly lines: number;
  readonly flows: number;
  readonly processes: number;
  /** Events that Hubble lost before they were recorded. */
  readonly lost: number;
  readonly others: number;
  readonly bad: { readonly count: number; readonly lines: readonly BadLine[] };
  readonly skipped: readonly Skip[];
  readonly first: number;
  readonly last: number;
};

export const mostCells = 200_000;
export const mostBadLines = 20;

/** By direction and verdict. */
type Slots = (Slot | undefined)[];
type Held = { readonly cell: Cell; readonly slots: Slots };

export class Traffic {
  readonly #ends: Ends;
  readonly #telling: Telling;
  readonly #cells = new Map<number, Map<number, Held>>();
  readonly #contents = new Map<string, number>();
  readonly #skipped = new Map<NotJudged, { count: number; readonly first: Place }>();
  readonly #bad: BadLine[] = [];
  #size = 0;
  #counts = { lines: 0, flows: 0, processes: 0, lost: 0, others: 0, bad: 0 };
  #times: Slot = { count: 0, first: Number.NaN, last: Number.NaN };

  constructor(telling: Telling) {
    this.#telling = telling;
    this.#ends = new Ends(telling);
  }

  /** One line of a file. */
  add(line: Line, place: Place): void {
    this.#counts.lines++;
    switch (line.kind) {
      case 'flow':
        this.#addFlow(line.flow, place);
        break;
      case 'process':
        this.#addProcess(line.process, place);
        break;
      case 'lost':
        this.#counts.lost += line.count;
        break;
      case 'other':
        this.#counts.others++;
        break;
      case 'blank':
        break;
      case 'bad':
        this.#counts.bad++;
        if (this.#bad.length < mostBadLines) this.#bad.push({ ...place, reason: line.reason });
    }
  }

  tally(): Tally {
    const { bad, ...counts } = this.#counts;
    const kinds = [...this.#skipped].map(([reason, { count, first }]) => ({ reason, count, first }));
    return {
      ...counts,
      bad: { count: bad, lines: this.#bad },
      skipped: kinds.sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
      first: this.#times.first,
      last: this.#times.last,
    };
  }

  /** In the order in which they were first met. */
  *cells(): Generator<CountedCell> {
    for (const ofPair of this.#cells.values())
      for (const { cell, slots } of ofPair.values()) yield { cell, counts: slots.flatMap((slot, i) => (slot ? [countOf(slot, i)] : [])) };
  }

  #skip(reason: NotJudged, count: number, first: Place): void {
    const known = this.#skipped.get(reason);
    if (known) known.count += count;
    else this.#skipped.set(reason, { count, first });
  }

  #addFlow(flow: RecordedFlow, place: Place): void {
    this.#counts.flows += flow.count;
    note(this.#times, flow.time, flow.count);
    const slots = this.#flowSlots(flow, place);
    if (typeof slots === 'string') this.#skip(slots, flow.count, place);
    else put(slots, flow.direction === 'EGRESS' ? 0 : flow.direction === 'INGRESS' ? 1 : 2, recordedOf(flow), flow);
  }

  #flowSlots(flow: RecordedFlow, place: Place): Slots | NotJudged {
    const reason = skipped(flow);
    if (reason) return reason;
    const source = this.#ends.of(flow.source, flow.sourceAddress, flow.sourceNames);
    if (typeof source === 'string') return source;
    const destination = this.#ends.of(flow.destination, flow.destinationAddress, flow.destinationNames);
    if (typeof destination === 'string') return destination;
    const point = pointOf(flow);
    if (typeof point === 'string') return point;
    const request = flow.layer7 && requestOf(flow.layer7, flow.attribution);
    if (flow.layer7 && !request) return 'no request';
    const isSelf = this.#ends.isSame(flow);
    const content = request ? this.#contentOf(request) : '';
    // Fewer than 2^20 ends and contents, and 2^19 points: exact in a double.
    const inner = (point * 2 + Number(isSelf)) * 0x100000 + this.#contentNumber(content);
    return this.#slotsOf(source.number * 0x100000 + destination.number, inner, () => ({
      kind: 'flow',
      ...{ source, destination, point, isSelf, content, place },
      request: request && lasting(request),
      sourceAddress: copied(flow.sourceAddress),
      destinationAddress: copied(flow.destinationAddress),
    }));
  }

  #addProcess(process: RecordedProcess, place: Place): void {
    this.#counts.processes++;
    note(this.#times, process.time, 1);
    const slots = this.#processSlots(process, place);
    if (typeof slots === 'string') this.#skip(slots, 1, place);
    else put(slots, 2, recordedProcess(process), { time: process.time, count: 1 });
  }

  #processSlots(process: RecordedProcess, place: Place): Slots | NotJudged {
    const source = this.#ends.of(process.source, '', []);
    if (typeof source === 'string') return source;
    if (source.identity.kind === 'world') return 'no subject';
    const request = execOf(process);
    const content = this.#contentOf(request);
    return this.#slotsOf(source.number * 0x100000 + 0xfffff, this.#contentNumber(content), () => ({
      kind: 'process',
      ...{ source, content, place },
      request: lasting(request),
    }));
  }

  #contentOf({ domain, content }: RecordedRequest): string {
    const key = this.#telling.content(domain, content);
    return content.kind === 'fields' && content.open.length > 0 ? `${key} open ${content.open.join()}` : key;
  }

  /** 0: none. */
  #contentNumber(content: string): number {
    if (content === '') return 0;
    const known = this.#contents.get(content);
    if (known !== undefined) return known;
    const number = this.#contents.size + 1;
    if (number < mostCells) this.#contents.set(content, number);
    return number;
  }

  #slotsOf(pair: number, inner: number, make: () => Cell): Slots | NotJudged {
    const ofPair = this.#cells.get(pair);
    const known = ofPair?.get(inner);
    if (known) return known.slots;
    if (this.#size >= mostCells || this.#contents.size >= mostCells - 1) return 'too many';
    this.#size++;
    const held: Held = { cell: make(), slots: [] };
    if (ofPair) ofPair.set(inner, held);
    else this.#cells.set(pair, new Map([[inner, held]]));
    return held.slots;
  }
}

/** In memory of its own. */
const lasting = (request: RecordedRequest): RecordedRequest => JSON.parse(JSON.stringify(request));

const openOfExec = ['argument', 'caller', 'parent', 'group', 'scope', 'lineage', 'owner'];

/** All of an exec that our own export says; what it does not say may be anything. */
function execOf({ binary, user, isCut, reason }: RecordedProcess): RecordedRequest {
  if (reason !== '') return { domain: 'exec', content: { kind: 'undecidable', reason } };
  const isKnown = !isCut && binary !== '';
  const fields = { ...(isKnown && { path: [binary] }), ...(user !== undefined && { user: [String(user)] }) };
  const open = [...openOfExec, ...(isKnown ? [] : ['path']), ...(user === undefined ? ['user'] : [])];
  return { domain: 'exec', content: { kind: 'fields', fields, open } };
}

function put(slots: Slots, side: number, recorded: Recorded, { time, count }: { readonly time: number; readonly count: number }): void {
  const place = side * recordedKinds.length + recordedKinds.indexOf(recorded);
  const slot = slots[place] ?? { count: 0, first: Number.NaN, last: Number.NaN };
  slots[place] = slot;
  note(slot, time, count);
}

function note(slot: Slot, time: number, count: number): void {
  slot.count += count;
  if (Number.isNaN(time)) return;
  // No comparison with no time holds.
  if (!(slot.first <= time)) slot.first = time;
  if (!(slot.last >= time)) slot.last = time;
}

const countOf = ({ count, first, last }: Slot, place: number): Count => ({
  direction: directions[Math.floor(place / recordedKinds.length)] ?? 'unknown',
  recorded: recordedKinds[place % recordedKinds.length] ?? 'none',
  count,
  first,
  last,
});
