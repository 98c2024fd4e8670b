// Connections between workloads as people and tools read them: one line each, tables, or a graph for Graphviz.
import type { AllowedBy, AllowedPart, ConnectionRecord, ConnectivityReport } from '../analysis/connectivity.ts';
import { csvRow, dotText, markdownRow } from './graph-text.ts';
import type { Colors } from './output.ts';

export const listFormats = ['text', 'json', 'csv', 'markdown', 'dot'] as const;
export type ListFormat = (typeof listFormats)[number];

export type ListTextOptions = {
  readonly format: Exclude<ListFormat, 'json'>;
  /** Say by which rules each connection is allowed. */
  readonly explain: boolean;
  readonly colors: Colors;
};

export function listText(report: ConnectivityReport, { format, explain, colors }: ListTextOptions): string {
  switch (format) {
    case 'text':
      return [...report.connections.flatMap((one) => lineOf(one, explain, colors)), ...notes(report)].join('\n');
    case 'csv':
      return [csvRow(['source', 'destination', 'connection']), ...report.connections.map((one) => csvRow(cellsOf(one)))].join('\n');
    case 'markdown':
      return [
        '| source | destination | connection |\n|---|---|---|',
        ...report.connections.map((one) => markdownRow(cellsOf(one))),
        ...notes(report).map((note) => `\n${note}`),
      ].join('\n');
    case 'dot':
      return dotText({
        nodes: report.workloads,
        edges: report.connections.map(({ source, destination, connection }) => ({ source, destination, label: connection })),
      });
  }
}

const cellsOf = ({ source, destination, connection }: ConnectionRecord): readonly string[] => [source, destination, connection];

function lineOf(record: ConnectionRecord, explain: boolean, { dim }: Colors): readonly string[] {
  const { source, destination, connection, parts, by = [] } = record;
  const opened = by.length > 0 ? dim(` (${by.join(', ')})`) : '';
  const line = `${source} => ${destination} : ${connection}${opened}`;
  return explain ? [line, ...parts.flatMap(partLines).map((one) => dim(one))] : [line];
}

const partLines = ({ at, requests, egress, ingress }: AllowedPart): readonly string[] => [
  `    ${at}${requests === undefined ? '' : ` ${requests}`}`,
  `      egress: ${byWords(egress)}`,
  `      ingress: ${byWords(ingress)}`,
];

const byWords = (by: AllowedBy): string => (by === undefined ? 'no policy denies it' : `${by.rule}  (${by.policy}, ${by.file}:${by.line})`);

const notes = ({ onHostNetwork }: ConnectivityReport): readonly string[] =>
  onHostNetwork.length === 0
    ? []
    : [`not listed, since they use the network of their node, which policies for workloads do not govern: ${onHostNetwork.join(', ')}`];
