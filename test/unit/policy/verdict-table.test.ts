// A verdict as one word, and back; what does not fit a word is refused by name.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedCause, matchType, verdictAction, verdictFlag, verdictShift } from '../../../src/compiler/ir/abi.ts';
import { GenerationLimit } from '../../../src/runtime/policy/generation.ts';
import { absent, type Entry, entryOf, VerdictTable } from '../../../src/runtime/policy/verdict-table.ts';

const mostCause = 2 ** (32 - verdictShift.number) - 1;
const mostNext = 2 ** 28 - 1;

function said(table: VerdictTable, word: number): Entry | undefined {
  const { inspections } = table.done();
  return entryOf(word, (number) => {
    const [cause, next] = inspections.subarray(number * 2, number * 2 + 2);
    return cause === undefined || next === undefined ? undefined : [cause, next];
  });
}

test('every member of a verdict is read back from its word, at both ends', () => {
  const table = new VerdictTable();
  const actions = [verdictAction.allow, verdictAction.deny, verdictAction.inspect];
  for (const action of actions)
    for (const match of Object.values(matchType))
      for (const flags of [0, ...Object.values(verdictFlag)])
        for (const cause of [0, fixedCause.firstDynamic, mostCause])
          for (const [next, domain] of action === verdictAction.inspect
            ? ([
                [1, 1],
                [mostNext, 15],
              ] as const)
            : ([[0, 0]] as const)) {
            const entry: Entry = { action, match, flags, cause, next, domain };
            assert.equal(said(table, table.word(entry)), entry);
          }
  assert.is(table.word(absent), 0);
});

test('what reads requests has its cause beside it, however high; equal ones are one', () => {
  const table = new VerdictTable();
  const inspect = { ...absent, action: verdictAction.inspect, cause: 2 ** 32 - 1, next: 7, domain: 1 };
  assert.equal(said(table, table.word(inspect)), inspect);
  assert.is(table.word(inspect), table.word({ ...inspect }));
  assert.is(table.done().inspections.length, 2);
  assert.is(
    entryOf(table.word({ ...inspect, next: 8 }), () => undefined),
    undefined,
    'one that is not there says nothing',
  );
});

test('a cause that a word has no room for is refused by name', () => {
  const allow = { ...absent, action: verdictAction.allow };
  assert.throws(
    () => new VerdictTable().word({ ...allow, cause: mostCause + 1 }),
    (error: unknown) => error instanceof GenerationLimit && /deciders/.test(error.message),
  );
});

test.run();
