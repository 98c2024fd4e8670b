// CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy: each of their specs is a policy.
import { checker } from '../documents/schema.ts';
import { type Document, type ImportContext, type Importer, originText, type Path } from '../importer.ts';
import type { PolicyWriter } from '../writer.ts';
import { refuseConflicts } from './conflicts.ts';
import { clusterwideSubject, isOfReserved } from './entities.ts';
import { entriesOf, type Field, has, items, member, textIn } from './fields.ts';
import { type LabelTest, namespaceName, selectorText, testsIn } from './labels.ts';
import { type Direction, nodeText, peersOf, side } from './peers.ts';
import { everyTypes, icmpTexts, portTexts } from './ports.ts';
import { Reading } from './reading.ts';
import { requestsOf } from './requests.ts';
import { policySchema } from './schema.ts';
import { listed, quoted } from './texts.ts';
import { validate } from './validate.ts';

const check = checker(policySchema);

const importer = (kind: string): Importer => ({
  group: 'cilium.io',
  kind,
  versions: ['v2'],
  write: (document, context, writer) => writePolicies(document, context, writer),
});

export const networkPolicy = importer('CiliumNetworkPolicy');
export const clusterwideNetworkPolicy = importer('CiliumClusterwideNetworkPolicy');

/** `spec` and each of `specs`; `undefined` after a report. */
export function specsOf(document: Document, context: ImportContext): readonly Field[] | undefined {
  const reading = new Reading(document, context, undefined);
  const value = check(document, context);
  if (!value) return undefined;
  const root: Field = { value, path: [] };
  const specs = [...(has(root, 'spec') ? [member(root, 'spec')] : []), ...items(member(root, 'specs'))];
  validate(root, specs, reading);
  return reading.failed ? undefined : specs;
}

function writePolicies(document: Document, context: ImportContext, writer: PolicyWriter): void {
  const specs = specsOf(document, context);
  if (!specs) return;
  const isNamespaced = document.kind === 'CiliumNetworkPolicy';
  const located: Document = isNamespaced ? { ...document, namespace: document.namespace ?? 'default' } : withoutNamespace(document);
  const reading = new Reading(located, context, located.namespace);
  const policies = specs.map((spec) => policyOf(spec, reading));
  for (const subject of new Set(policies.map((one) => one.subject)))
    if (subject !== undefined)
      refuseConflicts(
        policies.flatMap((one) => (one.subject === subject ? [one.spec] : [])),
        reading,
      );
  if (!reading.failed) for (const policy of policies) write(policy, located, writer);
}

function withoutNamespace({ namespace: _, ...document }: Document): Document {
  return document;
}

// --- what a spec means -------------------------------------------------------------------------------------------------

type Line = { readonly text: string; readonly path: Path } | { readonly comment: string };
type Section = { readonly direction: Direction; readonly path: Path; readonly lines: readonly Line[] };
type Policy = { readonly spec: Field; readonly subject: string | undefined; readonly sections: readonly Section[] };

function policyOf(spec: Field, reading: Reading): Policy {
  const sections = (['ingress', 'egress'] as const).flatMap((direction) => sectionOf(spec, direction, reading) ?? []);
  return { spec, subject: subjectOf(spec, reading), sections };
}

/** A namespaced policy governs pods of its namespace only, whatever its selector says of namespaces. */
function subjectOf(spec: Field, { namespace }: Reading): string | undefined {
  if (has(spec, 'nodeSelector')) return nodeText(testsIn(member(spec, 'nodeSelector')), 'host')[0];
  const selector = member(spec, 'endpointSelector');
  const tests = testsIn(selector);
  if (namespace === undefined || isAboutInit(tests)) return clusterwideSubject(tests);
  if (isOfReserved(tests)) return undefined;
  const own: LabelTest = { about: { kind: 'namespace' }, operator: 'In', values: [namespace] };
  return selectorText([...(isOverridden(selector) ? tests.filter(({ about }) => about.kind !== 'namespace') : tests), own]);
}

const isAboutInit = (tests: readonly LabelTest[]): boolean => tests.some(({ about }) => about.kind === 'reserved' && about.key === 'init');
const isOverridden = (selector: Field): boolean =>
  entriesOf(member(selector, 'matchLabels')).some(([key]) => key === `k8s:${namespaceName}`);

function sectionOf(spec: Field, direction: Direction, reading: Reading): Section | undefined {
  const allowed = items(member(spec, direction));
  const denied = items(member(spec, `${direction}Deny`));
  if (allowed.length + denied.length === 0) return undefined;
  const isOpen = member(member(spec, 'enableDefaultDeny'), direction).value === false;
  const shared = { direction, reading, isOpen, log: textIn(member(member(spec, 'log'), 'value')) };
  const lines = [
    ...(isOpen ? [{ text: 'default allow', path: [...spec.path, 'enableDefaultDeny', direction] }] : []),
    ...denied.flatMap((rule) => linesOf(rule, { ...shared, action: 'deny' })),
    ...allowed.flatMap((rule) => linesOf(rule, { ...shared, action: 'allow' })),
  ];
  return { direction, lines, path: [...spec.path, allowed.length > 0 ? direction : `${direction}Deny`] };
}

type Shared = {
  readonly direction: Direction;
  readonly action: 'allow' | 'deny';
  readonly reading: Reading;
  readonly isOpen: boolean;
  readonly log: string | undefined;
};

// --- one rule ------------------------------------------------------------------------------------------------------------

function linesOf(rule: Field, shared: Shared): readonly Line[] {
  const { direction, reading, action } = shared;
  const peers = peersOf(rule, direction, reading);
  const ports = items(member(rule, 'toPorts'));
  const icmps = items(member(rule, 'icmps'));
  const hasTransport = ports.length + icmps.length > 0;
  if (peers?.length === 0 || (!peers && !hasTransport)) return [{ comment: `${action}: selects nobody` }, ...groupLines(rule, shared)];
  for (const field of everyTypes(rule)) reading.warn(field, 'type 0 is every ICMP type, as in Cilium');
  const whom = peers ? `${side(direction)} ${listed(peers)}` : '';
  const line = (at: readonly string[], more: readonly string[]): Line => ({
    text: [action, whom, at.length > 0 ? `at ${listed(at)}` : '', ...more].filter((part) => part !== '').join(' '),
    path: rule.path,
  });
  const behind = attributesOf(rule, shared);
  if (!hasTransport) return [line([], behind([]))];
  const icmp = icmpTexts(rule);
  const lines = ports.flatMap((port) => portLines(port, { shared, line, behind, isOfHost: mayBeHost(peers, direction) }));
  const all = icmp.length > 0 ? [...lines, line(icmp, behind([]))] : lines;
  return all.length > 0 ? all : [{ comment: `${action}: names no port` }];
}

type Behind = (requirements: readonly string[]) => readonly string[];

function attributesOf(rule: Field, { action, log }: Shared): Behind {
  const mode = textIn(member(member(rule, 'authentication'), 'mode'));
  const own = mode === undefined || action === 'deny' ? [] : [`authentication ${quoted(mode)}`];
  return (requirements) => {
    const all = [...own, ...requirements];
    return [all.length > 0 ? `require ${listed(all)}` : '', log === undefined ? '' : `log ${quoted(log)}`];
  };
}

type PortContext = {
  readonly shared: Shared;
  readonly line: (at: readonly string[], more: readonly string[]) => Line;
  readonly behind: Behind;
  readonly isOfHost: boolean;
};

/**
 * Requests that a rule does not allow end at the proxy; nothing behind this tier is asked. That is written down where something
 * stands behind it: policies of tier baseline, and the host's way to its workloads.
 */
function portLines(port: Field, { shared, line, behind, isOfHost }: PortContext): readonly Line[] {
  const at = portTexts(port);
  if (at.length === 0) return [];
  if (shared.action === 'deny') return [line(at, behind([]))];
  const requests = requestsOf(port, shared.reading);
  const lines = requests.map(({ block, requirements }) => line(at, [block ?? '', ...behind(requirements)]));
  const isEnd = requests.every(({ block }) => block !== undefined) && !shared.isOpen && (isOfHost || hasBaseline(shared.reading.context));
  return isEnd ? [...lines, endOf(line(at, ['priority 1']))] : lines;
}

const endOf = (line: Line): Line => ('text' in line ? { ...line, text: line.text.replace(/^allow/, 'deny') } : line);

const hasBaseline = ({ facts }: ImportContext): boolean =>
  ['ClusterNetworkPolicy', 'BaselineAdminNetworkPolicy'].some((kind) => facts.documents.has(`policy.networking.k8s.io/${kind}`));

const mayBeHost = (peers: readonly string[] | undefined, direction: Direction): boolean =>
  direction === 'ingress' && (!peers || peers.some((peer) => /^(?:all|cluster|host)\b/.test(peer) || peer.endsWith('in entity "host"')));

/** Groups of other clouds become addresses when the policy is applied; until then nobody is in them. */
function groupLines(rule: Field, { direction, action }: Shared): readonly Line[] {
  const groups = items(member(rule, `${side(direction)}Groups`));
  if (groups.length === 0 || action === 'deny') return [];
  const required = groups.map(({ value }) => `groups ${quoted(JSON.stringify(value))}`);
  const ports = items(member(rule, 'toPorts')).flatMap(portTexts);
  const at = ports.length > 0 ? ` at ${listed(ports)}` : '';
  const allowed = '@allow("check/matches-nothing", "its addresses come with the group")';
  return [{ text: `allow ${side(direction)} world except world${at} require ${listed(required)} ${allowed}`, path: rule.path }];
}

// --- writing ---------------------------------------------------------------------------------------------------------------

function write({ spec, subject, sections }: Policy, document: Document, writer: PolicyWriter): void {
  const { namespace, name, at } = document;
  const description = textIn(member(spec, 'description'));
  if (subject === undefined || sections.length === 0) {
    writer.comment(subject === undefined ? 'No endpoint can have the labels that its subject asks for.' : 'It says nothing.');
    return;
  }
  if (description !== undefined) writer.comment(description);
  const place = at(spec.path);
  writer.line(`@origin(${quoted(originText(document))})`, place);
  writer.block(`policy ${writer.name(namespace === undefined ? name : `${namespace}-${name}`)} for ${subject}`, place, () => {
    for (const section of sections) writeSection(section, at, writer);
  });
}

function writeSection({ direction, path, lines }: Section, at: Document['at'], writer: PolicyWriter): void {
  if (lines.length === 0) writer.line(`${direction} {}`, at(path));
  else
    writer.block(direction, at(path), () => {
      for (const line of lines) {
        if ('comment' in line) writer.comment(line.comment);
        else writer.line(line.text, at(line.path));
      }
    });
}
