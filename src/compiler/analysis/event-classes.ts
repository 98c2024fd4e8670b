// The events that a test line stands for: over a workload every label set that its selector selects, over an entity every
// endpoint that has the name, over a domain every name of it; whatever addresses and ports by name they have; over a field
// that is left open every value. Those that no rule tells apart are one class, and one event of each is made.
import type { Content, WrittenContent } from '../domains/domain.ts';
import type { Endpoint, FlowEvent, PolicyEvent, ReservedName } from '../ir/event.ts';
import type { TestEndpoint, TestEvent } from '../ir/test-case.ts';
import type { Policy, Rule, Section, TypedPolicy } from '../ir/typed.ts';
import { type AddressSet, addressSet, ipv4Space, ipv6Space, parsePrefix } from '../space/address.ts';
import { includes, subtract, union } from '../space/interval.ts';
import { protocolOf } from '../space/transport.ts';
import { addressUnknown, everyAddress, portName as nameOfPort, reservedNames } from './cell.ts';
import { cubesOf } from './label-cube.ts';
import { AnalysisLimit } from './limit.ts';
import { concerns, contentState, governs, type LineCell, type LineEnd, type LineFacts } from './line-cells.ts';
import { namedEnds, openFields } from './line-choices.ts';
import { readerOf, refuses, rulesInOrder } from './oracle.ts';
import { namesOf as nameClassesOf } from './spaces.ts';
import { endpointIn, flowBetween } from './witness.ts';

/**
 * One event of each class. `everyDefault`: also tell apart which policies bring a default deny.
 * @throws AnalysisLimit, while it is read
 */
export type EventClasses = (event: TestEvent, everyDefault: boolean) => Generator<PolicyEvent>;

/** Rules of one section that can speak about some event of a line, in deciding order, and the policies that can bring default deny. */
type Asked = { readonly section: Section; readonly rules: readonly Rule[]; readonly denying: readonly Policy[] };
type Line = { readonly typed: TypedPolicy; readonly facts: LineFacts; readonly everyDefault: boolean };
type Halves = readonly [LineCell, LineCell];

const maximumCells = 1_000_000;
/** Some minutes of work. */
const maximumComparisons = 2_000_000_000;

/** The classes that the rules of a policy tell apart. */
export function eventClasses(typed: TypedPolicy): EventClasses {
  return function* (event, everyDefault) {
    const line: Line = { typed, facts: factsOf(typed, event), everyDefault };
    let cells = 0;
    let comparisons = 0;
    for (const start of startsOf(typed, event)) {
      const asked = sectionsOf(event).map((section) => within(start, section, line));
      const size = asked.reduce((sum, { rules, denying }) => sum + rules.length + denying.length, 0);
      const waiting = [start];
      for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
        if (++cells > maximumCells) throw new AnalysisLimit('cells', maximumCells);
        comparisons += size;
        if (comparisons > maximumComparisons) throw new AnalysisLimit('comparisons', maximumComparisons);
        const halves = firstSplit(cell, asked, line);
        if (halves) waiting.push(halves[1], halves[0]);
        else yield* eventsIn(cell, event);
      }
    }
  };
}

/** Can a rule of this policy's section speak about some event that the line stands for? */
export function isAbout(
  typed: TypedPolicy,
  event: TestEvent,
  { section, policy }: { readonly section: Section; readonly policy: Policy },
): boolean {
  return sectionsOf(event).includes(section) && startsOf(typed, event).some((cell) => governs(cell, section, policy).kind !== 'apart');
}

const sectionsOf = (event: TestEvent): readonly Section[] => (event.kind === 'process' ? ['process'] : ['egress', 'ingress']);

const writtenContent = (event: TestEvent): WrittenContent | undefined =>
  event.kind === 'process' ? event.content : event.request?.content;
const domainOf = (event: TestEvent): string | undefined => (event.kind === 'process' ? event.domain : event.request?.domain);

function factsOf(typed: TypedPolicy, event: TestEvent): LineFacts {
  const [content, domain] = [writtenContent(event), domainOf(event)];
  return {
    reader: readerOf(typed),
    ...(domain !== undefined && { domain }),
    ...(content && { content: content.kind === 'fields' ? content.fields : 'undecidable' }),
  };
}

// --- where to begin -------------------------------------------------------------------------------------------------

function startsOf(typed: TypedPolicy, event: TestEvent): readonly LineCell[] {
  const content = writtenContent(event);
  const open = content?.kind === 'fields' ? openFields(typed, domainOf(event) ?? '', content.open) : new Map();
  if (event.kind === 'process')
    return endsOf(typed, event.subject).map((source) => ({ source, destination: nothing, points: [], portNames: new Map(), open }));
  const { source, destination, points, portName } = event;
  const portNames = new Map(portName && [[nameOfPort(portName), true]]);
  return familiesOf(typed, event).flatMap((family) => {
    const destinations = endsOf(typed, destination, family);
    return endsOf(typed, source, family)
      .flatMap((from) => destinations.flatMap((to) => oneHost(from, to)))
      .map(([from, to]) => ({ source: from, destination: to, points, portNames, open }));
  });
}

/** A process event has no other end. */
const nothing: LineEnd = { kind: 'nothing' };

/** Addresses of both ends of a flow, of one family: what is outside, and what is managed, which is neither loopback nor link-local. */
type Family = { readonly outside: AddressSet; readonly managed: AddressSet };

const nobodys = addressSet(['127.0.0.0/8', '169.254.0.0/16', '::1/128', 'fe80::/10'].flatMap((text) => parsePrefix(text) ?? []));
const familyOf = (outside: AddressSet): Family => ({ outside, managed: subtract(outside, nobodys) });
const orUnknown = ({ outside, managed }: Family): Family => ({ outside, managed: union(managed, addressUnknown) });
const [ipv4, ipv6] = [familyOf(ipv4Space), familyOf(ipv6Space)];
const every = orUnknown(familyOf(everyAddress));

/** The families that there are to tell apart. An address that is not known is as one in no network. */
function familiesOf({ rules }: TypedPolicy, { points }: TestEvent & { readonly kind: 'flow' }): readonly Family[] {
  const { protocol } = protocolOf(points[0]?.low ?? 0);
  if (protocol === 'icmp') return [orUnknown(ipv4)];
  if (protocol === 'icmpv6') return [orUnknown(ipv6)];
  const isAsked = rules.some((rule) => rule.section !== 'process' && rule.peers.anyNetworks.length > 0);
  return isAsked ? [orUnknown(ipv4), ipv6] : [every];
}

function endsOf(typed: TypedPolicy, endpoint: TestEndpoint, { outside, managed } = every): readonly LineEnd[] {
  switch (endpoint.kind) {
    case 'workload':
      return cubesOf(endpoint.selector).map((labels) => ({
        kind: 'workload',
        labels,
        addresses: subtract(managed, endpoint.except ?? []),
      }));
    case 'reserved': {
      const outsideToo = endpoint.name === 'kube-apiserver' ? [apiServerOutside(typed, outside)] : [];
      return [{ kind: 'reserved', names: namesOf(endpoint), addresses: managed }, ...outsideToo];
    }
    case 'domain':
      return namedEnds(typed, endpoint.names, outside);
    case 'address':
      return includes(outside, endpoint.address) ? [{ kind: 'fixed', endpoint }] : [];
  }
}

/** An API server that nothing manages: some address, of no name. */
function apiServerOutside(typed: TypedPolicy, addresses: AddressSet): LineEnd {
  const classes = nameClassesOf([typed]);
  return {
    kind: 'address',
    addresses,
    names: { classes, flags: new Map(classes.patterns.map((_, place) => [place, false])) },
    isApiServer: true,
  };
}

/** Who has no labels yet has no other name. */
const namesOf = ({ name, except }: TestEndpoint & { readonly kind: 'reserved' }): ReadonlyMap<ReservedName, boolean> =>
  name === 'init'
    ? new Map(reservedNames.map((one) => [one, one === name]))
    : new Map([...except.map((one) => [one, false] as const), ['init', false], [name, true]]);

/** There is one host: of two ends at most one is it, unless both are said to be. */
function oneHost(from: LineEnd, to: LineEnd): readonly (readonly [LineEnd, LineEnd])[] {
  if (from.kind !== 'reserved' || to.kind !== 'reserved') return [[from, to]];
  const put = (end: typeof from, isHost: boolean): LineEnd => ({ ...end, names: new Map(end.names).set('host', isHost) });
  const [isFrom, isTo] = [from.names.get('host'), to.names.get('host')];
  if (isFrom !== undefined && isTo !== undefined) return [[from, to]];
  if (isTo !== undefined) return [[isTo ? put(from, false) : from, to]];
  if (isFrom === true) return [[from, put(to, false)]];
  return isFrom === false
    ? [[from, to]]
    : [
        [put(from, true), put(to, false)],
        [put(from, false), to],
      ];
}

/** The part of a section that says anything about a cell. */
function within(cell: LineCell, section: Section, { typed, facts }: Line): Asked {
  const near = typed.policies.map((policy) => governs(cell, section, policy).kind !== 'apart');
  const denying = typed.policies.filter(
    ({ id, defaultDeny }) => near[id] && (section === 'process' ? defaultDeny.process.includes(facts.domain ?? '') : defaultDeny[section]),
  );
  const rules = rulesInOrder(typed, section).filter(
    (rule) =>
      near[rule.policy] &&
      (rule.section !== 'process' || rule.match.domain === facts.domain) &&
      concerns(cell, rule, facts).kind !== 'apart',
  );
  return { section, rules, denying };
}

// --- what tells events apart ----------------------------------------------------------------------------------------

function firstSplit(cell: LineCell, asked: readonly Asked[], line: Line): Halves | undefined {
  for (const one of asked) {
    const byRules = splitByRules(cell, one, line);
    const halves = byRules === 'decided' ? undefined : (byRules ?? splitByDefault(cell, one, line));
    if (halves) return halves;
  }
  return undefined;
}

/** Rules are asked in order, until one decides with audit and without it. */
function splitByRules(cell: LineCell, { section, rules }: Asked, { typed, facts }: Line): Halves | 'decided' | undefined {
  const governed = new Map<number, ReturnType<typeof governs>>();
  const passed = new Set<string>();
  for (const rule of rules) {
    const policy = typed.policies[rule.policy];
    if (!policy || passed.has(policy.tier)) continue;
    const subject = governed.get(policy.id) ?? governs(cell, section, policy);
    governed.set(policy.id, subject);
    if (subject.kind === 'apart') continue;
    const ends = concerns(cell, rule, facts);
    if (ends.kind === 'apart') continue;
    if (subject.kind === 'split') return subject.halves;
    if (ends.kind === 'split') return ends.halves;
    const match = rule.section === 'process' ? rule.match : rule.layer7;
    const state = match ? contentState(cell, match, facts) : true;
    if (typeof state === 'object') return state.halves;
    if (rule.audit || !(state === true || (state === 'undecidable' && refuses(rule)))) continue;
    if (rule.action !== 'pass') return 'decided';
    passed.add(policy.tier);
  }
  return undefined;
}

/** Does default deny hold, without audit and with it? With `everyDefault`: by which policies? */
function splitByDefault(cell: LineCell, { section, denying }: Asked, { everyDefault }: Line): Halves | undefined {
  const ordered = [...denying].sort((a, b) => Number(a.audit) - Number(b.audit));
  const relations = ordered.map((policy) => ({ policy, relation: governs(cell, section, policy) }));
  const held = everyDefault ? undefined : relations.find(({ relation }) => relation.kind === 'covered')?.policy;
  const open = relations.find(({ policy, relation }) => relation.kind === 'split' && (!held || Number(policy.audit) < Number(held.audit)));
  return open?.relation.kind === 'split' ? open.relation.halves : undefined;
}

// --- one event ------------------------------------------------------------------------------------------------------

/** One event of a cell; none where its ends are none that there can be. */
function eventsIn(cell: LineCell, written: TestEvent): readonly PolicyEvent[] {
  if (written.kind === 'process') {
    const { domain, content } = written;
    const subject = endIn(cell.source, 'subject');
    return subject ? [{ kind: 'process', domain, subject, content: contentIn(cell, content) }] : [];
  }
  const [source, destination] = [endIn(cell.source, 'source'), endIn(cell.destination, 'destination')];
  const flow = source && destination && flowBetween(source, destination, cell);
  const request: FlowEvent['request'] = written.request && {
    domain: written.request.domain,
    content: contentIn(cell, written.request.content),
  };
  return flow ? [request ? { ...flow, request } : flow] : [];
}

/** The two ends of a test are always two endpoints, also where one selector stands on both sides. */
function endIn(end: LineEnd, id: string): Endpoint | undefined {
  if (end.kind === 'named') return { kind: 'address', address: end.address, names: end.names.slice(0, 1) };
  return end.kind === 'fixed' ? end.endpoint : endpointIn(end, id);
}

function contentIn({ open }: LineCell, content: WrittenContent): Content {
  if (content.kind === 'undecidable') return content;
  const chosen = [...open].flatMap(([field, [value]]) => (value === undefined ? [] : [[field, [value]] as const]));
  return { kind: 'fields', fields: { ...content.fields, ...Object.fromEntries(chosen) } };
}
