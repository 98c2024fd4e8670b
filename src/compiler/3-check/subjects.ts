// Whom a policy, or a statement about processes, is about: workloads, the host, or both; endpoints of other entities where they
// are named.
import type { ReservedName } from '../ir/event.ts';
import type { Value } from '../ir/resolved.ts';
import { governedNames, type ReservedSet, type Subject } from '../ir/typed.ts';
import { selects } from '../space/labels.ts';
import { workloads } from './kinds.ts';
import { entitySetOf, isOfEntity, type SelectorValue } from './labels.ts';
import { unionItems } from './peers.ts';
import { type Context, setOf } from './sets.ts';

const subjectNames: readonly ReservedName[] = ['host', ...governedNames];
type Entity = Value & { readonly kind: 'entity' };
const isNamed = (value: Value): value is Entity => value.kind === 'entity' && subjectNames.some((name) => name === value.name);

/** The subject; undefined after a report. */
export function subjectOf(value: Value, context: Context): Subject | undefined {
  if (value.kind === 'declared') {
    const selector = setOf(value, workloads, context);
    return selector && { workloads: selector, host: false };
  }
  const items = unionItems(value) ?? [value];
  const named = items.filter(isNamed);
  const labelled = items.filter(isOfEntity);
  const sets = labelled.map((item) => governedSetOf(item, context));
  const others = items.filter((item) => !isNamed(item) && !isOfEntity(item));
  const [only] = others.length === items.length ? [value] : others.length === 1 ? others : [];
  const rest = others.length === 0 ? { workloads: [], removed: [] } : workloadsOf(only ?? listOf(others, value), context);
  if (!rest || sets.includes(undefined)) return undefined;
  const host = named.some(({ name }) => name === 'host');
  const entities = namesIn(named)
    .filter((name) => name !== 'host')
    .map((name): ReservedSet => ({ name, except: [] }));
  const explicit = [...entities, ...sets.flatMap((set) => set ?? [])];
  if (explicit.length + rest.removed.length === 0) return { workloads: rest.workloads, host };
  const implied = selects(rest.workloads, {}) && !rest.removed.includes('init') ? [{ name: 'init' as const, except: [] }] : [];
  return { workloads: rest.workloads, host, reserved: [...implied, ...explicit] };
}

/** Of the endpoints that have labels only the host and what is governed beside it can be subjects. */
function governedSetOf(value: SelectorValue, { report }: Context): ReservedSet | undefined {
  const set = entitySetOf(value, report);
  if (!set || subjectNames.some((name) => name === set.name)) return set;
  report('check/wrong-kind', value.span, {
    expected: `workloads, or endpoints of ${subjectNames.map((name) => `\`${name}\``).join(', ')}`,
    found: `endpoints of \`${set.name}\``,
    hint: 'no policy governs them: they are peers',
  });
  return undefined;
}

const listOf = (items: readonly Value[], { span }: Value): Value => ({ kind: 'list', items, span });
const namesIn = (values: readonly Entity[]): readonly ReservedName[] =>
  subjectNames.filter((one) => values.some(({ name }) => name === one));

type Workloads = { readonly workloads: Subject['workloads']; readonly removed: readonly ReservedName[] };

/** `all except [health, { role: "agent" }]`: entities may be taken away from what governs them, too. */
function workloadsOf(value: Value, context: Context): Workloads | undefined {
  const [first, ...taken] = value.kind === 'combine' && value.operator === 'except' ? value.operands : [];
  const items = taken.flatMap((one) => unionItems(one) ?? [one]);
  const removed = items.filter(isNamed);
  if (!first || removed.length === 0) return withoutEntities(value, context, []);
  const others = items.filter((item) => !isNamed(item));
  const rest: Value = others.length === 0 ? first : { kind: 'combine', operator: 'except', operands: [first, ...others], span: value.span };
  return withoutEntities(rest, context, namesIn(removed));
}

function withoutEntities(value: Value, context: Context, removed: readonly ReservedName[]): Workloads | undefined {
  const selector = setOf(value, workloads, context);
  return selector && { workloads: selector, removed };
}
