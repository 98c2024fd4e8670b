// One typed function per call of libbpf, and of the libc calls that node:fs has not. A failed call is a CallError with
// what libbpf said meanwhile; "there is no such key" is an answer, not an error. `as` gives handles their kinds.
import { programType } from './constants.ts';
import { CallError } from './errno.ts';
import { calls, errno, memoryView, type Pointer, sizes, takeLog } from './library.ts';

export { takeLog } from './library.ts';

declare const brand: unique symbol;
type Handle<Name extends string> = bigint & { readonly [brand]: Name };
export type ObjectHandle = Handle<'object'>;
export type MapHandle = Handle<'map'>;
export type ProgramHandle = Handle<'program'>;

type Bytes = Uint8Array | null;

/** `result` if it is no error; else the error with what libbpf said about it. */
function checked(call: string, result: number): number {
  if (result < 0) throw new CallError(call, -result, takeLog());
  return result;
}

function checkedPointer<Name extends string>(call: string, result: Pointer): Handle<Name> {
  if (result === null || result === 0n) throw new CallError(call, errno(), takeLog());
  return result as Handle<Name>;
}

export type LibraryState = { readonly found: true; readonly version: string } | { readonly found: false; readonly reason: string };

/** Loads the library if that has not happened yet and says whether it is there. */
export function libraryState(): LibraryState {
  try {
    return { found: true, version: calls().version() };
  } catch (error) {
    return { found: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

export const possibleCpus = (): number => checked('libbpf_num_possible_cpus', calls().possibleCpus());

/** Tries a tiny load: can this kernel load programs of this type? */
export const probeProgramType = (type: number): boolean => calls().probeProgramType(type, null) === 1;
export const probeMapType = (type: number): boolean => calls().probeMapType(type, null) === 1;

/** `return 0`: BPF_MOV64_IMM(r0, 0), BPF_EXIT. */
const returnZero = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);

/** Loads "return 0" for a typed tracepoint; throws what the kernel says against it. The descriptor is the caller's to close. */
export function tracepointLoad({ program, attach }: { readonly program: number; readonly attach: number }, tracepoint: string): number {
  const target = checked('libbpf_find_vmlinux_btf_id', calls().vmlinuxTypeId(tracepoint, attach));
  const none = { attempts: 0, prog_btf_fd: 0, prog_flags: 0, prog_ifindex: 0, kern_version: 0 };
  const options = { ...none, sz: sizes.programLoad, expected_attach_type: attach, attach_btf_id: target };
  return checked('bpf_prog_load', calls().programLoad(program, 'pol_probe', 'GPL', returnZero, 2, options));
}

/** Loads "return 0" for interfaces (tc). The descriptor is the caller's to close. */
export function schedulerLoad(): number {
  const none = { attempts: 0, expected_attach_type: 0, prog_btf_fd: 0, prog_flags: 0, prog_ifindex: 0, kern_version: 0, attach_btf_id: 0 };
  const options = { ...none, sz: sizes.programLoad };
  return checked('bpf_prog_load', calls().programLoad(programType.schedCls, 'pol_probe', 'GPL', returnZero, 2, options));
}

/** bpf_object__open_mem: maps marked for pinning are shared by their names in the folder `pinRoot`. */
export function objectOpen(bytes: Uint8Array, name: string, pinRoot: string): ObjectHandle {
  const options = { sz: sizes.open, object_name: name, relaxed_maps: false, pin_root_path: pinRoot };
  const empty = { kconfig: null, btf_custom_path: null, kernel_log_buf: null, kernel_log_size: 0, kernel_log_level: 0 };
  return checkedPointer<'object'>('bpf_object__open_mem', calls().objectOpen(bytes, bytes.length, { ...options, ...empty }));
}

export const objectLoad = (object: ObjectHandle): void => void checked('bpf_object__load', calls().objectLoad(object));
export const objectClose = (object: ObjectHandle): void => calls().objectClose(object);

function every<Name extends string>(next: (after: Pointer) => Pointer): readonly Handle<Name>[] {
  const all: Handle<Name>[] = [];
  for (let at = next(null); at !== null && at !== 0n; at = next(at)) all.push(at as Handle<Name>);
  return all;
}

export const objectMaps = (object: ObjectHandle): readonly MapHandle[] => every<'map'>((after) => calls().nextMap(object, after));
export const objectPrograms = (object: ObjectHandle): readonly ProgramHandle[] =>
  every<'program'>((after) => calls().nextProgram(object, after));
export const mapName = (map: MapHandle): string => calls().mapName(map);
export const mapFd = (map: MapHandle): number => checked('bpf_map__fd', calls().mapFd(map));
export const programName = (program: ProgramHandle): string => calls().programName(program);
export const programFd = (program: ProgramHandle): number => checked('bpf_program__fd', calls().programFd(program));

export type MapShape = {
  readonly type: number;
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** For maps of maps: what the inner ones look like. */
  readonly innerFd?: number;
};

/** bpf_map_create; the descriptor is the caller's to close. */
export function mapCreate(shape: MapShape): number {
  const none = {
    btf_fd: 0,
    btf_key_type_id: 0,
    btf_value_type_id: 0,
    btf_vmlinux_value_type_id: 0,
    map_extra: 0,
    numa_node: 0,
    map_ifindex: 0,
  };
  const options = { ...none, sz: sizes.mapCreate, inner_map_fd: shape.innerFd ?? 0, map_flags: shape.flags };
  const { type, name, keySize, valueSize, maxEntries } = shape;
  return checked('bpf_map_create', calls().mapCreate(type, name.slice(0, 15), keySize, valueSize, maxEntries, options));
}

export const mapUpdate = (fd: number, key: Uint8Array, value: Uint8Array): void =>
  void checked('bpf_map_update_elem', calls().mapUpdate(fd, key, value, 0));

const missing = -2;
const exists = -17;

/** Fills `value` (its length is the caller's promise: value size, times the CPUs for per-CPU maps); false if there is no such key. */
export function mapLookup(fd: number, key: Uint8Array, value: Uint8Array): boolean {
  const result = calls().mapLookup(fd, key, value);
  return result !== missing && checked('bpf_map_lookup_elem', result) === 0;
}

/** False if there was no such key. */
export function mapDelete(fd: number, key: Uint8Array): boolean {
  const result = calls().mapDelete(fd, key);
  return result !== missing && checked('bpf_map_delete_elem', result) === 0;
}

/** `mapUpdate` in a thread of its own; `done` is called with whether it was done. */
export function mapUpdateLater(
  fd: number,
  { key, value }: { readonly key: Uint8Array; readonly value: Uint8Array },
  done: (isDone: boolean) => void,
): void {
  // Named here again, so that both buffers live until then.
  calls().mapUpdateLater.async(fd, key, value, 0, (error, result) => done(!error && result === 0 && key.length > 0 && value.length > 0));
}

/** Fills `next` with the key after `key` (null: the first); false after the last. */
export function mapNextKey(fd: number, key: Bytes, next: Uint8Array): boolean {
  const result = calls().mapNextKey(fd, key, next);
  return result !== missing && checked('bpf_map_get_next_key', result) === 0;
}

/** Keys and values stand one after the other. Returns how many are in the map; fewer than `count` never happens without an error. */
export function mapUpdateBatch(fd: number, keys: Uint8Array, values: Uint8Array, count: number): number {
  const done = Uint32Array.of(count);
  checked('bpf_map_update_batch', calls().mapUpdateBatch(fd, keys, values, done, null));
  return done[0] ?? 0;
}

export type Batch = { readonly count: number; readonly last: boolean };

/** Reads up to `capacity` entries after position `from` (null: from the start) and leaves the next position in `to`. */
export function mapLookupBatch(
  fd: number,
  position: { readonly from: Bytes; readonly to: Uint8Array },
  out: { readonly keys: Uint8Array; readonly values: Uint8Array; readonly capacity: number },
): Batch {
  const count = Uint32Array.of(out.capacity);
  const result = calls().mapLookupBatch(fd, position.from, position.to, out.keys, out.values, count, null);
  if (result !== missing) checked('bpf_map_lookup_batch', result);
  return { count: count[0] ?? 0, last: result === missing };
}

/** bpf_obj_get_info_by_fd: the first `size` bytes of bpf_map_info, bpf_prog_info or bpf_link_info. */
export function objectInfo(fd: number, size: number): DataView {
  const bytes = new Uint8Array(size);
  checked('bpf_obj_get_info_by_fd', calls().info(fd, bytes, Uint32Array.of(size)));
  return new DataView(bytes.buffer);
}

export const objectPin = (fd: number, path: string): void => void checked(`bpf_obj_pin ${path}`, calls().pin(fd, path));
/** A descriptor of what is pinned at `path`; ENOENT if nothing is. */
export const objectGet = (path: string): number => checked(`bpf_obj_get ${path}`, calls().get(path));
/** A descriptor of the map with this number; the caller closes it. */
export const mapById = (id: number): number => checked('bpf_map_get_fd_by_id', calls().mapById(id));
export const programById = (id: number): number => checked('bpf_prog_get_fd_by_id', calls().programById(id));

export type Attach = { readonly program: number; readonly target: number; readonly type: number };

/** bpf_prog_attach without flags: for sockmaps, where the last one counts. */
export const programAttach = ({ program, target, type }: Attach): void =>
  void checked('bpf_prog_attach', calls().programAttach(program, target, type, 0));
export const programDetach = ({ program, target, type }: Attach): void =>
  void checked('bpf_prog_detach2', calls().programDetach(program, target, type));
/** bpf_link_create on a cgroup descriptor, or with target 0 on what the program itself names (tp_btf). */
export const linkCreate = ({ program, target, type }: Attach): number =>
  checked('bpf_link_create', calls().linkCreate(program, target, type, null));
/** Puts another program in the place of the link's, without a moment between. */
export const linkUpdate = (link: number, program: number): void => void checked('bpf_link_update', calls().linkUpdate(link, program, null));
export const linkDetach = (link: number): void => void checked('bpf_link_detach', calls().linkDetach(link));

export type TcPlace = { readonly interface: number; readonly point: number };
/** Ours among the filters of an interface; `flags`: replace what is there. */
const tcFilter = { handle: 1, priority: 0x7063, replace: 1 } as const;
const tcHookOf = ({ interface: ifindex, point }: TcPlace) => ({ sz: sizes.tcHook, ifindex, attach_point: point, parent: 0, filling: 0 });
const tcOptionsOf = (program: number, flags: number) => ({
  sz: sizes.tcOptions,
  prog_fd: program,
  flags,
  prog_id: 0,
  handle: tcFilter.handle,
  priority: tcFilter.priority,
  filling: 0,
});

/** Puts a program among the filters of an interface, in place of an earlier one of ours; makes the clsact that holds them. */
export function tcAttach(place: TcPlace, program: number): void {
  const made = calls().tcHookCreate(tcHookOf(place));
  if (made !== exists) checked('bpf_tc_hook_create', made);
  checked('bpf_tc_attach', calls().tcAttach(tcHookOf(place), tcOptionsOf(program, tcFilter.replace)));
}
/** Takes ours away; false if there was none, or no such interface. The clsact stays: others may use it. */
export function tcDetach(place: TcPlace): boolean {
  const result = calls().tcDetach(tcHookOf(place), tcOptionsOf(0, 0));
  takeLog();
  return result >= 0;
}

export type Attached = { readonly flags: number; readonly programs: readonly number[] };

/** bpf_prog_query: ids of the programs attached to this cgroup itself, and the flags they are attached with. */
export function programQuery(target: number, type: number): Attached {
  const ids = new Uint32Array(64);
  const count = Uint32Array.of(ids.length);
  const flags = Uint32Array.of(0);
  checked('bpf_prog_query', calls().programQuery(target, type, 0, flags, ids, count));
  return { flags: flags[0] ?? 0, programs: [...ids.subarray(0, count[0])] };
}

export type TestRun = {
  readonly data: Uint8Array;
  /** Bytes of the program's context; without them the kernel makes an empty one. */
  readonly context?: Uint8Array;
  readonly repeat?: number;
  /** Room for the packet as the program left it; 0 = not wanted. */
  readonly outBytes?: number;
};
export type TestRunResult = { readonly value: number; readonly nanoseconds: number; readonly data: Uint8Array };

/** BPF_PROG_TEST_RUN: the program's return value; cgroup_skb programs see a socket of the caller's cgroup. */
export function programTestRun(program: number, run: TestRun): TestRunResult {
  const out = new Uint8Array(run.outBytes ?? 0);
  const options = {
    sz: sizes.testRun,
    data_in: run.data,
    data_size_in: run.data.length,
    data_out: out.length === 0 ? null : out,
    data_size_out: out.length,
    ctx_in: run.context ?? null,
    ctx_size_in: run.context?.length ?? 0,
    ctx_out: null,
    ctx_size_out: 0,
    retval: 0,
    repeat: run.repeat ?? 1,
    duration: 0,
    flags: 0,
    cpu: 0,
    batch_size: 0,
  };
  checked('bpf_prog_test_run_opts', calls().programTestRun(program, options));
  return { value: options.retval, nanoseconds: options.duration, data: out.subarray(0, options.data_size_out) };
}

/** Memory shared with the kernel; `release` ends every use of `bytes`. */
export type Mapping = { readonly bytes: ArrayBuffer; readonly release: () => void };

const protection = { read: 1, readWrite: 3 } as const;
const mapShared = 1;
const mapFailed = 0xffffffffffffffffn;

export function memoryMap(
  fd: number,
  access: keyof typeof protection,
  range: { readonly offset: number; readonly length: number },
): Mapping {
  const address = calls().mmap(null, range.length, protection[access], mapShared, fd, range.offset);
  if (address === null || BigInt.asUintN(64, address) === mapFailed) throw new CallError('mmap', errno(), '');
  return { bytes: memoryView(address, range.length), release: () => void calls().munmap(address, range.length) };
}

export const pageSize = (): number => calls().pageSize();

/** mount(2) without flags. */
export function mount(type: string, target: string): void {
  if (calls().mount(type, target, type, 0, null) < 0) throw new CallError(`mount ${target}`, errno(), '');
}
