// Other people's policies -> policy text. The text of a file stands for the file: it has its path, and its lines know the
// places in the document that they came from.

import type { SourceText } from '../base/source.ts';
import { catalog } from '../diagnostics/catalog.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Stated } from '../ir/workload.ts';
import type { Labels } from '../space/labels.ts';
import { isOfAgent, writeAgent } from './agent.ts';
import { readDocuments } from './documents/index.ts';
import { factsOf, policyLabels } from './facts.ts';
import { hasIdentity, lastOfEach } from './identity.ts';
import { type Document, groupOf, type ImportContext, type Importer, type ImportOptions } from './importer.ts';
import { importers } from './registry.ts';
import { statedOf } from './stated.ts';
import { PolicyWriter } from './writer.ts';

export { holdsDocuments } from './documents/index.ts';
export { defaultImportOptions, type ImportOptions } from './importer.ts';

/** Documents as policy text, and what they state beside policies. */
export type Imported = {
  /** One for each file that has policies; `originOf` leads back. */
  readonly sources: readonly SourceText[];
  /** The labels of the workloads that the documents state. */
  readonly workloads: readonly Labels[];
  readonly stated: Stated;
};

/** What the documents of all files mean together; what they do not mean is reported. */
export function importSources(sources: readonly SourceText[], options: ImportOptions, report: Report): Imported {
  const files = sources.map((source) => ({ source, documents: readDocuments(source, report) }));
  const facts = factsOf(files.flatMap(({ documents }) => documents));
  const context: ImportContext = { options, facts, report };
  const names = new Set<string>();
  const latest = lastOfEach(
    files.flatMap(({ documents }) => documents),
    report,
  );
  const written = files.map(({ source, documents }) => {
    const writer = new PolicyWriter(names);
    const policies = documents.filter((document) => latest.has(document) && writeDocument(document, context, writer));
    // What is replaced says nothing; what is wrong with it is told all the same.
    for (const document of documents) if (!latest.has(document)) writeDocument(document, onlyErrors(context), new PolicyWriter());
    // An agent that isolates every workload does so whatever it refuses.
    return { source, writer, agents: (options.enforcement === 'always' ? documents : policies).filter(isOfAgent) };
  });
  const first = written.find(({ agents }) => agents.length > 0) ?? (options.enforcement === 'always' ? written[0] : undefined);
  if (first) {
    const origin = first.agents[0]?.at([]) ?? { source: first.source, start: 0, end: 0 };
    writeAgent(origin, { options, writers: written.map(({ writer }) => writer) }, first.writer);
  }
  const texts = written.flatMap(({ source, writer }) => (writer.isEmpty ? [] : [writer.source(source.path)]));
  return {
    sources: options.enforcement === 'never' ? [] : texts,
    workloads: facts.workloads.map((one) => policyLabels(one, facts, options)),
    stated: statedOf(facts, options),
  };
}

const onlyErrors = (context: ImportContext): ImportContext => ({
  ...context,
  report: (code, place, holes) => {
    if (catalog[code].severity === 'error') context.report(code, place, holes);
  },
});

/** Was something written? */
function writeDocument(document: Document, context: ImportContext, writer: PolicyWriter): boolean {
  const importer = importerOf(document, context.report);
  if (!importer || !hasIdentity(document, context.report)) return false;
  const before = writer.length;
  writer.heading(`from ${document.source.path}`);
  importer.write(document, context, writer);
  writer.heading('');
  return writer.length > before;
}

const byKind = new Map(importers.map((one) => [`${one.group}/${one.kind}`, one]));

function importerOf({ apiVersion, kind, at }: Document, report: Report): Importer | undefined {
  const { group, version } = groupOf(apiVersion);
  const importer = byKind.get(`${group}/${kind}`);
  if (importer?.versions.includes(version)) return importer;
  if (importer) {
    const known = importer.versions.map((one) => `\`${one}\``).join(', ');
    report('import/unknown-version', at(['apiVersion']), { kind, version, known });
  } else if (kind.endsWith('Policy')) report('import/unknown-kind', at(['kind']), { kind, group });
  return undefined;
}
