// Verdict events of many revisions, each judged again by the oracle of the policy that the revision was made of. A revision of which
// nobody said what it was made of (who made it was killed) has to agree with one of the policies in all of its events.
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import type { Endpoint } from '../../src/compiler/ir/event.ts';
import type { Direction, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import type { CauseRecord } from '../../src/runtime/events/causes.ts';
import type { VerdictEvent } from '../../src/runtime/events/verdict-event.ts';
import { told } from './tables.ts';

/** What an event says, as far as the oracle can say it too. `client`: its place. */
export type Judged = {
  readonly revision: number;
  readonly direction: Direction;
  readonly protocol: 'tcp' | 'udp';
  readonly client: number;
  readonly port: number;
  readonly verdict: 'allowed' | 'denied';
  readonly cause: number;
};
export type SoakWorld = {
  readonly policies: readonly TypedPolicy[];
  readonly clients: readonly Endpoint[];
  readonly server: Endpoint;
  /** What a cause stands for, once all is over. */
  readonly causeOf: (cause: number) => CauseRecord;
};
export type Verdicts = {
  readonly events: number;
  readonly revisions: number;
  /** Revisions of which was said what they are made of. */
  readonly known: number;
  readonly differences: readonly string[];
};

type Group = { readonly told: Judged; count: number };

export class SoakJudge {
  readonly #groups = new Map<number, Map<string, Group>>();
  readonly #known = new Map<number, number>();

  add(one: Judged): void {
    const groups = this.#groups.get(one.revision) ?? new Map<string, Group>();
    this.#groups.set(one.revision, groups);
    const key = `${one.direction} ${one.protocol} ${one.client} ${one.port} ${one.verdict} ${one.cause}`;
    const group = groups.get(key) ?? { told: one, count: 0 };
    group.count++;
    groups.set(key, group);
  }

  /** Revision `revision` was made of the policy with this place. */
  learn(revision: number, policy: number): void {
    this.#known.set(revision, policy);
  }

  judge(world: SoakWorld): Verdicts {
    const expected = new Map<string, string>();
    const differences: string[] = [];
    let events = 0;
    for (const [revision, groups] of this.#groups) {
      const all = [...groups.values()];
      events += all.reduce((sum, { count }) => sum + count, 0);
      const known = this.#known.get(revision);
      const candidates = known === undefined ? [...world.policies.keys()] : [known];
      const wrong = candidates.map((policy) =>
        all.filter(({ told: one }) => foundOf(world, one) !== expectedOf(world, policy, one, expected)),
      );
      const [least = []] = wrong.sort((a, b) => a.length - b.length);
      for (const { told: one, count } of least)
        differences.push(`revision ${revision}, ${count} times: ${JSON.stringify(one)} ${foundOf(world, one)}`);
    }
    return { events, revisions: this.#groups.size, known: this.#known.size, differences };
  }
}

function foundOf({ causeOf }: SoakWorld, { verdict, cause }: Judged): string {
  const record = causeOf(cause);
  switch (record.kind) {
    case 'rule':
      return `${verdict} ${record.policy}:${record.line}`;
    case 'default-deny':
      return `${verdict} ${record.policies.map(({ name }) => name).join()}`;
    case 'fixed':
      return `${verdict} ${record.name}`;
    case 'unknown':
      return `${verdict} unknown`;
  }
}

function expectedOf(world: SoakWorld, policy: number, one: Judged, known: Map<string, string>): string {
  const key = `${policy} ${one.direction} ${one.protocol} ${one.client} ${one.port}`;
  const found = known.get(key) ?? oracleSays(world, policy, one);
  known.set(key, found);
  return found;
}

function oracleSays({ policies, clients, server }: SoakWorld, policy: number, { direction, protocol, client, port }: Judged): string {
  const [typed, caller] = [policies[policy], clients[client]];
  if (!typed || !caller) throw new Error(`no policy ${policy}, or no client ${client}`);
  const [subject, peer] = direction === 'egress' ? [caller, server] : [server, caller];
  const { action, cause } = told(typed, verdictIn(typed, direction, { subject, peer, point: transportPoint(protocol, port) }));
  const verdict = action === 'allowed' ? 'allowed' : 'denied';
  switch (cause.kind) {
    case 'rule': {
      const rule = typed.rules[cause.rule];
      const line = rule?.span.source.text.slice(0, rule.span.start).split('\n').length;
      return `${verdict} ${rule && typed.policies[rule.policy]?.name}:${line}`;
    }
    case 'default-deny':
      return `${verdict} ${cause.policies.map((id) => typed.policies[id]?.name).join()}`;
    default:
      return `${verdict} ${cause.kind === 'self' ? 'self' : 'defaultAllow'}`;
  }
}

/** Source ports of the clients, by their place. */
export const firstSource = 20_000;
export const sourcesOfClient = 10_000;

/** What an event of the load says; undefined: of something else. The packet may be one that came back. */
export function judgedOf(event: VerdictEvent, ports: readonly number[]): Judged | undefined {
  const { protocol, direction, sourcePort, destinationPort, verdict, revision, cause } = event;
  if ((protocol !== 'tcp' && protocol !== 'udp') || direction === 'process') return undefined;
  const isCall = ports.includes(destinationPort);
  const [client, port] = isCall ? [sourcePort, destinationPort] : [destinationPort, sourcePort];
  if (!ports.includes(port) || client < firstSource) return undefined;
  const place = Math.floor((client - firstSource) / sourcesOfClient);
  return { revision, direction, protocol, client: place, port, verdict: verdict === 'dropped' ? 'denied' : 'allowed', cause };
}
