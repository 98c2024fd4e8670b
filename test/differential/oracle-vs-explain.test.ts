// Explanations against the oracle: on random policies the decider that is told is the one that decides, the rules that
// are told to match are all that it takes, and a rule that is told to have missed matches once exactly that is mended.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ExplanationRecord, explain, explanationOf, type NearRule, type SideRecord } from '../../src/compiler/analysis/explain.ts';
import type { MissedPart } from '../../src/compiler/analysis/misses.ts';
import { sideVerdict, speakingRules, verdictOf } from '../../src/compiler/analysis/oracle.ts';
import type { PolicyEvent, Verdict } from '../../src/compiler/ir/event.ts';
import type { NetworkRule, Rule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { anyText } from '../../src/compiler/space/pattern.ts';
import { anyTransport } from '../../src/compiler/space/transport.ts';
import { randomEvents, randomPolicy, randomUniverse } from '../harness/arbitrary.ts';
import { typedPolicy } from '../harness/compile.ts';
import { random, seedOf } from '../harness/random.ts';
import { everyEvent, randomWorld, typedWorld } from '../harness/small-world.ts';

const seed = seedOf('oracle-vs-explain', 77);
const show = (event: unknown): string =>
  JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value));

/** Rules by the place that an explanation names them with: texts are unique in the small world. */
type Named = { readonly text: string; readonly line: number };
type Case = { readonly typed: TypedPolicy; readonly event: PolicyEvent; readonly side: SideRecord; readonly isNamed: IsNamed };
type IsNamed = (rule: Rule, named: Named) => boolean;

const noPeers = { selectors: [], networks: [], entities: [] } as const;
const nothing = { kind: 'either', parts: [] } as const;
const silenced = (rule: Rule): Rule =>
  rule.section === 'process' ? { ...rule, match: { ...rule.match, pattern: nothing } } : { ...rule, peers: noPeers };

/** Every rule of this side that is not told to match says nothing. */
function onlyTold({ typed, side, isNamed }: Case): TypedPolicy {
  const keeps = (rule: Rule): boolean => rule.section !== side.section || side.spoke.some((told) => isNamed(rule, told));
  return { ...typed, rules: typed.rules.map((rule) => (keeps(rule) ? rule : silenced(rule))) };
}

function checkSpoken(one: Case, verdict: Verdict): void {
  const { typed, event, side, isNamed } = one;
  const speaking = verdict.cause.kind === 'self' ? [] : speakingRules(typed, side.section, event);
  assert.is(side.spoke.length, speaking.length);
  assert.ok(speaking.every((rule, i) => isNamed(rule, side.spoke[i] ?? { text: '', line: 0 })));
  const deciding = side.spoke.filter(({ outcome }) => outcome === 'decides');
  const { cause } = verdict;
  assert.is(deciding.length, cause.kind === 'rule' ? 1 : 0, show(event));
  for (const told of deciding)
    assert.ok(cause.kind === 'rule' && typed.rules.some((rule) => rule.id === cause.rule && isNamed(rule, told)));
  const at = side.spoke.findIndex(({ outcome }) => outcome === 'decides');
  if (at > 0) assert.ok(event.kind === 'flow' && !event.request, 'only a connection passes over rules');
  for (const told of side.spoke.slice(at + 1)) {
    if (at >= 0) assert.is(told.outcome, told.action === side.spoke[at]?.action ? 'agrees' : 'overruled');
  }
  assert.equal(sideVerdict(onlyTold(one), side.section, event), verdict, show(event));
}

const peerParts: readonly MissedPart[] = ['label', 'address', 'peer'];
const transportParts: readonly MissedPart[] = ['protocol', 'port'];

/** The rule with everything mended that it is told to have missed, but not `except`. */
function mended(rule: Rule, near: NearRule, except?: 'peer' | 'transport' | 'content'): Rule {
  const missed = (parts: readonly MissedPart[]): boolean => near.misses.some(({ part }) => parts.includes(part));
  const content = near.misses.some(({ part }) => !peerParts.includes(part) && !transportParts.includes(part)) && except !== 'content';
  if (rule.section === 'process') return content ? { ...rule, match: { ...rule.match, pattern: anyText } } : rule;
  const { layer7, ...plain } = rule;
  const network: NetworkRule = content ? plain : rule;
  return {
    ...network,
    ...(missed(peerParts) && except !== 'peer' && { peers: { ...noPeers, entities: ['all'] } }),
    ...(missed(transportParts) && except !== 'transport' && { transport: { points: anyTransport, named: [] } }),
  };
}

function checkNear({ typed, event, side, isNamed }: Case, near: NearRule): void {
  assert.ok(near.misses.length > 0);
  const rule = typed.rules.find((one) => one.section === side.section && isNamed(one, near));
  assert.ok(rule);
  const speaksAs = (other: Rule): boolean =>
    speakingRules({ ...typed, rules: typed.rules.map((one) => (one === rule ? other : one)) }, side.section, event).includes(other);
  const unreadable = near.misses.some(({ part, text }) => ['request', 'binary'].includes(part) && text.includes('cannot be read'));
  if (!(unreadable && rule.section === 'process')) assert.ok(speaksAs(mended(rule, near)), `${show(near)} ${show(event)}`);
  for (const part of ['peer', 'transport', 'content'] as const) {
    const partly = mended(rule, near, part);
    if (show(partly) !== show(mended(rule, near))) assert.not(speaksAs(partly), `${part}: ${show(near)} ${show(event)}`);
  }
}

function checkExplanation(typed: TypedPolicy, event: PolicyEvent, isNamed: IsNamed): ExplanationRecord {
  const told = explanationOf(typed, event);
  assert.is(told.verdict.verdict, verdictOf(typed, event).action);
  for (const side of told.sides) {
    const verdict = sideVerdict(typed, side.section, event);
    assert.is(side.decider.verdict, verdict.action);
    const one = { typed, event, side, isNamed };
    checkSpoken(one, verdict);
    for (const near of side.nearest) checkNear(one, near);
  }
  return told;
}

const byText: IsNamed = (rule, { text }) => rule.text === text;
const byPlace: IsNamed = ({ span, text }, named) =>
  text === named.text && span.source.text.slice(0, span.start).split('\n').length === named.line;

function tallied(seen: Map<string, number>, { sides }: ExplanationRecord): void {
  const kinds = sides.flatMap((side) => [
    side.decider.by,
    ...side.spoke.map(({ outcome }) => outcome),
    ...side.nearest.flatMap(({ misses }) => misses.map(({ part }) => part)),
  ]);
  for (const kind of kinds) seen.set(kind, (seen.get(kind) ?? 0) + 1);
}

test('what is told of the events of a small world is so', () => {
  const pick = random(seed);
  const seen = new Map<string, number>();
  const events = everyEvent();
  for (let round = 0; round < 40; round++) {
    const typed = typedWorld(randomWorld(pick));
    for (let i = 0; i < 40; i++) tallied(seen, checkExplanation(typed, pick.pick(events), byText));
  }
  console.log(`oracle-vs-explain: ${[...seen].map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
  for (const kind of ['decides', 'passed-over', 'agrees', 'overruled', 'label', 'address', 'peer', 'protocol', 'port', 'method'])
    assert.ok((seen.get(kind) ?? 0) >= 5, kind);
});

test('what is told of events at the edges of policy text is so', () => {
  const pick = random(seed + 1);
  for (let round = 0; round < 6; round++) {
    const typed = typedPolicy(randomPolicy(pick));
    for (const event of randomEvents(typed, randomUniverse(pick), { random: pick, count: 12 })) checkExplanation(typed, event, byPlace);
  }
});

test('over a selector, the verdicts are those of the classes, each with a witness', () => {
  const pick = random(seed + 2);
  const workload = { kind: 'workload', name: 'any', selector: [[]] } as const;
  let several = 0;
  for (let round = 0; round < 12; round++) {
    const typed = typedWorld(randomWorld(pick));
    const { classes, verdicts } = explain(typed, { kind: 'flow', source: workload, destination: workload, point: 80 });
    assert.is(
      verdicts.reduce((sum, one) => sum + one.classes, 0),
      classes,
    );
    assert.is(new Set(verdicts.map(({ witness }) => show(verdictOf(typed, witness)))).size, verdicts.length);
    if (verdicts.length > 1) several++;
    for (const event of everyEvent().filter((one) => one.kind === 'flow' && one.point === 80 && !one.request)) {
      if (event.kind !== 'flow' || event.source.kind !== 'workload' || event.destination.kind !== 'workload') continue;
      if (event.destination.namedPorts || !pick.chance(0.2)) continue;
      const found = show(verdictOf(typed, event));
      assert.ok(verdicts.some(({ witness }) => show(verdictOf(typed, witness)) === found));
    }
  }
  assert.ok(several > 4);
});

test.run();
