// Bundle x this machine -> programs in the kernel. Maps are shared by their pins, so a second start finds the tables,
// counters and flows of the first one; programs are always loaded anew (they may be a newer build) and put in the place
// of the old ones by attach.ts.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CallError } from '../ffi/errno.ts';
import {
  mapFd,
  mapName,
  type ObjectHandle,
  objectClose,
  objectLoad,
  objectMaps,
  objectOpen,
  objectPin,
  objectPrograms,
  programFd,
  programName,
  takeLog,
} from '../ffi/libbpf.ts';
import type { Bundle } from '../policy/bundle.ts';
import type { WrittenRules } from '../policy/parted-sources.ts';
import { openPins, type Pins } from './bpffs.ts';
import { type Failure, failed, type Result, success } from './failure.ts';
import { missingOnMachine, missingRequirements } from './features.ts';
import { verifierError } from './verifier-error.ts';

/** The template that answers questions (verify.ts); it is attached to nothing. */
export const verifyTemplate = 'net/verify';

/** An ELF object and the template it was compiled from (`net/cgroup_skb`). */
export type TemplateObject = Bundle['objects'][number];

/** Programs and maps in the kernel, by name; descriptors live until `close` (once or more often), pins and attachments longer. */
export type Loaded = {
  readonly pins: Pins;
  readonly programs: ReadonlyMap<string, number>;
  readonly maps: ReadonlyMap<string, number>;
  readonly close: () => void;
};

/** What a bundle asks of a machine, and the places of its rules. */
export type Loadable = Pick<Bundle, 'manifest'> & { readonly sources: WrittenRules };

/** What this machine lacks for a bundle, by name; nothing is touched. */
export function supported(bundle: Loadable): Result<undefined> {
  const missing = [...missingOnMachine(), ...missingRequirements(bundle.manifest.requirements, bundle.sources)];
  return missing.length > 0 ? failed(...missing) : success(undefined);
}

/** Loads a bundle's objects; says everything this machine lacks, by name, before it touches anything. */
export function load(bundle: Loadable & Pick<Bundle, 'objects'>, pinsRoot: string): Result<Loaded> {
  const machine = supported(bundle);
  const enforcing = bundle.objects.filter(({ template }) => template !== verifyTemplate);
  return machine.ok ? loadObjects(enforcing, pinsRoot) : machine;
}

/** Would loading `b` give the programs of `a` again? */
export function sameObjects(a: readonly TemplateObject[], b: readonly TemplateObject[]): boolean {
  return (
    a.length === b.length && a.every(({ template, bytes }, i) => template === b[i]?.template && Buffer.compare(bytes, b[i].bytes) === 0)
  );
}

/** Loads objects with maps shared under `pinsRoot`. All or none: a failure leaves no programs (maps may have been made). */
export function loadObjects(objects: readonly TemplateObject[], pinsRoot: string): Result<Loaded> {
  const opened = openPins(pinsRoot);
  if (!opened.ok) return opened;
  const pins = opened.value;
  const handles: ObjectHandle[] = [];
  for (const object of objects) {
    const failure = loadOne(object, pins, handles);
    if (failure === undefined) continue;
    for (const handle of handles) objectClose(handle);
    return failed(failure);
  }
  const programs = new Map(
    handles.flatMap((handle) => objectPrograms(handle).map((program) => [programName(program), programFd(program)])),
  );
  const maps = new Map(handles.flatMap((handle) => objectMaps(handle).map((map) => [mapName(map), mapFd(map)])));
  pinPrograms(programs, pins);
  // Emptied first: closing twice would free the same memory twice.
  return success({ pins, programs, maps, close: () => handles.splice(0).forEach(objectClose) });
}

function loadOne({ template, bytes }: TemplateObject, pins: Pins, handles: ObjectHandle[]): Failure | undefined {
  takeLog();
  try {
    const handle = objectOpen(bytes, template.replaceAll('/', '_'), pins.maps);
    handles.push(handle);
    objectLoad(handle);
    return undefined;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const map = /couldn't reuse pinned map at '.*\/([^/']+)': parameter mismatch/.exec(error.log)?.[1];
    if (map !== undefined) return { kind: 'foreign-map', pins: pins.root, map };
    return verifierError(error.log, template) ?? { kind: 'bad-object', template, reason: objectReason(error) };
  }
}

/** libbpf's own words; its last lines only say that something failed, so the first warning counts. */
function objectReason(error: CallError): string {
  const said = error.log.split('\n').find((line) => /fail|mismatch|couldn't|not a|invalid|unsupported|can't/i.test(line));
  return said === undefined ? error.message : `${said.replace(/^libbpf: /, '').trim()} (${error.code})`;
}

/** The newest build of each program is pinned, for `unload` and for people with bpftool. */
function pinPrograms(programs: ReadonlyMap<string, number>, pins: Pins): void {
  for (const [name, fd] of programs) {
    const path = join(pins.programs, name);
    rmSync(path, { force: true });
    objectPin(fd, path);
  }
}
