// A line of a rule as hooks: where its events are seen, and by which filters they are told from others. The opposite of ../hooks.ts.
import type { FieldTest, LineMatch } from '../../../domains/domain.ts';
import type { JsonObject } from '../../importer.ts';
import { pathPlace } from '../hooks.ts';
import { type Alternatives, allOf, argument, conditionFilter, numberFilter, peerFilter, textFilter, wordFilter } from './filters.ts';
import { exactTexts, type TextKind } from './values.ts';

/** A hook without its selectors, and the alternatives of filters that tell the events of a line. */
export type Site = { readonly hook: JsonObject; readonly filters: Alternatives };
/** Reports what no filter says. */
export type Say = (what: string) => void;

type Argument = readonly [index: number, type: string];
/** A kernel function and its arguments by field; `always`: filters that make it one of the class. */
type Call = {
  readonly call: string;
  readonly fields: Readonly<Record<string, Argument>>;
  readonly always?: Alternatives;
  readonly types?: readonly Argument[];
};

const path = (index: number, type: string): Readonly<Record<string, Argument>> => ({ path: [index, type] });
const permission = (bit: string): Pick<Call, 'always' | 'types'> => ({ always: [[argument(1, 'Equal', [bit])]], types: [[1, 'int']] });
const module = (index: number): Pick<Call, 'always' | 'types'> => ({
  always: [[argument(index, 'Equal', ['2'])]],
  types: [[index, 'int']],
});

const calls: Readonly<Record<string, readonly Call[]>> = {
  exec: [{ call: 'security_bprm_check', fields: path(0, 'linux_binprm') }],
  load: [{ call: 'security_mmap_file', fields: path(0, 'file'), always: [[argument(1, 'Mask', ['4'])]], types: [[1, 'uint32']] }],
  read: [{ call: 'security_file_permission', fields: path(0, 'file'), ...permission('4') }],
  write: [
    { call: 'security_file_permission', fields: path(0, 'file'), ...permission('2') },
    { call: 'security_path_truncate', fields: path(0, 'path') },
    { call: 'security_path_chmod', fields: path(0, 'path') },
    { call: 'security_path_chown', fields: path(0, 'path') },
  ],
  follow: [{ call: 'security_inode_follow_link', fields: {} }],
  delete: ['security_inode_unlink', 'security_inode_rmdir'].map((call) => ({ call, fields: {} })),
  rename: ['security_inode_rename', 'security_inode_link'].map((call) => ({ call, fields: {} })),
  capability: [{ call: 'security_capable', fields: { name: [2, 'int'] } }],
  socket: [{ call: 'security_socket_create', fields: { type: [1, 'int'], protocol: [2, 'int'] } }],
  connect: [
    { call: 'security_socket_connect', fields: { address: [1, 'sockaddr'], 'remote-port': [1, 'sockaddr'], protocol: [0, 'socket'] } },
  ],
  ptrace: ['security_ptrace_access_check', 'security_ptrace_traceme'].map((call) => ({ call, fields: {} })),
  mount: [{ call: 'security_sb_mount', fields: { path: [1, 'path'], type: [2, 'string'] } }],
  module: [
    { call: 'security_kernel_module_request', fields: {} },
    { call: 'security_kernel_read_file', fields: {}, ...module(1) },
    { call: 'security_kernel_load_data', fields: {}, ...module(0) },
  ],
  bpf: [{ call: 'security_bpf', fields: { command: [0, 'int'] } }],
};

/** The hook of all system calls. */
export const everySyscall = 'list:every-syscall';

/** What is made, by kind. */
const makers: Readonly<Record<string, string>> = {
  file: 'security_inode_create',
  folder: 'security_inode_mkdir',
  link: 'security_inode_symlink',
};
const others = ['device', 'pipe', 'socket'];

/** Where a line's events are seen; undefined after a report. */
export function sitesOf(name: string, line: LineMatch, say: Say): readonly Site[] | undefined {
  if (name === 'syscall') return syscallSites(line, say);
  const known = callsOf(name, line);
  if (!known) {
    say(`\`${name}\`${line.length > 0 ? ' of this kind' : ''}`);
    return undefined;
  }
  const tests = known === calls[name] ? line : line.filter(({ field }) => field !== 'kind');
  const sites = known.map((call) => siteOf(name, call, tests, say));
  return sites.some((site) => !site) ? undefined : sites.flatMap((site) => site ?? []);
}

function callsOf(name: string, line: LineMatch): readonly Call[] | undefined {
  if (name !== 'create' && name !== 'namespace') return calls[name];
  const kind = line.find(({ field }) => field === 'kind');
  const exact = kind?.values.kind === 'text' ? exactTexts(kind.values.pattern) : undefined;
  if (name === 'namespace')
    return exact && !exact.not && exact.values.join() === 'user' ? [{ call: 'security_userns_create', fields: {} }] : undefined;
  if (kind && (!exact || exact.not)) return undefined;
  const kinds = exact?.values ?? [...Object.keys(makers), ...others];
  const special = kinds.filter((one) => others.includes(one));
  if (special.length > 0 && special.length < others.length) return undefined;
  const functions = [...kinds.flatMap((one) => makers[one] ?? []), ...(special.length > 0 ? ['security_inode_mknod'] : [])];
  return functions.map((call) => ({ call, fields: {} }));
}

function siteOf(name: string, { call, fields, always, types = [] }: Call, line: LineMatch, say: Say): Site | undefined {
  const parts = line.map((test) => fieldFilter(name, fields[test.field], test) ?? refused(test, name, say));
  if (parts.some((part) => !part)) return undefined;
  const used = line.flatMap(({ field }) => (fields[field] ? [fields[field]] : []));
  return {
    hook: hookOf(call, false, [...used, ...types]),
    filters: allOf([...parts.flatMap((part) => (part ? [part] : [])), ...(always ? [always] : [])]),
  };
}

function refused({ field }: FieldTest, name: string, say: Say): undefined {
  say(`what this asks of \`${field}\` of \`${name}\``);
  return undefined;
}

function hookOf(call: string, isSyscall: boolean, used: readonly Argument[]): JsonObject {
  const args = [...new Map(used)].sort(([a], [b]) => a - b).map(([index, type]) => ({ index, type }));
  return { call, syscall: isSyscall, ...(args.length > 0 && { args }) };
}

const words: Readonly<Record<string, string>> = { 'capability name': 'capability', 'bpf command': 'bpf', 'socket type': 'type' };

function fieldFilter(name: string, place: Argument | undefined, test: FieldTest): Alternatives | undefined {
  if (!place) return conditionFilter(test);
  const [index] = place;
  if (name === 'connect') return peerFilter(test);
  const word = words[`${name} ${test.field}`];
  if (word !== undefined) return wordFilter(test, index, word);
  return test.values.kind === 'number' ? numberFilter(test, index) : textFilter(test, index, kindOf(name, test.field));
}

const kindOf = (name: string, field: string): TextKind => (field !== 'path' ? 'text' : name === 'exec' ? 'program' : 'path');

/** System calls by their names; the others by a list that the agent makes. */
function syscallSites(line: LineMatch, say: Say): readonly Site[] | undefined {
  const name = line.find(({ field }) => field === 'name');
  const exact = name?.values.kind === 'text' ? exactTexts(name.values.pattern) : undefined;
  if (name && (!exact || exact.not)) {
    say('a system call that is none of some');
    return undefined;
  }
  const rest = line.filter((test) => test !== name);
  const sites = (exact?.values ?? [undefined]).map((one) => syscallSite(one, rest, say));
  return sites.some((site) => !site) ? undefined : sites.flatMap((site) => site ?? []);
}

function syscallSite(name: string | undefined, line: LineMatch, say: Say): Site | undefined {
  const placeOf = (field: string): Argument | undefined => {
    const number = /^argument (\d)$/.exec(field)?.[1];
    const at = field === 'path' && name !== undefined ? pathPlace(name) : number === undefined ? undefined : Number(number);
    return at === undefined ? undefined : [at, field === 'path' ? 'string' : 'int'];
  };
  const parts = line.map((test) => fieldFilter('syscall', placeOf(test.field), test) ?? refused(test, 'syscall', say));
  if (parts.some((part) => !part)) return undefined;
  const hook = hookOf(
    name === undefined ? everySyscall : `sys_${name}`,
    true,
    line.flatMap(({ field }) => [placeOf(field)].flatMap((at) => (at ? [at] : []))),
  );
  return { hook, filters: allOf(parts.flatMap((part) => (part ? [part] : []))) };
}
