// A network namespace of the test's own behind a pair of interfaces, as a container has it: `place` is the host's side.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { networkInterface } from '../../src/runtime/inventory/interface.ts';
import type { Interface } from '../../src/runtime/kernel/interfaces.ts';
import { atEnd } from './kernel.ts';
import { patience } from './patience.ts';

export type Container = {
  readonly name: string;
  readonly place: Interface;
  readonly host: { readonly v4: string; readonly v6: string };
  readonly own: { readonly v4: string; readonly v6: string };
  /** Command line that runs something inside. */
  readonly inside: (...command: readonly string[]) => readonly [string, ...string[]];
  readonly remove: () => void;
  /** The pair of interfaces goes and comes again, as when a container is started anew. */
  readonly remake: () => void;
};

const ip = (...parameters: readonly string[]): void => void execFileSync('ip', parameters, { stdio: ['ignore', 'ignore', 'pipe'] });

/** Takes away what a killed run left behind. */
function sweep(): void {
  for (const name of existsSync('/run/netns') ? readdirSync('/run/netns') : []) {
    const pid = /^polc(\d+)x\d+$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) ip('netns', 'del', name);
  }
}

let serial = 0;
/** Makes one; the end of the process takes it away. Its addresses are nobody else's: 10.91 and fd91. */
export function container(): Container {
  if (serial === 0) sweep();
  const number = serial++;
  const name = `polc${process.pid}x${number}`;
  const [outside, within] = [`pc${process.pid}x${number}`.slice(-15), 'eth0'];
  const block = (process.pid * 8 + number) % 16_384;
  const four = (last: number): string => `10.91.${block >> 6}.${(block & 63) * 4 + last}`;
  const six = (last: number): string => `fd91:${block.toString(16)}::${last}`;
  ip('netns', 'add', name);
  const remove = (): void => {
    spawnSync('ip', ['link', 'del', outside], { stdio: 'ignore' });
    spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
  };
  atEnd(remove);
  const wire = (): void => {
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', within, 'netns', name);
    ip('addr', 'add', `${four(1)}/30`, 'dev', outside);
    ip('-6', 'addr', 'add', `${six(1)}/64`, 'dev', outside, 'nodad');
    ip('link', 'set', outside, 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'addr', 'add', `${four(2)}/30`, 'dev', within);
    ip('-n', name, '-6', 'addr', 'add', `${six(2)}/64`, 'dev', within, 'nodad');
    ip('-n', name, 'link', 'set', within, 'up');
    ip('-n', name, 'route', 'add', 'default', 'via', four(1));
  };
  wire();
  const found = networkInterface(outside);
  if (!found.ok) throw new Error(found.problem);
  return {
    name,
    place: found.interface,
    host: { v4: four(1), v6: six(1) },
    own: { v4: four(2), v6: six(2) },
    inside: (...command) => ['ip', 'netns', 'exec', name, ...command],
    remove,
    remake: () => {
      ip('link', 'del', outside);
      wire();
    },
  };
}

/** Runs a command to its end; what it printed, both ways together. */
export function said([command, ...parameters]: readonly [string, ...string[]], seconds = 10): string {
  const { stdout, stderr } = spawnSync(command, parameters, { encoding: 'utf8', timeout: seconds * 1000 * patience });
  return `${stdout}${stderr}`.trim();
}
