// Two changes past the limit: what of them is decided is told, and what is not is named, never taken for harmless.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type MergeConflicts, mergeConflicts } from '../../../src/compiler/analysis/merge-conflicts.ts';
import { typedPolicy } from '../../harness/compile.ts';

const wide = Array.from(
  { length: 8 },
  (_, i) => `    ${i % 2 === 0 ? 'allow' : 'deny'} from [{ "k${i}": "v" }, 10.${i}.0.0/17] at tcp ${1000 + i * 7}-${1400 + i * 11}`,
).join('\n');
const stateOf = (denies: readonly string[]) =>
  typedPolicy(`policy small for { app: "small" } {
  ingress {
    allow from { app: "web" } at tcp 5432
${denies.map((line) => `    deny from ${line}`).join('\n')}
  }
}
policy large for { app: "large" } {
  ingress {
${wide}
${denies.map((line) => `    drop from ${line}`).join('\n')}
  }
}`);
const [one, other] = ['{ env: "dev" } at tcp [5432, 1100]', '{ env: "dev", app: exists } at tcp [5432, 1100]'];
const merge = { base: stateOf([one, other]), ours: stateOf([other]), theirs: stateOf([one]), merged: stateOf([]) };

const all = ({ together, undoneOurs, undoneTheirs }: MergeConflicts) => [together, undoneOurs, undoneTheirs];
const undecidedIn = (limit?: number) => all(mergeConflicts(merge, limit)).flatMap(({ undecided }) => undecided);

test('within the limit all is decided', () => {
  assert.equal(undecidedIn(), []);
  assert.ok(mergeConflicts(merge).together.differences.length > 0);
});

test('past it rules are named, and what is told is true', () => {
  let limit = 1 << 20;
  while (undecidedIn(limit).length === 0) limit /= 2;
  const found = mergeConflicts(merge, limit);
  const spans = all(found).flatMap(({ undecided }) => undecided.map(({ limit: { guilty } }) => guilty));
  for (const span of spans) assert.match(span?.source.text.slice(span.start, span.end) ?? '', /^(?:allow|deny|drop|policy) /);
  const whole = new Set(mergeConflicts(merge).together.differences.map(({ effect, section }) => `${effect} ${section}`));
  for (const { effect, section } of found.together.differences) assert.ok(whole.has(`${effect} ${section}`));
});

test('nothing is told of what nothing is known of', () => {
  const undecided = undecidedIn(2);
  assert.ok(undecided.length > 0);
  assert.equal(new Set(undecided.map(({ section }) => section)), new Set(['ingress']));
});

test.run();
