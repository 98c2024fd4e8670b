// Random policies and events of every kind, the compiled tables against the oracle: connections, requests and starts of programs, looked
// up as the kernel does. A pair is a policy and an event.
import { verdictOf } from '../../src/compiler/analysis/oracle.ts';
import type { Endpoint, PolicyEvent } from '../../src/compiler/ir/event.ts';
import type { Direction, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { type EventTally, randomEvents, randomPolicy, randomUniverse } from './arbitrary.ts';
import { typedPolicy } from './compile.ts';
import type { Random } from './random.ts';
import { type Tables, type Told, told } from './tables.ts';
import { reservedEndpoint, workloadEndpoint } from './universe.ts';
import { varied } from './varied.ts';

const eventsPerPolicy = 100;

export const shownEvent = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
export const isRefused = ({ action }: Told): boolean => action === 'denied' || action === 'dropped';

/** What the kernel says of a request on a connection that it does not admit is of no account, as long as it is no. */
export function agree(tables: Told, oracle: Told, isMoot: boolean): boolean {
  if (isMoot) return isRefused(tables) && isRefused(oracle);
  return tables.action === oracle.action && shownEvent(tables.cause) === shownEvent(oracle.cause);
}

/** Both sides of a flow, as the oracle puts them together; of the sides that only audit would deny, the first. */
function verdictByTables(tables: Tables, event: PolicyEvent): Told {
  if (event.kind === 'process') return tables.exec(event.subject, event.content);
  const { source, destination, point, request } = event;
  const asked = { point, ...(request && { request }) };
  const unmanaged: Told = { action: 'allowed', cause: { kind: 'default-allow' } };
  const side = (direction: Direction, subject: Endpoint, peer: Endpoint): Told => {
    if (subject.kind !== 'workload') return unmanaged;
    const { action, cause } = tables.side(direction, subject, { peer, ...asked });
    return { action, cause };
  };
  const sides = [side('egress', source, destination), side('ingress', destination, source)] as const;
  const [egress, ingress] = sides;
  return sides.find(isRefused) ?? sides.find(({ action }) => action === 'audited') ?? (ingress.cause.kind === 'rule' ? ingress : egress);
}

/** Is it a request on a connection that is not admitted? */
function isMootRequest(typed: TypedPolicy, event: PolicyEvent): boolean {
  if (event.kind !== 'flow' || event.request === undefined) return false;
  const { request: _, ...connection } = event;
  return verdictOf(typed, connection).action === 'denied';
}

export type TablesOf = (typed: TypedPolicy, endpoints: readonly Endpoint[]) => Tables;

/** Asks the tables that `tablesOf` makes of the next policy; the text of the first mismatch. */
export function compareTables(random: Random, tablesOf: TablesOf, tally: EventTally): string | undefined {
  const universe = randomUniverse(random);
  const text = randomPolicy(random, { native: true, about: random.chance(0.5) ? 'requests' : 'all' });
  const typed = varied(random, typedPolicy(text));
  const tables = tablesOf(typed, [...universe.workloads.map(workloadEndpoint), ...universe.reserved.map(reservedEndpoint)]);
  for (const event of randomEvents(typed, universe, { random, count: eventsPerPolicy, native: true })) {
    tally.add(typed, event);
    const [found, expected] = [verdictByTables(tables, event), told(typed, verdictOf(typed, event))];
    if (!agree(found, expected, isMootRequest(typed, event)))
      return `${shownEvent(event)}\ntables: ${shownEvent(found)}\noracle: ${shownEvent(expected)}\n${text}`;
  }
  return undefined;
}
