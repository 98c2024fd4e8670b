// The rules of one entry. `readOnly` and `ownerOnly` refuse by themselves, whatever the action is: changes of the file, and
// everybody but its owner.
import { type Field, items, itemsOf, member, textIn, textOf, textsIn } from '../fields.ts';
import { distinct, listed, quoted } from '../texts.ts';
import { type Entry, flagIn } from './entries.ts';
import { folderTexts, type PathText, patternText, programTexts } from './paths.ts';

/** `isDefault`: it means something only beside the default deny of its class. */
export type Rule = { readonly text: string; readonly section: 'process' | 'egress'; readonly isDefault: boolean; readonly entry: Entry };
/** What no rule can ask. */
const unsaid: Readonly<Record<string, string>> = {
  pts: 'rules know no terminals',
  allowedArgs: 'a rule asks for some argument, not for every one',
};
/** Reports why a value has no equal. */
export type Refuse = (field: Field, what: string, reason?: string) => void;
export type Reading = {
  readonly refuse: Refuse;
  /** Declares a set of files; gives its name. */
  readonly declare: (files: string, field: Field) => string;
};

/** Operands of paths; undefined (after a report) when one means nothing. */
function operandsOf(field: Field, texts: readonly PathText[], refuse: Refuse): readonly string[] | undefined {
  const reason = texts.flatMap((text) => ('reason' in text ? [text.reason] : []))[0];
  if (reason !== undefined) refuse(field, `\`${textIn(field) ?? ''}\``, reason);
  return reason === undefined ? texts.flatMap((text) => ('text' in text ? [text.text] : [])) : undefined;
}

const readers: Readonly<Record<string, (text: string, recursive: boolean) => readonly PathText[]>> = {
  path: (text) => [patternText(text)],
  dir: (text, recursive) => folderTexts(text, recursive),
  pattern: (text) => [patternText(text)],
  execname: programTexts,
};

/** The paths of one entry: its `path`, `dir`, `pattern` or `execname`. */
function targetsOf(field: Field, refuse: Refuse, arePrograms: boolean): readonly string[] | undefined {
  for (const [name, texts] of Object.entries(readers)) {
    const one = member(field, name);
    const text = textIn(one);
    if (text === undefined) continue;
    const found = texts(text, flagIn(field, 'recursive'));
    // A folder is no program.
    return operandsOf(one, name === 'dir' && arePrograms ? found.slice(1) : found, refuse);
  }
  refuse(field, 'an entry without `path` or `execname`');
  return undefined;
}

function all(lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  return lists.some((list) => list === undefined) ? undefined : distinct(lists.flatMap((list) => list ?? []));
}

function targetOf({ fields, section }: Entry, { refuse, declare }: Reading): string | undefined {
  const targets = all(fields.map((field) => targetsOf(field, refuse, section === 'process')));
  // Five rules of a file say the same paths.
  if (targets && targets.length > 1 && section === 'file') return declare(listed(targets), fields[0] ?? { value: undefined, path: [] });
  return targets && listed(targets);
}

/** `binary ["/bin/bash"]`: who does it; empty without `fromSource`. */
export function sourceCondition(field: Field, word: string, refuse: Refuse): string | undefined {
  const sources = all(itemsOf(field, 'fromSource').map((source) => targetsOf(source, refuse, true)));
  return sources && (sources.length === 0 ? '' : ` ${word} ${listed(sources)}`);
}

const changes = ['write', 'create', 'delete', 'rename', 'rename to'];
const uses = ['read', ...changes];

const ruleActions = { Block: 'deny', Audit: 'audit' } as const;

export function linesOf(entry: Entry, reading: Reading): readonly Rule[] {
  const { refuse } = reading;
  for (const [name, reason] of Object.entries(unsaid)) {
    const field = member(entry.field, name);
    if (field.value !== undefined) refuse(field, `\`${name}\``, reason);
  }
  switch (entry.section) {
    case 'process':
      return processLines(entry, reading);
    case 'file':
      return fileLines(entry, reading);
    case 'network':
      return networkLines(entry, refuse);
    case 'capabilities':
      return capabilityLines(entry, refuse);
  }
}

type Make = (text: string, isDefault?: boolean) => Rule;
const maker =
  (entry: Entry): Make =>
  (text, isDefault = false) => ({ text, section: 'process', isDefault, entry });

function processLines(entry: Entry, reading: Reading): readonly Rule[] {
  const { refuse } = reading;
  const rule = maker(entry);
  const target = targetOf(entry, reading);
  const parent = sourceCondition(entry.field, 'parent', refuse);
  if (target === undefined || parent === undefined) return [];
  const what = `exec ${target}${parent}`;
  const isOwned = flagIn(entry.field, 'ownerOnly');
  const strangers = isOwned ? [rule(`${entry.action === 'Audit' ? 'audit' : 'deny'} ${what} owner other`)] : [];
  if (entry.action === 'Audit') return isOwned ? strangers : [rule(`audit ${what}`)];
  if (entry.action === 'Block' && !isOwned) return [rule(`deny ${what}`)];
  return [...strangers, rule(`allow ${what}${isOwned ? ' owner self' : ''}`, entry.action === 'Allow')];
}

const withTarget = (action: string, use: string, target: string, rest: string): string => `${action} ${use} ${target}${rest}`;

function fileLines(entry: Entry, reading: Reading): readonly Rule[] {
  const { refuse } = reading;
  const rule = maker(entry);
  const target = targetOf(entry, reading);
  const binary = sourceCondition(entry.field, 'binary', refuse);
  if (target === undefined || binary === undefined) return [];
  const { action } = entry;
  const [readOnly, owned] = [flagIn(entry.field, 'readOnly'), flagIn(entry.field, 'ownerOnly')];
  const refused = action === 'Audit' ? 'audit' : 'deny';
  const refuseAll = (what: readonly string[], rest = ''): readonly Rule[] =>
    what.map((use) => rule(withTarget(refused, use, target, binary + rest)));
  const always = [...(readOnly ? refuseAll(changes) : []), ...(owned ? refuseAll(readOnly ? ['read'] : uses, ' owner other') : [])];
  const isAllowed = action === 'Allow' || (action === 'Block' && owned && !readOnly);
  if (isAllowed) return [...always, ...allowLines(rule, { target, binary, readOnly, owned, isDefault: action === 'Allow' })];
  return readOnly || owned ? always : refuseAll(uses);
}

type Allowed = {
  readonly target: string;
  readonly binary: string;
  readonly readOnly: boolean;
  readonly owned: boolean;
  readonly isDefault: boolean;
};

/** A file may get another path only inside of what is allowed. */
function allowLines(rule: Make, { target, binary, readOnly, owned, isDefault }: Allowed): readonly Rule[] {
  const rest = `${binary}${owned ? ' owner self' : ''}`;
  const plain = readOnly ? ['read'] : ['read', 'write', 'create', 'delete'];
  const lines = plain.map((use) => withTarget('allow', use, target, rest));
  return [...lines, ...(readOnly ? [] : [`allow rename ${target} to ${target}${rest}`])].map((text) => rule(text, isDefault));
}

/** Protocols as operands of `socket`; `packet` is a family to AppArmor and a type to BPF-LSM. */
const protocols: Readonly<Record<string, string>> = {
  all: '',
  tcp: 'tcp',
  udp: 'udp',
  sctp: 'sctp',
  icmp: '[icmp, raw] protocol 1',
  icmpv6: '[icmp, raw] protocol 58',
  raw: 'type raw',
  stream: 'type stream',
  dgram: 'type dgram',
  rdm: 'type rdm',
  seqpacket: 'type seqpacket',
  dccp: 'type dccp',
};

/** A name and those below it, asked for on the port of DNS. */
function queryLines(entry: Entry, refuse: Refuse): readonly Rule[] {
  const [domain, sources] = ['domain', 'fromSource'].map((name) => member(entry.field, name));
  const name = (domain && textIn(domain)) ?? '';
  if (sources && items(sources).length > 0) refuse(sources, '`fromSource` of names', 'flows do not know the program that asks');
  if (entry.action === 'Allow')
    refuse(domain ?? entry.field, 'an allow-list of names', 'allow them by an egress rule, and nothing else there');
  if (entry.action === 'Allow') return [];
  const names = `${quoted(name)}; ${quoted(`**.${name}`)}`;
  return [{ text: `${ruleActions[entry.action]} at [udp 53, tcp 53] dns { ${names} }`, section: 'egress', isDefault: false, entry }];
}

function networkLines(entry: Entry, refuse: Refuse): readonly Rule[] {
  const rule = maker(entry);
  if (entry.form === 'matchDNSQueries') return queryLines(entry, refuse);
  const field = member(entry.field, 'protocol');
  const protocol = (textIn(field) ?? '').toLowerCase();
  const kind = protocols[protocol];
  const binary = sourceCondition(entry.field, 'binary', refuse);
  if (kind === undefined) refuse(field, `\`${protocol}\``, 'AppArmor takes it for a family of sockets, BPF-LSM for a type');
  if (kind === undefined || binary === undefined) return [];
  const what = `socket${kind === '' ? '' : ` ${kind}`}${binary}`;
  return [entry.action === 'Allow' ? rule(`allow ${what}`, true) : rule(`${ruleActions[entry.action]} ${what}`)];
}

function capabilityLines(entry: Entry, refuse: Refuse): readonly Rule[] {
  const rule = maker(entry);
  const name = (textOf(entry.field, 'capability') ?? '').toLowerCase().replace(/^cap_/, '');
  const binary = sourceCondition(entry.field, 'binary', refuse);
  if (binary === undefined) return [];
  const what = `capability ${name}${binary}`;
  return [entry.action === 'Allow' ? rule(`allow ${what}`, true) : rule(`${ruleActions[entry.action]} ${what}`)];
}

/** `audit syscall ...` of each match, with its place. */
export function syscallLines(syscalls: Field, refuse: Refuse): readonly { readonly text: string; readonly field: Field }[] {
  const lineOf = (field: Field, path: string): readonly { readonly text: string; readonly field: Field }[] => {
    const binary = sourceCondition(field, 'binary', refuse);
    const names = textsIn(member(field, 'syscall'));
    if (binary === undefined || names.length === 0) return [];
    return [{ text: `audit syscall ${listed(names)}${path}${binary}`, field }];
  };
  const pathOf = (field: Field): string | undefined => {
    const path = member(field, 'path');
    const text = textIn(path) ?? '/';
    const texts = text.endsWith('/') ? folderTexts(text, flagIn(field, 'recursive')) : [patternText(text)];
    const operands = operandsOf(path, texts, refuse);
    return operands && listed(operands);
  };
  return [
    ...itemsOf(syscalls, 'matchSyscalls').flatMap((field) => lineOf(field, '')),
    ...itemsOf(syscalls, 'matchPaths').flatMap((field) => {
      const path = pathOf(field);
      return path === undefined ? [] : lineOf(field, ` path ${path}`);
    }),
  ];
}
