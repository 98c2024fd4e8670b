// Lines of recorded traffic, read in place at the speed at which they are written: only the fields that policy asks for are made,
// the rest is held to be JSON and skipped. What is rare is left to read-json.ts, whose reading is the definition.
import { copied } from './copied.ts';
import { JsonScan, KeyTable, Unusual } from './json-scan.ts';
import { Known } from './known.ts';
import { lineOfText, partReaders } from './read-json.ts';
import { type Line, noAttribution, noTime, nowhere, type RecordedAttribution, type RecordedEnd, type RecordedFlow } from './record.ts';
import { scanLayer4 } from './scan-layer4.ts';
import { TimeReader } from './time.ts';

/** A flow that is being read. */
export type Draft = { -readonly [Key in keyof RecordedFlow]: RecordedFlow[Key] };

const noTexts: readonly string[] = [];
const emptyDraft = (): Draft => ({
  time: noTime,
  verdict: '',
  dropReason: '',
  source: nowhere,
  destination: nowhere,
  sourceAddress: '',
  destinationAddress: '',
  sourceNames: noTexts,
  destinationNames: noTexts,
  protocol: '',
  port: 0,
  syn: false,
  ack: false,
  type: '',
  eventType: -1,
  subType: -1,
  direction: '',
  isReply: undefined,
  traceReason: '',
  layer7: undefined,
  attribution: noAttribution,
  count: 1,
});

const lineKeys = new KeyTable(['flow', 'time', 'node_name']);
/** In the order of `#member` and `#tailMember`. */
const flowKeys = new KeyTable([
  ...['time', 'verdict', 'drop_reason', 'drop_reason_desc', 'source', 'destination', 'IP', 'l4', 'extensions', 'Type'],
  ...['event_type', 'traffic_direction', 'is_reply', 'trace_reason', 'source_names', 'destination_names', 'l7', 'aggregate'],
]);
const firstOfTail = flowKeys.names.indexOf('Type');
const addressKeys = new KeyTable(['source', 'destination']);
const eventKeys = new KeyTable(['type', 'sub_type']);

/** What stands behind both ends, as far as the end of the flow: the same for many flows of one node. */
type Tail = Pick<
  RecordedFlow,
  'type' | 'eventType' | 'subType' | 'direction' | 'isReply' | 'traceReason' | 'dropReason' | 'sourceNames' | 'destinationNames'
> & { readonly seen: number };
const mostWords = 1000;
/** Of `Type`, with which every tail begins. */
const letterT = 0x54;

/** Reads lines; keep one for a whole file. */
export class LineReader {
  readonly #scan = new JsonScan();
  readonly #times = new TimeReader();
  readonly #ends = new Known<RecordedEnd>(6, 26);
  readonly #tails = new Known<Tail>(28, 52);
  readonly #names = new Known<readonly string[]>(1, 24);
  readonly #attributions = new Known<RecordedAttribution>(60, 100);
  #words = new Map<string, string>();
  #seen = 0;
  /** The name of the reason of a drop that was read last. */
  #reason = '';
  #isPlainTail = true;

  /** `text` and `bytes` are the same, each character one byte. Lines that are read after it are of them. */
  begin(text: string, bytes: Uint8Array): void {
    this.#scan.begin(text, bytes);
  }

  /** The line that begins at `from`, whose line end is at `to`. */
  read(from: number, to: number): Line {
    const scan = this.#scan;
    try {
      scan.goTo(from);
      const line = this.#line();
      if (scan.at < to) scan.peek();
      if (scan.at === to) return line;
    } catch (error) {
      if (!(error instanceof Unusual)) throw error;
    }
    return lineOfBytes(scan.text.slice(from, to));
  }

  #line(): Line {
    const scan = this.#scan;
    let flow: Draft | undefined;
    let outer = noTime;
    if (!scan.enter()) scan.fail();
    do {
      switch (scan.key(lineKeys)) {
        case 0:
          if (flow) scan.fail();
          flow = this.#flow();
          break;
        case 1:
          outer = this.#time(flow);
          break;
        case 2:
          scan.skip();
          break;
        default:
          scan.fail();
      }
    } while (scan.more());
    if (!flow) return scan.fail();
    if (Number.isNaN(flow.time)) flow.time = outer;
    return { kind: 'flow', flow };
  }

  /** Not read where it is not asked for: the flow has one. */
  #time(flow?: Draft): number {
    const scan = this.#scan;
    if (scan.peek() !== 0x22) scan.fail();
    const from = scan.at + 1;
    if (flow && !Number.isNaN(flow.time)) scan.skip();
    else {
      scan.plain();
      return this.#times.read(scan.text, from, scan.at - 1);
    }
    return noTime;
  }

  /** One of few texts. */
  #word(): string {
    const text = this.#scan.plain();
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    if (this.#words.size > mostWords) this.#words = new Map();
    const own = copied(text);
    this.#words.set(own, own);
    return own;
  }

  #flow(): Draft {
    const scan = this.#scan;
    const draft = emptyDraft();
    this.#seen = 0;
    if (!scan.enter()) return scan.fail();
    for (;;) {
      scan.peek();
      const from = scan.at;
      if (this.#knownTail(draft)) break;
      const place = scan.key(flowKeys);
      if (place === firstOfTail) {
        this.#tail(draft, from);
        break;
      }
      this.#member(draft, place);
      if (!scan.more()) break;
    }
    // What our own export says in words.
    if (draft.protocol === '') scan.fail();
    return draft;
  }

  /** Of a member that stands there twice, JSON.parse takes the last. */
  #once(place: number): void {
    const bit = 1 << place;
    if ((this.#seen & bit) !== 0) this.#scan.fail();
    this.#seen |= bit;
  }

  #member(draft: Draft, place: number): void {
    const scan = this.#scan;
    if (place >= 0) this.#once(place);
    switch (place) {
      case 0:
        draft.time = this.#time();
        break;
      case 1:
        draft.verdict = this.#word();
        break;
      case 2: {
        const number = scan.whole();
        // The name says it where both do.
        if (number !== 0 && draft.dropReason === '') draft.dropReason = String(number);
        break;
      }
      case 3:
        this.#reason = this.#word();
        draft.dropReason = this.#reason || draft.dropReason;
        break;
      case 4:
        draft.source = this.#end();
        break;
      case 5:
        draft.destination = this.#end();
        break;
      case 6:
        this.#addresses(draft);
        break;
      case 7:
        scanLayer4(scan, draft);
        break;
      case 8:
        draft.attribution = this.#known(this.#attributions, partReaders.attributionOf);
        break;
      default:
        this.#tailMember(draft, place);
    }
  }

  #tailMember(draft: Draft, place: number): void {
    const scan = this.#scan;
    switch (place) {
      case 9:
        draft.type = this.#word();
        break;
      case 10:
        this.#eventType(draft);
        break;
      case 11:
        draft.direction = this.#word();
        break;
      case 12:
        draft.isReply = scan.truth();
        break;
      case 13:
        draft.traceReason = this.#word();
        break;
      case 14:
        draft.sourceNames = this.#texts();
        break;
      case 15:
        draft.destinationNames = this.#texts();
        break;
      case 16:
        // Requests are seldom the same.
        this.#isPlainTail = false;
        draft.layer7 = this.#made(() => partReaders.layer7Of(JSON.parse(this.#raw())));
        break;
      case 17:
        scan.fail();
        break;
      default:
        scan.skip();
    }
  }

  // --- what comes again ---------------------------------------------------------------------------------------------

  #knownTail(draft: Draft): boolean {
    const scan = this.#scan;
    if (scan.bytes[scan.at + 1] !== letterT) return false;
    const known = this.#tails.find(scan.text, scan.at);
    // What stands twice, or in another order, is read member by member.
    if (!known || (known.value.seen & this.#seen) !== 0 || this.#seen >= 1 << firstOfTail) return false;
    const tail = known.value;
    draft.type = tail.type;
    draft.eventType = tail.eventType;
    draft.subType = tail.subType;
    draft.direction = tail.direction;
    draft.isReply = tail.isReply;
    draft.traceReason = tail.traceReason;
    if (tail.dropReason !== '') draft.dropReason = tail.dropReason;
    draft.sourceNames = tail.sourceNames;
    draft.destinationNames = tail.destinationNames;
    scan.at += known.raw.length;
    return true;
  }

  /** From `Type` on, whose key is read. */
  #tail(draft: Draft, from: number): void {
    const scan = this.#scan;
    const before = this.#seen;
    this.#reason = '';
    this.#isPlainTail = before < 1 << firstOfTail;
    for (let place = firstOfTail; ; place = scan.key(flowKeys)) {
      if (place >= 0 && place < firstOfTail && place !== 3) this.#isPlainTail = false;
      this.#member(draft, place);
      if (!scan.more()) break;
    }
    if (this.#isPlainTail) {
      const { type, eventType, subType, direction, isReply, traceReason, sourceNames, destinationNames } = draft;
      const seen = this.#seen & ~before;
      const tail: Tail = {
        ...{ type, eventType, subType, direction, isReply, traceReason, sourceNames, destinationNames, seen },
        dropReason: this.#reason,
      };
      this.#tails.learn(scan.text, from, scan.at, () => tail);
    }
  }

  #raw(): string {
    const scan = this.#scan;
    scan.peek();
    const from = scan.at;
    scan.skip();
    return scan.text.slice(from, scan.at);
  }

  #end(): RecordedEnd {
    return this.#known(this.#ends, (parsed) => partReaders.endOf(parsed, 'source'));
  }

  #texts(): readonly string[] {
    return this.#known(this.#names, (parsed) => partReaders.textsOf(parsed, 'names'));
  }

  #known<T>(known: Known<T>, make: (parsed: unknown) => T): T {
    const scan = this.#scan;
    scan.peek();
    const from = scan.at;
    const found = known.find(scan.text, from);
    if (found) {
      scan.at += found.raw.length;
      return found.value;
    }
    scan.skip();
    return this.#made(() => known.learn(scan.text, from, scan.at, (raw) => make(JSON.parse(raw))));
  }

  /** What does not have the form of flow.proto is told by the plain reading. */
  #made<T>(make: () => T): T {
    try {
      return make();
    } catch {
      return this.#scan.fail();
    }
  }

  // --- small objects ------------------------------------------------------------------------------------------------

  #addresses(draft: Draft): void {
    const scan = this.#scan;
    if (!scan.enter()) return;
    let seen = 0;
    do {
      const place = scan.key(addressKeys);
      if (place < 0) {
        scan.skip();
        continue;
      }
      if ((seen & (1 << place)) !== 0) scan.fail();
      seen |= 1 << place;
      if (place === 0) draft.sourceAddress = scan.plain();
      else draft.destinationAddress = scan.plain();
    } while (scan.more());
  }

  #eventType(draft: Draft): void {
    const scan = this.#scan;
    draft.eventType = 0;
    draft.subType = 0;
    if (!scan.enter()) return;
    do {
      const place = scan.key(eventKeys);
      if (place === 0) draft.eventType = scan.whole();
      else if (place === 1) draft.subType = scan.whole();
      else scan.fail();
    } while (scan.more());
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A line whose characters are bytes, by the plain reading. */
export function lineOfBytes(bytes: string): Line {
  if (!/[\x80-\xff]/.test(bytes)) return lineOfText(bytes);
  try {
    return lineOfText(decoder.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { kind: 'bad', reason: 'not UTF-8' };
  }
}
