// Where the values of a document stand. Its parser tells as it reads where nodes begin and end; that is kept as it comes, and what
// of it is whose place is found out for the paths that somebody asks about, which of most documents are none or few.
import type { State } from 'js-yaml';
import type { SourceText, Span } from '../../base/source.ts';
import type { Path } from '../importer.ts';
import type { Chunk } from './yaml.ts';

type Range = { readonly start: number; readonly end: number };
type Node = Range & { readonly result: unknown; readonly children: readonly Node[] };
/** `key`: of a value in a mapping; `node`: of a value that is more than its key. */
type Place = { readonly key?: Range; readonly node?: Node };

/** What a parser says while it reads one document. */
export class Told {
  /** Positions; of a node that ends, negative. */
  readonly #events: number[] = [];
  readonly #results: unknown[] = [];

  readonly listen = (event: 'open' | 'close', { position, result }: State): void => {
    if (event === 'open') this.#events.push(position);
    else {
      this.#events.push(~position);
      this.#results.push(result);
    }
  };

  /** The outermost node; undefined of a document without any. */
  root(): Node | undefined {
    const open: { start: number; children: Node[] }[] = [{ start: 0, children: [] }];
    let closed = 0;
    for (const event of this.#events) {
      if (event >= 0) open.push({ start: event, children: [] });
      else {
        const { start, children } = open.pop() ?? { start: 0, children: [] };
        open.at(-1)?.children.push({ start, end: ~event, result: this.#results[closed++], children });
      }
    }
    return open[0]?.children[0];
  }
}

/** Gives the place of a value; it is looked for when somebody reads the span. */
export function placesOf(source: SourceText, chunk: Chunk, told: Told): (path: Path) => Span {
  let places: Places | undefined;
  const find = (path: Path): Range => {
    places ??= new Places(chunk.text, told.root());
    const { start, end } = places.find(path);
    return { start: start + chunk.start, end: lineEnd(source.text, start + chunk.start, end + chunk.start) };
  };
  return (path) => new LateSpan(source, () => find(path));
}

class LateSpan implements Span {
  readonly source: SourceText;
  readonly #find: () => Range;
  #range: Range | undefined;

  constructor(source: SourceText, find: () => Range) {
    this.source = source;
    this.#find = find;
  }
  get start(): number {
    this.#range ??= this.#find();
    return this.#range.start;
  }
  get end(): number {
    this.#range ??= this.#find();
    return this.#range.end;
  }
}

/** A place is shown with its first line. */
function lineEnd(text: string, start: number, end: number): number {
  const line = text.indexOf('\n', start);
  const cut = line >= 0 && line < end ? line : end;
  return Math.max(start, text.slice(start, cut).trimEnd().length + start);
}

/** The places of one document, each level of it looked through once. */
class Places {
  readonly #text: string;
  readonly #root: Node;
  readonly #entries = new Map<Node, ReadonlyMap<string, Place>>();

  constructor(text: string, root: Node | undefined) {
    this.#text = text;
    this.#root = this.#whole(root ?? { start: 0, end: text.length, result: null, children: [] });
  }

  find(path: Path): Range {
    let place: Place = { node: this.#root };
    for (const step of path) {
      const next: Place | undefined = place.node && this.#entriesOf(place.node).get(String(step));
      if (!next) break;
      place = next;
    }
    if (place.key) return place.key;
    const { start, end } = place.node ?? this.#root;
    const first = contentStart(this.#text, start);
    return { start: first, end: Math.max(first, end) };
  }

  /** What could have begun a mapping and did not is a node in a node. */
  #whole(node: Node): Node {
    const [only] = node.children;
    const isWrapped = only && node.children.length === 1 && only.result === node.result && typeof node.result === 'object';
    return isWrapped ? this.#whole(only) : node;
  }

  #entriesOf(node: Node): ReadonlyMap<string, Place> {
    const known = this.#entries.get(node);
    if (known) return known;
    const made = Array.isArray(node.result) ? this.#items(node.result, node.children) : this.#keys(node.children);
    this.#entries.set(node, made);
    return made;
  }

  /** Empty items at the end of their line are no nodes. */
  #items(result: readonly unknown[], children: readonly Node[]): ReadonlyMap<string, Place> {
    const entries = new Map<string, Place>();
    let at = 0;
    for (const [i, item] of result.entries()) {
      const child = children[at];
      if (!child || child.result !== item) continue;
      entries.set(String(i), { node: this.#whole(child) });
      at++;
    }
    return entries;
  }

  #keys(children: readonly Node[]): ReadonlyMap<string, Place> {
    const entries = new Map<string, Place>();
    const isKey = children.map((child) => this.#isKey(child));
    for (const [i, { start, end, result }] of children.entries()) {
      if (!isKey[i]) continue;
      const key = { start: contentStart(this.#text, start), end };
      const value = isKey[i + 1] === false ? children[i + 1] : undefined;
      entries.set(String(result), value ? { key, node: this.#whole(value) } : { key });
    }
    return entries;
  }

  /** A text behind which a colon stands is a key. */
  #isKey({ start, end, result }: Node): boolean {
    if (typeof result === 'object') return false;
    const first = this.#text[contentStart(this.#text, start)];
    const colon = first === '"' || first === "'" ? colonOfQuoted : colonOfPlain;
    colon.lastIndex = end;
    return colon.test(this.#text);
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
