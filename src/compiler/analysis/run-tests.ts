// `test` blocks: each line is held against the oracle. Over a workload it stands for every label set that its selector
// selects, over an open field for every value: those that no rule tells apart are one cell, and the oracle is asked about
// one event of each.
import type { Decided, PolicyEvent, Verdict } from '../ir/event.ts';
import type { ExpectedVerdict, Rule, TestCase, TypedPolicy } from '../ir/typed.ts';
import { type EventClasses, eventClasses } from './event-classes.ts';
import { policiesOf, verdictOf } from './oracle.ts';

/** `cells`: how many classes of events the line stands for; `counterexample`: the first for which it does not hold. */
export type TestOutcome = {
  readonly test: TestCase;
  readonly cells: number;
  readonly counterexample?: { readonly event: PolicyEvent; readonly verdict: Verdict };
};

/**
 * One outcome for each line, in order.
 * @throws AnalysisLimit
 */
export function runTests(typed: TypedPolicy): readonly TestOutcome[] {
  const classes = eventClasses(typed);
  return typed.tests.map((test) => runTest(typed, test, classes));
}

/** Do all lines hold? Ends at the first that does not. */
export function allHold(typed: TypedPolicy): boolean {
  const classes = eventClasses(typed);
  return typed.tests.every((test) => runTest(typed, test, classes).counterexample === undefined);
}

/** One line; `classes` are those of `typed`. */
function runTest(typed: TypedPolicy, test: TestCase, classes: EventClasses): TestOutcome {
  let cells = 0;
  for (const event of classes(test.event, test.expected.by !== undefined)) {
    cells++;
    const verdict = verdictOf(typed, event);
    if (!isAsExpected(typed, test.expected, verdict)) return { test, cells, counterexample: { event, verdict } };
  }
  return { test, cells };
}

const ruleOf = (typed: TypedPolicy, { cause }: Decided): Rule | undefined => (cause.kind === 'rule' ? typed.rules[cause.rule] : undefined);

/** `denied` is fulfilled by every refusal, `allowed` not by what is audited. */
function isVerdict(typed: TypedPolicy, expected: ExpectedVerdict, verdict: Verdict): boolean {
  const isAudited = verdict.action === 'allowed' && verdict.audit?.action === 'denied';
  switch (expected) {
    case 'allowed':
      return verdict.action === 'allowed' && !isAudited;
    case 'denied':
      return verdict.action === 'denied';
    case 'audited':
      return isAudited;
    case 'dropped':
      return ruleOf(typed, verdict)?.action === 'drop';
    case 'killed':
      return ruleOf(typed, verdict)?.action === 'kill';
  }
}

/** Of what is audited, who decides is who would deny it. */
export function isAsExpected(typed: TypedPolicy, expected: TestCase['expected'], verdict: Verdict): boolean {
  if (!isVerdict(typed, expected.verdict, verdict)) return false;
  const decided = expected.verdict === 'audited' && verdict.audit ? verdict.audit : verdict;
  const { cause } = decided;
  if (expected.byDefault && cause.kind !== 'default-deny' && cause.kind !== 'default-allow') return false;
  if (expected.rule !== undefined && ruleOf(typed, decided)?.name !== expected.rule) return false;
  return expected.by === undefined || policiesOf(typed, cause).includes(expected.by);
}
