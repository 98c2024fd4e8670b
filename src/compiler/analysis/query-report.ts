// The answer to a question as records of plain text: what a person reads and what JSON carries.
import type { TypedPolicy } from '../ir/typed.ts';
import { type Workload, workloadName } from '../ir/workload.ts';
import { anyPlace, anyWorkload, type End, everyAddress, inEnd } from './cell.ts';
import { contentWords } from './content-words.ts';
import type { Decision } from './decide.ts';
import { eventWords, placeOf, type SourcePlace } from './event-words.ts';
import type { Allowed } from './query.ts';
import { addressWords, endWords, transportWords } from './words.ts';

/** A rule that allows, and where it stands. */
export type AllowingRule = SourcePlace & { readonly policy: string; readonly rule: string };
/**
 * A class of allowed events. `destination` and `at`: of flows. `content`: which requests, or what of a process, where it is not all
 * that was asked about. `egress`, `ingress`, `process`: by which rule; absent: no policy denies it there. `sources`, `destinations`:
 * the workloads that there are among them, where it was said which there are.
 */
export type AllowedRecord = {
  readonly source: string;
  readonly destination?: string;
  readonly at?: string;
  readonly content?: string;
  readonly egress?: AllowingRule;
  readonly ingress?: AllowingRule;
  readonly process?: AllowingRule;
  readonly witness: string;
  readonly sources?: readonly string[];
  readonly destinations?: readonly string[];
};

/** In order of source and destination. `workloads`: those that there are, if it is known. */
export function queryReport(typed: TypedPolicy, found: readonly Allowed[], workloads: readonly Workload[]): readonly AllowedRecord[] {
  const records = joinedKinds(found.map((allowed) => recordOf(typed, allowed, workloads)));
  const key = ({ source, destination, at, content, witness }: AllowedRecord): string =>
    JSON.stringify([source, destination, at, content, witness]);
  return [...records].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function recordOf(typed: TypedPolicy, { cell, items, deciders, witness }: Allowed, workloads: readonly Workload[]): AllowedRecord {
  const content = items && contentWords(items);
  const common = {
    source: endWords(cell.source),
    ...(content && { content }),
    witness: eventWords(witness, typed.domains),
    ...membersOf('sources', cell.source, workloads),
  };
  if (witness.kind === 'process') return { ...common, ...ruleField('process', deciders[0]) };
  return {
    ...common,
    ...{ destination: endWords(cell.destination), at: transportWords(cell.points, cell.portNames) },
    ...{ ...ruleField('egress', deciders[0]), ...ruleField('ingress', deciders[1]) },
    ...membersOf('destinations', cell.destination, workloads),
  };
}

const ruleField = (name: 'egress' | 'ingress' | 'process', decision: Decision | undefined): Partial<AllowedRecord> => {
  if (decision?.kind !== 'rule') return {};
  const { rule, policy } = decision.owned;
  return { [name]: { policy: policy.name, rule: rule.text, ...placeOf(rule.span) } };
};

function membersOf(name: 'sources' | 'destinations', end: End, workloads: readonly Workload[]): Partial<AllowedRecord> {
  if (workloads.length === 0 || end.kind !== 'workload') return {};
  return { [name]: workloads.filter((one) => isMember(end, one)).map(workloadName) };
}

/** Of a workload with several addresses, one of them. */
function isMember(end: End, { labels, addresses, name: id }: Workload): boolean {
  const places = addresses.length > 0 ? addresses.map((address) => ({ address })) : [{}];
  return places.some((place) => inEnd(end, { kind: 'workload', id, labels, ...place }));
}

/** Workloads, reserved endpoints and the world, each whole and allowed alike, are `all`; the witness is the world's. */
function joinedKinds(records: readonly AllowedRecord[]): readonly AllowedRecord[] {
  const groups = new Map<string, AllowedRecord[]>();
  for (const record of records) {
    const { source: _, witness: __, sources: ___, ...rest } = record;
    const key = JSON.stringify(rest);
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return [...groups.values()].flatMap((group) => {
    const parts = wholeKinds.map((kind) => group.find(({ source }) => source === kind));
    const [world, workloads] = parts;
    if (!world || !workloads || parts.includes(undefined)) return group;
    const joined = { ...workloads, source: 'all', witness: world.witness };
    return [joined, ...group.filter((record) => !parts.includes(record))];
  });
}

const reserved = (init: boolean): End => ({ kind: 'reserved', names: new Map([['init', init]]), addresses: anyPlace });
const wholeKinds = [addressWords(everyAddress), endWords(anyWorkload), endWords(reserved(false)), endWords(reserved(true))];
