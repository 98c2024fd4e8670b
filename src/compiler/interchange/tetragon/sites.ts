// The hooks of a policy, each with its meaning; what has none is reported by name.
import { type Field, itemsOf, member, numberIn, textOf, textsIn } from '../fields.ts';
import type { HookSite, Refuse } from './filters.ts';
import {
  type Argument,
  executedProgram,
  type Hook,
  loadedImage,
  securityHook,
  stableEqual,
  syscallHook,
  syscallName,
  tcpConnect,
} from './hooks.ts';

type Reading = { readonly spec: Field; readonly refuse: Refuse };

export function sitesIn(reading: Reading): readonly HookSite[] {
  const { spec, refuse } = reading;
  for (const field of itemsOf(spec, 'uprobes'))
    refuse(field, `the probe of \`${textOf(field, 'path') ?? ''}\``, 'rules do not look into programs');
  for (const field of itemsOf(spec, 'usdts'))
    refuse(field, `the probe of \`${textOf(field, 'path') ?? ''}\``, 'rules do not look into programs');
  const loader = member(spec, 'loader');
  return [
    ...(loader.value === true ? [siteOf(reading, loader, loadedImage)] : []),
    ...['kprobes', 'fentries'].flatMap((name) => itemsOf(spec, name).flatMap((field) => ofCall(reading, field))),
    ...itemsOf(spec, 'lsmhooks').flatMap((field) => ofLsm(reading, field)),
    ...itemsOf(spec, 'tracepoints').flatMap((field) => ofTracepoint(reading, field)),
  ];
}

const siteOf = ({ refuse }: Reading, field: Field, hook: Hook): HookSite => ({
  hook,
  field,
  refuse,
  argumentAt: (index) => hook.arguments[index],
});

const isName = (text: string): boolean => /^\w+$/.test(text);

function ofCall(reading: Reading, field: Field): readonly HookSite[] {
  const call = textOf(field, 'call') ?? '';
  if (call.startsWith('list:'))
    return ofList(reading, member(field, 'call'), call.slice('list:'.length)).map((hook) => siteOf(reading, field, hook));
  const isSyscall = member(field, 'syscall').value !== false;
  if (isSyscall && !isName(syscallName(call))) {
    reading.refuse(member(field, 'call'), `\`${call}\``, 'no system call has this name');
    return [];
  }
  const known = isSyscall
    ? syscallHook([syscallName(call)])
    : call === 'tcp_connect'
      ? tcpConnect
      : securityHook(call.replace(/^security_/, ''));
  const hook = !isSyscall && call !== 'tcp_connect' && !call.startsWith('security_') ? undefined : known;
  if (hook) return [siteOf(reading, field, hook)];
  const what = call.startsWith('security_') ? 'no event is this hook' : 'it is a function inside of the kernel';
  const equal = stableEqual(call);
  reading.refuse(member(field, 'call'), `\`${call}\``, equal === undefined ? what : `${what}; stable is ${equal}`);
  return [];
}

function ofLsm(reading: Reading, field: Field): readonly HookSite[] {
  const name = textOf(field, 'hook') ?? '';
  const hook = securityHook(name);
  if (hook) return [siteOf(reading, field, hook)];
  reading.refuse(member(field, 'hook'), `\`${name}\``, 'no event is this hook');
  return [];
}

/** System calls by a list of the policy; every one where the list is made by the agent. */
function ofList({ spec, refuse }: Reading, place: Field, name: string): readonly Hook[] {
  const list = itemsOf(spec, 'lists').find((one) => textOf(one, 'name') === name);
  const type = list && (textOf(list, 'type') ?? '');
  if (list && type === 'syscalls') {
    const names = [...new Set(textsIn(member(list, 'values')).map(syscallName))];
    const wrong = names.find((one) => !isName(one));
    if (wrong === undefined && names.length > 0) return [syscallHook(names)];
    refuse(member(list, 'values'), wrong === undefined ? 'an empty list' : `\`${wrong}\``, 'no system call has this name');
    return [];
  }
  if (type === 'generated_syscalls') return [syscallHook(undefined)];
  refuse(place, `\`list:${name}\``, list ? 'it is a list of functions inside of the kernel' : 'the policy has no such list');
  return [];
}

function ofTracepoint(reading: Reading, field: Field): readonly HookSite[] {
  const [subsystem, event] = ['subsystem', 'event'].map((name) => textOf(field, name) ?? '');
  if (subsystem === 'raw_syscalls' && event === 'sys_enter') return rawSyscalls(reading, field);
  const syscall = subsystem === 'syscalls' ? /^sys_enter_(\w+)$/.exec(event ?? '') : null;
  if (syscall) return [siteOf(reading, field, withoutArguments(syscallHook([syscall[1] ?? ''])))];
  if (subsystem === 'sched' && event === 'sched_process_exec') return [siteOf(reading, field, executedProgram)];
  reading.refuse(member(field, 'event'), `the tracepoint \`${subsystem}:${event}\``, 'no event is this tracepoint');
  return [];
}

/** The record of a tracepoint counts its arguments otherwise. */
const withoutArguments = (hook: Hook): Hook => ({ ...hook, arguments: {} });

/** What is asked of the number of the call: a list, or numbers, which differ from machine to machine. */
function rawSyscalls(reading: Reading, field: Field): readonly HookSite[] {
  const filters = itemsOf(field, 'selectors').flatMap((selector) => itemsOf(selector, 'matchArgs'));
  const lists = filters.flatMap((filter) => (textOf(filter, 'operator') === 'InMap' ? textsIn(member(filter, 'values')) : []));
  const [list, ...others] = [...new Set(lists)];
  if (list === undefined) return [siteOf(reading, field, syscallHook(undefined))];
  if (others.length > 0) reading.refuse(field, 'several lists', 'write a hook for each');
  return ofList(reading, field, list.replace(/^list:/, '')).map((hook) => {
    const all: Argument = { kind: 'only', value: list, what: `\`${list}\`` };
    return { ...siteOf(reading, field, hook), argumentAt: (index) => (index === 0 || index === callPlace(field) ? all : undefined) };
  });
}

const callPlace = (field: Field): number | undefined => itemsOf(field, 'args').map((one) => numberIn(member(one, 'index')))[0];
