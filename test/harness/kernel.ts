// For tests that need the real kernel: everything they make is theirs alone (names with this process's number) and is
// gone when the process ends, however it ends; what a killed run left behind is swept by the next one.
//
//   kernelTest('name', () => { ... })      a uvu test that skips, with the reason printed, where the kernel cannot
//   const pins = privatePins()             a folder in bpffs
//   const cgroup = privateCgroup('web')    { id, path, name }; inCgroup(cgroup, () => ...) runs synchronously in it
//   const loaded = loadTemplates(['net/cgroup_skb'], pins)         compiled on the fly, cached by content
//   generations(loaded.maps).install(content({ cgroups: [...], rows: [...], verdicts: [{ action: 'allow' }] }))
//   testRun(loaded, 'pol_cgroup_egress', packet)   -> { value, nanoseconds, data }; in the caller's cgroup
//   atEnd(() => ...)                       more to clean up
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { layouts, verdictAction } from '../../src/compiler/ir/abi.ts';
import { portsImage, startsOf } from '../../src/compiler/ir/class-pieces.ts';
import { encode } from '../../src/compiler/ir/layout.ts';
import { addressBytes } from '../../src/compiler/space/address.ts';
import { transportPoints } from '../../src/compiler/space/transport.ts';
import { programTestRun, type TestRun, type TestRunResult } from '../../src/runtime/ffi/libbpf.ts';
import { defaultPins, unload } from '../../src/runtime/kernel/bpffs.ts';
import { type Cgroup, cgroupMount, createCgroup, moveProcess, processesIn, removeCgroup } from '../../src/runtime/kernel/cgroups.ts';
import { failureText, type Result } from '../../src/runtime/kernel/failure.ts';
import { missingOnMachine } from '../../src/runtime/kernel/features.ts';
import { type Loaded, loadObjects, type TemplateObject } from '../../src/runtime/kernel/load.ts';
import type { GenerationContent } from '../../src/runtime/kernel/tables.ts';
import { noServices } from '../../src/runtime/policy/services.ts';
import { absent, VerdictTable } from '../../src/runtime/policy/verdict-table.ts';
import { type PlainRow, tablesByHand } from './tables-by-hand.ts';

export const projectRoot = join(import.meta.dirname, '..', '..');
/** TEMPLATES: of a copy of them, with a fault (local-truth.long.test.ts). */
export const templateRoot = process.env['TEMPLATES'] ?? join(projectRoot, 'bpf', 'templates');
const mark = 'policyc-test';
let serial = 0;
const privateName = (): string => `${mark}-${process.pid}-${serial++}`;

const endings: (() => void)[] = [];

/** Runs `action` after the last test, or when the process ends before: last registered first; what it throws is printed and stops no other. */
export const atEnd = (action: () => void): void => void endings.push(action);

function end(): void {
  for (let action = endings.pop(); action; action = endings.pop()) {
    try {
      action();
    } catch (error) {
      console.error(`clean-up failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
process.on('exit', end);
test.after(() => void setImmediate(end)); // else a server or a child that is still there keeps this process alive
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

/** Names `policyc-test-<pid>-<n>` in `folder` whose process is gone. */
const abandoned = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder).filter((name) => name.startsWith(`${mark}-`) && !existsSync(join('/proc', name.split('-')[2] ?? '')))
    : [];

const pinFolder = join(defaultPins, '..');
let swept = false;
function sweep(): void {
  if (swept) return;
  swept = true;
  for (const name of abandoned(pinFolder)) unload(join(pinFolder, name));
  const mount = cgroupMount();
  for (const name of mount === undefined ? [] : abandoned(mount)) removeCgroup(join(mount ?? '', name));
}

/** True if kernel tests can run here; else prints `SKIP name: reason`. */
export function kernelOrSkip(name: string): boolean {
  const missing = missingOnMachine();
  if (missing.length === 0) sweep();
  else console.log(`SKIP ${name}: ${missing.map(({ reason }) => reason).join('; ')}`);
  return missing.length === 0;
}

/** A part of the name: such tests alone are run. */
const wanted = process.env['ONLY'] ?? '';
/** A uvu test that is skipped, with its reason, where the kernel cannot. */
export function kernelTest(name: string, body: () => void | Promise<void>): void {
  if (!name.includes(wanted)) return;
  test(name, async () => {
    if (kernelOrSkip(name)) await body();
  });
}

/** A folder for pins that nobody else has; unloaded at the end. */
export function privatePins(): string {
  const pins = join(pinFolder, privateName());
  atEnd(() => unload(pins));
  return pins;
}

/** A cgroup that nobody else has, directly below the mount point; at the end its processes move up and it is removed. */
export function privateCgroup(label = 'w'): Cgroup {
  const cgroup = createCgroup(`${privateName()}-${label}`);
  atEnd(() => releaseCgroup(cgroup));
  return cgroup;
}

/** Moves every process of the cgroup (and of those below it) to the root cgroup, then removes it. */
export function releaseCgroup(cgroup: Cgroup): void {
  if (!existsSync(cgroup.path)) return;
  const home = cgroupMount() ?? '';
  const folders = [cgroup.path, ...readdirSync(cgroup.path, { recursive: true, encoding: 'utf8' }).map((name) => join(cgroup.path, name))];
  for (const folder of folders) {
    if (existsSync(join(folder, 'cgroup.procs'))) for (const pid of processesIn(folder)) moveProcess(home, pid);
  }
  removeCgroup(cgroup.path);
}

/** Runs `action` with this process in the cgroup, and takes it back. Sockets made meanwhile belong to the cgroup for good. */
export function inCgroup<T>(cgroup: Cgroup, action: () => T): T {
  const table = readFileSync('/proc/self/cgroup', 'utf8');
  const home = join(cgroupMount() ?? '', /^0::(.*)$/m.exec(table)?.[1] ?? '/');
  moveProcess(cgroup.path);
  try {
    return action();
  } finally {
    moveProcess(home);
  }
}

function templateFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? templateFiles(join(folder, entry.name)) : [join(folder, entry.name)]));
}

/** Every template that there is: `net/cgroup_skb`. */
export const templateNames = (): readonly string[] =>
  templateFiles(templateRoot)
    .filter((file) => file.endsWith('.bpf.c'))
    .map((file) => file.slice(templateRoot.length + 1, -'.bpf.c'.length));

export const objectFolder = join(tmpdir(), `${mark}-objects`);

/** Compiles `file` with the headers below `root`, unless that was done before with the same text and headers. */
function compileFile(file: string, root: string): Uint8Array {
  const hash = createHash('sha256').update(readFileSync(file));
  for (const input of templateFiles(root)) hash.update(`\0${input}\0`).update(readFileSync(input));
  const object = join(objectFolder, `${hash.digest('hex').slice(0, 32)}.o`);
  if (!existsSync(object)) {
    mkdirSync(objectFolder, { recursive: true });
    const system = `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
    const includes = ['-I', join(root, 'include'), '-I', root, '-I', system];
    const draft = `${object}.${process.pid}`;
    execFileSync('clang', ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-Wall', ...includes, '-c', file, '-o', draft]);
    renameSync(draft, object);
  }
  return readFileSync(object);
}

/** Compiles C text that may include the templates' headers; `root`: of a copy of them. */
export function compile(source: string, root = templateRoot): Uint8Array {
  // A file, not a pipe: clang keeps source lines for the verifier's log only if it can read them again.
  const file = join(objectFolder, `${createHash('sha256').update(source).digest('hex').slice(0, 16)}.bpf.c`);
  mkdirSync(objectFolder, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, source);
  renameSync(`${file}.${process.pid}`, file);
  return compileFile(file, root);
}

/** The object of a template: compiled from its source as it is now, or as it is in a copy of all of them. */
export const templateObject = (template: string, root = templateRoot): TemplateObject => ({
  template,
  bytes: compileFile(join(root, `${template}.bpf.c`), root),
});

/** Keeps a verifier log where it can be read whole, and says where. */
function keptLog(program: string, log: string): string {
  const file = join(objectFolder, `${program}.log`);
  writeFileSync(file, log);
  return `the end of ${file}:\n${log.trimEnd().split('\n').slice(-20).join('\n')}`;
}

/** The value of a result; a failure is an error with its texts (and the end of the verifier's log). */
export function expectOk<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  const logs = result.failures.flatMap((failure) => (failure.kind === 'rejected' ? [keptLog(failure.program, failure.log)] : []));
  throw new Error([...result.failures.map((failure) => failureText(failure).message), ...logs].join('\n'));
}

/** Loads templates with maps under `pins`; programs are closed at the end. */
export function loadTemplates(templates: readonly string[], pins: string): Loaded {
  const loaded = expectOk(
    loadObjects(
      templates.map((template) => templateObject(template)),
      pins,
    ),
  );
  atEnd(loaded.close);
  return loaded;
}

/** Descriptor of a program by its name in C. */
export function programOf(loaded: Loaded, name: string): number {
  const fd = loaded.programs.get(name);
  if (fd === undefined) throw new Error(`no program ${name}; there are ${[...loaded.programs.keys()].join(', ')}`);
  return fd;
}

/** Descriptor of a map by its name in C. */
export function mapOf(loaded: Loaded, name: string): number {
  const fd = loaded.maps.get(name);
  if (fd === undefined) throw new Error(`no map ${name}; there are ${[...loaded.maps.keys()].join(', ')}`);
  return fd;
}

/** BPF_PROG_TEST_RUN. cgroup_skb: `packet` begins with 14 bytes of Ethernet header, which the program does not see. */
export const testRun = (loaded: Loaded, program: string, packet: Uint8Array, more: Omit<TestRun, 'data'> = {}): TestRunResult =>
  programTestRun(programOf(loaded, program), { data: packet, ...more });

export type VerdictEntry = {
  readonly action: keyof typeof verdictAction;
  readonly cause?: number;
  readonly next?: number;
  readonly match?: number;
  readonly flags?: number;
  readonly domain?: number;
};

/** A generation by hand. Left out: no endpoint, one port class, the two worlds as only networks, no automata. */
export type ContentParts = Partial<Omit<GenerationContent, 'tables' | 'images'>> & {
  readonly endpoints?: GenerationContent['tables']['endpoints'];
  readonly rows?: readonly PlainRow[];
  /** Index = what `base` + class says. */
  readonly verdicts?: readonly VerdictEntry[];
  readonly ports?: Uint8Array;
  readonly images?: Partial<GenerationContent['images']>;
};

const prefixRecord = (length: number, address: bigint, networkClass: number): Uint8Array => {
  const record = new Uint8Array(layouts.prefixKey.size + 4);
  record.set(encode(layouts.prefixKey, { length, address: addressBytes(address) }));
  new DataView(record.buffer).setUint32(layouts.prefixKey.size, networkClass, true);
  return record;
};
/** `::/0` -> 1, `::ffff:0:0/96` -> 0. */
export const worldPrefixes = Buffer.concat([prefixRecord(0, 0n, 1), prefixRecord(96, 0xffff_0000_0000n, 0)]);

export function content(parts: ContentParts): GenerationContent {
  const table = new VerdictTable();
  const verdicts = parts.verdicts ?? [{ action: 'absent' }];
  const words = Uint32Array.from(verdicts, ({ action, ...entry }) => table.word({ ...absent, ...entry, action: verdictAction[action] }));
  return {
    images: {
      prefixes: worldPrefixes,
      http: new Uint8Array(layouts.requests.size),
      dns: new Uint8Array(layouts.requests.size),
      tls: new Uint8Array(layouts.requests.size),
      exec: new Uint8Array(layouts.automaton.size),
      ...parts.images,
    },
    tables: tablesByHand({
      endpoints: parts.endpoints ?? [],
      rows: parts.rows ?? [],
      verdicts: { words, inspections: table.done().inspections },
      ports: parts.ports ?? portsImage(startsOf(new Uint16Array(transportPoints))),
    }),
    addresses: parts.addresses ?? [],
    cgroups: parts.cgroups ?? [],
    services: noServices,
  };
}
