// The outcomes of `test` and `invariant` blocks as records for programs, as JUnit, and as text.
import { deciderOf, deciderWords, eventWords, placeOf } from '../analysis/event-words.ts';
import type { Span } from '../base/source.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { PolicyEvent, Verdict } from '../ir/event.ts';
import type { TypedPolicy } from '../ir/typed.ts';
import { expectedWords, type Held, valuesOf } from './held.ts';
import { type JunitCase, junitOf } from './junit.ts';
import { colorsOf, counted, print } from './output.ts';

const textOf = ({ source, start, end }: Span): string => source.text.slice(start, end).replace(/\s+/g, ' ');

const foundOf = (typed: TypedPolicy, { event, verdict }: { readonly event: PolicyEvent; readonly verdict: Verdict }) => ({
  event: eventWords(event, typed.domains),
  found: deciderOf(typed, verdict),
});

export const recordsOf = (typed: TypedPolicy, { tests, invariants }: Held) => ({
  tests: valuesOf(tests).map(({ test, cells, counterexample }) => ({
    test: test.test,
    ...placeOf(test.span),
    text: textOf(test.span),
    ok: !counterexample,
    classes: cells,
    ...(counterexample && { counterexample: foundOf(typed, counterexample) }),
  })),
  invariants: valuesOf(invariants).map((outcome) => ({
    invariant: outcome.invariant.name,
    ...placeOf(outcome.invariant.span),
    text: outcome.invariant.text,
    ok: outcome.kind === 'proved',
    ...(outcome.kind === 'proved' && outcome.vacuous && { vacuous: true }),
    ...(outcome.kind === 'refuted' && { counterexample: foundOf(typed, outcome) }),
  })),
});

export function junitText(typed: TypedPolicy, { tests, invariants }: Held, failures: readonly Diagnostic[]): string {
  const detailOf = ({ event, found }: ReturnType<typeof foundOf>): string => `for example ${event}: ${deciderWords(found)}`;
  const outcomes = [
    ...valuesOf(tests).map(({ test, counterexample }): JunitCase => {
      const place = { test: test.test, ...placeOf(test.span), text: textOf(test.span) };
      if (!counterexample) return place;
      const found = foundOf(typed, counterexample);
      return {
        ...place,
        failure: {
          type: 'test/failed',
          message: `expected ${expectedWords(test)}, is ${deciderWords(found.found)}`,
          detail: detailOf(found),
        },
      };
    }),
    ...valuesOf(invariants).map((outcome): JunitCase => {
      const { name, span, text } = outcome.invariant;
      const place = { test: name, ...placeOf(span), text };
      if (outcome.kind === 'proved') return place;
      return { ...place, failure: { type: 'test/refuted', message: 'refuted', detail: detailOf(foundOf(typed, outcome)) } };
    }),
  ];
  return junitOf({ outcomes, diagnostics: failures.filter(({ code }) => code === 'analysis/limit') });
}

export function printOutcomes({ tests, invariants }: Held): void {
  const lines = valuesOf(tests).map(({ test, cells, counterexample }) => ({
    block: `test ${JSON.stringify(test.test)}`,
    holds: !counterexample,
    text: textOf(test.span),
    note: cells > 1 ? `  (${cells} classes of events)` : '',
  }));
  const statements = valuesOf(invariants).map((outcome) => ({
    block: `invariant ${JSON.stringify(outcome.invariant.name)}`,
    holds: outcome.kind === 'proved',
    text: outcome.invariant.text,
    note: outcome.kind === 'proved' && outcome.vacuous ? '  (about no event)' : '',
  }));
  printBlocks([...lines, ...statements]);
  const counts = [
    ...(lines.length > 0 || statements.length === 0
      ? [`${blocksOf(lines, 'test')}, ${counted(lines.length, 'line')}: ${holding(lines)}`]
      : []),
    ...(statements.length > 0
      ? [`${blocksOf(statements, 'invariant')}, ${counted(statements.length, 'statement')}: ${holding(statements)}`]
      : []),
  ];
  if (tests.ok && invariants.ok) print(counts.join('\n'));
}

type Shown = { readonly block: string; readonly holds: boolean; readonly text: string; readonly note: string };

const blocksOf = (shown: readonly Shown[], noun: string): string => counted(new Set(shown.map(({ block }) => block)).size, noun);

function holding(shown: readonly Shown[]): string {
  const failed = shown.filter(({ holds }) => !holds).length;
  return `${shown.length - failed} hold, ${failed} ${failed === 1 ? 'fails' : 'fail'}`;
}

function printBlocks(shown: readonly Shown[]): void {
  const colors = colorsOf(process.stdout);
  let open: string | undefined;
  for (const { block, holds, text, note } of shown) {
    if (block !== open) print(colors.bold(block));
    open = block;
    print(`  ${holds ? colors.green('ok  ') : colors.red('FAIL')} ${text}${colors.dim(note)}`);
  }
}
