// Random pairs of policies of the tiny world, and every event there is: each must be in the difference that says what became of it,
// and in no other.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diff, effects } from '../../src/compiler/analysis/diff.ts';
import { compareEvent } from './expected-differences.ts';
import { random, seedOf } from './random.ts';
import { editedTinyWorld, everyTinyEvent, tinyWorld, typedTinyWorld } from './tiny-world.ts';

export function bruteForce(name: string, pairs: number): void {
  const seed = seedOf(name, 20_260_106);
  test(`${pairs} pairs of policies, every event of each`, () => {
    const pick = random(seed);
    const events = everyTinyEvent();
    const seen = new Map<string, number>();
    for (let pair = 0; pair < pairs; pair++) {
      const world = tinyWorld(pick);
      const [before, after] = [typedTinyWorld(world), typedTinyWorld(editedTinyWorld(pick, world))];
      const compare = compareEvent(before, after, diff(before, after));
      for (const event of events) compare(event, seen);
    }
    console.log(`${name}: ${events.length} events: ${[...seen].map(([effect, count]) => `${effect} ${count}`).join(', ')}`);
    for (const effect of effects) assert.ok((seen.get(effect) ?? 0) >= pairs / 10, effect);
  });
  test.run();
}
