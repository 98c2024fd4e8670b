// What the machine's systemd says of a service: whether it knows it, what runs first when it starts, and which sockets
// it is handed.
import { spawnSync } from 'node:child_process';
import { refusal } from '../daemon/refusal.ts';

export type Unit = {
  readonly name: string;
  readonly known: boolean;
  /** The first command that runs in its cgroup before all others, as far as there are conditions; '' without one. */
  readonly firstCondition: string;
  /** Units whose sockets it gets: systemd makes them in its own cgroup. */
  readonly sockets: readonly string[];
};

/** Runs systemctl; throws a Refusal where it is not there or fails. */
function systemctl(...parameters: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('systemctl', parameters, { encoding: 'utf8' });
  if (status === 0) return stdout;
  const reason = error ? error.message : stderr.trim();
  throw refusal(`systemctl ${parameters[0]} failed: ${reason}`, 'this needs root and a machine that systemd runs');
}

export const reloadUnits = (): void => void systemctl('daemon-reload');

export function unitNamed(name: string): Unit {
  const own = name.replace(/\.service$/, '.socket');
  const of = (unit: string, property: string): readonly string[] =>
    systemctl('show', `--property=${property}`, '--value', '--', unit).split('\n');
  const [known] = of(name, 'LoadState');
  const [firstCondition = ''] = of(name, 'ExecCondition');
  const [triggers = ''] = of(name, 'TriggeredBy');
  // systemd forgets sockets that nothing asks for: so the one of the same name is asked for.
  const sockets = [
    ...triggers.split(' ').filter((trigger) => trigger.endsWith('.socket')),
    ...(of(own, 'LoadState')[0] === 'loaded' ? [own] : []),
  ];
  return { name, known: known === 'loaded', firstCondition, sockets: [...new Set(sockets)] };
}
