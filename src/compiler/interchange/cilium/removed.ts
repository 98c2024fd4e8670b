// Fields that older versions had, told by their names; and fields without a value, which the API server does not take here.
import { describe, isList, isObject, pathText } from '../documents/json.ts';
import type { Document, ImportContext, Json, JsonObject, Path } from '../importer.ts';

/** `under`: the fields that it stood in, or in whose items; a label may have any name. */
type Removed = { readonly since: string; readonly hint: string; readonly under: readonly string[] };
const receiving: Removed = {
  since: 'Cilium 1.19',
  hint: 'write what both ask for into each selector of `fromEndpoints`',
  under: ['ingress', 'ingressDeny'],
};
const sending: Removed = {
  since: 'Cilium 1.19',
  hint: 'write what both ask for into each selector of `toEndpoints`',
  under: ['egress', 'egressDeny'],
};
const parsers: Removed = { since: 'Cilium 1.20', hint: 'without it the port is allowed, whatever is sent', under: ['rules'] };

const removed: Readonly<Record<string, Removed>> = {
  fromRequires: receiving,
  toRequires: sending,
  kafka: parsers,
  l7: parsers,
  l7proto: parsers,
};

const removedNames = new Set(Object.keys(removed));

/** Holds a value what may be gone, or nothing? Asked of every document, and of most the answer is no. */
function hasSuch(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return value === null;
  if (isList(value)) {
    for (const item of value) if (hasSuch(item)) return true;
    return false;
  }
  for (const key in value) if (removedNames.has(key) || hasSuch(value[key])) return true;
  return false;
}

/** The document without fields that are gone; undefined after reports of those, and of fields without a value. */
export function withoutRemoved(
  document: Document,
  { options, report }: ImportContext,
): { readonly document: Document; readonly isWhole: boolean } {
  const { value, at } = document;
  if (options.schema === 'off' || !['spec', 'specs'].some((name) => hasSuch(value[name]))) return { document, isWhole: true };
  const found: { readonly path: Path; readonly name: string; readonly entry: Removed }[] = [];
  const empty: Path[] = [];
  const walk = (one: Json, path: Path): Json => {
    if (isList(one)) return one.map((item, i) => walk(item, [...path, i]));
    if (!isObject(one)) return one;
    return Object.fromEntries(Object.entries(one).flatMap(([key, member]) => kept(key, member, path)));
  };
  const kept = (key: string, member: Json, path: Path): readonly (readonly [string, Json])[] => {
    const entry = Object.hasOwn(removed, key) ? removed[key] : undefined;
    const field = path.findLast((step) => typeof step === 'string');
    const isGone = entry?.under.some((one) => one === field) && !(isList(member) && member.length === 0);
    if (entry && isGone && options.schema === 'strict') {
      found.push({ path: [...path, key], name: key, entry });
      return [];
    }
    if (member === null) empty.push([...path, key]);
    const left = walk(member, [...path, key]);
    // Requests of which nothing is left were all of a kind that is gone.
    return isObject(left) && isObject(member) && Object.keys(left).length === 0 && Object.keys(member).length > 0 ? [] : [[key, left]];
  };
  const specs = ['spec', 'specs'].flatMap((name) => (value[name] === undefined ? [] : kept(name, value[name], [])));
  for (const { path, name, entry } of found)
    report('import/removed', at(path), { what: `\`${name}\``, since: entry.since, hint: entry.hint });
  for (const path of empty) report('import/invalid-value', at(path), { field: pathText(path), expected: 'a value', found: describe(null) });
  const left: JsonObject = { ...value, ...Object.fromEntries(specs) };
  return { document: found.length === 0 ? document : { ...document, value: left }, isWhole: found.length + empty.length === 0 };
}
