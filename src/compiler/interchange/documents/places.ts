// Where the values of a document stand. Most documents are never asked: a document is parsed a second time, with its
// places, when the first question comes.
import type { SourceText, Span } from '../../base/source.ts';
import type { Path } from '../importer.ts';
import { type Chunk, parseChunk } from './yaml.ts';

type Range = { readonly start: number; readonly end: number };
/** `key`: of a value in a mapping. */
type Place = Range & { readonly key?: Range; readonly entries: ReadonlyMap<string, Place> };
type Node = Range & { readonly result: unknown; readonly children: readonly Node[] };

/** Gives the place of a value; it is looked for when somebody reads the span. */
export function placesOf(source: SourceText, chunk: Chunk): (path: Path) => Span {
  let root: Place | undefined;
  const find = (path: Path): Range => {
    root ??= placeOf(rootOf(chunk), chunk.text);
    let place = root;
    for (const step of path) {
      const next = place.entries.get(String(step));
      if (!next) break;
      place = next;
    }
    const { start, end } = place.key ?? place;
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

function rootOf(chunk: Chunk): Node {
  const open: { start: number; children: Node[] }[] = [{ start: 0, children: [] }];
  parseChunk(chunk, (event, state) => {
    if (event === 'open') open.push({ start: state.position, children: [] });
    else {
      const { start, children } = open.pop() ?? { start: 0, children: [] };
      const node = { start: contentStart(chunk.text, start), end: state.position, result: state.result, children };
      open.at(-1)?.children.push(node);
    }
  });
  return open[0]?.children[0] ?? { start: 0, end: chunk.text.length, result: null, children: [] };
}

const blank = /(?:\s+|(?<=\s|^)#[^\n]*)*/y;

function contentStart(text: string, from: number): number {
  blank.lastIndex = from;
  return from + (blank.exec(text)?.[0].length ?? 0);
}

function placeOf(node: Node, text: string): Place {
  const { start, end, result, children } = node;
  const [only] = children;
  // What could have begun a mapping and did not is a node in a node.
  if (only && children.length === 1 && only.result === result && typeof result === 'object') return placeOf(only, text);
  const entries = Array.isArray(result) ? items(result, children, text) : keys(children, text);
  return { start, end: Math.max(start, end), entries };
}

/** Empty items at the end of their line are no nodes. */
function items(result: readonly unknown[], children: readonly Node[], text: string): ReadonlyMap<string, Place> {
  const entries = new Map<string, Place>();
  let at = 0;
  for (const [i, item] of result.entries()) {
    const child = children[at];
    if (!child || child.result !== item) continue;
    entries.set(String(i), placeOf(child, text));
    at++;
  }
  return entries;
}

function keys(children: readonly Node[], text: string): ReadonlyMap<string, Place> {
  const entries = new Map<string, Place>();
  for (const [i, { start, end, result }] of children.entries()) {
    if (!isKey({ start, end, result }, text)) continue;
    const value = children[i + 1];
    const key = { start, end };
    const place = value && !isKey(value, text) ? placeOf(value, text) : { ...key, entries: new Map() };
    entries.set(String(result), { ...place, key });
  }
  return entries;
}

/** A text behind which a colon stands is a key. */
const isKey = ({ start, end, result }: Pick<Node, 'start' | 'end' | 'result'>, text: string): boolean =>
  typeof result !== 'object' && (/["']/.test(text[start] ?? '') ? /^\s*:/ : /^[ \t]*:(?=[\s,[\]{}]|$)/).test(text.slice(end, end + 40));
