// A systemd of the test's own. Where it is the first process of a machine that was booted for tests, that is it; elsewhere the first process
// of a container, with units, a cgroup and a `/run` of its own, on this machine's files. The container's cgroup is a slice, so units in it
// are found as those of the machine's systemd are.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupMount, processesIn } from '../../src/runtime/kernel/cgroups.ts';
import { isGuest } from './guest.ts';
import { atEnd, privateCgroup, releaseCgroup } from './kernel.ts';
import { patience } from './patience.ts';
import type { Run } from './policyd.ts';

const binary = '/lib/systemd/systemd';
/** Why there can be none here. */
export const noSystemd = existsSync(binary) ? undefined : `${binary} is not installed`;

export type SystemdMachine = {
  /** Its cgroup, as this machine sees it. */
  readonly cgroup: string;
  /** Command line that runs something inside. */
  readonly inside: (...command: readonly string[]) => readonly string[];
  readonly systemctl: (...parameters: readonly string[]) => Run;
  /** Writes units, by name, and lets systemd read them. */
  readonly units: (texts: Readonly<Record<string, string>>) => void;
};

const script = `
echo $$ > "$0/cgroup.procs"
exec setpriv --pdeathsig KILL unshare --cgroup --mount --pid --uts --ipc --fork --kill-child --propagation private sh -c '
mount -t proc proc /proc
umount -R /sys/fs/cgroup
mount -t tmpfs none /run
mount -t tmpfs none /etc/systemd/system
mount -t cgroup2 cgroup2 /sys/fs/cgroup || { mount -t tmpfs none /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup; }
mkdir -p /run/systemd/system
printf "[Unit]\\nDefaultDependencies=no\\n" > /run/systemd/system/test.target
exec env container=policyc ${binary} --system --unit=test.target --log-target=console --log-level=warning --show-status=no'
`;

/** How a command line of the machine is run from here. */
type Inside = SystemdMachine['inside'];

/** This machine, which systemd has started. */
const booted = (): boolean => isGuest() && readFileSync('/proc/1/comm', 'utf8') === 'systemd\n';

/** Which target it has reached when it has started. */
type Begun = Pick<SystemdMachine, 'cgroup' | 'inside'> & { readonly target: string; readonly isAlive: () => boolean };

const ownMachine = (): Begun => ({
  cgroup: cgroupMount() ?? '',
  inside: (...command) => command,
  target: 'system.slice',
  isAlive: () => true,
});

function ownContainer(): Begun {
  const cgroup = privateCgroup('machine.slice');
  const child = spawn('/bin/sh', ['-c', script, cgroup.path], { stdio: 'ignore' });
  atEnd(() => {
    child.kill('SIGKILL');
    for (let tries = 0; tries < 200 && isPopulated(cgroup.path); tries++) {
      writeFileSync(join(cgroup.path, 'cgroup.kill'), '1');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
    releaseCgroup(cgroup);
  });
  const first = (): number | undefined => {
    const scope = join(cgroup.path, 'init.scope');
    return existsSync(scope) ? processesIn(scope)[0] : undefined;
  };
  const entered = (): readonly string[] => ['nsenter', '--target', String(first()), '--mount', '--pid', '--cgroup', '--ipc', '--uts', '--'];
  const inside: Inside = (...command) => (first() === undefined ? ['false'] : [...entered(), ...command]);
  return { cgroup: cgroup.path, inside, target: 'test.target', isAlive: () => child.exitCode === null };
}

export async function systemdMachine(): Promise<SystemdMachine> {
  const { cgroup, inside, target, isAlive } = booted() ? ownMachine() : ownContainer();
  const systemctl = (...parameters: readonly string[]): Run => {
    const [command = '', ...rest] = inside('systemctl', ...parameters);
    const { status, stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8', timeout: 60_000 * patience });
    return { status, out: stdout, error: stderr };
  };
  const deadline = Date.now() + 20_000 * patience;
  while (systemctl('is-active', target).out.trim() !== 'active') {
    if (Date.now() > deadline || !isAlive()) throw new Error('the systemd of the test does not start');
    await sleep(50);
  }
  const units = (texts: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(texts)) {
      const [command = '', ...rest] = inside('sh', '-c', 'cat > "$0"', `/run/systemd/system/${name}`);
      spawnSync(command, rest, { input: text });
    }
    systemctl('daemon-reload');
  };
  return { cgroup, inside, systemctl, units };
}

const isPopulated = (cgroup: string): boolean => {
  try {
    return /^populated 1$/m.test(readFileSync(join(cgroup, 'cgroup.events'), 'utf8'));
  } catch {
    return false;
  }
};
