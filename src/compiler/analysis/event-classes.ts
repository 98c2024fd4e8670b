// The events that a test line stands for: over a workload every label set that its selector selects, over a domain every name
// of it, over a field that is left open every value. Those that no rule tells apart are one class, and one event of each is made.
import type { Content, WrittenContent } from '../domains/domain.ts';
import type { Endpoint, FlowEvent, PolicyEvent } from '../ir/event.ts';
import type { TestEndpoint, TestEvent } from '../ir/test-case.ts';
import type { Policy, Rule, Section, TypedPolicy } from '../ir/typed.ts';
import { cubesOf, labelsIn } from './label-cube.ts';
import { AnalysisLimit } from './limit.ts';
import { concerns, contentState, governs, type LineCell, type LineEnd, type LineFacts } from './line-cells.ts';
import { namedEnds, openFields } from './line-choices.ts';
import { readerOf, refuses, rulesInOrder } from './oracle.ts';

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

/** The classes that the rules of a policy tell apart. In a test no workload has named ports. */
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
        else yield eventIn(cell, event);
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
    ...(event.kind === 'flow' && { point: event.point }),
    ...(domain !== undefined && { domain }),
    ...(content && { content: content.kind === 'fields' ? content.fields : 'undecidable' }),
  };
}

// --- where to begin -------------------------------------------------------------------------------------------------

function startsOf(typed: TypedPolicy, event: TestEvent): readonly LineCell[] {
  const content = writtenContent(event);
  const open = content?.kind === 'fields' ? openFields(typed, domainOf(event) ?? '', content.open) : new Map();
  if (event.kind === 'process') return endsOf(typed, event.subject).map((source) => ({ source, destination: nothing, open }));
  const destinations = endsOf(typed, event.destination, event.point);
  return endsOf(typed, event.source, event.point).flatMap((source) => destinations.map((destination) => ({ source, destination, open })));
}

/** A process event has no other end. */
const nothing: LineEnd = { kind: 'fixed', endpoint: { kind: 'reserved', entities: [] } };

function endsOf(typed: TypedPolicy, endpoint: TestEndpoint, point = 0): readonly LineEnd[] {
  switch (endpoint.kind) {
    case 'workload':
      return cubesOf(endpoint.selector).map((labels) => ({ kind: 'workload', labels }));
    case 'domain':
      return namedEnds(typed, endpoint.names, point);
    default:
      return [{ kind: 'fixed', endpoint }];
  }
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

function eventIn(cell: LineCell, written: TestEvent): PolicyEvent {
  if (written.kind === 'process') {
    const { domain, content } = written;
    return { kind: 'process', domain, subject: concrete(cell.source, 'subject'), content: contentIn(cell, content) };
  }
  const [source, destination] = [concrete(cell.source, 'source'), concrete(cell.destination, 'destination')];
  const request: FlowEvent['request'] = written.request && {
    domain: written.request.domain,
    content: contentIn(cell, written.request.content),
  };
  return { kind: 'flow', source, destination, point: written.point, ...(request && { request }) };
}

/** The two ends of a test are always two endpoints, also where one selector stands on both sides. */
function concrete(end: LineEnd, id: string): Endpoint {
  switch (end.kind) {
    case 'workload':
      return { kind: 'workload', id, labels: labelsIn(end.labels) };
    case 'named':
      return { kind: 'address', address: end.address, names: end.names.slice(0, 1) };
    case 'fixed':
      return end.endpoint;
  }
}

function contentIn({ open }: LineCell, content: WrittenContent): Content {
  if (content.kind === 'undecidable') return content;
  const chosen = [...open].flatMap(([field, [value]]) => (value === undefined ? [] : [[field, [value]] as const]));
  return { kind: 'fields', fields: { ...content.fields, ...Object.fromEntries(chosen) } };
}
