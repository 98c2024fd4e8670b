// What `policyd status` says of the host as a subject of policies.
import { hostPolicyLabels } from '../inventory/inventory.ts';
import { hostState, ownCgroup } from '../kernel/host.ts';
import type { PendingConfirmation } from './confirmation.ts';
import type { InForce } from './enforcement.ts';

export type HostStatus = {
  /** Nobody confirmed it in time: `over`, nothing governs the host; `former`, what was confirmed before does again. */
  readonly state: 'confirmed' | 'waiting' | 'over' | 'former';
  readonly pending?: PendingConfirmation;
  /** Names of the policies that govern it. */
  readonly policies: readonly string[];
  /** What policy does not touch: policyd's own cgroup, and what the host says to itself. */
  readonly exempt: readonly string[];
};

/** Numbers of the policies that select the host. */
export const hostPolicies = ({ resolved: { host, places }, policies }: InForce): readonly number[] =>
  policies.selecting(hostPolicyLabels(host.labels, places));

/** The part of the status; nothing where no policy governs the host. */
export function hostStatus(inForce: InForce, pending: PendingConfirmation | undefined): { readonly host?: HostStatus } {
  const { desired, governsHost, maps } = inForce;
  if (!governsHost) return {};
  const names = desired.bundle.sources.table().policies;
  const found = hostState(maps);
  const ended = found?.former === true ? 'former' : 'over';
  const state = found?.isOver === true ? ended : pending ? 'waiting' : 'confirmed';
  const own = ownCgroup();
  return {
    host: {
      state,
      ...(pending && { pending }),
      policies: hostPolicies(inForce).map((policy) => names[policy]?.name ?? `policy ${policy}`),
      exempt: [...(own ? [own.path] : []), 'loopback of the host with itself'],
    },
  };
}
