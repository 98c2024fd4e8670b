// The last records are kept; who follows gets each one once, or is told how many were left out.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { History } from '../../../src/runtime/events/history.ts';

test('keeps the last ones, oldest first', () => {
  const history = new History<number>(3);
  for (let i = 0; i < 10; i++) history.add(i);
  assert.equal(history.last(2), [8, 9]);
  assert.equal(history.last(100), [7, 8, 9]);
  assert.equal(history.last(0), []);
});

test('a slow follower is told what it missed, once, before it goes on', () => {
  const history = new History<number>(3);
  let ready = true;
  const seen: (number | string)[] = [];
  const stop = history.follow({
    offer: (item) => (ready ? seen.push(item) > 0 : false),
    lost: (count) => (ready ? seen.push(`lost ${count}`) > 0 : false),
  });
  history.add(1);
  ready = false;
  history.add(2);
  history.add(3);
  ready = true;
  history.add(4);
  history.add(5);
  stop();
  history.add(6);
  assert.equal(seen, [1, 'lost 2', 4, 5]);
  assert.is(history.lost, 2);
});

test.run();
