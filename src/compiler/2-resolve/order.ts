// The order in which the declarations of a file can be computed: each after all that it names. A name that comes back to
// itself is reported once, and cut there. Those of other files are computed before. Without recursion: chains of names may be long.
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Declaration, Value } from '../ir/resolved.ts';

type Reference = { readonly declaration: number; readonly span: Span };

function references(value: Value): readonly Reference[] {
  switch (value.kind) {
    case 'declared':
      return [value];
    case 'list':
      return value.items.flatMap(references);
    case 'not':
    case 'including':
    case 'matched':
      return references(value.operand);
    case 'transport':
      return [...value.names.values()].map((declaration) => ({ declaration, span: value.span }));
    case 'combine':
      return value.operands.flatMap(references);
    default:
      return [];
  }
}

type Visit = { readonly index: number; readonly by: Span; readonly wanted: readonly Reference[]; next: number };

/** Places of all declarations in computing order; `base` is the number of the first. */
export function computingOrder(declarations: readonly Declaration[], base: number, report: Report): readonly number[] {
  const order: number[] = [];
  const state = new Map<number, 'open' | 'done'>();
  const own = ({ declaration, span }: Reference): readonly Reference[] => {
    const place = declaration - base;
    return place >= 0 && place < declarations.length ? [{ declaration: place, span }] : [];
  };
  const visit = (index: number, by: Span): Visit => {
    state.set(index, 'open');
    const declaration = declarations[index];
    return { index, by, wanted: declaration ? references(declaration.value).flatMap(own) : [], next: 0 };
  };
  for (const [start, { span }] of declarations.entries()) {
    if (state.has(start)) continue;
    const path = [visit(start, span)];
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const wanted = top.wanted[top.next++];
      if (!wanted) {
        state.set(top.index, 'done');
        order.push(top.index);
        path.pop();
      } else if (!state.has(wanted.declaration)) path.push(visit(wanted.declaration, wanted.span));
      else if (state.get(wanted.declaration) === 'open') reportCycle(path, wanted, declarations, report);
    }
  }
  return order;
}

/** Names shown in a chain. */
const longestChain = 8;

function reportCycle(path: readonly Visit[], closing: Reference, declarations: readonly Declaration[], report: Report): void {
  const circle = path.slice(path.findIndex(({ index }) => index === closing.declaration));
  const names = [...circle.map(({ index }) => index), closing.declaration].map((index) => declarations[index]?.name ?? '');
  const shown = names.length > longestChain ? [...names.slice(0, longestChain - 1), '...', names.at(-1) ?? ''] : names;
  const first = declarations[closing.declaration];
  const name = first?.name ?? '';
  report('resolve/reference-cycle', [first?.span ?? closing.span, closing.span], {
    name,
    chain: shown.map((one) => `\`${one}\``).join(' -> '),
  });
}
