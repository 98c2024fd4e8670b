// YAML and JSON -> documents: every object of the Kubernetes kind with its place. Lists are written out; what is no object is
// reported, and one document's mistakes leave the others whole.
import type { SourceText, Span } from '../../base/source.ts';
import type { Report } from '../../diagnostics/diagnostic.ts';
import type { Document, Json, JsonObject, Path } from '../importer.ts';
import { describe, isList, isObject } from './json.ts';
import { placesOf } from './places.ts';
import { type Chunk, chunksOf, parseChunk } from './yaml.ts';

/** Is a file read as documents? */
export const holdsDocuments = (path: string): boolean => /\.(?:ya?ml|json)$/i.test(path);

/** The objects of a file, in their order. */
export function readDocuments(source: SourceText, report: Report): readonly Document[] {
  return chunksOf(source.text).flatMap((chunk) => documentsOf(source, chunk, report));
}

function documentsOf(source: SourceText, chunk: Chunk, report: Report): readonly Document[] {
  const parsed = parseChunk(chunk);
  if (!parsed.ok) {
    const start = chunk.start + Math.min(parsed.at, chunk.text.trimEnd().length);
    report('import/yaml', { source, start, end: start }, { reason: parsed.reason });
    return [];
  }
  if (parsed.value === undefined || parsed.value === null) return [];
  const at = placesOf(source, chunk);
  return objectsOf({ source, value: parsed.value, at, report });
}

type Found = {
  readonly source: SourceText;
  readonly value: unknown;
  readonly at: (path: Path) => Span;
  readonly report: Report;
  /** Of an item of a typed list, which need not say it. */
  readonly apiVersion?: string;
  readonly kind?: string;
};

function objectsOf(found: Found): readonly Document[] {
  const { value, at, report } = found;
  if (!isObject(value)) {
    report('import/no-object', at([]), { found: describe(value) });
    return [];
  }
  const { apiVersion = found.apiVersion, kind = found.kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    report('import/no-object', at([]), { found: `a mapping without \`${typeof kind === 'string' ? 'apiVersion' : 'kind'}\`` });
    return [];
  }
  const { items } = value;
  if (kind.endsWith('List') && isList(items)) return itemsOf(found, items, { apiVersion, kind });
  return [documentOf(found, value, { apiVersion, kind })];
}

type Kind = { readonly apiVersion: string; readonly kind: string };

function itemsOf({ source, at, report }: Found, items: readonly Json[], { apiVersion, kind }: Kind): readonly Document[] {
  const known = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) };
  return items.flatMap((value, i) => objectsOf({ source, value, at: (path) => at(['items', i, ...path]), report, ...known }));
}

function documentOf({ source, at }: Found, value: JsonObject, { apiVersion, kind }: Kind): Document {
  const metadata = isObject(value['metadata']) ? value['metadata'] : {};
  const { name, generateName, namespace } = metadata;
  const shown = typeof name === 'string' ? name : typeof generateName === 'string' ? generateName : '';
  return { source, apiVersion, kind, name: shown, ...(typeof namespace === 'string' && namespace !== '' && { namespace }), value, at };
}
