// The YAML of Kubernetes: YAML 1.2 with the truth values of YAML 1.1 (`yes`, `on`), as its tools read it; JSON is YAML. A file
// is cut at its document markers first, so that a mistake in one document leaves the others whole.
import { CORE_SCHEMA, load, type State, Type, YAMLException } from 'js-yaml';

const words = (yes: string): readonly string[] =>
  yes.split(' ').flatMap((word) => [word, word[0]?.toUpperCase() + word.slice(1), word.toUpperCase()]);
const truths = new Map([
  ...words('y yes on true').map((word) => [word, true] as const),
  ...words('n no off false').map((word) => [word, false] as const),
]);
const bool = new Type('tag:yaml.org,2002:bool', {
  kind: 'scalar',
  resolve: (text: unknown) => typeof text === 'string' && truths.has(text),
  construct: (text: string) => truths.get(text),
});
const merge = new Type('tag:yaml.org,2002:merge', { kind: 'scalar', resolve: (text: unknown) => text === '<<' });
const schema = CORE_SCHEMA.extend({ implicit: [bool, merge] });

/** A document's text and where it begins in its file. */
export type Chunk = { readonly text: string; readonly start: number };
export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string; readonly at: number };

/** Cuts a file at `---` and `...`; nothing but these can begin a line with them, block texts included. */
export function chunksOf(text: string): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  const cut = (end: number): void => {
    const chunk = text.slice(start, end);
    if (/^%/m.test(chunk) && isOnlyDirectives(chunk)) return;
    chunks.push({ text: chunk, start });
    start = end;
  };
  for (const { index, 0: marker } of text.matchAll(/^(?:---|\.\.\.)(?=[ \t\r\n]|$(?![\s\S]))/gm)) cut(marker === '...' ? index + 3 : index);
  cut(text.length);
  return chunks;
}

const isOnlyDirectives = (chunk: string): boolean => chunk.split('\n').every((line) => /^(?:%.*|\s*(?:#.*)?)$/.test(line));

/** The value of a document; `listener` is told of every node as it begins and ends. */
export function parseChunk({ text }: Chunk, listener?: (event: 'open' | 'close', state: State) => void): Parsed {
  try {
    const value: unknown = load(text, { schema, ...(listener && { listener }) });
    if (text.includes('&') && !isBounded(value))
      return { ok: false, reason: 'a value contains itself, or is too large when its aliases are written out', at: 0 };
    return { ok: true, value };
  } catch (error) {
    if (error instanceof YAMLException) return { ok: false, reason: error.reason, at: error.mark?.position ?? 0 };
    throw error;
  }
}

const mostNodes = 1_000_000;

/** Does a value with aliases end, and soon enough? */
function isBounded(root: unknown): boolean {
  let nodes = 0;
  const walk = (value: unknown, depth: number): boolean => {
    if (++nodes > mostNodes || depth > 200) return false;
    return typeof value !== 'object' || value === null || Object.values(value).every((one) => walk(one, depth + 1));
  };
  return walk(root, 0);
}
