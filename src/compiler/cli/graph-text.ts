// Rows of tables and graphs in the forms that other tools read.

/** RFC 4180. */
export const csvRow = (cells: readonly string[]): string => cells.map(csvCell).join(',');
const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export const markdownRow = (cells: readonly string[]): string => `| ${cells.map(markdownCell).join(' | ')} |`;
const markdownCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');

export type Graph = {
  readonly nodes: readonly string[];
  readonly edges: readonly { readonly source: string; readonly destination: string; readonly label: string }[];
};

/** For Graphviz: the workloads of a namespace stand together, what is outside by itself. */
export function dotText({ nodes, edges }: Graph): string {
  const inside = new Set(nodes);
  const outside = [...new Set(edges.flatMap(({ source, destination }) => [source, destination]))].filter((name) => !inside.has(name));
  const namespaces = [...new Set(nodes.map(namespaceOf))].sort();
  return [
    'digraph connections {',
    '  rankdir=LR',
    '  node [shape=box, fontname="sans-serif"]',
    '  edge [fontname="sans-serif", fontsize=10]',
    ...namespaces.flatMap((namespace, i) => [
      `  subgraph cluster_${i} {`,
      `    label=${dotWord(namespace)}`,
      ...nodes.filter((name) => namespaceOf(name) === namespace).map((name) => `    ${dotWord(name)} [label=${dotWord(shortName(name))}]`),
      '  }',
    ]),
    ...outside.map((name) => `  ${dotWord(name)} [shape=ellipse]`),
    ...edges.map(({ source, destination, label }) => `  ${dotWord(source)} -> ${dotWord(destination)} [label=${dotWord(label)}]`),
    '}',
  ].join('\n');
}

const namespaceOf = (name: string): string => (name.includes('/') ? name.slice(0, name.indexOf('/')) : '');
const shortName = (name: string): string => name.slice(name.indexOf('/') + 1);
export const dotWord = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
