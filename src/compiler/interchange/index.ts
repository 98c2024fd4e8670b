// Other people's policies -> policy text. The text of a file stands for the file: it has its path, and its lines know the
// places in the document that they came from.
import type { SourceText } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import { readDocuments } from './documents/index.ts';
import { factsOf } from './facts.ts';
import type { Document, Facts, ImportContext, Importer, ImportOptions } from './importer.ts';
import { importers } from './registry.ts';
import { PolicyWriter } from './writer.ts';

export { holdsDocuments } from './documents/index.ts';
export { defaultImportOptions, type Facts, type ImportOptions } from './importer.ts';

export type Imported = {
  /** One for each file that has policies; `originOf` leads back. */
  readonly sources: readonly SourceText[];
  readonly facts: Facts;
};

/** What the documents of all files mean together; what they do not mean is reported. */
export function importSources(sources: readonly SourceText[], options: ImportOptions, report: Report): Imported {
  const files = sources.map((source) => ({ source, documents: readDocuments(source, report) }));
  const facts = factsOf(files.flatMap(({ documents }) => documents));
  const context: ImportContext = { options, facts, report };
  const names = new Set<string>();
  return {
    sources: files.flatMap(({ source, documents }) => {
      const writer = new PolicyWriter(names);
      for (const document of documents) writeDocument(document, context, writer);
      return writer.isEmpty ? [] : [writer.source(source.path)];
    }),
    facts,
  };
}

/** The API group and the version of `cilium.io/v2`; the core group has no name. */
export function groupOf(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return { group: apiVersion.slice(0, Math.max(0, slash)), version: apiVersion.slice(slash + 1) };
}

function writeDocument(document: Document, context: ImportContext, writer: PolicyWriter): void {
  const importer = importerOf(document, context.report);
  if (!importer) return;
  writer.heading(originText(document));
  importer.write(document, context, writer);
  writer.heading('');
}

/** `cilium.io/CiliumNetworkPolicy prod/web`. */
export function originText({ apiVersion, kind, namespace, name }: Document): string {
  const { group } = groupOf(apiVersion);
  return `${group === '' ? '' : `${group}/`}${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

function importerOf({ apiVersion, kind, at }: Document, report: Report): Importer | undefined {
  const { group, version } = groupOf(apiVersion);
  const importer = importers.find((one) => one.group === group && one.kind === kind);
  if (importer?.versions.includes(version)) return importer;
  if (importer) {
    const known = importer.versions.map((one) => `\`${one}\``).join(', ');
    report('import/unknown-version', at(['apiVersion']), { kind, version, known });
  } else if (kind.endsWith('Policy')) report('import/unknown-kind', at(['kind']), { kind, group });
  return undefined;
}
