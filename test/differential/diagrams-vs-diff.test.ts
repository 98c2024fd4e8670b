// Two engines that share no code: the compiler's diff and whole-list interval diagrams agree on ClassBench lists and their edits, on
// how many events are decided by which rule before and after; rules that several others together hide are among them.
import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classbench, readRules } from '../harness/classbench.ts';
import { countedByDiagrams, countedByDiff, editedRules } from '../harness/compared-lists.ts';
import { random, seedOf } from '../harness/random.ts';

const seed = seedOf('diagrams-vs-diff', 20_260_105);
const sets = ['acl1', 'acl2', 'acl3', 'acl5', 'fw1', 'fw3', 'ipc1', 'ipc2'];

if (!existsSync(classbench)) console.log('SKIP diagrams-vs-diff: ../shared/corpora/classbench is not there');
else {
  for (const set of sets) {
    test(`${set}: every event that another rule decides is counted once by both`, () => {
      const pick = random(seed + sets.indexOf(set));
      const before = readRules(`${set}_1k`, () => pick.pick(['allow', 'deny']));
      const after = editedRules(pick, before, 12);
      const expected = countedByDiagrams(before, after);
      const { counts } = countedByDiff(before, after);
      assert.ok(expected.size > 0);
      assert.equal([...counts].sort(), [...expected].sort());
    });
  }
}

test.run();
