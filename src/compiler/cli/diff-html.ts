// A review as one HTML file that needs nothing else: the graph, filters, and every change. src/report is what answers in it.

import picocolors from 'picocolors';
import type { ConnectivityDiff } from '../analysis/connectivity-diff.ts';
import type { Effect } from '../analysis/diff.ts';
import type { ChangeRecord } from '../analysis/report.ts';
import { connectionGraph } from '../analysis/report-graph.ts';
import { connectionLines, connectionsText } from './diff-connections.ts';
import { graphSvg } from './diff-html-graph.ts';
import {
  affectedText,
  besideTexts,
  conclusionText,
  costTexts,
  decided,
  flowsText,
  placeText,
  quiet,
  type Review,
  subjectText,
  titles,
  trafficText,
  turning,
  undecidedTexts,
} from './diff-words.ts';
import { escapeHtml as text } from './html-text.ts';
import { pageScript, pageStyle } from './report-page.generated.ts';

const plain = picocolors.createColors(false);
/** A page with more is slow in every browser; what is left out is said. */
const mostQuiet = 500;

export function diffHtml(review: Review): string {
  const { report, graph } = review;
  const numbered = report.changes.map((change, number) => ({ change, number }));
  const of = (effect: Effect) => numbered.filter(({ change }) => change.effect === effect);
  const drawing = graph && graph.nodes.length > 0 ? figure(graphSvg(graph), graph.omitted) : '';
  const connected = review.connections && connectionGraph(review.connections, report.changes);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>policyc: ${text(conclusionText(report))}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>What this change does</h1>
<p><code>${text(review.old)}</code> → <code>${text(review.new)}</code></p>
<p class="conclusion">${text(conclusionText(report))}</p>
${review.failed.map(({ gate, changes }) => `<p class="failed">--fail-on ${text(gate)}: ${changes}</p>`).join('\n')}
${undecidedTexts(report)
  .map((part) => `<p class="failed">not decided: ${text(part)}</p>`)
  .join('\n')}
${besideTexts(report)
  .map((part) => `<p>beside the verdicts: ${text(part)}</p>`)
  .join('\n')}
</header>
${report.changes.length > 0 ? filters(report.changes) : ''}
${drawing}
${connected && review.connections && connected.edges.length > 0 ? connectionsSection(review.connections, graphSvg(connected), connected.omitted) : ''}
<main>
<p class="selection" hidden><span>Changes of <b class="name"></b></span><button type="button">show all</button></p>
${turning.map((effect) => section(effect, of(effect))).join('\n')}
${quiet.map((effect) => folded(effect, of(effect))).join('\n')}
</main>
<footer>
${review.cost ? costTable(review.cost) : ''}
${review.flows ? `<p>${text(trafficText(review.flows))}</p>` : ''}
<p>${report.undecided ? 'Past the limit of an exact answer in part; compared otherwise' : 'Compared'} over all events: every label set, address, port, request and program that the policies can tell apart.</p>
</footer>
<script>${pageScript}</script>
</body>
</html>
`;
}

const figure = (svg: string, omitted: number): string => `<figure class="graph">
<div>${svg}</div>
<figcaption><span class="opened">+ opened</span><span class="closed">− closed</span><span class="audited">audit changes</span><span class="kept">open before and after, by an example</span>${omitted > 0 ? `<i>${omitted} more are not drawn</i>` : ''}</figcaption>
</figure>`;

function connectionsSection(connections: ConnectivityDiff, svg: string, omitted: number): string {
  const lines = connectionLines(connections, plain).slice(1, -1);
  return `<section><h2>${capitalized(text(connectionsText(connections)))}</h2>
${figure(svg, omitted)}
<details><summary>as a list</summary><pre>${text(lines.join('\n'))}</pre></details></section>`;
}

const option = (value: string): string => `<option value="${text(value)}">${text(value)}</option>`;
const choice = (label: string, name: string, values: readonly string[]): string =>
  values.length === 0
    ? ''
    : `<label>${label} <select name="${name}"><option value="">all</option>${values.map(option).join('')}</select></label>`;
const check = (name: string, value: string, label: string): string =>
  `<label><input type="checkbox" name="${name}" value="${value}" checked>${text(label)}</label>`;

function filters(changes: readonly ChangeRecord[]): string {
  const sorted = (values: readonly string[]): readonly string[] => [...new Set(values)].sort();
  const has = (effect: Effect): boolean => changes.some((change) => change.effect === effect);
  return `<form class="filters">
${choice('team', 'team', sorted(changes.flatMap(({ owners }) => owners)))}
${choice('namespace', 'namespace', sorted(changes.flatMap(({ namespaces }) => namespaces)))}
<label>severity <select name="severity"><option value="">all</option><option value="medium">medium and high</option><option value="high">high</option></select></label>
${[...turning, ...quiet]
  .filter(has)
  .map((effect) => check('effect', effect, shortTitles[effect]))
  .join('\n')}
${check('kept', 'kept', 'what stays open')}
<label>text <input type="search" name="text"></label>
<button type="button">show all</button>
<span class="count"></span>
</form>`;
}

const shortTitles: Readonly<Record<Effect, string>> = {
  'newly-allowed': 'newly allowed',
  'newly-denied': 'newly denied',
  'newly-audited': 'newly audited',
  'no-longer-audited': 'no longer audited',
  masked: 'no effect',
  'another-rule': 'another rule',
};

type Numbered = { readonly change: ChangeRecord; readonly number: number };

const capitalized = (title: string): string => title.charAt(0).toUpperCase() + title.slice(1);

const section = (effect: Effect, changes: readonly Numbered[]): string =>
  changes.length === 0
    ? ''
    : `<section class="effect"><h2>${capitalized(titles[effect])}</h2>\n${changes.map(card).join('\n')}\n</section>`;

function folded(effect: Effect, changes: readonly Numbered[]): string {
  if (changes.length === 0) return '';
  const left = changes.length - mostQuiet;
  const more = left > 0 ? `<p>and ${left} more, which --format json has</p>` : '';
  return `<section class="effect"><details><summary>${capitalized(titles[effect])}: ${changes.length}</summary>\n${changes.slice(0, mostQuiet).map(card).join('\n')}${more}\n</details></section>`;
}

function card({ change, number }: Numbered): string {
  const { effect, severity, reasons, owners, namespaces, example, size, before, after } = change;
  const row = (name: string, value: string): string => `<dt>${name}</dt><dd>${value}</dd>`;
  const [affected, flows] = [affectedText(change), flowsText(change)];
  const concern =
    severity === 'none'
      ? ''
      : `<p><span class="severity ${severity}">${severity}</span>${reasons.length > 0 ? `: ${text(reasons.join(', '))}` : ''}</p>`;
  return `<article class="change ${effect}" id="change-${number}" data-number="${number}" data-effect="${effect}" data-severity="${severity}" data-owners="${text(owners.join('\n'))}" data-namespaces="${text(namespaces.join('\n'))}">
<h3>${capitalized(text(subjectText(change)))}: ${text(placeText(change))}</h3>
${concern}<dl>
${[
  ...(size.words === '' ? [] : [row('how many', text(size.words))]),
  ...(affected === undefined ? [] : [row('today', text(affected))]),
  ...(flows === undefined ? [] : [row('recorded', text(flows))]),
  ...(owners.length > 0 ? [row('team', text(owners.join(', ')))] : []),
  row('for example', `<code>${text(example.event)}</code>`),
  ...(example.reproduce ? [row('try it', `<code>${text(example.reproduce.run)}</code>`)] : []),
  row('before', `<code>${text(decided(before))}</code>`),
  row('after', `<code>${text(decided(after))}</code>`),
].join('\n')}
</dl></article>`;
}

const costTable = (cost: NonNullable<Review['cost']>): string =>
  `<table><caption>In the kernel</caption>${costTexts(cost)
    .map(({ name, text: value, isSame }) => `<tr><th>${name}</th><td>${text(value)}${isSame ? ' (as before)' : ''}</td></tr>`)
    .join('')}</table>`;
