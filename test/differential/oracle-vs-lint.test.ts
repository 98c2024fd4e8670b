// Lint against the oracle, on every event of a tiny world: a rule that is said never to decide decides no event, and every other rule
// decides one; without all rules that are said to change nothing, every verdict is the same.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lint } from '../../src/compiler/analysis/lint.ts';
import { sideVerdict, verdictOf } from '../../src/compiler/analysis/oracle.ts';
import type { PolicyEvent, Verdict } from '../../src/compiler/ir/event.ts';
import type { RuleId } from '../../src/compiler/ir/ids.ts';
import type { Rule, Section, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { random, seedOf } from '../harness/random.ts';
import { everyTinyEvent, tinyWorld, typedTinyWorld } from '../harness/tiny-world.ts';

const seed = seedOf('oracle-vs-lint', 20_260_107);
const rounds = Number(process.env['ROUNDS'] ?? 60);
const events = everyTinyEvent();

const deciderIn = ({ cause, audit }: Verdict): readonly RuleId[] =>
  [cause, audit?.cause].flatMap((one) => (one?.kind === 'rule' ? [one.rule] : []));
const actions = ({ action, audit }: Verdict): string => `${action} ${audit?.action}`;

const sectionsOf = (event: PolicyEvent): readonly Section[] => (event.kind === 'process' ? ['process'] : ['ingress', 'egress']);

/** The rules by which some event is decided on one of its sides. */
const deciding = (typed: TypedPolicy): ReadonlySet<RuleId> =>
  new Set(events.flatMap((event) => sectionsOf(event).flatMap((section) => deciderIn(sideVerdict(typed, section, event)))));

/** Without these rules; the others keep their ids. */
const without = (typed: TypedPolicy, gone: ReadonlySet<Rule>): TypedPolicy => ({
  ...typed,
  rules: typed.rules.filter((rule) => !gone.has(rule)),
});

test('rules that never decide, and rules that change nothing', () => {
  const pick = random(seed);
  const seen = { 'never-decides': 0, 'no-effect': 0, kept: 0 };
  for (let round = 0; round < rounds; round++) {
    const typed = typedTinyWorld(tinyWorld(pick));
    const { findings } = lint(typed);
    const idle = findings.flatMap((one) => (one.kind === 'never-decides' || one.kind === 'no-effect' ? [one] : []));
    const ids = deciding(typed);
    for (const { kind, rule } of idle) {
      seen[kind]++;
      if (kind === 'never-decides') assert.not(ids.has(rule.id), `${rule.text} decides`);
    }
    const rest = without(typed, new Set(idle.map(({ rule }) => rule)));
    for (const event of events) assert.is(actions(verdictOf(rest, event)), actions(verdictOf(typed, event)));
    // Each of the others alone turns some verdict, unless it only decides in another way.
    seen.kept += typed.rules.length - idle.length;
    for (const rule of rest.rules) {
      if (rule.action !== 'allow' || rule.audit) continue;
      const less = without(rest, new Set([rule]));
      const turns = events.some((event) => actions(verdictOf(less, event)) !== actions(verdictOf(rest, event)));
      if (!turns) assert.ok(isMasked(rest, less), `${rule.text} turns nothing`);
    }
  }
  console.log(`oracle-vs-lint: ${JSON.stringify(seen)}`);
  for (const count of Object.values(seen)) assert.ok(count > rounds / 20);
});

/** One side alone is turned: the other side denies all of it. */
function isMasked(before: TypedPolicy, after: TypedPolicy): boolean {
  return events.some(
    (event) =>
      event.kind === 'flow' &&
      (['ingress', 'egress'] as const).some((section) => {
        const [was, is] = [before, after].map((typed) => sideVerdict(typed, section, event));
        return was && is && actions(was) !== actions(is);
      }),
  );
}

test.run();
