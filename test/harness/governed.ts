// One workload of its own cgroup below the programs as they are, and a policy for it: what tests need that put real
// requests and program starts against the oracle.
import { fixedEndpoint, hubbleVerdict } from '../../src/compiler/ir/abi.ts';
import type { Cause, Endpoint } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { AnsweredRequests } from '../../src/runtime/events/answered-requests.ts';
import { openRing } from '../../src/runtime/events/ring.ts';
import type { VerdictEvent } from '../../src/runtime/events/verdict-event.ts';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import { readCounters } from '../../src/runtime/kernel/counters.ts';
import type { Loaded } from '../../src/runtime/kernel/load.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import { materialize } from '../../src/runtime/policy/materialize.ts';
import { policySetOf } from '../../src/runtime/policy/policy-index.ts';
import { noServices } from '../../src/runtime/policy/services.ts';
import { atEnd, expectOk, mapOf } from './kernel.ts';
import { emitted, imageOf, imagesOf, plainCauses } from './tables.ts';

const labels = { app: 'web' };
/** The workload in the cgroup, and everybody outside of it on this machine. */
export const workload: Endpoint = { kind: 'workload', id: 'workload', labels };
export const host: Endpoint = { kind: 'reserved', entities: ['host'] };
export const workloadId: number = fixedEndpoint.firstDynamic;

export type Count = { readonly cause: Cause | undefined; readonly action: 'allowed' | 'denied'; readonly count: number };
export type Governed = {
  /** Puts a policy in force; `members` are the workload's cgroups, none: it has left. */
  readonly install: (policy: TypedPolicy, members?: readonly Cgroup[]) => void;
  /** What was counted so far under one protocol number of the kernel border. */
  readonly counted: (protocol: number) => readonly Count[];
  readonly causeOf: (event: VerdictEvent) => Cause | undefined;
  /** The events since the last call, but of responses. */
  readonly events: () => readonly VerdictEvent[];
  /** The responses that were told since the last call. */
  readonly responses: () => readonly VerdictEvent[];
  /** How many were left out so far, for their requests had been. */
  readonly unmatched: () => number;
};

/** Fills the tables of loaded programs for the workload of this cgroup. */
export function govern(loaded: Loaded, cgroup: Cgroup): Governed {
  const causes = plainCauses();
  const tables = generations(loaded.maps);
  const ring = openRing(mapOf(loaded, 'events'));
  atEnd(ring.close);
  const [events, responses, requests]: [VerdictEvent[], VerdictEvent[], AnsweredRequests] = [[], [], new AnsweredRequests()];
  const drain = (): void =>
    void ring.drain((record) => {
      const event = requests.eventOf(record);
      if (event) (event.response ? responses : events).push(event);
    });
  return {
    install: (typed, members = [cgroup]) => {
      const policy = emitted(typed);
      const made = materialize({
        policies: policySetOf(policy.program),
        ports: imageOf(policy, 'ports'),
        endpoints: [
          { id: fixedEndpoint.host, kind: 'reserved', entities: ['host'] },
          { id: workloadId, kind: 'workload', labels, namedPorts: [], local: true },
        ],
        causes,
      });
      const cgroups = members.map(({ id }) => ({ cgroup: id, endpoint: workloadId }));
      expectOk(tables.install({ images: imagesOf(policy), tables: made, addresses: [], cgroups, services: noServices }));
    },
    counted: (protocol) =>
      readCounters(loaded.maps)
        .filter((counter) => counter.protocol === protocol)
        .map(({ cause, verdict, count }) => ({
          cause: causes.read(cause),
          action: verdict === hubbleVerdict.dropped ? 'denied' : 'allowed',
          count: Number(count),
        })),
    causeOf: ({ cause }) => causes.read(cause),
    events: () => {
      drain();
      return events.splice(0);
    },
    responses: () => {
      drain();
      return responses.splice(0);
    },
    unmatched: () => requests.unmatched,
  };
}
