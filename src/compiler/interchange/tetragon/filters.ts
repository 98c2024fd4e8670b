// A selector -> lines: the events that pass all of its filters.
import { type Field, items, itemsOf, member, numberIn, textOf, textsIn } from '../fields.ts';
import { effectOf, pathValues, placeOf } from './arguments.ts';
import type { Argument, Hook } from './hooks.ts';
import { is, isNot, type Line, type Test, withTests } from './tests.ts';

/** Reports what no rule can ask. */
export type Refuse = (field: Field, what: string, reason: string) => void;
/** A hook with what its document says of it. */
export type HookSite = {
  readonly hook: Hook;
  readonly field: Field;
  /** The argument with an index of a filter. */
  readonly argumentAt: (index: number) => Argument | undefined;
  readonly refuse: Refuse;
};

/** What rules cannot ask of a process. */
const unsaid: Readonly<Record<string, string>> = {
  matchData: 'rules do not look into the memory of the kernel',
  matchNamespaceChanges: 'rules know no earlier namespaces of a process',
  matchCapabilities: 'rules do not ask for the capabilities of a process',
  matchCapabilityChanges: 'rules know no earlier capabilities of a process',
  matchWorkloads: 'a policy has one subject: give each its own',
};

/** The lines of a selector; undefined after a report. */
export function linesOf(site: HookSite, selector: Field, isObserved: boolean): readonly Line[] | undefined {
  const { refuse } = site;
  let refused = false;
  const say: Refuse = (field, what, reason) => {
    refused = true;
    refuse(field, what, reason);
  };
  for (const [name, reason] of Object.entries(unsaid)) {
    const field = member(selector, name);
    if (items(field).length > 0 || (name === 'matchWorkloads' && field.value !== undefined)) say(field, `\`${name}\``, reason);
  }
  for (const filter of itemsOf(selector, 'matchReturnArgs')) {
    if (!isObserved || !isSuccess(filter)) say(filter, '`matchReturnArgs`', 'an event is decided before its result is known');
  }
  const found = classLines({ ...site, refuse: say }, selector);
  return refused ? undefined : found;
}

/** `GT 0`, `GT -1`: what is asked is whether it was done at all. */
const isSuccess = (filter: Field): boolean =>
  ['GT', 'GreaterThan'].includes(textOf(filter, 'operator') ?? '') &&
  textsIn(member(filter, 'values')).every((value) => Number(value) <= 0);

function classLines(site: HookSite, selector: Field): readonly Line[] {
  const { hook, refuse } = site;
  const filters = itemsOf(selector, 'matchArgs').map((filter) => ({ filter, effect: argumentEffect(site, filter) }));
  const needed = Object.entries(hook.arguments).find(([, one]) => one.kind === 'only' && one.needed);
  const isAsked = filters.some(({ filter }) => placeOf(filter) === Number(needed?.[0]));
  if (needed?.[1].kind === 'only' && !isAsked)
    refuse(site.field, `no filter of argument ${needed[0]}`, `rules are about ${needed[1].what} alone`);
  const effects = filters.flatMap(({ effect }) => (effect ? [effect] : []));
  if (effects.some(({ kind }) => kind === 'never')) return [];
  const opened = openClasses(site, selector);
  const classes = effects.reduce<readonly string[]>(
    (left, effect) => (effect.kind === 'classes' ? left.filter((name) => effect.classes.includes(name)) : left),
    opened ?? hook.classes,
  );
  const asked = effects.flatMap((effect) => (effect.kind === 'tests' ? effect.tests : []));
  return classes.flatMap((name) => {
    const own = opened ? [] : (hook.tests ?? []);
    const line = withTests({ class: name, tests: [] }, [...own, ...asked, ...processTests(site, selector, name)]);
    if (line === undefined) refuse(selector, 'two filters of one thing', 'a rule asks for each thing once');
    return line === undefined || line === 'never' ? [] : [line];
  });
}

/** O_WRONLY, O_RDWR and O_CREAT of open(2): opened so, a file is written or made. */
const openFlags: Readonly<Record<number, string>> = { 1: 'write', 2: 'write', 64: 'create' };
const openCalls: Readonly<Record<string, number>> = { open: 1, openat: 2 };

/** Calls that open files are the classes of what they open it for, where a filter of their flags says so. */
function openClasses({ hook }: HookSite, selector: Field): readonly string[] | undefined {
  const flags = flagsFilter(hook, selector);
  if (!flags) return undefined;
  const asked = textsIn(member(flags, 'values')).map(Number);
  return [
    ...new Set(Object.entries(openFlags).flatMap(([bit, name]) => (asked.some((value) => (value & Number(bit)) !== 0) ? [name] : []))),
  ];
}

function flagsFilter({ classes, tests = [] }: Hook, selector: Field): Field | undefined {
  const [call] = classes[0] === 'syscall' ? (tests[0]?.values ?? []) : [];
  const place = call === undefined ? undefined : openCalls[call];
  if (place === undefined) return undefined;
  return itemsOf(selector, 'matchArgs').find((filter) => placeOf(filter) === place && textOf(filter, 'operator') === 'Mask');
}

function argumentEffect(site: HookSite, filter: Field): ReturnType<typeof effectOf> | undefined {
  const { hook, refuse, argumentAt, field } = site;
  const index = placeOf(filter);
  if (index !== undefined && flagsFilter(hook, { value: { matchArgs: [filter.value ?? null] }, path: [] })) return undefined;
  const argument = index === undefined ? undefined : argumentAt(index);
  if (!argument) {
    refuse(filter, `a filter of argument ${index ?? '?'}`, 'no field of an event is this argument');
    return undefined;
  }
  const type = itemsOf(field, 'args').find((one) => numberIn(member(one, 'index')) === index);
  const effect = effectOf(argument, filter, type && textOf(type, 'type'));
  if (effect.kind === 'unsaid') refuse(filter, `\`${textOf(filter, 'operator') ?? ''}\``, effect.reason);
  return effect;
}

/** Who acts. */
function processTests(site: HookSite, selector: Field, name: string): readonly Test[] {
  return [
    ...binaryTests(site, member(selector, 'matchBinaries'), name === 'exec' ? 'caller' : 'binary'),
    ...binaryTests(site, member(selector, 'matchParentBinaries'), 'parent'),
    ...itemsOf(selector, 'matchPIDs').flatMap((filter) => lineageTests(site, filter)),
    ...itemsOf(selector, 'matchNamespaces').flatMap((filter) => scopeTests(site, filter)),
  ];
}

function binaryTests({ refuse }: HookSite, field: Field, condition: string): readonly Test[] {
  return items(field).flatMap((filter) => {
    const operator = textOf(filter, 'operator') ?? '';
    const not = operator.startsWith('Not');
    const values = pathValues(not ? operator.slice(3) : operator, textsIn(member(filter, 'values'))) ?? [];
    if (member(filter, 'followChildren').value === true)
      refuse(filter, '`followChildren`', 'rules know the program and its parent, not what came before');
    if (values.length === 0) return not ? [] : [is(condition)];
    return [not ? isNot(condition, ...values) : is(condition, ...values)];
  });
}

/** Whoever is not the first process of a container, nor comes from it, was put in from outside. There is no process 0 inside. */
function lineageTests({ refuse }: HookSite, filter: Field): readonly Test[] {
  const numbers = itemsOf(filter, 'values').flatMap((one) => numberIn(one) ?? []);
  const isNotIn = textOf(filter, 'operator') === 'NotIn';
  const isInside = member(filter, 'isNamespacePID').value === true;
  if (isNotIn && isInside && numbers.every((number) => number === 0)) return [];
  if (isInside && numbers.includes(1) && numbers.every((number) => number <= 1)) return [is('lineage', isNotIn ? 'entered' : 'init')];
  refuse(filter, '`matchPIDs`', 'a process is what it runs, not its number; `1` inside a container is `lineage`');
  return [];
}

/** The first namespaces have numbers that never change (include/linux/proc_ns.h). */
const firstNamespaces: readonly string[] = ['host_ns', '4026531836', '4026531840', '4026531841'];

function scopeTests({ refuse }: HookSite, filter: Field): readonly Test[] {
  const kind = textOf(filter, 'namespace') ?? '';
  const isHost = textsIn(member(filter, 'values')).every((value) => firstNamespaces.includes(value));
  if (isHost && (kind === 'Pid' || kind === 'Mnt')) return [is('scope', textOf(filter, 'operator') === 'NotIn' ? 'container' : 'host')];
  refuse(
    filter,
    `\`matchNamespaces\` of \`${kind}\``,
    'a rule asks for `scope`: the host or a container, told by the namespaces `Pid` and `Mnt`',
  );
  return [];
}
