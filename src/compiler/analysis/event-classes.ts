// The events that a test line stands for: over a workload every label set that its selector selects. Those that no rule
// tells apart are one class, and one event of each is made.
import type { Content, Endpoint, PolicyEvent } from '../ir/event.ts';
import type { TestEndpoint, TestEvent } from '../ir/test-case.ts';
import type { Policy, Section, TypedPolicy } from '../ir/typed.ts';
import { anyTransport } from '../space/transport.ts';
import { type Cell, type End, portName, reservedNames, subjectRelation } from './cell.ts';
import { cubesOf, labelsIn } from './label-cube.ts';
import { type SectionRules, sectionOf, undividedCells } from './split.ts';

/**
 * One event of each class. `everyDefault`: also tell apart which policies bring a default deny.
 * @throws AnalysisLimit, while it is read
 */
export type EventClasses = (event: TestEvent, everyDefault: boolean) => Generator<PolicyEvent>;

/** The classes that the rules of a policy tell apart. In a test no workload has named ports. */
export function eventClasses(typed: TypedPolicy): EventClasses {
  const sections = { ingress: sectionOf(typed, 'ingress'), egress: sectionOf(typed, 'egress'), process: sectionOf(typed, 'process') };
  const portNames = new Map(
    typed.rules.flatMap((rule) => (rule.section === 'process' ? [] : rule.transport.named.map((port) => [portName(port), false] as const))),
  );
  return function* (event, everyDefault) {
    const asked: readonly SectionRules[] = event.kind === 'exec' ? [sections.process] : [sections.egress, sections.ingress];
    for (const start of startsOf(event, portNames))
      for (const cell of undividedCells(start, asked, everyDefault)) yield eventIn(cell, event);
  };
}

/** Can a rule of this policy's section speak about some event that the line stands for? */
export function isAbout(event: TestEvent, section: Section, { subject }: Policy): boolean {
  if ((section === 'process') !== (event.kind === 'exec')) return false;
  return startsOf(event, new Map()).some((cell) => subjectRelation(cell, section, subject).kind !== 'apart');
}

function startsOf(event: TestEvent, portNames: ReadonlyMap<string, boolean>): readonly Cell[] {
  if (event.kind === 'exec') {
    const destination: End = { kind: 'nothing' };
    return endsOf(event.subject).map((source) => ({ source, destination, points: anyTransport, portNames }));
  }
  const points = [{ low: event.point, high: event.point }];
  const destinations = endsOf(event.destination);
  return endsOf(event.source).flatMap((source) => destinations.map((destination) => ({ source, destination, points, portNames })));
}

function endsOf(endpoint: TestEndpoint): readonly End[] {
  switch (endpoint.kind) {
    case 'workload':
      return cubesOf(endpoint.selector).map((labels) => ({ kind: 'workload', labels }));
    case 'address':
      return [{ kind: 'address', addresses: [{ low: endpoint.address, high: endpoint.address }] }];
    case 'reserved':
      return [{ kind: 'reserved', names: new Map(reservedNames.map((name) => [name, endpoint.entities.includes(name)])) }];
  }
}

function eventIn(cell: Cell, written: TestEvent): PolicyEvent {
  if (written.kind === 'exec')
    return { kind: 'exec', subject: concrete(cell.source, written.subject, 'subject'), content: written.content };
  const source = concrete(cell.source, written.source, 'source');
  const destination = concrete(cell.destination, written.destination, 'destination');
  return { kind: 'flow', source, destination, point: written.point, ...requestOf(written.request) };
}

const requestOf = (request: { readonly domain: string; readonly content: Content } | undefined) =>
  request === undefined ? {} : { request };

/** The two ends of a test are always two endpoints, also where one selector stands on both sides. */
function concrete(end: End, written: TestEndpoint, id: string): Endpoint {
  if (written.kind !== 'workload') return written;
  return { kind: 'workload', id, labels: end.kind === 'workload' ? labelsIn(end.labels) : {} };
}
