// Whom a policy, or a statement about processes, is about: workloads, the host, or both.
import type { Value } from '../ir/resolved.ts';
import type { Subject } from '../ir/typed.ts';
import { workloads } from './kinds.ts';
import { unionItems } from './peers.ts';
import { type Context, setOf } from './sets.ts';

const isHost = (value: Value): boolean => value.kind === 'entity' && value.name === 'host';

/** The subject; undefined after a report. */
export function subjectOf(value: Value, context: Context): Subject | undefined {
  const items = unionItems(value) ?? [value];
  if (!items.some(isHost)) return withoutHost(value, context);
  const others = items.filter((item) => !isHost(item));
  if (others.length === 0) return { workloads: [], host: true };
  const subject = withoutHost({ kind: 'list', items: others, span: value.span }, context);
  return subject && { ...subject, host: true };
}

function withoutHost(value: Value, context: Context): Subject | undefined {
  const selector = setOf(value, workloads, context);
  return selector && { workloads: selector, host: false };
}
