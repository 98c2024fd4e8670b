// What documents mean, as plain data that a thread sends to another while it is still reading: policy text first, piece by piece, then
// what was found and stated, and last the places in the documents, which are asked for late. What is received is what `importSources`
// gives (test/laws/document-parts.test.ts).
import type { SourceText, Span } from '../base/source.ts';
import { collector, type Diagnostic } from '../diagnostics/diagnostic.ts';
import { type Imported, type ImportOptions, type WrittenFile, writtenSources } from './index.ts';

/** The number of a file, and offsets in it. */
type SentSpan = readonly [file: number, start: number, end: number];
type SentDiagnostic = Omit<Diagnostic, 'span' | 'labels'> & {
  readonly span: SentSpan;
  readonly labels: readonly { readonly span: SentSpan; readonly text: string }[];
};

/** `file`: its number among the sources. */
export type Part =
  /** It goes on, and has nothing to tell yet. */
  | { readonly kind: 'reading' }
  /** What follows in the policy text of a file: whole items. */
  | { readonly kind: 'text'; readonly file: number; readonly text: string }
  | ({ readonly kind: 'meaning'; readonly found: readonly SentDiagnostic[]; readonly files: readonly number[] } & Pick<
      Imported,
      'workloads' | 'stated'
    >)
  /** Of each of `files` four numbers for each of its origins: the offset in the text, and a `SentSpan`. */
  | { readonly kind: 'places'; readonly origins: readonly Int32Array[] };

/** Who is sent to. `leastText`: fewer characters of policy text are not worth sending while there will be more. */
export type Sending = { readonly send: (part: Part) => void; readonly leastText?: number };
/** So many documents are read in silence. */
const longestSilence = 512;

/** Reads documents, and sends what they mean. */
export function sendParts(sources: readonly SourceText[], options: ImportOptions, { send, leastText = 32 * 1024 }: Sending): void {
  const numbers = new Map(sources.map((source, file) => [source, file]));
  const sentSpan = ({ source, start, end }: Span): SentSpan => [numberOf(source), start, end];
  const numberOf = (source: SourceText): number => numbers.get(source) ?? -1;
  const sendText = ({ source, writer }: WrittenFile, least: number): void => {
    if (writer.untaken >= least) send({ kind: 'text', file: numberOf(source), text: writer.take() });
  };
  let documents = 0;
  const read = (): void => {
    documents++;
    if (documents % longestSilence === 0) send({ kind: 'reading' });
  };
  const log = collector();
  const { texts, ...stated } = writtenSources(sources, options, log.report, { read, written: (file) => sendText(file, leastText) });
  for (const file of texts) sendText(file, 1);
  const found = log.all().map((one) => ({
    ...one,
    span: sentSpan(one.span),
    labels: one.labels.map(({ span, text }) => ({ span: sentSpan(span), text })),
  }));
  send({ kind: 'meaning', found, files: texts.map(({ source }) => numberOf(source)), ...stated });
  const origins = texts.map(({ writer }) => Int32Array.from(writer.origins.flatMap(({ start, span }) => [start, ...sentSpan(span)])));
  send({ kind: 'places', origins });
}

/** Gives the next part, for which it waits; undefined when no more will come. */
export type NextPart = () => Part | undefined;

/** Policy text that is still being written elsewhere. */
class ReceivedText implements SourceText {
  readonly path: string;
  readonly #places: () => PlaceAt;
  #text = '';
  #at: PlaceAt | undefined;

  constructor(path: string, places: () => PlaceAt) {
    this.path = path;
    this.#places = places;
  }
  get text(): string {
    return this.#text;
  }
  add(text: string): void {
    this.#text += text;
  }
  readonly originOf = (start: number): Span | undefined => {
    this.#at ??= this.#places();
    return this.#at(start);
  };
}

/** Where what begins at an offset of a text came from. */
type PlaceAt = (offset: number) => Span | undefined;

/** Where the parts of a text came from. */
class Places {
  readonly #origins: Int32Array;
  readonly #sources: readonly SourceText[];

  constructor(origins: Int32Array, sources: readonly SourceText[]) {
    this.#origins = origins;
    this.#sources = sources;
  }

  readonly at: PlaceAt = (offset) => {
    let [low, high] = [0, this.#origins.length / 4];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#number(middle, 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.#span(low - 1);
  };

  #number(origin: number, at: number): number {
    return this.#origins[4 * origin + at] ?? 0;
  }

  #span(origin: number): Span | undefined {
    const source = this.#sources[this.#number(origin, 1)];
    return source && { source, start: this.#number(origin, 2), end: this.#number(origin, 3) };
  }
}

/** As a thread received it. */
export type Received = { readonly imported: Imported; readonly found: readonly Diagnostic[] };
/**
 * `reader`: is told of a text that begins, and gives who is told of its pieces. `again`: reads the documents here, for their places, when
 * the thread ended before it had told them.
 */
export type Receiving = {
  readonly next: NextPart;
  readonly reader: (source: SourceText) => (piece: string) => void;
  readonly again: () => Imported;
};

class Receiver {
  readonly #sources: readonly SourceText[];
  readonly #receiving: Receiving;
  readonly #texts = new Map<number, { readonly source: ReceivedText; readonly read: (piece: string) => void }>();
  #files: readonly number[] = [];
  #places: ReadonlyMap<number, PlaceAt> | undefined;

  constructor(sources: readonly SourceText[], receiving: Receiving) {
    this.#sources = sources;
    this.#receiving = receiving;
  }

  receive(): Received | undefined {
    const { next } = this.#receiving;
    for (let part = next(); part; part = next()) {
      if (part.kind === 'text') this.#readText(part);
      else if (part.kind === 'meaning') return this.#meant(part);
    }
    return undefined;
  }

  #readText({ file, text }: Extract<Part, { kind: 'text' }>): void {
    const known = this.#texts.get(file) ?? this.#begun(file);
    known.source.add(text);
    known.read(text);
  }

  #begun(file: number): { readonly source: ReceivedText; readonly read: (piece: string) => void } {
    const source = new ReceivedText(this.#sources[file]?.path ?? '', () => this.#placesOf(file));
    const begun = { source, read: this.#receiving.reader(source) };
    this.#texts.set(file, begun);
    return begun;
  }

  #meant({ found, files, workloads, stated }: Extract<Part, { kind: 'meaning' }>): Received {
    const sources = files.flatMap((file) => this.#texts.get(file)?.source ?? []);
    this.#files = files;
    return { imported: { sources, workloads, stated }, found: found.map((one) => this.#diagnostic(one)) };
  }

  #placesOf(file: number): PlaceAt {
    this.#places ??= new Map(this.#receivedPlaces().flatMap((at, i) => [[this.#files[i] ?? -1, at] as const]));
    return this.#places.get(file) ?? (() => undefined);
  }

  #receivedPlaces(): readonly PlaceAt[] {
    const { next, again } = this.#receiving;
    const part = next();
    if (part?.kind === 'places') return part.origins.map((origins) => new Places(origins, this.#sources).at);
    return again().sources.map(({ originOf }) => originOf ?? (() => undefined));
  }

  #diagnostic({ span, labels, ...one }: SentDiagnostic): Diagnostic {
    return { ...one, span: this.#span(span), labels: labels.map((label) => ({ ...label, span: this.#span(label.span) })) };
  }

  #span([file, start, end]: SentSpan): Span {
    const source = this.#sources[file];
    if (!source) throw new Error('policyc bug: a place in no document');
    return { source, start, end };
  }
}

/** What another thread sends of the sources; undefined when it ended before its time. Their texts are read as they come. */
export const receiveParts = (sources: readonly SourceText[], receiving: Receiving): Received | undefined =>
  new Receiver(sources, receiving).receive();
