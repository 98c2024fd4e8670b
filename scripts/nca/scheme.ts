// A scheme file of network-config-analyzer: sets of policies with their inventories, and queries with what they should answer.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { load } from 'js-yaml';

/** Paths of files or folders, relative to the scheme file; undefined: not given. */
export type Lists = {
  readonly namespaceList?: readonly string[];
  readonly podList?: readonly string[];
  readonly resourceList?: readonly string[];
  readonly networkPolicyList?: readonly string[];
};
export type PolicySet = Lists & { readonly name: string; readonly expectedError?: number };
export type Query = {
  readonly name: string;
  /** `equivalence`, `semanticDiff` ... */
  readonly kind: string;
  readonly sets: readonly string[];
  readonly expected?: number;
  readonly expectedNotExecuted?: number;
  /** An absolute path. */
  readonly expectedOutput?: string;
  /** `txt` unless said otherwise. */
  readonly format: string;
};
export type Scheme = {
  readonly path: string;
  readonly lists: Lists;
  readonly sets: readonly PolicySet[];
  readonly queries: readonly Query[];
};

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const mapping = (value: unknown): Readonly<Record<string, unknown>> => (isMapping(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

export function readScheme(path: string): Scheme {
  const root = mapping(load(readFileSync(path, 'utf8')));
  return {
    path,
    lists: listsOf(root),
    sets: list(root['networkConfigList']).map((one) => setOf(mapping(one))),
    queries: list(root['queries']).flatMap((one) => queryOf(mapping(one), path)),
  };
}

function listsOf(value: Readonly<Record<string, unknown>>): Lists {
  const named = ['namespaceList', 'podList', 'resourceList', 'networkPolicyList'].flatMap((name) => {
    const given = value[name];
    if (given === undefined || given === null) return [];
    const paths = (Array.isArray(given) ? given : [given]).flatMap((one: unknown) => (typeof one === 'string' && one !== '' ? [one] : []));
    return [[name, paths] as const];
  });
  return Object.fromEntries(named);
}

function setOf(value: Readonly<Record<string, unknown>>): PolicySet {
  const expectedError = number(value['expectedError']);
  return { ...listsOf(value), name: text(value['name']) ?? '', ...(expectedError !== undefined && { expectedError }) };
}

const settings = ['name', 'expected', 'expectedOutput', 'expectedNotExecuted', 'outputConfiguration'];

function queryOf(value: Readonly<Record<string, unknown>>, path: string): readonly Query[] {
  const kind = Object.keys(value).find((key) => !settings.includes(key));
  if (kind === undefined) return [];
  const [expected, notExecuted, output] = [number(value['expected']), number(value['expectedNotExecuted']), text(value['expectedOutput'])];
  return [
    {
      name: text(value['name']) ?? '',
      kind,
      sets: list(value[kind]).flatMap((one) => text(one) ?? []),
      format: text(mapping(value['outputConfiguration'])['outputFormat']) ?? 'txt',
      ...(expected !== undefined && { expected }),
      ...(notExecuted !== undefined && { expectedNotExecuted: notExecuted }),
      ...(output !== undefined && { expectedOutput: resolve(dirname(path), output) }),
    },
  ];
}

/** What of the repository that the schemes stand in is named by its address in the web. */
const web =
  /^https:\/\/(?:raw\.githubusercontent\.com\/np-guard\/network-config-analyzer\/master|github\.com\/np-guard\/network-config-analyzer\/(?:tree|blob)\/master)\/tests\//;

/**
 * The files that an entry of a list names: `**` at its end, or a folder in the web, is every file below. Undefined: there is no such
 * file or folder.
 */
export function filesOf(entry: string, { path, tests }: { readonly path: string; readonly tests: string }): readonly string[] | undefined {
  const local = web.test(entry) ? join(tests, entry.replace(web, '')) : resolve(dirname(path), entry.replace(/\/?\*\*?$/, ''));
  if (!existsSync(local)) return undefined;
  if (!statSync(local).isDirectory()) return [local];
  const isDeep = entry.endsWith('**') || web.test(entry);
  return readdirSync(local, { recursive: isDeep, encoding: 'utf8' })
    .filter((name) => /\.(?:ya?ml|json)$/.test(name))
    .sort()
    .map((name) => join(local, name));
}
