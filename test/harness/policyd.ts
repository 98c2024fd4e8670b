// Runs policyd as users do, as a program of its own: bundled once per test file from the present sources. Each `world`
// has a folder, pins and state that nobody else has; at the end its daemons are killed and everything is taken away.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BuildOptions, build as bundlePrograms, type Plugin } from 'esbuild';
import { build } from '../../src/compiler/7-build/index.ts';
import type { Status } from '../../src/runtime/index.ts';
import { emittedPolicy } from './compile.ts';
import { faultPlugin } from './faulted.ts';
import { atEnd, privatePins, templateObject } from './kernel.ts';
import { measures } from './local-truth-faults.ts';
import { patience } from './patience.ts';

const root = join(import.meta.dirname, '..', '..');
const programs = join(root, 'build', `policyd-test-${process.pid}`);
atEnd(() => rmSync(programs, { recursive: true, force: true }));

const bundling: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  external: ['koffi'],
  logLevel: 'silent',
  banner: { js: "import { createRequire as policycRequire } from 'node:module';\nconst require = policycRequire(import.meta.url);" },
};
/** FAULT_AT: place of one of `measures`, which policyd is to have (local-truth.long.test.ts). */
function givenFaults(): Plugin[] {
  const given = measures[Number(process.env['FAULT_AT'] ?? -1)];
  return given ? [faultPlugin(given.fault)] : [];
}
await bundlePrograms({ ...bundling, entryPoints: { policyd: 'src/runtime/cli.ts' }, outdir: programs, plugins: givenFaults() });
export const program = join(programs, 'policyd.js');
// As beside the program that is shipped.
mkdirSync(join(programs, 'objects'));
for (const name of ['receive', 'send'] as const) writeFileSync(join(programs, 'objects', `${name}.o`), templateObject(`l7/${name}`).bytes);

/** Another version of everything: in `file` (from the project's root), each text is replaced by the one beside it. */
export async function otherVersion(name: string, file: string, changes: readonly (readonly [from: string, to: string])[]) {
  const text = changes.reduce(
    (now, [from, to]) => {
      if (!now.includes(from)) throw new Error(`${file} has no \`${from}\``);
      return now.replace(from, to);
    },
    readFileSync(join(root, file), 'utf8'),
  );
  const outdir = join(programs, name);
  writeFileSync(
    join(programs, `${name}.ts`),
    `export { build } from ${JSON.stringify(join(root, 'src/compiler/7-build/index.ts'))};
     export { emittedPolicy } from ${JSON.stringify(join(root, 'test/harness/compile.ts'))};`,
  );
  await bundlePrograms({
    ...bundling,
    entryPoints: { policyd: 'src/runtime/cli.ts', compiler: join(programs, `${name}.ts`) },
    outdir,
    plugins: [
      {
        name: 'change',
        setup: ({ onLoad }) =>
          onLoad({ filter: /\.ts$/ }, ({ path }) => (path === join(root, file) ? { contents: text, loader: 'ts' } : undefined)),
      },
    ],
  });
  const compiler: { readonly build: typeof build; readonly emittedPolicy: typeof emittedPolicy } = await import(
    join(outdir, 'compiler.js')
  );
  return { program: join(outdir, 'policyd.js'), ...compiler };
}
export type Version = Awaited<ReturnType<typeof otherVersion>>;

export type Run = { readonly status: number | null; readonly out: string; readonly error: string };

/** Runs policyd to its end, through `wrapper` (`unshare -m ...`) if there is one. */
export function policyd(parameters: readonly string[], wrapper: readonly string[] = []): Run {
  const [command = '', ...rest] = [...wrapper, process.execPath, program, ...parameters];
  const { status, stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8', timeout: 60_000 * patience });
  return { status, out: stdout, error: stderr };
}

/** A daemon that runs. */
export type Running = {
  readonly child: ChildProcess;
  /** Everything it has said. */
  readonly log: () => string;
  readonly metrics: () => Promise<string>;
  /** Sends the signal and waits for the end; the exit status, or the signal's name. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | string>;
};

export type World = {
  readonly folder: string;
  readonly pins: string;
  readonly bundle: string;
  readonly inventory: string;
  /** `--state` and `--pins` of this world. */
  readonly places: readonly string[];
  readonly state: readonly string[];
  /** Compiles policy text into the bundle, as policyc does. */
  readonly policy: (text: string, by?: Version) => void;
  readonly inventoryText: (text: string) => void;
  readonly run: (...more: readonly string[]) => Promise<Running>;
  readonly runVersion: (version: Version) => Promise<Running>;
  readonly status: () => Status & { readonly running: boolean; readonly enforcing: boolean };
};

const children = new Set<ChildProcess>();

/** A child that `endChildren` ends. */
export function owned<Child extends ChildProcess>(child: Child): Child {
  children.add(child);
  child.once('exit', () => children.delete(child));
  atEnd(() => child.kill('SIGKILL'));
  return child;
}

/** Ends what a test left running and waits for it: for `test.after`, so that the file can end. */
export async function endChildren(): Promise<void> {
  const left = [...children];
  const ends = left.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  // First the polite way: `policyd exec` passes it on, and a daemon need not be asked to unload.
  for (const child of left) child.kill('SIGTERM');
  const deadline = setTimeout(() => left.forEach((child) => child.kill('SIGKILL')), 3000 * patience);
  await Promise.all(ends);
  clearTimeout(deadline);
  for (const child of left) for (const stream of [child.stdout, child.stderr]) stream?.destroy();
}

/** Waits until `holds`; throws with what was waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, milliseconds = 5000): Promise<void> {
  for (const end = Date.now() + milliseconds * patience; Date.now() < end; await sleep(20)) if (await holds()) return;
  throw new Error(`waited in vain for: ${what}`);
}

/** Objects of all templates, compiled once. */
function objects(folder: string, templates: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  for (const template of templates) writeFileSync(join(folder, `${template.split('/').at(-1)}.o`), templateObject(template).bytes);
  return folder;
}

export function world(): World {
  const folder = mkdtempSync(join(tmpdir(), 'policyd-world-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const [pins, bundle, inventory] = [privatePins(), join(folder, 'bundle'), join(folder, 'inventory.yaml')];
  const state = ['--state', join(folder, 'state')];
  const places = [...state, '--pins', pins];
  writeFileSync(inventory, '');
  const policy = (text: string, by: Pick<Version, 'build' | 'emittedPolicy'> = { build, emittedPolicy }): void => {
    const emitted = by.emittedPolicy(text);
    const built = by.build(emitted, { out: bundle, objectsDirectory: objects(join(folder, 'objects'), emitted.templates) });
    if (!built.ok) throw new Error(built.message);
  };
  const line = ['run', '--bundle', bundle, '--inventory', inventory, '--metrics', '127.0.0.1:0', ...places];
  const run = (...more: readonly string[]) => started([program, ...line, ...more]);
  const runVersion = (version: Version) => started([version.program, ...line]);
  const status = () => JSON.parse(policyd(['status', '--json', ...places]).out);
  return {
    folder,
    pins,
    bundle,
    inventory,
    places,
    state,
    policy,
    inventoryText: (text) => writeFileSync(inventory, text),
    run,
    runVersion,
    status,
  };
}

async function started(parameters: readonly string[]): Promise<Running> {
  const child = owned(spawn(process.execPath, parameters, { stdio: ['ignore', 'inherit', 'pipe'] }));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | string>((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? '')));
  await until(`start, but it said: ${said}`, () => said.includes('metrics at') || child.exitCode !== null, 30_000);
  if (child.exitCode !== null) throw new Error(`policyd ended: ${said}`);
  const url = /metrics at (\S+)/.exec(said)?.[1] ?? '';
  return {
    child,
    log: () => said,
    metrics: async () => (await fetch(url, { headers: { connection: 'close' } })).text(),
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}
