// Builds of the last revisions are known however many changes there were.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Builds } from '../../../src/runtime/daemon/builds.ts';

test('the last revisions are known with their builds, and those of long ago are not', () => {
  const builds = new Builds();
  for (let revision = 1; revision <= 5000; revision++) builds.learn(revision, `build-${revision}`);
  for (const revision of [5000, 4999, 4500]) assert.is(builds.of(revision), `build-${revision}`);
  for (const revision of [1, 2, 3000, 5001]) assert.is(builds.of(revision), undefined);
});

test('what is learned again takes no more room', () => {
  const builds = new Builds();
  builds.learn(1, 'first');
  for (let i = 0; i < 5000; i++) builds.learn(2, 'second');
  assert.is(builds.of(1), 'first');
  assert.is(builds.of(2), 'second');
});

test.run();
