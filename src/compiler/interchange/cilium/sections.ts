// A spec's sections as lines of policy text.

import { type Field, items, itemsOf, member, textOf, textsIn } from '../fields.ts';
import type { ImportContext, Path } from '../importer.ts';
import { type LabelTest, selectorText } from '../labels.ts';
import { distinct, listed, quoted } from '../texts.ts';
import { type Beside, besideOf, type Part, partsOf } from './merge.ts';
import { type Direction, peersOf, side } from './peers.ts';
import { everyTypes, icmpTexts, portTexts } from './ports.ts';
import type { Reading } from './reading.ts';
import { type Requests, requestsOf } from './requests.ts';
import { isolatedPods } from './specs.ts';

/** What a spec is read with: all specs about the same subject, and the pods that it is about, where it is about pods. */
export type SpecContext = {
  readonly reading: Reading;
  readonly specs: readonly Field[];
  readonly pods: readonly LabelTest[] | undefined;
};

export type Line = { readonly text: string; readonly path: Path } | { readonly comment: string };
export type Section = { readonly direction: Direction; readonly path: Path; readonly lines: readonly Line[] };
/** What holds for some of the subject only, because of what other policies say. */
export type Aside = { readonly whom: string; readonly why: string; readonly section: Section };

export function sectionsOf(
  spec: Field,
  context: SpecContext,
): { readonly sections: readonly Section[]; readonly asides: readonly Aside[] } {
  const building: Building = { ...context, asides: [] };
  const sections = [sectionOf(spec, 'ingress', building), sectionOf(spec, 'egress', building)];
  return { sections: sections.filter((section) => section !== undefined), asides: building.asides };
}

type Building = SpecContext & { readonly asides: Aside[] };

function sectionOf(spec: Field, direction: Direction, building: Building): Section | undefined {
  const { reading, specs } = building;
  const allowed = itemsOf(spec, direction);
  const denied = itemsOf(spec, `${direction}Deny`);
  if (allowed.length + denied.length === 0) return undefined;
  const isOpen = member(member(spec, 'enableDefaultDeny'), direction).value === false;
  const beside = besideOf(specs, direction, building);
  const log = textOf(member(spec, 'log'), 'value');
  const shared = (action: Shared['action']): Shared => ({ direction, action, reading, isOpen, beside, building, log });
  const [refusing, allowing] = [shared('deny'), shared('allow')];
  const lines = [
    ...(isOpen ? [{ text: 'default allow', path: [...spec.path, 'enableDefaultDeny', direction] }] : []),
    ...denied.flatMap((rule) => linesOf(rule, refusing)),
    ...allowed.flatMap((rule) => linesOf(rule, allowing)),
  ];
  return { direction, lines, path: [...spec.path, allowed.length > 0 ? direction : `${direction}Deny`] };
}

type Shared = {
  readonly direction: Direction;
  readonly action: 'allow' | 'deny';
  readonly reading: Reading;
  readonly isOpen: boolean;
  readonly beside: Beside;
  readonly building: Building;
  readonly log: string | undefined;
};

// --- one rule ------------------------------------------------------------------------------------------------------------

function linesOf(rule: Field, shared: Shared): readonly Line[] {
  const { direction, reading, action } = shared;
  const peers = peersOf(rule, direction, reading);
  const ports = itemsOf(rule, 'toPorts');
  const icmps = itemsOf(rule, 'icmps');
  const hasTransport = ports.length + icmps.length > 0;
  if (peers?.length === 0 || (!peers && !hasTransport)) return [{ comment: `${action}: selects nobody` }, ...groupLines(rule, shared)];
  for (const field of everyTypes(rule)) reading.warnEveryType(field);
  const line = (at: readonly string[], more: readonly string[], whom = peers): Line => ({
    text: [action, whom ? `${side(direction)} ${listed(whom)}` : '', at.length > 0 ? `at ${listed(at)}` : '', ...more]
      .filter((part) => part !== '')
      .join(' '),
    path: rule.path,
  });
  const behind = attributesOf(rule, shared);
  if (!hasTransport) return [line([], behind([]))];
  const icmp = icmpTexts(rule);
  const lines = ports.flatMap((port) => portLines(port, { shared, line, behind, peers }));
  const all = icmp.length > 0 ? [...lines, line(icmp, behind([]))] : lines;
  return all.length > 0 || ports.some((port) => portTexts(port).length > 0) ? all : [{ comment: `${action}: names no port` }];
}

type Behind = (requirements: readonly string[]) => readonly string[];

function attributesOf(rule: Field, { action, log }: Shared): Behind {
  const mode = textOf(member(rule, 'authentication'), 'mode');
  const own = mode === undefined || action === 'deny' ? [] : [`authentication ${quoted(mode)}`];
  return (requirements) => {
    const all = [...own, ...requirements];
    return [all.length > 0 ? `require ${listed(all)}` : '', log === undefined ? '' : `log ${quoted(log)}`];
  };
}

type PortContext = {
  readonly shared: Shared;
  readonly line: (at: readonly string[], more: readonly string[], whom?: readonly string[]) => Line;
  readonly behind: Behind;
  readonly peers: readonly string[] | undefined;
};

function portLines(port: Field, context: PortContext): readonly Line[] {
  const { shared, line, behind, peers } = context;
  if (shared.action === 'deny') {
    const at = portTexts(port);
    return at.length === 0 ? [] : [line(at, behind([]))];
  }
  return partsOf(port, peers, shared.beside).flatMap((part) => partLines(part, context));
}

function partLines({ peers: some, port, as, unless }: Part, { shared, line, behind, peers }: PortContext): readonly Line[] {
  const at = portTexts(port);
  if (at.length === 0 || as === 'nothing') return [];
  const whom = peers && some;
  const requests = as === 'itself' ? requestsOf(port, shared.reading) : [everyRequest(as, port)];
  const lines = requests.map(({ block, requirements }) => line(at, [block ?? '', ...behind(requirements)], whom));
  if (unless.length > 0) {
    besidesNames(lines, unless, shared);
    return [];
  }
  if (requests.some(({ block }) => block === undefined) || !hasBehind(peers, shared)) return lines;
  const end = endOf(line(at, ['priority 1'], whom));
  if (!shared.isOpen) return [...lines, end];
  isolatedOnly(end, shared);
  return lines;
}

const everyRequest = (as: 'every http' | 'every dns', port: Field): Requests =>
  as === 'every dns'
    ? { block: 'dns { "**" }', requirements: [] }
    : { block: 'http { target "**" }', requirements: textsIn(member(port, 'serverNames')).map((name) => `server-name ${quoted(name)}`) };

/** Pods for which another policy names servers at the same peers and ports are held to those names. */
function besidesNames(lines: readonly Line[], unless: readonly string[], { direction, building }: Shared): void {
  const { pods, asides } = building;
  const whom = pods && selectorText(pods);
  if (whom === undefined) return;
  const path = lines.flatMap((line) => ('path' in line ? [line.path] : []))[0] ?? [];
  const why = 'Where another policy names servers for the same peers and ports, those hold.';
  const section = { direction, path, lines: [{ text: 'default allow', path }, ...lines] };
  asides.push({ whom: `${whom} except ${listed(unless)}`, why, section });
}

/**
 * Requests that a rule does not allow end at the proxy, if the endpoint is isolated; nothing behind this tier is asked. That is
 * written down where something stands behind it: policies of tier baseline, and the host's way to its workloads.
 */
const hasBehind = (peers: readonly string[] | undefined, { direction, reading }: Shared): boolean =>
  mayBeHost(peers, direction) || hasBaseline(reading.context);

/** A policy that does not isolate by itself: its requests end at the proxy for pods that others isolate. */
function isolatedOnly(end: Line, { direction, building: { pods, asides, reading } }: Shared): void {
  const isolated = pods ? isolatedPods(reading.context, direction).flatMap((one) => selectorText([...pods, ...one]) ?? []) : [];
  if (isolated.length === 0 || !('path' in end)) return;
  const why = 'Where another policy isolates, requests that no rule allows end here.';
  const section = { direction, path: end.path, lines: [{ text: 'default allow', path: end.path }, end] };
  asides.push({ whom: listed(distinct(isolated)), why, section });
}

const endOf = (line: Line): Line => ('text' in line ? { ...line, text: line.text.replace(/^allow/, 'deny') } : line);

const hasBaseline = ({ facts }: ImportContext): boolean =>
  ['ClusterNetworkPolicy', 'BaselineAdminNetworkPolicy'].some((kind) => facts.documents.has(`policy.networking.k8s.io/${kind}`));

/** The API server may stand on it. */
const mayBeHost = (peers: readonly string[] | undefined, direction: Direction): boolean =>
  direction === 'ingress' &&
  (!peers || peers.some((peer) => /^(?:all|cluster|host|kube-apiserver(?!.*\bhost\b))\b/.test(peer) || peer.endsWith('in entity "host"')));

/** Groups of other clouds become addresses when the policy is applied; until then nobody is in them. */
function groupLines(rule: Field, { direction, action }: Shared): readonly Line[] {
  const groups = items(member(rule, `${side(direction)}Groups`));
  if (groups.length === 0 || action === 'deny') return [];
  const required = groups.map(({ value }) => `groups ${quoted(JSON.stringify(value))}`);
  const ports = itemsOf(rule, 'toPorts').flatMap(portTexts);
  const at = ports.length > 0 ? ` at ${listed(ports)}` : '';
  const allowed = '@allow("check/matches-nothing", "its addresses come with the group")';
  return [{ text: `allow ${side(direction)} world except world${at} require ${listed(required)} ${allowed}`, path: rule.path }];
}
