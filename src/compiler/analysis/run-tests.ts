// `test` blocks: each line is held against the oracle. Over a workload it stands for every label set that its selector
// selects: those that no rule tells apart are one cell, and the oracle is asked about one event of each.
import type { Content, Endpoint, PolicyEvent, Verdict } from '../ir/event.ts';
import type { TestEndpoint } from '../ir/test-case.ts';
import type { TestCase, TypedPolicy } from '../ir/typed.ts';
import { anyTransport } from '../space/transport.ts';
import { type Cell, type End, portName, reservedNames } from './cell.ts';
import { cubesOf, labelsIn } from './label-cube.ts';
import { policiesOf, verdictOf } from './oracle.ts';
import { type SectionRules, sectionOf, undividedCells } from './split.ts';

/** `cells`: how many classes of events the line stands for; `counterexample`: the first for which it does not hold. */
export type TestOutcome = {
  readonly test: TestCase;
  readonly cells: number;
  readonly counterexample?: { readonly event: PolicyEvent; readonly verdict: Verdict };
};

/**
 * One outcome for each line, in order. In a test no workload has named ports.
 * @throws AnalysisLimit
 */
export function runTests(typed: TypedPolicy): readonly TestOutcome[] {
  const sections = { ingress: sectionOf(typed, 'ingress'), egress: sectionOf(typed, 'egress'), process: sectionOf(typed, 'process') };
  const portNames = new Map(
    typed.rules.flatMap((rule) => (rule.section === 'process' ? [] : rule.transport.named.map((port) => [portName(port), false] as const))),
  );
  return typed.tests.map((test) => {
    const asked: readonly SectionRules[] = test.event.kind === 'exec' ? [sections.process] : [sections.egress, sections.ingress];
    return runTest(typed, test, { asked, portNames });
  });
}

type Scope = { readonly asked: readonly SectionRules[]; readonly portNames: ReadonlyMap<string, boolean> };

function runTest(typed: TypedPolicy, test: TestCase, { asked, portNames }: Scope): TestOutcome {
  let cells = 0;
  for (const start of startsOf(test.event, portNames)) {
    for (const cell of undividedCells(start, asked, test.expected.by !== undefined)) {
      cells++;
      const event = eventIn(cell, test.event);
      const verdict = verdictOf(typed, event);
      if (!isAsExpected(typed, test.expected, verdict)) return { test, cells, counterexample: { event, verdict } };
    }
  }
  return { test, cells };
}

function isAsExpected(typed: TypedPolicy, expected: TestCase['expected'], { action, cause }: Verdict): boolean {
  if (action !== expected.verdict) return false;
  if (expected.byDefault && cause.kind !== 'default-deny' && cause.kind !== 'default-allow') return false;
  return expected.by === undefined || policiesOf(typed, cause).includes(expected.by);
}

function startsOf(event: TestCase['event'], portNames: ReadonlyMap<string, boolean>): readonly Cell[] {
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

function eventIn(cell: Cell, written: TestCase['event']): PolicyEvent {
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
