// A rule that is said never to decide decides no event, enforced or with what is in audit mode: random policies of a small
// world with all its events, and random policies as text with events at their edges. What is found among many rules is what
// is found of each pair of them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sideVerdict } from '../../src/compiler/analysis/oracle.ts';
import { type Unreachable, UnreachableMemory, unreachableRules } from '../../src/compiler/analysis/unreachable.ts';
import type { PolicyEvent } from '../../src/compiler/ir/event.ts';
import { ruleId } from '../../src/compiler/ir/ids.ts';
import type { Rule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { checkUnit } from '../../src/compiler/pipeline.ts';
import { randomEvents, randomPolicy, randomUniverse } from '../harness/arbitrary.ts';
import { random, seedOf } from '../harness/random.ts';
import { everyEvent, randomWorld, typedWorld, type World } from '../harness/small-world.ts';

const programs = Number(process.env['PROGRAMS'] ?? 200);
const shown = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));

/** With nothing in audit mode any more, what is enforced is what would be with it. */
const withoutAudit = (typed: TypedPolicy): TypedPolicy => ({
  ...typed,
  policies: typed.policies.map((policy) => ({ ...policy, audit: false })),
  rules: typed.rules.map((rule) => ({ ...rule, audit: false })),
});

/** What the rules of one program are found to be, by what leaves them nothing. */
type Count = { programs: number; unreachable: number; passed: number; content: number; process: number; audit: number; tier: number };
const nothing: Count = { programs: 0, unreachable: 0, passed: 0, content: 0, process: 0, audit: 0, tier: 0 };

function tally(typed: TypedPolicy, count: Count): void {
  const tierOf = ({ policy }: Rule): string | undefined => typed.policies[policy]?.tier;
  count.programs++;
  for (const { rule, by } of unreachableRules(typed)) {
    count.unreachable++;
    if (by.action === 'pass') count.passed++;
    if (by.section !== 'process' && by.layer7) count.content++;
    if (by.section === 'process') count.process++;
    if (rule.audit) count.audit++;
    if (tierOf(rule) !== tierOf(by)) count.tier++;
  }
}

/** No event of these is decided by a rule that is said never to decide. */
function assertIdle(typed: TypedPolicy, events: readonly PolicyEvent[]): void {
  const found = new Map(unreachableRules(typed).map(({ rule, by }) => [rule.id, by]));
  const sections = new Set([...found.keys()].flatMap((id) => typed.rules[id]?.section ?? []));
  for (const asked of found.size > 0 ? [typed, withoutAudit(typed)] : []) {
    for (const event of events) {
      for (const section of event.kind === 'process' ? (['process'] as const) : (['egress', 'ingress'] as const)) {
        if (!sections.has(section)) continue;
        const { cause } = sideVerdict(asked, section, event);
        const by = cause.kind === 'rule' ? found.get(cause.rule) : undefined;
        if (by) assert.unreachable(`${shown(cause)} behind rule ${by.id}: ${section} ${shown(event)}\n${shown(typed)}`);
      }
    }
  }
}

/** The policies of the first world with the rules of all. */
function worldOf(worlds: readonly World[]): TypedPolicy {
  const policies = worlds[0]?.policies ?? [];
  return typedWorld({ policies, rules: worlds.flatMap(({ rules }) => rules.filter(({ policy }) => policy < policies.length)) });
}

const numbered = (rules: readonly Rule[]): readonly Rule[] => rules.map((rule, id) => ({ ...rule, id: ruleId(id) }));

/** What a `pass` does depends on more than two rules. */
const withoutPass = (typed: TypedPolicy): TypedPolicy => ({
  ...typed,
  rules: numbered(typed.rules.filter(({ action }) => action !== 'pass')).map((rule) => ({ ...rule, text: `rule ${rule.id}` })),
});

test('small worlds: what never decides decides no event', () => {
  const source = random(seedOf('oracle-vs-unreachable', 20260811));
  const events = everyEvent();
  const count = { ...nothing };
  for (let i = 0; i < programs / 8; i++) {
    const typed = worldOf([randomWorld(source), randomWorld(source), randomWorld(source)]);
    tally(typed, count);
    assertIdle(
      typed,
      events.filter((_, event) => event % 4 === i % 4),
    );
  }
  console.log(`${events.length} events; ${shown(count)}`);
  assert.ok(count.unreachable > 0);
});

test('policies as text: what never decides decides no event', () => {
  const source = random(seedOf('oracle-vs-unreachable (text)', 20260812));
  const count = { ...nothing };
  for (let i = 0; i < programs; i++) {
    const text = randomPolicy(source);
    const checked = checkUnit([{ path: 'random.policy', text }]);
    if (!checked.ok) throw new Error(`${checked.diagnostics.map(({ message }) => message).join('\n')}\n${text}`);
    const { typed } = checked.value;
    const { unreachable } = count;
    tally(typed, count);
    if (count.unreachable > unreachable) assertIdle(typed, randomEvents(typed, randomUniverse(source), { random: source, count: 60 }));
  }
  console.log(shown(count));
  assert.ok(Math.min(...Object.values(count)) > 0, 'each kind must be found');
});

test('what is found among many rules is what is found of each pair', () => {
  const source = random(seedOf('oracle-vs-unreachable (many)', 20260813));
  let found = 0;
  for (let i = 0; i < programs / 40; i++) {
    const typed = withoutPass(worldOf(Array.from({ length: 25 }, () => randomWorld(source))));
    const among = new Set(unreachableRules(typed).map(({ rule }) => rule.id));
    const isFoundAfter = (rule: Rule): boolean =>
      typed.rules.some((one) => {
        if (one === rule || one.section !== rule.section) return false;
        const pair = numbered(one.id < rule.id ? [one, rule] : [rule, one]);
        return unreachableRules({ ...typed, rules: pair }).some((each) => each.rule.text === rule.text);
      });
    const pairwise = new Set(typed.rules.filter(isFoundAfter).map(({ id }) => id));
    assert.equal([...among].sort(), [...pairwise].sort(), shown(typed));
    found += among.size;
  }
  console.log(`${found} rules`);
  assert.ok(found > 0);
});

/** Some rules of the program are those that stand at their place in another one. */
function edited(typed: TypedPolicy, other: TypedPolicy, isTaken: () => boolean): TypedPolicy {
  const rules = typed.rules.map((rule, id) => {
    const taken = isTaken() ? other.rules[id] : undefined;
    return taken && taken.policy < typed.policies.length ? { ...taken, id: rule.id } : rule;
  });
  return { ...typed, rules };
}

const idsOf = ({ rule, by }: Unreachable): string => `${rule.id} by ${by.id}`;

test('what is kept from one program to the next changes nothing', () => {
  const source = random(seedOf('oracle-vs-unreachable (memory)', 20260814));
  let [found, changed] = [0, 0];
  for (let i = 0; i < programs / 10; i++) {
    const memory = new UnreachableMemory();
    const worlds = (): TypedPolicy => worldOf(Array.from({ length: 8 }, () => randomWorld(source)));
    let typed = worlds();
    for (let edit = 0; edit < 8; edit++) {
      const before = found;
      const alone = unreachableRules(typed);
      assert.equal(memory.find(typed).map(idsOf), alone.map(idsOf));
      found += alone.length;
      if (found !== before) changed++;
      typed = source.chance(0.9) ? edited(typed, worlds(), () => source.chance(0.05)) : worlds();
    }
  }
  console.log(`${found} rules, ${changed} programs`);
  assert.ok(found > 0);
});

test.run();
