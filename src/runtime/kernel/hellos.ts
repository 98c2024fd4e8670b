// Connections of TLS after a change of policy: what was allowed by its hello is asked again, in the kernel, without waiting for its client.
import { programTestRun } from '../ffi/libbpf.ts';
import type { Loaded } from './load.ts';

/** As short as the kernel takes a packet to be; nobody reads it. */
const noPacket = new Uint8Array(14);

/** From here on connections that the policy in force denies pass nothing. Nothing where no program reads hellos. */
export function decideHellosAgain({ programs }: Pick<Loaded, 'programs'>): void {
  const program = programs.get('pol_tls_again');
  if (program !== undefined) programTestRun(program, { data: noPacket });
}
