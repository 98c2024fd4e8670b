// The graph of a review as SVG: it stands in the page as it is, so that it can be printed and read without scripts.
import type { EdgeState, ReportGraph } from '../analysis/report-graph.ts';
import { layoutOf, nodeHeight, nodeWidth, type PlacedEdge, type PlacedNode } from './graph-layout.ts';
import { escapeHtml } from './html-text.ts';

const stateWords: Readonly<Record<EdgeState, string>> = {
  opened: 'opened',
  closed: 'closed',
  both: 'opened and closed',
  audited: 'audit changes',
  kept: 'open before and after',
};

export function graphSvg(graph: ReportGraph): string {
  const { nodes, edges, width, height } = layoutOf(graph);
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  // What changed is drawn last, over what did not.
  const sorted = [...edges].sort((a, b) => Number(b.state === 'kept') - Number(a.state === 'kept'));
  const changesOf = (id: string): readonly number[] => [
    ...new Set(edges.flatMap(({ from, to, changes }) => (from === id || to === id ? changes : []))),
  ];
  return [
    `<svg style="width: min(100%, ${width}px); min-width: ${Math.round(0.6 * width)}px" viewBox="0 0 ${width} ${height}" role="group" aria-label="who reaches whom">`,
    `<defs>${(['opened', 'closed', 'audited', 'kept'] as const).map(marker).join('')}</defs>`,
    ...sorted.map((edge) => edgeSvg(edge, `${names.get(edge.from)} to ${names.get(edge.to)}`)),
    ...nodes.map((node) => nodeSvg(node, changesOf(node.id))),
    '</svg>',
  ].join('\n');
}

const marker = (state: EdgeState): string =>
  `<marker id="tip-${state}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M 0 0 L 8 4 L 0 8 z" style="fill: var(--${state})"/></marker>`;

function edgeSvg({ state, changes, path, x, y, text, example }: PlacedEdge, name: string): string {
  const label = `${stateWords[state]}: ${name}, ${text}`;
  const tip = state === 'both' ? 'opened' : state;
  const sign = state === 'opened' ? '+ ' : state === 'closed' ? '− ' : state === 'both' ? '± ' : '';
  const isChanged = changes.length > 0;
  return [
    `<g class="edge ${state}" data-changes="${changes.join(' ')}"${isChanged ? ` tabindex="0" role="button" aria-label="${escapeHtml(label)}"` : ''}>`,
    `<title>${escapeHtml(example === undefined ? label : `${label}; for example ${example}`)}</title>`,
    state === 'both' ? `<path class="under" d="${path}"/>` : '',
    `<path class="line" d="${path}" marker-end="url(#tip-${tip})"/>`,
    isChanged ? `<path class="hit" d="${path}"/><text x="${x}" y="${y}">${escapeHtml(sign + shortened(text, 30))}</text>` : '',
    '</g>',
  ].join('');
}

const shortened = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

function nodeSvg({ kind, name, detail, namespace, x, y }: PlacedNode, changes: readonly number[]): string {
  const isChanged = changes.length > 0;
  const center = y + nodeHeight / 2;
  return [
    `<g class="node ${kind}${isChanged ? ' changed' : ''}" data-changes="${changes.join(' ')}"${isChanged ? ` tabindex="0" role="button" aria-label="${escapeHtml(detail)}"` : ''}>`,
    `<title>${escapeHtml(detail)}</title>`,
    `<rect x="${x}" y="${y}" width="${nodeWidth}" height="${nodeHeight}" rx="8"/>`,
    `<text class="name" x="${x + 12}" y="${namespace === undefined ? center + 4 : center - 2}">${escapeHtml(shortened(name, 23))}</text>`,
    namespace === undefined ? '' : `<text class="place" x="${x + 12}" y="${center + 13}">${escapeHtml(shortened(namespace, 26))}</text>`,
    '</g>',
  ].join('');
}
