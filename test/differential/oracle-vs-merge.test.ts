// What two changes do together against the oracle: on random states of a small world, exactly the events that the definition names are
// in what is found; and whole commands on the ways in which two changes meet.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Difference } from '../../src/compiler/analysis/diff.ts';
import { mergeConflicts } from '../../src/compiler/analysis/merge-conflicts.ts';
import { verdictOf } from '../../src/compiler/analysis/oracle.ts';
import { contentReader } from '../../src/compiler/analysis/oracle-content.ts';
import { isManaged, isSame } from '../../src/compiler/analysis/oracle-members.ts';
import { mergeTexts } from '../../src/compiler/cli/merge-texts.ts';
import { isOf } from '../../src/compiler/flows/hits.ts';
import type { PolicyEvent } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { random, seedOf } from '../harness/random.ts';
import { smallDomains } from '../harness/small-domains.ts';
import { editedWorld, everyEvent, randomWorld, typedWorld } from '../harness/small-world.ts';

const seed = seedOf('oracle-vs-merge', 20_261_121);
const rounds = Number(process.env['ROUNDS'] ?? 20);
const reader = contentReader(smallDomains);
const events = everyEvent();
const shown = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString(16) : part));

/** Flows that nobody governs, and those to oneself, are of no difference. */
const isAsked = (event: PolicyEvent): boolean =>
  event.kind === 'process'
    ? isManaged(event.subject)
    : !isSame(event.source, event.destination) && [event.source, event.destination].some(isManaged);

test('exactly the events that turn together, or turn back', () => {
  const pick = random(seed);
  const counts = { together: 0, undone: 0, others: 0 };
  for (let round = 0; round < rounds; round++) {
    const world = randomWorld(pick);
    const [one, other] = [editedWorld(pick, world), editedWorld(pick, world)];
    const states = {
      base: typedWorld(world),
      ours: typedWorld(one),
      theirs: typedWorld(other),
      merged: typedWorld(editedWorld(pick, one)),
    };
    const found = mergeConflicts(states);
    assert.equal(
      [found.together, found.undoneOurs, found.undoneTheirs].map(({ undecided }) => undecided),
      [[], [], []],
    );
    const isIn = (differences: readonly Difference[], event: PolicyEvent): boolean => differences.some((one) => isOf(one, event, reader));
    for (const event of events) {
      if (!isAsked(event) || !pick.chance(0.04)) continue;
      const said = (typed: TypedPolicy): boolean => verdictOf(typed, event).action === 'allowed';
      const [was, ours, theirs, is] = [said(states.base), said(states.ours), said(states.theirs), said(states.merged)];
      const together = was === ours && was === theirs && was !== is;
      const [undoneOurs, undoneTheirs] = [was !== ours && was === is, was !== theirs && was === is];
      assert.equal(
        [found.together, found.undoneOurs, found.undoneTheirs].map(({ differences }) => isIn(differences, event)),
        [together, undoneOurs, undoneTheirs],
        shown(event),
      );
      counts[together ? 'together' : undoneOurs || undoneTheirs ? 'undone' : 'others']++;
    }
    for (const { witness, effect } of found.together.differences) {
      const verdicts = Object.values(states).map((typed) => verdictOf(typed, witness.event).action);
      const [from, to] = effect === 'newly-allowed' ? ['denied', 'allowed'] : ['allowed', 'denied'];
      assert.equal(verdicts, [from, from, from, to], shown(witness.event));
    }
  }
  console.log(`oracle-vs-merge: ${shown(counts)}`);
  assert.ok(counts.together > 20 && counts.undone > 20);
});

test('texts: what one change leaves as it was is the other’s, and lines are merged', () => {
  const texts = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));
  const lines = (first: string, last: string) => `${first}\n2\n3\n4\n${last}\n`;
  const base = texts({ same: 'x', mine: 'x', theirs: 'x', gone: 'x', both: lines('1', '5'), clash: 'x', 'gone and changed': 'x' });
  const ours = texts({ same: 'x', mine: 'y', theirs: 'x', both: lines('a', '5'), clash: 'y', 'gone and changed': 'y', added: 'z' });
  const theirs = texts({ same: 'x', mine: 'x', theirs: 'y', gone: 'x', both: lines('1', 'b'), clash: 'z', added: 'z' });
  const { texts: merged, conflicts } = mergeTexts(base, ours, theirs);
  assert.equal(Object.fromEntries(merged), { same: 'x', mine: 'y', theirs: 'y', both: lines('a', 'b'), added: 'z' });
  assert.equal(conflicts, ['clash', 'gone and changed']);
});

test.run();
