// When a change is rehearsed: behind a collection of all garbage, if something changed since the last rehearsal.
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Rehearsal } from '../../../src/runtime/daemon/rehearsal.ts';
import { YoungMemory } from '../../../src/runtime/daemon/young-memory.ts';

const memory = new YoungMemory();

/** Rounds that a collection brings about: waits until there are `wanted`. */
async function roundsOf(rehearsal: Rehearsal, rounds: number[], wanted: number): Promise<readonly number[]> {
  rounds.length = 0;
  memory.clearAllSoon();
  await sleep(50);
  for (let looks = 0; looks < 2000 && rounds.length < wanted; looks++) await sleep(5);
  rehearsal.changed();
  return [...rounds];
}

test('each collection of everything is followed by rounds, until one says no', async () => {
  const rounds: number[] = [];
  const rehearsal = new Rehearsal((number) => {
    rounds.push(number);
    return number < 2;
  }, memory);
  rehearsal.follow();
  assert.equal(await roundsOf(rehearsal, rounds, 3), [0, 1, 2]);
  assert.equal(await roundsOf(rehearsal, rounds, 3), [0, 1, 2]);
  rehearsal.close();
  rehearsal.changed();
  assert.equal(await roundsOf(rehearsal, rounds, 0), []);
});

test('without a change between there is one rehearsal, and no more rounds than it needs', async () => {
  let rounds = 0;
  const rehearsal = new Rehearsal(() => rounds++ >= 0, memory);
  rehearsal.follow();
  for (let looks = 0; looks < 2000 && rounds < 80; looks++) await sleep(5);
  memory.clearAllSoon();
  await sleep(100);
  assert.is(rounds, 80);
  rehearsal.close();
});

test.run();
