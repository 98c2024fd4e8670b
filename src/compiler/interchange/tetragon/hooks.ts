// Hooks and what they mean: the classes of events that they see, and what their arguments are. Stable hooks alone: system
// calls, the LSM hooks that have an equal, and two tracepoints. What hangs on another function of the kernel is not read; where such a
// function has a stable equal, the message names it.
import { is, type Test } from './tests.ts';

/** What an argument is. */
export type Argument =
  /** A file, by its resolved path. `to`: the new one. */
  | { readonly kind: 'path'; readonly field: 'path' | 'to' }
  /** A text that is the value of a field. */
  | { readonly kind: 'text'; readonly field: string }
  /** Bits that say what is done with a file, each with its class. */
  | { readonly kind: 'access'; readonly bits: Readonly<Record<number, string>> }
  /** A number that has a word. */
  | { readonly kind: 'word'; readonly field: string; readonly of: 'capability' | 'bpf' | 'socket-type' }
  | { readonly kind: 'number'; readonly field: string }
  /** The hook is about this value alone; `needed`: it sees other things, too, and has to be asked. */
  | { readonly kind: 'only'; readonly value: string; readonly what: string; readonly needed?: true }
  | { readonly kind: 'peer' };
export type Hook = {
  readonly classes: readonly string[];
  readonly tests?: readonly Test[];
  readonly arguments: Readonly<Record<number, Argument>>;
};

const path: Argument = { kind: 'path', field: 'path' };
const peer: Argument = { kind: 'peer' };
/** MAY_WRITE and MAY_READ of include/linux/fs.h; PROT_READ, PROT_WRITE, PROT_EXEC of mmap(2). */
const permission: Argument = { kind: 'access', bits: { 2: 'write', 4: 'read' } };
const protection: Argument = { kind: 'access', bits: { 1: 'read', 2: 'write', 4: 'load' } };
/** READING_MODULE, LOADING_MODULE of include/linux/kernel_read_file.h. */
const moduleOnly: Argument = { kind: 'only', value: '2', what: 'modules (`Equal 2`)', needed: true };

const hook = (classes: string, known: Readonly<Record<number, Argument>> = {}, tests: readonly Test[] = []): Hook => ({
  classes: classes.split(' '),
  arguments: known,
  tests,
});
const made = (kind: string): Hook => hook('create', {}, [is('kind', kind)]);
const executed = hook('exec', { 0: path });

/** By the name of `security_NAME`; LSM hooks have these names, too, but for some of their words. */
const securityHooks: Readonly<Record<string, Hook>> = {
  file_open: hook('read write', { 0: path }),
  inode_follow_link: hook('follow'),
  file_permission: hook('read write', { 0: path, 1: permission }),
  // To map a file takes a file that was opened so.
  mmap_file: hook('read write load', { 0: path, 1: protection, 2: { kind: 'only', value: '1', what: 'shared mappings (`Mask 1`)' } }),
  path_truncate: hook('write', { 0: path }),
  file_truncate: hook('write', { 0: path }),
  path_chmod: hook('write', { 0: path }),
  path_chown: hook('write', { 0: path }),
  path_unlink: hook('delete'),
  path_rmdir: hook('delete'),
  path_rename: hook('rename'),
  path_link: hook('rename'),
  path_mkdir: made('folder'),
  path_symlink: made('link'),
  inode_unlink: hook('delete'),
  inode_rmdir: hook('delete'),
  inode_rename: hook('rename'),
  inode_link: hook('rename'),
  inode_create: made('file'),
  inode_mkdir: made('folder'),
  inode_symlink: made('link'),
  inode_mknod: hook('create', {}, [is('kind', 'device', 'pipe', 'socket')]),
  bprm_check: executed,
  bprm_check_security: executed,
  bprm_creds_for_exec: executed,
  bprm_committing_creds: executed,
  bprm_committed_creds: executed,
  bprm_creds_from_file: hook('exec', { 0: path, 1: path }),
  socket_create: hook('socket', { 1: { kind: 'word', field: 'type', of: 'socket-type' }, 2: { kind: 'number', field: 'protocol' } }),
  socket_connect: hook('connect', { 0: peer, 1: peer }),
  ptrace_access_check: hook('ptrace'),
  ptrace_traceme: hook('ptrace'),
  kernel_module_request: hook('module', { 0: { kind: 'text', field: 'name' } }),
  kernel_read_file: hook('module', { 1: moduleOnly }),
  kernel_load_data: hook('module', { 0: moduleOnly }),
  capable: hook('capability', { 2: { kind: 'word', field: 'name', of: 'capability' } }),
  sb_mount: hook('mount', { 1: path, 2: { kind: 'text', field: 'type' } }),
  move_mount: hook('mount', { 1: path }),
  bpf: hook('bpf', { 0: { kind: 'word', field: 'command', of: 'bpf' } }),
  bpf_map_alloc: hook('bpf', {}, [is('command', 'map_create')]),
  bpf_map_create: hook('bpf', {}, [is('command', 'map_create')]),
  bpf_prog_alloc: hook('bpf', {}, [is('command', 'prog_load')]),
  bpf_prog_load: hook('bpf', {}, [is('command', 'prog_load')]),
  userns_create: hook('namespace', {}, [is('kind', 'user')]),
};

/** Functions that are hooked for want of better, and what is meant. */
const equals: Readonly<Record<string, string>> = {
  fd_install: '`security_file_open`',
  do_sys_open: '`security_file_open`',
  vfs_read: '`security_file_permission`',
  vfs_write: '`security_file_permission`',
  cap_capable: '`security_capable`',
  create_user_ns: '`security_userns_create`',
  bpf_check: '`security_bpf_prog_load`',
  do_init_module: '`security_kernel_read_file` of modules',
  find_module_sections: '`security_kernel_read_file` of modules',
  commit_creds: 'the system calls `setuid`, `setgid`, `capset` ...',
};

export const securityHook = (name: string): Hook | undefined => (Object.hasOwn(securityHooks, name) ? securityHooks[name] : undefined);

/** What could be hooked instead, in words. */
export function stableEqual(call: string): string | undefined {
  const syscall = /^__sys_(\w+)$/.exec(call);
  if (syscall) return `the system call \`${syscall[1]}\` (\`syscall: true\`)`;
  return Object.hasOwn(equals, call) ? equals[call] : undefined;
}

/** tcp_connect is where every TCP connection is begun, by connect(2) or by a first sendto(2). */
export const tcpConnect: Hook = hook('connect', { 0: peer }, [is('protocol', 'tcp')]);
/** `sched_process_exec`: its raw form has the program as its third argument. */
export const executedProgram: Hook = hook('exec', { 2: path });

/** Places of the first path argument of system calls. */
const pathPlaces: Readonly<Record<number, string>> = {
  0: `open creat stat lstat access truncate chdir mkdir rmdir unlink readlink chmod chown lchown link symlink rename mknod chroot statfs execve
    symlinkat swapon swapoff acct utime utimes pivot_root umount2 setxattr lsetxattr getxattr lgetxattr listxattr llistxattr removexattr lremovexattr`,
  1: `openat openat2 mkdirat mknodat unlinkat renameat renameat2 linkat readlinkat fchmodat fchmodat2 fchownat faccessat faccessat2 futimesat
    newfstatat utimensat name_to_handle_at execveat statx inotify_add_watch`,
};

/** Images of programs and libraries. */
export const loadedImage: Hook = hook('load');

/** `sys_dup`, `__x64_sys_dup`, `__ia32_sys_dup`, `i386/sys_dup`. */
export const syscallName = (call: string): string => call.replace(/^(?:i386\/|\w+\/)?(?:__(?:x64|ia32|arm64)_)?(?:sys_)?/, '');

/** System calls have six arguments at most. */
const numbers: Readonly<Record<number, Argument>> = Object.fromEntries(
  [0, 1, 2, 3, 4, 5].map((at) => [at, { kind: 'number', field: `argument ${at}` }]),
);

/** Where the first path of a call stands. */
export const pathPlace = (name: string): number | undefined => {
  const found = Object.keys(pathPlaces).find((at) => pathPlaces[Number(at)]?.split(/\s+/).includes(name));
  return found === undefined ? undefined : Number(found);
};

export function syscallHook(names: readonly string[] | undefined): Hook {
  const [only, ...more] = names ?? [];
  const place = only !== undefined && more.length === 0 ? pathPlace(only) : undefined;
  return hook('syscall', { ...numbers, ...(place !== undefined && { [place]: path }) }, names === undefined ? [] : [is('name', ...names)]);
}
