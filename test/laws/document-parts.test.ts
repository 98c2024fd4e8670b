// Documents that another thread reads mean what they mean when they are read at once: the same policy text, the same tree of it, findings,
// places and facts, however the text is cut into pieces. Of all public collections, and of documents with mistakes.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PieceParser, parse } from '../../src/compiler/1-parse/index.ts';
import type { SourceText, Span } from '../../src/compiler/base/source.ts';
import { readBeside } from '../../src/compiler/cli/read-beside.ts';
import { collector, type Diagnostic } from '../../src/compiler/diagnostics/diagnostic.ts';
import { defaultImportOptions, type Imported, type ImportOptions, importSources } from '../../src/compiler/interchange/index.ts';
import { type Part, receiveParts, sendParts } from '../../src/compiler/interchange/parts.ts';
import type { FileAst } from '../../src/compiler/ir/ast.ts';
import { checkUnit, holdsDocuments, type Options } from '../../src/compiler/pipeline.ts';

const root = join(import.meta.dirname, '..', '..');
const shared = join(root, '..', 'shared');

/** Everything about a value; of sources their paths alone. */
const told = (value: unknown): string =>
  JSON.stringify(value, (key, one: unknown) => {
    if (one instanceof Set) return [...one];
    if (key === 'source' && typeof one === 'object' && one !== null && 'path' in one) return one.path;
    return isSpan(one) ? spanText(one) : typeof one === 'bigint' ? String(one) : one;
  });

const isSpan = (value: unknown): value is Span =>
  typeof value === 'object' && value !== null && 'source' in value && 'start' in value && 'end' in value;
const spanText = ({ source, start, end }: Span): string => `${source.path} ${start} ${end}`;
const foundText = ({ span, labels, ...one }: Diagnostic): string =>
  told([one, spanText(span), labels.map((label) => [spanText(label.span), label.text])]);

/** Where each line of a text, and what stands in it, came from. */
const placesText = ({ text, originOf }: SourceText): readonly string[] =>
  [...text.matchAll(/\n|\S+/g)].map(({ index }) => {
    const span = originOf?.(index);
    return span ? spanText(span) : '';
  });

/** Texts are long: where they differ first is what is shown. */
function equal(actual: string, expected: string, what: string): void {
  if (actual === expected) return;
  let at = 0;
  while (actual[at] === expected[at]) at++;
  assert.unreachable(
    `${what}: ${actual.slice(Math.max(0, at - 100), at + 100)}\ninstead of ${expected.slice(Math.max(0, at - 100), at + 100)}`,
  );
}

type Seen = Readonly<Record<'texts' | 'places' | 'rest' | 'trees', string>>;

const seen = ({ sources, ...rest }: Imported, found: readonly Diagnostic[], files: readonly FileAst[]): Seen => ({
  texts: sources.map(({ text }) => text).join('\0'),
  places: sources.flatMap(placesText).join('\n'),
  rest: `${found.map(foundText).join('\n')}\n${told(rest)}`,
  trees: told(files),
});

function atOnce(sources: readonly SourceText[], options: ImportOptions): Seen {
  const log = collector();
  const imported = importSources(sources, options, log.report);
  return seen(imported, log.all(), parse(imported.sources, collector().report).files);
}

type Sent = { readonly leastText: number; readonly hasPlaces?: boolean };

function inParts(sources: readonly SourceText[], options: ImportOptions, { leastText, hasPlaces = true }: Sent): Seen {
  const parts: Part[] = [];
  sendParts(sources, options, { send: (part) => parts.push(structuredClone(part)), leastText });
  if (!hasPlaces) parts.pop();
  const parsers = new Map<SourceText, PieceParser>();
  const received = receiveParts(sources, {
    next: () => parts.shift(),
    reader: (source) => {
      const parser = new PieceParser(source);
      parsers.set(source, parser);
      return parser.read;
    },
    again: () => importSources(sources, options, () => undefined),
  });
  assert.ok(received);
  const files = received.imported.sources.flatMap((source) => parsers.get(source)?.end(collector().report) ?? []);
  return seen(received.imported, received.found, files);
}

const everySending: readonly Sent[] = [{ leastText: 1 }, { leastText: 5000 }, { leastText: 5000, hasPlaces: false }];

function same(sources: readonly SourceText[], options: Partial<ImportOptions> = {}, sent: readonly Sent[] = everySending): void {
  const meant = { ...defaultImportOptions, ...options };
  const expected = atOnce(sources, meant);
  for (const one of sent) {
    const parts = inParts(sources, meant, one);
    const name = sources[0]?.path ?? 'nothing';
    for (const what of ['texts', 'places', 'rest', 'trees'] as const) equal(parts[what], expected[what], `${what} of ${name} ...`);
  }
}

const policy = (i: number): string => `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: p-${i}, namespace: team-${i % 7} }
spec:
  description: "größer ${i}"
  endpointSelector: { matchLabels: { app: app-${i % 50} } }
  ingress:
  - fromEndpoints:
    - matchLabels: { app: app-${(i * 7) % 50} }
    - matchExpressions: [{ key: tier, operator: In, values: [a, b] }]
    toPorts:
    - ports: [{ port: "${1000 + (i % 900)}", protocol: TCP }]
`;
/** Of each kind of mistake one, at some of the documents. */
const mistakes = [
  '---\nkind: [\n',
  '---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: x }\nspec: { ingres: [] }\n',
];
const manyPolicies = (count: number): string =>
  Array.from({ length: count }, (_, i) => policy(i) + (i % 100 === 99 ? (mistakes[(i / 100) & 1] ?? '') : '')).join('');

test('pieces of the text of documents are the whole', () => {
  const many: SourceText = { path: 'many.yaml', text: manyPolicies(300) };
  const few: SourceText = { path: 'few.yaml', text: policy(1000) };
  same([many, few]);
  same([few, many], { enforcement: 'always', schema: 'prune' });
  same([few], { enforcement: 'never' });
  same([{ path: 'none.yaml', text: '' }]);
});

test('a second thread gives what one gives', () => {
  const folder = mkdtempSync(join(tmpdir(), 'policyc-thread-'));
  try {
    const thread = join(folder, 'thread.cjs');
    const entry = join(root, 'src', 'compiler', 'document-thread.ts');
    buildSync({ entryPoints: [entry], outfile: thread, bundle: true, platform: 'node', format: 'cjs', logLevel: 'silent' });
    const dead = join(folder, 'dead.cjs');
    writeFileSync(dead, 'throw new Error("no thread");');
    const right: SourceText = { path: 'right.yaml', text: Array.from({ length: 800 }, (_, i) => policy(i)).join('') };
    const wrong: SourceText = { path: 'wrong.yaml', text: manyPolicies(800) };
    for (const source of [right, wrong]) {
      const alone = checked(source);
      equal(checked(source, readBeside(thread)), alone, `${source.path} by a thread`);
      equal(checked(source, readBeside(dead, 50)), alone, `${source.path} by a dead thread`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function checked(source: SourceText, readDocuments?: Options['readBeside']): string {
  const outcome = checkUnit([source], readDocuments ? { readBeside: readDocuments } : {});
  const typed = outcome.ok ? { ...outcome.value.typed, domains: undefined } : undefined;
  return `${outcome.diagnostics.map(foundText).join('\n')}\n${told(typed)}`;
}

const collections = ['corpora', 'conformance'].map((name) => join(shared, name)).filter((path) => existsSync(path));
if (collections.length === 0) console.log('SKIP public collections: there is no ../shared beside the project');

for (const folder of collections)
  for (const name of readdirSync(folder)) {
    const files = filesUnder(join(folder, name));
    if (files.length > 0) test(`pieces of ${name}`, () => same(files, {}, [{ leastText: 1 }]));
  }

function filesUnder(path: string): readonly SourceText[] {
  if (!statSync(path).isDirectory()) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.ya?ml$/i.test(file) && holdsDocuments(file))
    .sort()
    .map((file) => ({ path: file, text: readFileSync(join(path, file), 'utf8') }));
}

test.run();
