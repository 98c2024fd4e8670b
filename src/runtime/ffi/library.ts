// The only importer of the FFI package: the C declarations of libbpf (1.1 and newer) and of the libc calls that node:fs
// has not. The libraries are loaded by the first call, so a machine without them can still say what is missing. What
// libbpf prints is kept (`takeLog`) for error reports; nothing is printed. `as` gives the types that C has not.
import koffi from 'koffi';

type TypeSpec = Parameters<typeof koffi.sizeof>[0];
export type Pointer = bigint | null;
type Bytes = Uint8Array | null;

const openOptions = koffi.struct({
  sz: 'size_t',
  object_name: 'const char *',
  relaxed_maps: 'bool',
  pin_root_path: 'const char *',
  kconfig: 'const char *',
  btf_custom_path: 'const char *',
  kernel_log_buf: 'void *',
  kernel_log_size: 'size_t',
  kernel_log_level: 'uint32',
});
const mapCreateOptions = koffi.struct({
  sz: 'size_t',
  btf_fd: 'uint32',
  btf_key_type_id: 'uint32',
  btf_value_type_id: 'uint32',
  btf_vmlinux_value_type_id: 'uint32',
  inner_map_fd: 'uint32',
  map_flags: 'uint32',
  map_extra: 'uint64',
  numa_node: 'uint32',
  map_ifindex: 'uint32',
});
const testRunOptions = koffi.struct({
  sz: 'size_t',
  data_in: 'void *',
  data_out: 'void *',
  data_size_in: 'uint32',
  data_size_out: 'uint32',
  ctx_in: 'void *',
  ctx_out: 'void *',
  ctx_size_in: 'uint32',
  ctx_size_out: 'uint32',
  retval: 'uint32',
  repeat: 'int',
  duration: 'uint32',
  flags: 'uint32',
  cpu: 'uint32',
  batch_size: 'uint32',
});
const programLoadOptions = koffi.struct({
  sz: 'size_t',
  attempts: 'int',
  expected_attach_type: 'int',
  prog_btf_fd: 'uint32',
  prog_flags: 'uint32',
  prog_ifindex: 'uint32',
  kern_version: 'uint32',
  attach_btf_id: 'uint32',
});
/** The last word fills the structs up to their alignment. */
const tcHook = koffi.struct({ sz: 'size_t', ifindex: 'int', attach_point: 'int', parent: 'uint32', filling: 'uint32' });
const tcOptions = koffi.struct({
  sz: 'size_t',
  prog_fd: 'int',
  flags: 'uint32',
  prog_id: 'uint32',
  handle: 'uint32',
  priority: 'uint32',
  filling: 'uint32',
});
/** Bytes of the structs that calls take; they tell libbpf which version of them it is given. */
export const sizes = {
  open: koffi.sizeof(openOptions),
  mapCreate: koffi.sizeof(mapCreateOptions),
  testRun: koffi.sizeof(testRunOptions),
  programLoad: koffi.sizeof(programLoadOptions),
  tcHook: koffi.sizeof(tcHook),
  tcOptions: koffi.sizeof(tcOptions),
} as const;
const printCallback = koffi.proto('pol_print', 'int', ['int', 'void *', 'void *']);

type Structure = Readonly<Record<string, number | bigint | string | boolean | Uint8Array | null>>;
type TestRunFields = { data_size_out: number; retval: number; duration: number };

/** Declares functions of a library by what they return. */
const declare = (lib: ReturnType<typeof koffi.load>) => ({
  int: (name: string, ...parameters: TypeSpec[]) => lib.func(name, 'int', parameters),
  pointer: (name: string, ...parameters: TypeSpec[]) => lib.func(name, 'void *', parameters),
  text: (name: string, ...parameters: TypeSpec[]) => lib.func(name, 'const char *', parameters),
  nothing: (name: string, ...parameters: TypeSpec[]) => lib.func(name, 'void', parameters),
});
type Declare = ReturnType<typeof declare>;

/** Calls with the types of their C declarations: about the library, objects and probes. */
function bindObjects({ int, pointer, text, nothing }: Declare) {
  return {
    version: text('libbpf_version_string') as () => string,
    setPrint: pointer('libbpf_set_print', 'void *') as (callback: bigint) => Pointer,
    possibleCpus: int('libbpf_num_possible_cpus') as () => number,
    probeProgramType: int('libbpf_probe_bpf_prog_type', 'int', 'void *') as (type: number, options: null) => number,
    probeMapType: int('libbpf_probe_bpf_map_type', 'int', 'void *') as (type: number, options: null) => number,
    vmlinuxTypeId: int('libbpf_find_vmlinux_btf_id', 'const char *', 'int') as (name: string, attachType: number) => number,
    programLoad: int('bpf_prog_load', 'int', 'const char *', 'const char *', 'void *', 'size_t', koffi.pointer(programLoadOptions)) as (
      ...parameters: [type: number, name: string, license: string, code: Uint8Array, instructions: number, options: Structure]
    ) => number,
    objectOpen: pointer('bpf_object__open_mem', 'void *', 'size_t', koffi.pointer(openOptions)) as (
      bytes: Uint8Array,
      size: number,
      options: Structure,
    ) => Pointer,
    objectLoad: int('bpf_object__load', 'void *') as (object: bigint) => number,
    objectClose: nothing('bpf_object__close', 'void *') as (object: bigint) => void,
    nextMap: pointer('bpf_object__next_map', 'void *', 'void *') as (object: bigint, after: Pointer) => Pointer,
    nextProgram: pointer('bpf_object__next_program', 'void *', 'void *') as (object: bigint, after: Pointer) => Pointer,
    mapName: text('bpf_map__name', 'void *') as (map: bigint) => string,
    mapFd: int('bpf_map__fd', 'void *') as (map: bigint) => number,
    programName: text('bpf_program__name', 'void *') as (program: bigint) => string,
    programFd: int('bpf_program__fd', 'void *') as (program: bigint) => number,
  };
}

/** In a thread of its own: buffers must stay until it is done. */
type Later<P extends readonly unknown[]> = {
  readonly async: (...parameters: [...P, done: (error: unknown, result: number) => void]) => void;
};

function bindMaps({ int }: Declare) {
  return {
    mapUpdateLater: int('bpf_map_update_elem', 'int', 'void *', 'void *', 'uint64') as unknown as Later<
      [fd: number, key: Uint8Array, value: Uint8Array, flags: number]
    >,
    mapCreate: int('bpf_map_create', 'int', 'const char *', 'uint32', 'uint32', 'uint32', koffi.pointer(mapCreateOptions)) as (
      ...parameters: [type: number, name: string, keySize: number, valueSize: number, maxEntries: number, options: Structure]
    ) => number,
    mapUpdate: int('bpf_map_update_elem', 'int', 'void *', 'void *', 'uint64') as (
      ...parameters: [fd: number, key: Uint8Array, value: Uint8Array, flags: number]
    ) => number,
    mapLookup: int('bpf_map_lookup_elem', 'int', 'void *', 'void *') as (fd: number, key: Uint8Array, value: Uint8Array) => number,
    mapDelete: int('bpf_map_delete_elem', 'int', 'void *') as (fd: number, key: Uint8Array) => number,
    mapNextKey: int('bpf_map_get_next_key', 'int', 'void *', 'void *') as (fd: number, key: Bytes, next: Uint8Array) => number,
    mapUpdateBatch: int('bpf_map_update_batch', 'int', 'void *', 'void *', 'void *', 'void *') as (
      ...parameters: [fd: number, keys: Uint8Array, values: Uint8Array, count: Uint32Array, options: null]
    ) => number,
    mapLookupBatch: int('bpf_map_lookup_batch', 'int', 'void *', 'void *', 'void *', 'void *', 'void *', 'void *') as (
      ...parameters: [fd: number, from: Bytes, to: Uint8Array, keys: Uint8Array, values: Uint8Array, count: Uint32Array, options: null]
    ) => number,
    info: int('bpf_obj_get_info_by_fd', 'int', 'void *', 'void *') as (fd: number, info: Uint8Array, length: Uint32Array) => number,
    pin: int('bpf_obj_pin', 'int', 'const char *') as (fd: number, path: string) => number,
    get: int('bpf_obj_get', 'const char *') as (path: string) => number,
  };
}

function bindPrograms({ int }: Declare) {
  return {
    mapById: int('bpf_map_get_fd_by_id', 'uint32') as (id: number) => number,
    programById: int('bpf_prog_get_fd_by_id', 'uint32') as (id: number) => number,
    programAttach: int('bpf_prog_attach', 'int', 'int', 'int', 'uint') as (
      ...parameters: [program: number, target: number, type: number, flags: number]
    ) => number,
    programDetach: int('bpf_prog_detach2', 'int', 'int', 'int') as (program: number, target: number, type: number) => number,
    programQuery: int('bpf_prog_query', 'int', 'int', 'uint32', 'void *', 'void *', 'void *') as (
      ...parameters: [target: number, type: number, queryFlags: number, attachFlags: Uint32Array, ids: Uint32Array, count: Uint32Array]
    ) => number,
    programTestRun: int('bpf_prog_test_run_opts', 'int', koffi.inout(koffi.pointer(testRunOptions))) as (
      program: number,
      options: Structure & TestRunFields,
    ) => number,
    linkCreate: int('bpf_link_create', 'int', 'int', 'int', 'void *') as (
      ...parameters: [program: number, target: number, type: number, options: null]
    ) => number,
    linkUpdate: int('bpf_link_update', 'int', 'int', 'void *') as (link: number, program: number, options: null) => number,
    linkDetach: int('bpf_link_detach', 'int') as (link: number) => number,
  };
}

/** Filters of interfaces, where links (tcx) are not there. */
function bindTraffic({ int }: Declare) {
  return {
    tcHookCreate: int('bpf_tc_hook_create', koffi.pointer(tcHook)) as (hook: Structure) => number,
    tcAttach: int('bpf_tc_attach', koffi.pointer(tcHook), koffi.pointer(tcOptions)) as (hook: Structure, options: Structure) => number,
    tcDetach: int('bpf_tc_detach', koffi.pointer(tcHook), koffi.pointer(tcOptions)) as (hook: Structure, options: Structure) => number,
  };
}

/** Of libc: what node:fs has not. */
function bindLibc({ int, pointer }: Declare) {
  return {
    format: int('vsnprintf', 'void *', 'size_t', 'void *', 'void *') as (
      ...parameters: [out: Bytes, size: number, format: bigint, list: bigint]
    ) => number,
    mmap: pointer('mmap', 'void *', 'size_t', 'int', 'int', 'int', 'int64') as (
      ...parameters: [address: null, length: number, protection: number, flags: number, fd: number, offset: number]
    ) => Pointer,
    munmap: int('munmap', 'void *', 'size_t') as (address: bigint, length: number) => number,
    mount: int('mount', 'const char *', 'const char *', 'const char *', 'ulong', 'void *') as (
      ...parameters: [source: string, target: string, type: string, flags: number, data: null]
    ) => number,
    pageSize: int('getpagesize') as () => number,
  };
}

function bind() {
  const libbpf = declare(koffi.load('libbpf.so.1'));
  return {
    ...bindObjects(libbpf),
    ...bindMaps(libbpf),
    ...bindPrograms(libbpf),
    ...bindTraffic(libbpf),
    ...bindLibc(declare(koffi.load('libc.so.6'))),
  };
}

type Calls = ReturnType<typeof bind>;
let loaded: Calls | undefined;
let log: string[] = [];

/** The calls; loads the libraries the first time, and throws where they are missing. */
export function calls(): Calls {
  if (loaded) return loaded;
  const bound = bind();
  bound.setPrint(koffi.register(keep(bound), koffi.pointer(printCallback)));
  loaded = bound;
  return bound;
}

const warn = 0;
const info = 1;

/** Bytes of a va_list, which is a pointer to them as a parameter: System V x86-64 24, AAPCS64 32. */
const vaListBytes = process.arch === 'arm64' ? 32 : 24;

/** libbpf's print callback: keeps warnings and information. Formatting twice (length, then text) needs the list restored. */
function keep({ format }: Calls): (level: number, template: bigint, list: bigint) => number {
  return (level, template, list) => {
    if (level !== warn && level !== info) return 0;
    const arguments_ = new Uint8Array(koffi.view(list, vaListBytes));
    const saved = arguments_.slice();
    const length = format(null, 0, template, list);
    arguments_.set(saved);
    const out = Buffer.alloc(length + 1);
    format(out, out.length, template, list);
    log.push(out.toString('utf8', 0, length));
    return 0;
  };
}

/** What libbpf said since the last call of this; one message a line. */
export function takeLog(): string {
  const text = log.join('');
  log = [];
  return text;
}

/** Error number of the last call of this thread that failed. */
export const errno = (): number => koffi.errno();
/** Memory at a C address, without a copy. */
export const memoryView = (address: bigint, bytes: number): ArrayBuffer => koffi.view(address, bytes);
