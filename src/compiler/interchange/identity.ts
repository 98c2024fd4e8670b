// Who a document says that it is: an object has a name, and of several of one name the last holds.
import type { Report } from '../diagnostics/diagnostic.ts';
import { describe, isObject } from './documents/json.ts';
import { type Document, groupOf, originText } from './importer.ts';

/** Has it a name, and is its namespace one that the API takes? Agents take any name that can be read. */
export function hasIdentity({ name, value, at }: Document, report: Report): boolean {
  const metadata = isObject(value['metadata']) ? value['metadata'] : {};
  const { namespace } = metadata;
  if (name === '') {
    report('import/missing-field', at(['metadata']), { field: 'metadata.name' });
    return false;
  }
  const isNamed = !/[\p{C}\p{Zl}\p{Zp}]/u.test(name);
  const isPlaced = namespace === undefined || namespace === null || namespace === '' || isNamespace(namespace);
  const expected = 'letters `a-z`, digits and inner `-`';
  if (!isNamed)
    report('import/invalid-value', at(['metadata', 'name']), {
      field: 'metadata.name',
      expected: 'a name without control characters',
      found: describe(name),
    });
  if (!isPlaced)
    report('import/invalid-value', at(['metadata', 'namespace']), { field: 'metadata.namespace', expected, found: describe(namespace) });
  return isNamed && isPlaced;
}

const isNamespace = (value: unknown): boolean => typeof value === 'string' && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value);

/** A later object of the same name replaces an earlier one. */
export function lastOfEach(documents: readonly Document[], report: Report): ReadonlySet<Document> {
  const last = new Map<string, Document>();
  for (const [i, document] of documents.entries()) {
    const { apiVersion, kind, namespace = 'default', name } = document;
    const key = name === '' ? String(i) : `${groupOf(apiVersion).group}/${kind} ${namespace}/${name}`;
    const earlier = last.get(key);
    if (earlier && kind.endsWith('Policy'))
      report('import/replaced', [earlier.at(['metadata', 'name']), document.at(['metadata', 'name'])], { object: originText(document) });
    last.set(key, document);
  }
  return new Set(last.values());
}
