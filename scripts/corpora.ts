// How much of the policies that people have is understood: every policy document of the public collections under ../shared/corpora,
// each by itself beside the objects of its file, compiled as `policyc check` does.
//
//   npm run corpora               the report, in Markdown
//   npm run corpora -- --write    into docs/corpora.md
//   npm run corpora -- --all      every refused document with its reason
//   npm run corpora -- nca        the queries of network-config-analyzer's own tests, answered
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { collector, type Diagnostic, isError } from '../src/compiler/diagnostics/diagnostic.ts';
import { readDocuments } from '../src/compiler/interchange/documents/index.ts';
import type { Document } from '../src/compiler/interchange/importer.ts';
import { checkUnit, holdsDocuments } from '../src/compiler/pipeline.ts';
import { ncaReport, ncaSection } from './corpora-nca.ts';
import { runSchemes } from './nca/run.ts';

const root = join(import.meta.dirname, '..');
const corpora = join(root, '..', 'shared', 'corpora');

const ncaTests = join(corpora, 'network-config-analyzer', 'tests');

/** What is counted together: documents of some kinds in some folders. */
type Group = { readonly name: string; readonly folders: readonly string[]; readonly kinds: RegExp };
const kubernetes = /^(?:networking\.k8s\.io|policy\.networking\.k8s\.io)\/\w+ \w*Policy$/;
const cilium = /^cilium\.io\/v2\w* Cilium(?:NetworkPolicy|ClusterwideNetworkPolicy|CIDRGroup)$/;
const groups: readonly Group[] = [
  { name: 'Kubernetes', folders: ['k8s-netpol-recipes', 'network-config-analyzer', 'cilium', 'kubearmor'], kinds: kubernetes },
  { name: 'Cilium', folders: ['cilium', 'kubearmor'], kinds: cilium },
  { name: 'KubeArmor', folders: ['kubearmor'], kinds: /^security\.kubearmor\.com\/v1 KubeArmor(?:Host|Cluster|Network)?Policy$/ },
  {
    name: 'Tetragon: examples',
    folders: ['tetragon/examples/tracingpolicy'],
    kinds: /^cilium\.io\/v1alpha1 TracingPolicy(?:Namespaced)?$/,
  },
  { name: 'Tetragon', folders: ['tetragon'], kinds: /^cilium\.io\/v1alpha1 TracingPolicy(?:Namespaced)?$/ },
];

/** `invalid`: its API refuses it, too; `unsaid`: no rule says it; `internal`: it hangs on no stable hook; `template`: it is to be filled in first. */
type Kind = 'invalid' | 'unsaid' | 'internal' | 'template';
type Refused = { readonly path: string; readonly kind: Kind; readonly reason: string };
type Counted = { readonly group: Group; readonly read: number; readonly refused: readonly Refused[]; readonly unread: readonly Refused[] };

const filesIn = (folder: string): readonly string[] =>
  readdirSync(join(corpora, folder), { recursive: true, encoding: 'utf8' })
    .filter(holdsDocuments)
    .map((path) => join(folder, path))
    .sort();

/** The documents of a file; `reason`: why what is in it could not be read. */
function documentsOf(path: string): { readonly documents: readonly Document[]; readonly reason?: string } {
  const log = collector();
  const documents = readDocuments({ path, text: readFileSync(join(corpora, path), 'utf8') }, log.report);
  const wrong = log.all().find(({ code }) => code === 'import/yaml');
  return { documents, ...(wrong && { reason: wrong.message }) };
}

const nameOf = ({ apiVersion, kind }: Document): string => `${apiVersion} ${kind}`;
const isPolicy = ({ kind }: Document): boolean => kind.endsWith('Policy');

const ofApi = /^import\/(?:unknown-field|missing-field|invalid-value|refused|removed|unknown-version|conflict)$/;

const isInternal = ({ message }: Diagnostic): boolean => /inside of the kernel|do not look into programs/.test(message);
const kindOf = (found: Diagnostic): Kind => (ofApi.test(found.code) ? 'invalid' : isInternal(found) ? 'internal' : 'unsaid');

/** Why a document is refused, beside the objects of its file. */
function refusalOf(document: Document, others: readonly Document[]): Omit<Refused, 'path'> | undefined {
  const text = (value: unknown): string => JSON.stringify(value, undefined, 1);
  if (/\{\{.*\}\}|"\[object Object\]"/.test(text(document.value))) return { kind: 'template', reason: 'it is a template of Go' };
  const facts = others.filter((other) => !isPolicy(other)).map(({ value }, i) => ({ path: `facts-${i}.json`, text: text(value) }));
  const checked = checkUnit([{ path: 'policy.json', text: text(document.value) }, ...facts]);
  const wrong = checked.diagnostics.filter((one) => isError(one) && one.span.source.path === 'policy.json');
  const shown = wrong.find(isInternal) ?? wrong.find(({ code }) => !ofApi.test(code)) ?? wrong[0];
  return shown && { kind: kindOf(shown), reason: shown.message };
}

function counted(group: Group): Counted {
  const files = group.folders.flatMap(filesIn).map((path) => ({ path, ...documentsOf(path) }));
  const found = files.flatMap(({ path, documents }) =>
    documents.filter((document) => group.kinds.test(nameOf(document))).map((document) => ({ path, document, documents })),
  );
  const refused = found.flatMap(({ path, document, documents }) => {
    const refusal = refusalOf(document, documents);
    return refusal ? [{ path: `${path} ${document.name}`, ...refusal }] : [];
  });
  const unread = files.flatMap(({ path, reason }): readonly Refused[] =>
    reason !== undefined && mentions(group, path) ? [{ path, kind: 'invalid', reason }] : [],
  );
  return { group, read: found.length, refused, unread };
}

/** Would a file hold documents of these kinds, could it be read? */
function mentions({ kinds }: Group, path: string): boolean {
  const text = readFileSync(join(corpora, path), 'utf8');
  const words = (name: string): readonly string[] =>
    [...text.matchAll(new RegExp(`^\\s*"?${name}"?:\\s*"?([^\\s",]+)`, 'gm'))].map(([, value = '']) => value);
  return words('apiVersion').some((version) => words('kind').some((kind) => kinds.test(`${version} ${kind}`)));
}

/** Reasons with how many documents have them, most first. */
function reasonsOf(refused: readonly Refused[]): readonly (readonly [reason: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const { reason } of refused) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
}

const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function rowOf({ group, read, refused, unread }: Counted): string {
  const of = (kind: Kind): number => refused.filter((one) => one.kind === kind).length;
  const understood = read - refused.length;
  const share = percent(understood, understood + of('unsaid'));
  return `| ${group.name} | ${read} | ${understood} | ${of('unsaid')} | ${share} | ${of('internal')} | ${of('invalid')} | ${of('template')} | ${unread.length} |`;
}

function listOf({ group, refused, unread }: Counted): string {
  const table = (title: string, found: readonly Refused[]): readonly string[] => {
    const lines = reasonsOf(found).map(([reason, count]) => `| ${count} | ${cell(reason)} |`);
    return lines.length === 0 ? [] : [`| documents | ${title} |\n|---|---|\n${lines.join('\n')}\n`];
  };
  const tables = [
    ...table(
      'refused: no rule says it',
      refused.filter(({ kind }) => kind === 'unsaid'),
    ),
    ...table(
      'refused: they hang on no stable hook',
      refused.filter(({ kind }) => kind === 'internal'),
    ),
    ...table(
      'refused: not valid for their API',
      refused.filter(({ kind }) => kind === 'invalid'),
    ),
    ...table('files that are no YAML', unread),
  ];
  return tables.length === 0 ? '' : [`## ${group.name}\n`, ...tables].join('\n');
}

function reportOf(all: readonly Counted[], day: string): string {
  return [
    '# How much of existing policies is understood\n',
    `Every policy document of public collections, each compiled by itself beside the objects of its file, on ${day} (\`npm run corpora -- --write\`).`,
    'What is refused is refused at its place, for the reasons below, and nothing of it is left out. A document that its own API refuses, or that is',
    'a template to be filled in first, is no policy yet, and what hangs on functions inside of the kernel or on probes of programs is another thing on every',
    'machine: the share is that of the others.\n',
    '| policies of | documents | understood | no rule says it | understood | on no stable hook | not valid for their API | templates | files that are no YAML |\n|---|---|---|---|---|---|---|---|---|',
    `${all.map(rowOf).join('\n')}\n`,
    ...all.map(listOf).filter((list) => list !== ''),
  ].join('\n');
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false }, all: { type: 'boolean', default: false }, date: { type: 'string' } },
});
if (!existsSync(corpora)) console.log('skipped: there is no ../shared/corpora');
else if (positionals[0] === 'nca') console.log(ncaReport(runSchemes(ncaTests)));
else {
  const all = groups.map(counted);
  if (values.all)
    for (const { group, refused, unread } of all)
      for (const { path, kind, reason } of [...refused, ...unread]) console.log(`${group.name}: ${kind}: ${path}: ${reason}`);
  const nca = ncaSection(runSchemes(ncaTests));
  const report = `${reportOf(all, values.date ?? new Date().toISOString().slice(0, 10))}\n${nca}`;
  if (values.write) writeFileSync(join(root, 'docs', 'corpora.md'), report);
  else console.log(report);
}
