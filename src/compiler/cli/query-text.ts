// Answers to questions as people and tools read them: a table, or a graph for Graphviz.
import type { FindingRecord } from '../analysis/findings-report.ts';
import type { AllowedRecord, AllowingRule } from '../analysis/query-report.ts';
import { csvRow, dotText, markdownRow } from './graph-text.ts';
import type { Colors } from './output.ts';

export const queryFormats = ['table', 'json', 'csv', 'markdown', 'dot'] as const;
export type QueryFormat = (typeof queryFormats)[number];
export type QueryTextOptions = {
  readonly format: Exclude<QueryFormat, 'json'>;
  /** Say the rules in full, one event of each class, and the workloads that there are. */
  readonly explain: boolean;
  readonly colors: Colors;
};

export function queryText(allowed: readonly AllowedRecord[], { format, explain, colors }: QueryTextOptions): string {
  const isFlow = allowed.some(({ destination }) => destination !== undefined);
  const head = isFlow ? ['source', 'destination', 'connection', 'allowed by'] : ['who', 'what', 'allowed by'];
  switch (format) {
    case 'csv':
      return [head, ...allowed.map(cellsOf)].map(csvRow).join('\n');
    case 'markdown':
      return [markdownRow(head), `|${head.map(() => '---|').join('')}`, ...allowed.map((one) => markdownRow(cellsOf(one)))].join('\n');
    case 'dot':
      return dotText({ nodes: [], edges: allowed.map(edgeOf) });
    case 'table':
      if (allowed.length === 0) return 'nothing: no such event is allowed';
      return table(head, allowed, explain, colors);
  }
}

/** One line a finding; as a graph, policies and the workloads that they are about. */
export function findingsText(findings: readonly FindingRecord[], format: Exclude<QueryFormat, 'json'>): string {
  const cells = findings.map(({ text, policies }) => [text, policies.map(({ file, line }) => `${file}:${line}`).join(', ')]);
  switch (format) {
    case 'csv':
      return [['finding', 'where'], ...cells].map(csvRow).join('\n');
    case 'markdown':
      return [markdownRow(['finding', 'where']), '|---|---|', ...cells.map(markdownRow)].join('\n');
    case 'dot':
      return dotText({
        nodes: [],
        edges: findings.flatMap(({ kind, policies, workloads }) =>
          policies.flatMap(({ policy }) => workloads.map((name) => ({ source: policy, destination: name, label: kind }))),
        ),
      });
    case 'table':
      return findings.length === 0
        ? 'nothing was found'
        : cells.map(([text = '', where = '']) => (where === '' ? text : `${text}  (${where})`)).join('\n');
  }
}

function cellsOf(record: AllowedRecord): readonly string[] {
  const { source, destination, content } = record;
  return destination === undefined
    ? [source, content ?? 'all that is asked about', byWords(record)]
    : [source, destination, connectionOf(record), byWords(record)];
}

const connectionOf = ({ at = '', content }: AllowedRecord): string => (content === undefined ? at : `${at} (${content})`);
const edgeOf = (record: AllowedRecord) => ({
  source: record.source,
  destination: record.destination ?? record.content ?? 'all that is asked about',
  label: record.destination === undefined ? byWords(record) : connectionOf(record),
});

const placeWords = ({ policy, file, line }: AllowingRule): string => `${policy}, ${file}:${line}`;
const noRule = 'no policy denies it';

function byWords({ egress, ingress, process }: AllowedRecord): string {
  if (process) return placeWords(process);
  const sides = [...(egress ? [`egress ${placeWords(egress)}`] : []), ...(ingress ? [`ingress ${placeWords(ingress)}`] : [])];
  return sides.length === 0 ? noRule : sides.join('; ');
}

/** So wide is a column at most; what is longer pushes the rest of its line. */
const widest = 60;

function table(head: readonly string[], allowed: readonly AllowedRecord[], explain: boolean, { bold, dim }: Colors): string {
  const rows = allowed.map(cellsOf);
  const widths = head.map((name, i) => Math.min(widest, Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0))));
  const lineOf = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ');
  const lines = allowed.flatMap((record, i) => [lineOf(rows[i] ?? []), ...(explain ? detailsOf(record).map((one) => dim(one)) : [])]);
  return [bold(lineOf(head)), ...lines].join('\n');
}

function detailsOf(record: AllowedRecord): readonly string[] {
  const { egress, ingress, process, destination, witness, sources, destinations } = record;
  const side = (name: string, rule: AllowingRule | undefined): string =>
    `    ${name}: ${rule ? `${rule.rule}  (${placeWords(rule)})` : noRule}`;
  const rules = destination === undefined ? [side('process', process)] : [side('egress', egress), side('ingress', ingress)];
  const listed = (name: string, names: readonly string[] | undefined): readonly string[] =>
    names ? [`    ${name}: ${names.length === 0 ? 'no workload that there is' : names.join(', ')}`] : [];
  return [...rules, `    for example: ${witness}`, ...listed('sources', sources), ...listed('destinations', destinations)];
}
