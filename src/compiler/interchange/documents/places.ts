// Where the values of a document stand. Of most documents nobody asks: one is read again for its places when somebody does, its parser
// telling where nodes begin and end, and what of that is whose place is found out for the paths that are asked about.
import type { State } from 'js-yaml';
import type { SourceText, Span } from '../../base/source.ts';
import type { Path } from '../importer.ts';
import { type Chunk, parseChunk } from './yaml.ts';

type Range = { readonly start: number; readonly end: number };
/** A node by its number: they are counted as they begin, so that those inside of one follow it. */
type Node = number;
/** `key`: of a value in a mapping; `node`: of a value that is more than its key. */
type Place = { readonly key?: Range; readonly node?: Node };

/** What a parser says while it reads one document. */
class Told {
  /** Of each node where it begins, where it ends, and the number of the first node behind it. */
  readonly #nodes: number[] = [];
  readonly #results: unknown[] = [];
  readonly #open: Node[] = [];

  readonly listen = (event: 'open' | 'close', { position, result }: State): void => {
    if (event === 'open') {
      this.#open.push(this.#results.length);
      this.#nodes.push(position, position, 0);
      this.#results.push(undefined);
      return;
    }
    const node = this.#open.pop() ?? 0;
    this.#nodes[3 * node + 1] = position;
    this.#nodes[3 * node + 2] = this.#results.length;
    this.#results[node] = result;
  };

  get isEmpty(): boolean {
    return this.#results.length === 0;
  }
  start(node: Node): number {
    return this.#nodes[3 * node] ?? 0;
  }
  end(node: Node): number {
    return this.#nodes[3 * node + 1] ?? 0;
  }
  result(node: Node): unknown {
    return this.#results[node];
  }

  /** The nodes right inside of one. */
  inside(outer: Node): readonly Node[] {
    const nodes: Node[] = [];
    const behind = this.#nodes[3 * outer + 2] ?? 0;
    for (let node = outer + 1; node < behind; node = this.#nodes[3 * node + 2] ?? behind) nodes.push(node);
    return nodes;
  }
}

/** Gives the place of a value; it is looked for when somebody reads the span. */
export function placesOf(source: SourceText, chunk: Chunk): (path: Path) => Span {
  const places = new Places(source, chunk);
  return (path) => new LateSpan(source, places, path);
}

class LateSpan implements Span {
  readonly source: SourceText;
  private readonly places: Places;
  private readonly path: Path;
  private range: Range | undefined;

  constructor(source: SourceText, places: Places, path: Path) {
    this.source = source;
    this.places = places;
    this.path = path;
    this.range = undefined;
  }
  get start(): number {
    this.range ??= this.places.find(this.path);
    return this.range.start;
  }
  get end(): number {
    this.range ??= this.places.find(this.path);
    return this.range.end;
  }
}

/** A place is shown with its first line. */
function lineEnd(text: string, start: number, end: number): number {
  const line = text.indexOf('\n', start);
  const cut = line >= 0 && line < end ? line : end;
  return Math.max(start, text.slice(start, cut).trimEnd().length + start);
}

const outermost: Node = 0;

/** The places of one document, each level of it looked through once. */
class Places {
  readonly #source: SourceText;
  readonly #chunk: Chunk;
  #known: Told | undefined;
  readonly #entries = new Map<Node, ReadonlyMap<string, Place>>();

  constructor(source: SourceText, chunk: Chunk) {
    this.#source = source;
    this.#chunk = chunk;
  }

  get #told(): Told {
    if (this.#known) return this.#known;
    const told = new Told();
    parseChunk(this.#chunk, told.listen);
    this.#known = told;
    return told;
  }

  find(path: Path): Range {
    const { start, end } = this.#within(path);
    const from = start + this.#chunk.start;
    return { start: from, end: lineEnd(this.#source.text, from, end + this.#chunk.start) };
  }

  /** Where it stands in the document's own text. */
  #within(path: Path): Range {
    if (this.#told.isEmpty) return { start: 0, end: this.#chunk.text.length };
    let place: Place = { node: outermost };
    for (const step of path) {
      const next: Place | undefined = place.node === undefined ? undefined : this.#entriesOf(place.node).get(String(step));
      if (!next) break;
      place = next;
    }
    if (place.key) return place.key;
    const node = this.#opened(place.node ?? outermost);
    const start = contentStart(this.#chunk.text, this.#told.start(node));
    return { start, end: Math.max(start, this.#told.end(node)) };
  }

  /** What could have begun a mapping and did not is a node in a node. */
  #opened(node: Node): Node {
    const result = this.#told.result(node);
    if (typeof result !== 'object') return node;
    const inside = this.#told.inside(node);
    const [only] = inside;
    return only !== undefined && inside.length === 1 && this.#told.result(only) === result ? this.#opened(only) : node;
  }

  #entriesOf(outer: Node): ReadonlyMap<string, Place> {
    const known = this.#entries.get(outer);
    if (known) return known;
    const node = this.#opened(outer);
    const result = this.#told.result(node);
    const inside = this.#told.inside(node);
    const made = Array.isArray(result) ? this.#items(result, inside) : this.#keys(inside);
    this.#entries.set(outer, made);
    return made;
  }

  /** Empty items at the end of their line are no nodes. */
  #items(result: readonly unknown[], nodes: readonly Node[]): ReadonlyMap<string, Place> {
    const entries = new Map<string, Place>();
    let at = 0;
    for (const [i, item] of result.entries()) {
      const node = nodes[at];
      if (node === undefined || this.#told.result(node) !== item) continue;
      entries.set(String(i), { node });
      at++;
    }
    return entries;
  }

  #keys(nodes: readonly Node[]): ReadonlyMap<string, Place> {
    const entries = new Map<string, Place>();
    const isKey = nodes.map((node) => this.#isKey(node));
    for (const [i, one] of nodes.entries()) {
      if (!isKey[i]) continue;
      const key = { start: contentStart(this.#chunk.text, this.#told.start(one)), end: this.#told.end(one) };
      const node = isKey[i + 1] === false ? nodes[i + 1] : undefined;
      entries.set(String(this.#told.result(one)), node === undefined ? { key } : { key, node });
    }
    return entries;
  }

  /** A text behind which a colon stands is a key. */
  #isKey(node: Node): boolean {
    if (typeof this.#told.result(node) === 'object') return false;
    const { text } = this.#chunk;
    const first = text[contentStart(text, this.#told.start(node))];
    const colon = first === '"' || first === "'" ? colonOfQuoted : colonOfPlain;
    colon.lastIndex = this.#told.end(node);
    return colon.test(text);
  }
}

const colonOfQuoted = /\s*:/y;
const colonOfPlain = /[ \t]*:(?=[\s,[\]{}]|$)/y;

const blank = /(?:\s+|(?<=\s|^)#[^\n]*)*/y;
const isBlank = (code: number): boolean => code <= 32 || code === 35 || code >= 128;

function contentStart(text: string, from: number): number {
  if (!isBlank(text.charCodeAt(from))) return from;
  blank.lastIndex = from;
  return from + (blank.exec(text)?.[0].length ?? 0);
}
