// Everything that can happen, as a few cells to start from: for each side whom a policy can govern there, and every kind
// of other end. What an endpoint sends to itself is always allowed and not among them; there is one host.
import type { Domains } from '../domains/domain.ts';
import type { ReservedName } from '../ir/event.ts';
import type { Ends, Section, TypedPolicy } from '../ir/typed.ts';
import { anyText, type Pattern } from '../space/pattern.ts';
import { anyTransport } from '../space/transport.ts';
import { anyAddress, anyPlace, anyWorkload, type Cell, type End, reservedNames } from './cell.ts';
import { type NameClasses, nameClasses } from './name-cube.ts';

/** What the policies and their invariants can tell apart of DNS names. @throws AnalysisLimit */
export function namesOf(policies: readonly TypedPolicy[]): NameClasses {
  const patterns = policies.flatMap(({ rules, invariants }) => [
    ...rules.flatMap((rule) => (rule.section === 'process' ? [] : rule.peers.domains)),
    ...invariants.flatMap((one) => (one.kind === 'flow' ? [one.source, one.destination].flatMap(domainsOf) : [])),
  ]);
  return namesAmong(patterns, policies[0]?.domains ?? []);
}

/** What these patterns can tell apart of DNS names. @throws AnalysisLimit */
export function namesAmong(patterns: readonly Pattern[], domains: Domains): NameClasses {
  const name = domains.find(({ name }) => name === 'dns')?.fields.find(({ name }) => name === 'name');
  return nameClasses(patterns, name?.type.possible ?? anyText);
}

const domainsOf = ({ of, except }: Ends): readonly Pattern[] => [...of.domains, ...(except?.domains ?? [])];

// An endpoint that has no labels yet has no other name; there is one host.
const reserved = (names: readonly (readonly [ReservedName, boolean])[]): End => ({
  kind: 'reserved',
  names: new Map(names),
  addresses: anyPlace,
});
const init = reserved(reservedNames.map((name) => [name, name === 'init']));
const known = reserved([['init', false]]);
const host = reserved([
  ['init', false],
  ['host', true],
]);
const notHost = reserved([
  ['init', false],
  ['host', false],
]);
const managed = [anyWorkload, init, known];

const cell = (source: End, destination: End): Cell => ({ source, destination, points: anyTransport, portNames: new Map() });
const flows = (sources: readonly End[], destinations: readonly End[]): readonly Cell[] =>
  sources.flatMap((source) =>
    destinations.flatMap((destination) =>
      source === known && destination === known ? [cell(host, notHost), cell(notHost, known)] : [cell(source, destination)],
    ),
  );

/** The cells that together are all flows. */
export function flowSpaces(names: NameClasses): readonly Cell[] {
  const ends = [...managed, anyAddress(names)];
  return flows(ends, ends);
}

/** The cells that together are everything that processes of workloads and of the host do. */
export const processSpaces: readonly Cell[] = [anyWorkload, host].map((subject) => cell(subject, { kind: 'nothing' }));

/** The cells of each section that together are all events of which it can say anything. */
export function spacesOf(names: NameClasses): Readonly<Record<Section, readonly Cell[]>> {
  const ends = [...managed, anyAddress(names)];
  const process = managed.map((subject) => cell(subject, { kind: 'nothing' }));
  return { ingress: flows(ends, managed), egress: flows(managed, ends), process };
}
