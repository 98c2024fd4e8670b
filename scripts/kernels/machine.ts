// Boots a kernel in QEMU without KVM and runs one command in it. Its file system is the host's own, read-only (virtiofs),
// below a layer in memory that goes when the machine goes: the same paths, programs and packages, and nothing to build.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Kernel, Tools } from './debian.ts';

export type Job = {
  /** Run as root in the folder `cwd`; what it prints comes out line by line. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly onLine: (line: string) => void;
  /** The machine is ended after so many seconds. */
  readonly seconds: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Is systemd its first process, and the job a service? Else the job is all that there is. */
  readonly systemd?: boolean;
};
/** `ended` is false when the machine did not come to its end by itself; `log` is what the kernel said. */
export type Boot = { readonly ended: boolean; readonly log: string };

/** What the first file system needs before the host's can be mounted, in order; built into some kernels. */
const firstModules = [
  'virtio_ring',
  'virtio',
  'virtio_pci_modern_dev',
  'virtio_pci_legacy_dev',
  'virtio_pci',
  'fuse',
  'virtiofs',
  'overlay',
] as const;

/** Asked for by name rather than by alias, or expected to be there by a test. */
const laterModules = ['veth', 'sch_ingress', 'cls_bpf', 'dummy', 'nf_tables', 'nft_ct', 'sctp'] as const;

const mounts = [
  ['tmpfs', '/run'],
  ['cgroup2', '/sys/fs/cgroup'],
  ['bpf', '/sys/fs/bpf'],
  ['tracefs', '/sys/kernel/tracing'],
  ['securityfs', '/sys/kernel/security'],
  ['tmpfs', '/dev/shm'],
  ['devpts', '/dev/pts'],
] as const;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Units of a machine whose first process is systemd: the job, and nothing else of what the host's files would start. */
const units: Readonly<Record<string, string>> = {
  'policyc.target': '[Unit]\nDefaultDependencies=no\nWants=policyc-job.service\n',
  'policyc-job.service': '[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sh /run/job\n',
};
const shell = '/bin/sh /run/job';
const systemd = '/lib/systemd/systemd --unit=policyc.target --log-target=kmsg --show-status=no';

const init = (kernel: Kernel, job: Job): string => `#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc; $b mount -t sysfs sys /sys; $b mount -t devtmpfs dev /dev
for m in ${firstModules.join(' ')}; do [ -e /modules/$m.ko ] && $b insmod /modules/$m.ko; done
$b mount -t virtiofs -o ro host /lower
$b mount -t tmpfs -o size=75% tmpfs /over
$b mkdir -p /over/up /over/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/over/up,workdir=/over/work overlay /new
for f in proc sys dev; do $b mount --move /$f /new/$f; done
$b mkdir -p /new/dev/shm /new/dev/pts ${`/new/lib/modules/${kernel.release}`}
${mounts.map(([type, place]) => `$b mount -t ${type} ${type} /new${place}`).join('\n')}
$b mount --bind /lower${quoted(kernel.modules)} /new/lib/modules/${kernel.release}
$b rm -f /new/usr/sbin/modprobe; $b cp /bin/busybox /new/usr/sbin/modprobe
$b cp /job /new/run/job
${job.systemd === true ? '$b mkdir -p /new/run/systemd/system; $b cp /units/* /new/run/systemd/system/' : ''}
$b ip link set lo up
$b hostname guest
exec $b switch_root /new ${job.systemd === true ? systemd : shell}
`;

const jobScript = ({ command, cwd, environment = {} }: Job): string => `
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root ${Object.entries(environment)
  .map(([name, value]) => `${name}=${quoted(value)}`)
  .join(' ')}
for m in ${laterModules.join(' ')}; do modprobe $m 2>/dev/null; done
cd ${quoted(cwd)}
${command.map(quoted).join(' ')} < /dev/null > /dev/ttyS1 2>&1
echo 'job ended' > /dev/ttyS1
sleep 0.2
echo o > /proc/sysrq-trigger
sleep 60
`;

function moduleFiles(folder: string): ReadonlyMap<string, string> {
  const found = readdirSync(join(folder, 'kernel'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ko'));
  return new Map(found.map((name) => [basename(name, '.ko').replaceAll('-', '_'), join(folder, 'kernel', name)]));
}

/** Writes the first file system into `folder`; returns its archive. */
function initialFiles(folder: string, { kernel, tools }: { readonly kernel: Kernel; readonly tools: Tools }, job: Job): string {
  const tree = join(folder, 'tree');
  for (const name of ['bin', 'proc', 'sys', 'dev', 'new', 'lower', 'over', 'modules', 'units'])
    mkdirSync(join(tree, name), { recursive: true });
  copyFileSync(tools.busybox, join(tree, 'bin', 'busybox'));
  chmodSync(join(tree, 'bin', 'busybox'), 0o755);
  const modules = moduleFiles(kernel.modules);
  for (const name of firstModules) {
    const file = modules.get(name);
    if (file !== undefined) copyFileSync(file, join(tree, 'modules', `${name}.ko`));
  }
  writeFileSync(join(tree, 'init'), init(kernel, job), { mode: 0o755 });
  writeFileSync(join(tree, 'job'), jobScript(job));
  for (const [name, text] of Object.entries(units)) writeFileSync(join(tree, 'units', name), text);
  const names = ['.', ...readdirSync(tree, { recursive: true, encoding: 'utf8' })].join('\n');
  const archive = join(folder, 'initramfs');
  writeFileSync(
    archive,
    execFileSync(tools.busybox, ['cpio', '-o', '-H', 'newc'], {
      cwd: tree,
      input: names,
      maxBuffer: 1 << 28,
      stdio: ['pipe', 'pipe', 'ignore'],
    }),
  );
  return archive;
}

/** On the command line of the kernel: by it a test knows that the machine is its own (test/harness/guest.ts). */
export const guestMark = 'policyc.guest';
const memory = '2048M';

function qemuArguments(kernel: Kernel, archive: string, files: { readonly socket: string; readonly log: string }): readonly string[] {
  return [
    ...['-machine', 'q35,accel=tcg,memory-backend=mem', '-cpu', 'max', '-smp', '2', '-m', memory],
    ...['-object', `memory-backend-memfd,id=mem,size=${memory},share=on`],
    ...['-nodefaults', '-no-reboot', '-display', 'none', '-kernel', kernel.image, '-initrd', archive],
    // Mitigations cost an emulated CPU half of its time. A panic ends the machine.
    ...['-append', ['console=ttyS0 quiet mitigations=off lsm=landlock,bpf panic=-1', guestMark].join(' ')],
    ...['-serial', `file:${files.log}`, '-serial', 'stdio'],
    ...['-chardev', `socket,id=host,path=${files.socket}`, '-device', 'vhost-user-fs-pci,chardev=host,tag=host'],
  ];
}

const appears = async (path: string): Promise<void> => {
  for (let tries = 0; tries < 500 && !existsSync(path); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
};

const endOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });

/** Boots, runs the job, and returns when the machine is off. */
export async function boot(machine: { readonly kernel: Kernel; readonly tools: Tools }, job: Job): Promise<Boot> {
  const folder = mkdtempSync(join(tmpdir(), 'policyc-machine-'));
  const files = { socket: join(folder, 'socket'), log: join(folder, 'log') };
  const children: ChildProcess[] = [];
  const stop = (): void => children.forEach((child) => child.kill('SIGKILL'));
  // Whoever is ended by a signal comes to no `finally`.
  const leave = (): void => {
    stop();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', leave);
  try {
    const archive = initialFiles(folder, machine, job);
    const shared = ['-o', 'source=/', '-o', 'cache=always', '-o', 'sandbox=chroot', '-o', 'log_level=err'];
    children.push(spawn(machine.tools.virtiofsd, [`--socket-path=${files.socket}`, ...shared], { stdio: 'ignore' }));
    await appears(files.socket);
    const qemu = spawn(machine.tools.qemu, qemuArguments(machine.kernel, archive, files), { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(qemu);
    const limit = setTimeout(stop, job.seconds * 1000);
    let ended = false;
    createInterface({ input: qemu.stdout }).on('line', (line) => {
      if (line.trim() === 'job ended') ended = true;
      else job.onLine(line);
    });
    await endOf(qemu);
    clearTimeout(limit);
    return { ended, log: existsSync(files.log) ? readFileSync(files.log, 'utf8') : '' };
  } finally {
    process.off('exit', leave);
    leave();
  }
}
