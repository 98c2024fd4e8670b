// The diff against the oracle: on random pairs of policies, every event of a small world whose verdict differs is in
// exactly the difference that says so, and every other event in none; each witness replays to its two verdicts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inCell, inEnd } from '../../src/compiler/analysis/cell.ts';
import { textMatcher } from '../../src/compiler/analysis/derivative.ts';
import { type Difference, diff, type Effect } from '../../src/compiler/analysis/diff.ts';
import type { Item } from '../../src/compiler/analysis/judge.ts';
import { AnalysisLimit } from '../../src/compiler/analysis/limit.ts';
import { verdictIn, verdictOf, verdictOfExec } from '../../src/compiler/analysis/oracle.ts';
import type { Content, PolicyEvent, Verdict } from '../../src/compiler/ir/event.ts';
import type { Section, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { editedPolicy, randomEvents, randomPolicy, randomUniverse } from '../harness/arbitrary.ts';
import { typedPolicy } from '../harness/compile.ts';
import { random, seedOf } from '../harness/random.ts';
import { editedWorld, everyEvent, randomWorld, typedWorld } from '../harness/small-world.ts';

const seed = seedOf('oracle-vs-diff', 20_240_601);
const matcher = textMatcher();

/** The verdict of one side; undefined where that side is not managed. */
function sideVerdict(typed: TypedPolicy, section: Section, event: PolicyEvent): Verdict | undefined {
  if (event.kind === 'exec') return section === 'process' ? verdictOfExec(typed, event.subject, event.content) : undefined;
  if (section === 'process') return undefined;
  const [subject, peer] = section === 'ingress' ? [event.destination, event.source] : [event.source, event.destination];
  return subject.kind === 'workload' ? verdictIn(typed, section, { ...event, subject, peer }) : undefined;
}

/** Two ways to name who decided: the line as written, and what it says. Equal in either is the same decider. */
function deciders(typed: TypedPolicy, { cause }: Verdict): readonly [string, string] {
  if (cause.kind !== 'rule') return [cause.kind, cause.kind];
  const rule = typed.rules[cause.rule];
  if (!rule) return ['none', 'none'];
  const policy = typed.policies[rule.policy];
  const said = rule.section === 'process' ? rule.match : [rule.peers, rule.transport, rule.layer7];
  const head = [policy?.name, rule.section, rule.action];
  return [show([...head, rule.text]), show([...head, policy?.subject, said])];
}

type Decided = readonly [typed: TypedPolicy, verdict: Verdict];

function isSameDecider([before, was]: Decided, [after, is]: Decided): boolean {
  const [[line, said], [lineNow, saidNow]] = [deciders(before, was), deciders(after, is)];
  return line === lineNow || said === saidNow;
}

function expectedEffect(before: TypedPolicy, after: TypedPolicy, section: Section, event: PolicyEvent): Effect | undefined {
  const [was, is] = [sideVerdict(before, section, event), sideVerdict(after, section, event)];
  if (!was || !is) return undefined;
  if (was.action === is.action) return isSameDecider([before, was], [after, is]) ? undefined : 'another-rule';
  const [whole, now] = [verdictOf(before, event).action, verdictOf(after, event).action];
  if (whole === now) return 'masked';
  return now === 'allowed' ? 'newly-allowed' : 'newly-denied';
}

function isItem(item: Item, content: Content | undefined): boolean {
  if (item.kind === 'every') return true;
  if (item.kind === 'connection') return content === undefined;
  if (item.kind === 'undecidable') return content?.kind === 'undecidable';
  if (item.kind !== 'text' || content?.kind !== 'text') return false;
  return item.classes.patterns.every((pattern, i) => matcher.matches(pattern, content.text) === item.text.matched[i]);
}

function isOf({ section, cell, items, everyItem }: Difference, event: PolicyEvent): boolean {
  const content = event.kind === 'exec' ? event.content : event.request?.content;
  if ((section === 'process') !== (event.kind === 'exec')) return false;
  // A difference is about flows between two endpoints; what one sends to itself is always allowed.
  if (
    event.kind === 'flow' &&
    event.source.kind === 'workload' &&
    event.destination.kind === 'workload' &&
    event.source.id === event.destination.id
  )
    return false;
  const place = event.kind === 'exec' ? inEnd(cell.source, event.subject) : inCell(cell, event);
  return place && (everyItem || items.some((item) => isItem(item, content)));
}

const sectionsOf = (event: PolicyEvent): readonly Section[] => (event.kind === 'exec' ? ['process'] : ['egress', 'ingress']);
const events = everyEvent();

/** Asks both sides of an event, and counts what they should be said to be. */
function compareEvent(before: TypedPolicy, after: TypedPolicy, differences: readonly Difference[]) {
  return (event: PolicyEvent, seen: Map<string, number>): void => {
    for (const section of sectionsOf(event)) {
      const found = differences
        .filter((difference) => difference.section === section && isOf(difference, event))
        .map(({ effect }) => effect);
      const expected = expectedEffect(before, after, section, event);
      if (found.length === (expected ? 1 : 0) && found[0] === expected)
        seen.set(expected ?? 'same', (seen.get(expected ?? 'same') ?? 0) + 1);
      else assert.unreachable(`${section}: found ${found}, expected ${expected}: ${show(event)}`);
    }
  };
}

const effects: readonly Effect[] = ['newly-allowed', 'newly-denied', 'masked', 'another-rule'];
function report(name: string, seen: ReadonlyMap<string, number>): void {
  console.log(`oracle-vs-diff: ${name}: ${[...seen].map(([effect, count]) => `${effect} ${count}`).join(', ')}`);
  for (const effect of effects) assert.ok((seen.get(effect) ?? 0) >= 20, `${name}: ${effect}`);
}

test('nothing is missed, nothing is invented, on the events of a small world', () => {
  const pick = random(seed);
  const seen = new Map<string, number>();
  for (let round = 0; round < 60; round++) {
    const world = randomWorld(pick);
    const [before, after] = [typedWorld(world), typedWorld(editedWorld(pick, world))];
    const compare = compareEvent(before, after, diff(before, after));
    for (const event of events) if (pick.chance(0.15)) compare(event, seen);
  }
  report('small world', seen);
});

test('nothing is missed, nothing is invented, on events at the edges of policy text and its edits', () => {
  const pick = random(seed + 4);
  const seen = new Map<string, number>();
  for (let round = 0; round < 60; round++) {
    const text = randomPolicy(pick);
    const [before, after] = [typedPolicy(text), typedPolicy(editedPolicy(pick, text))];
    const compare = compareEvent(before, after, diff(before, after));
    const universe = randomUniverse(pick);
    for (const typed of [before, after])
      for (const event of randomEvents(typed, universe, { random: pick, count: 100 })) compare(event, seen);
  }
  report('policy text', seen);
});

test('each witness replays to exactly its two verdicts, and is one of its difference', () => {
  const pick = random(seed + 1);
  let count = 0;
  for (let round = 0; round < 150; round++) {
    const world = randomWorld(pick);
    const [before, after] = [typedWorld(world), typedWorld(editedWorld(pick, world))];
    for (const difference of diff(before, after)) {
      const { witness, section, effect } = difference;
      assert.equal([witness.before, witness.after], [verdictOf(before, witness.event), verdictOf(after, witness.event)]);
      assert.equal(expectedEffect(before, after, section, witness.event), effect, show(witness.event));
      assert.ok(isOf(difference, witness.event), show(witness.event));
      count++;
    }
  }
  assert.ok(count > 300, `${count} witnesses`);
});

test('a policy does not differ from itself', () => {
  const pick = random(seed + 2);
  for (let round = 0; round < 50; round++) {
    const world = randomWorld(pick);
    assert.equal(diff(typedWorld(world), typedWorld(world)), []);
  }
});

test('a comparison past its budget ends with a named limit', () => {
  const pick = random(seed + 3);
  const [one, other] = [typedWorld(randomWorld(pick)), typedWorld(randomWorld(pick))];
  assert.throws(
    () => diff(one, other, 3),
    (error: unknown) => error instanceof AnalysisLimit && error.limit === 'cells' && error.allowed === 3,
  );
});

function show(event: unknown): string {
  return JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value));
}

test.run();
