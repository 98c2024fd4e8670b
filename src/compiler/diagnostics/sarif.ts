// Findings as SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), the form that code scanning services
// read. Lines and columns are 1-based, columns count UTF-16 code units, the end of a region is exclusive: as ours.
import { positionAt, type Span } from '../base/source.ts';
import { catalog } from './catalog.ts';
import type { Diagnostic } from './diagnostic.ts';

export type SarifOptions = {
  readonly version: string;
  /** The page about a code, as Markdown. */
  readonly pageOf: (code: string) => string | undefined;
};

const schema = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/** The whole document; keys in a fixed order. */
export function sarifOf(found: readonly Diagnostic[], { version, pageOf }: SarifOptions) {
  const codes = [...new Set(found.map(({ code }) => code))].sort();
  return sarifLog(
    version,
    codes.map((code) => ruleOf(code, pageOf(code))),
    found.map((one) => resultOf(one, codes.indexOf(one.code))),
  );
}

/** A document with these rules and results. */
export const sarifLog = <Rule, Result>(version: string, rules: readonly Rule[], results: readonly Result[]) => ({
  $schema: schema,
  version: '2.1.0',
  runs: [{ tool: { driver: { name: 'policyc', semanticVersion: version, rules } }, columnKind: 'utf16CodeUnits', results }],
});

/** The text of a page's first paragraph, or what the catalogue says. */
function ruleOf(code: Diagnostic['code'], page: string | undefined) {
  const { severity, message } = catalog[code];
  const [, paragraph = message] = page?.split('\n\n') ?? [];
  return {
    id: code,
    name: code.replace(/(?:^|[/-])([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: paragraph.replace(/\s+/g, ' ') },
    ...(page !== undefined && { help: { text: page, markdown: page } }),
    defaultConfiguration: { level: severity },
  };
}

function resultOf({ code, severity, message, help, span, labels }: Diagnostic, ruleIndex: number) {
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: help === undefined ? message : `${message}\nhelp: ${help}` },
    locations: [locationOf(span)],
    ...(labels.length > 0 && {
      relatedLocations: labels.map((label, id) => ({ id, ...locationOf(label.span), message: { text: label.text } })),
    }),
  };
}

/** A finding about a file that was not read has no region. */
function locationOf(span: Span) {
  const { source } = span;
  const artifactLocation = { uri: uriOf(source.path) };
  return { physicalLocation: source.text === '' ? { artifactLocation } : { artifactLocation, region: regionOf(span) } };
}

function regionOf({ source, start, end }: Span) {
  const [from, to] = [positionAt(source, start), positionAt(source, end)];
  return { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
}

/** A path as a URI reference: relative ones stay so, an absolute one is a `file` URI. */
export function uriOf(path: string): string {
  const escaped = path.split('/').map(encodeURIComponent).join('/');
  return escaped.startsWith('/') ? `file://${escaped}` : escaped;
}
