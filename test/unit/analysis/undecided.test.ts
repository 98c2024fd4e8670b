// A comparison past its limit: what is decided is told, and what is not is named by the rule whose change it is.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { comparison, diff } from '../../../src/compiler/analysis/diff.ts';
import { AnalysisLimit } from '../../../src/compiler/analysis/limit.ts';
import type { TypedPolicy } from '../../../src/compiler/ir/typed.ts';
import { typedPolicy } from '../../harness/compile.ts';

/** Rules that tell many labels, addresses and ports apart. */
const wide = Array.from(
  { length: 12 },
  (_, i) => `    ${i % 2 === 0 ? 'allow' : 'deny'} from [{ "k${i}": "v" }, 10.${i}.0.0/17] at tcp ${1000 + i * 7}-${1400 + i * 11}`,
).join('\n');
const policy = (small: string, large: string) =>
  typedPolicy(`policy small for { app: "small" } {
  ingress {
    ${small}
  }
}
policy large for { app: "large" } {
  ingress {
${wide}
    ${large}
  }
}`);
const [before, after] = [policy('allow from { app: "a" } at tcp 80', ''), policy('allow from { app: "b" } at tcp 80', 'drop at tcp')];
/** The smallest of some limits within which all is decided. */
const needOf = (old: TypedPolicy, now: TypedPolicy): number => {
  let limit = 16;
  while (comparison(old, now, limit).undecided.length > 0) limit *= 2;
  return limit;
};
const tight = needOf(before, after) / 2;
const textOf = (span: AnalysisLimit['guilty']) => span?.source.text.slice(span.start, span.end);

test('what is decided is told, what is not is named', () => {
  const whole = comparison(before, after);
  assert.equal(whole.undecided, []);
  const all = new Set(whole.differences.map(({ effect, section }) => `${effect} ${section}`));
  const part = comparison(before, after, tight);
  assert.equal(
    part.undecided.map(({ section, limit }) => [section, textOf(limit.guilty), limit.limit]),
    [['ingress', 'drop at tcp', 'cells']],
  );
  const small = part.differences.filter(
    ({ cell: { destination } }) => destination.kind === 'workload' && destination.labels.get('app')?.values[0] === 'small',
  );
  assert.equal(small.map(({ effect }) => effect).sort(), ['newly-allowed', 'newly-denied']);
  for (const { effect, section } of part.differences) assert.ok(all.has(`${effect} ${section}`));
});

test('whoever asks for all differences gets all or none', () => {
  try {
    diff(before, after, tight);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, AnalysisLimit);
    if (error instanceof AnalysisLimit) assert.is(textOf(error.guilty), 'drop at tcp');
  }
});

test('a change that needs most of the limit has it, whatever stands beside it', () => {
  const alone = policy('allow from { app: "a" } at tcp 80', 'drop at tcp');
  assert.ok(needOf(before, after) <= 2 * needOf(before, alone));
});

test.run();
