// Debian's cloud kernels and what boots them: packages are downloaded by apt and unpacked into a cache folder, never
// installed, except for QEMU itself. What is in the cache is used as it is; remove the folder for newer kernels.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../test/suites.ts';

/** Kernels that policyc is held to, by the version in the name of Debian's package. */
export const kernelVersions = ['6.1', '6.12'] as const;
export type KernelVersion = (typeof kernelVersions)[number];

/** A kernel that can be booted: `release` is what `uname -r` will say, `modules` its folder of modules. */
export type Kernel = { readonly release: string; readonly image: string; readonly modules: string };
/** Programs of the host that run the machine. `busybox` is a static one, for inside. */
export type Tools = { readonly qemu: string; readonly virtiofsd: string; readonly busybox: string };

/** Why kernels cannot be booted here. */
export class Unavailable extends Error {}

const cache = join(root, '.cache', 'kernels');
const run = (command: string, args: readonly string[], cwd: string = cache): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const qemu = '/usr/bin/qemu-system-x86_64';
const virtiofsd = (): string | undefined => ['/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd'].find(existsSync);

const updateLists = (): void => void spawnSync('apt-get', ['-qq', 'update'], { stdio: 'ignore' });

function installQemu(): void {
  if (existsSync(qemu) && virtiofsd() !== undefined) return;
  if (process.getuid?.() !== 0) throw new Unavailable('QEMU is not installed and this is not root');
  const names = ['qemu-system-x86', ...(/VERSION_ID="?1[3-9]/.test(readFileSync('/etc/os-release', 'utf8')) ? ['virtiofsd'] : [])];
  const install = () =>
    spawnSync('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', 'install', '-y', '--no-install-recommends', ...names], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'ignore',
    }).status === 0;
  if (!install()) {
    updateLists();
    if (!install()) throw new Unavailable(`QEMU cannot be installed: apt-get install ${names.join(' ')} failed`);
  }
}

/** Downloads the package and unpacks it into `folder`, which appears when it is whole. */
function unpack(name: string, folder: string, finish: (draft: string) => void = () => {}): void {
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    run('apt-get', ['-qq', 'download', name], draft);
    const archive = readdirSync(draft).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error(`apt-get download ${name} left no package`);
    run('dpkg-deb', ['-x', archive, '.'], draft);
    rmSync(join(draft, archive));
    finish(draft);
    if (!existsSync(folder)) renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function busyboxFile(): string {
  const folder = join(cache, 'busybox-static');
  if (!existsSync(folder)) unpack('busybox-static', folder);
  const found = ['bin/busybox', 'usr/bin/busybox'].map((path) => join(folder, path)).find(existsSync);
  if (found === undefined) throw new Error('no busybox in the package busybox-static');
  return found;
}

const signedImage = /^linux-image-(\d+\.\d+)[.\d]*[-+.\w]*-cloud-amd64$/;

/** The newest package of that kernel. */
function newestPackage(version: KernelVersion): string {
  // What apt knows may be older than the kernel, or not to be had any more.
  updateLists();
  const said = run('apt-cache', ['search', '--names-only', `^linux-image-${version.replace('.', '\\.')}[.].*-cloud-amd64$`], root);
  const names = said
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => signedImage.exec(name)?.[1] === version);
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest === undefined) throw new Unavailable(`apt knows no package linux-image-${version}.*-cloud-amd64`);
  return newest;
}

const moduleRoot = (folder: string): string => (existsSync(join(folder, 'lib', 'modules')) ? folder : join(folder, 'usr'));

/** Modules as plain files, with the table of what needs what, as the package's own scripts would make it. */
function prepareModules(folder: string, busybox: string): void {
  const base = moduleRoot(folder);
  const packed = readdirSync(base, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ko.xz'));
  for (let at = 0; at < packed.length; at += 200) run('xz', ['-d', ...packed.slice(at, at + 200).map((name) => join(base, name))], folder);
  for (const release of readdirSync(join(base, 'lib', 'modules'))) run(busybox, ['depmod', '-b', base, release], folder);
}

function kernelIn(folder: string): Kernel {
  const modules = join(moduleRoot(folder), 'lib', 'modules');
  const [release = ''] = readdirSync(modules);
  return { release, image: join(folder, 'boot', `vmlinuz-${release}`), modules: join(modules, release) };
}

function cachedKernel(version: KernelVersion): string | undefined {
  const found = readdirSync(cache).filter((name) => signedImage.exec(name)?.[1] === version);
  return found.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}

/** Everything that is needed to boot that kernel; throws Unavailable where this machine cannot. */
export function prepare(version: KernelVersion): { readonly kernel: Kernel; readonly tools: Tools } {
  if (process.arch !== 'x64' || !existsSync('/usr/bin/apt-get')) throw new Unavailable('only for x86-64 machines with apt');
  mkdirSync(cache, { recursive: true });
  installQemu();
  const daemon = virtiofsd();
  if (daemon === undefined) throw new Unavailable('there is no virtiofsd beside QEMU');
  try {
    const busybox = busyboxFile();
    const name = cachedKernel(version) ?? newestPackage(version);
    const folder = join(cache, name);
    if (!existsSync(folder)) unpack(name, folder, (draft) => prepareModules(draft, busybox));
    return { kernel: kernelIn(folder), tools: { qemu, virtiofsd: daemon, busybox } };
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    throw new Unavailable(`the packages cannot be had: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
}
