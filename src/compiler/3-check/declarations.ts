// Declarations -> sets, each after what it refers to.
import { invariant } from '../base/assert.ts';
import type { Declaration, ResolvedFile } from '../ir/resolved.ts';
import { networks, transports, workloads } from './kinds.ts';
import { listOf } from './lists.ts';
import { warnEmpty } from './rules/matches-nothing.ts';
import { type Context, type DeclaredSet, setOf } from './sets.ts';
import { isEmptyText, patternSize, textKinds } from './text-kinds.ts';

/** Parts of all declared sets together: names that double each other end here, not in memory. */
export const mostParts = 4_000_000;

/** Computes the sets of a file; `before` are the parts of other files' sets. Gives the parts of its own. */
export function computeDeclarations({ base, declarations, order }: ResolvedFile, before: number, context: Context): number {
  let parts = before;
  for (const index of order) {
    const declaration = declarations[index];
    invariant(declaration !== undefined, 'the computing order names no declaration');
    const set = parts > mostParts ? { kind: 'unknown' as const } : declaredSet(declaration, context);
    context.sets[base + index] = set;
    const until = parts;
    parts += partsOf(set);
    warnEmpty(declaration.value, [declaration.kind, sizeOf(set, declaration)], context.report);
    if (parts > mostParts && until <= mostParts)
      context.report('check/set-too-large', declaration.span, { limit: mostParts, unit: 'parts of all declarations together' });
  }
  return parts - before;
}

function declaredSet({ kind, value }: Declaration, context: Context): DeclaredSet {
  switch (kind) {
    case 'workload': {
      const set = setOf(value, workloads, context);
      return set ? { kind, set } : { kind: 'unknown' };
    }
    case 'network': {
      const set = setOf(value, networks, context);
      return set ? { kind, set } : { kind: 'unknown' };
    }
    case 'port': {
      const set = setOf(value, transports, context);
      return set ? { kind, set } : { kind: 'unknown' };
    }
    case 'domain':
    case 'path':
    case 'binary': {
      const set = setOf(value, textKinds[kind], context);
      return set ? { kind, set } : { kind: 'unknown' };
    }
    case 'list': {
      const items = listOf(value, context);
      return items ? { kind, items } : { kind: 'unknown' };
    }
  }
}

function partsOf(set: DeclaredSet): number {
  switch (set.kind) {
    case 'workload':
      return set.set.length;
    case 'network':
      return set.set.outside.length + set.set.any.length;
    case 'port':
      return set.set.points.length + set.set.named.length;
    case 'domain':
    case 'path':
    case 'binary':
      return patternSize(set.set);
    case 'list':
      return set.items.length;
    case 'unknown':
      return 0;
  }
}

/** Parts of the set, 0 when nothing is in it; undefined when that is not known. */
function sizeOf(set: DeclaredSet, { value }: Declaration): number | undefined {
  switch (set.kind) {
    case 'unknown':
      return undefined;
    case 'domain':
    case 'path':
    case 'binary':
      return isEmptyText(value, set.set) ? 0 : 1;
    default:
      return partsOf(set);
  }
}
