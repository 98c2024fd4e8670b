// Explanations against the oracle: on random policies the decider that is told is the one that decides, the rules that
// are told to match are all that it takes, and a rule that is told to have missed matches once exactly that is mended.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ExplanationRecord, explain, explanationOf, type NearRule, type SideRecord } from '../../src/compiler/analysis/explain.ts';
import { peerParts, transportParts } from '../../src/compiler/analysis/misses.ts';
import { sideVerdict, speakingRules, verdictOf } from '../../src/compiler/analysis/oracle.ts';
import type { PolicyEvent, Verdict } from '../../src/compiler/ir/event.ts';
import type { DomainMatch, NetworkRule, Rule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
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

const noPeers = { selectors: [], networks: [], anyNetworks: [], domains: [], entities: [] } as const;
const nothing = { kind: 'either', parts: [] } as const;
const never: DomainMatch['lines'] = [[{ field: 'path', every: false, orAbsent: false, values: { kind: 'text', pattern: nothing } }]];
/** A `pass` that does not hold says nothing, undecidable or not. */
const silenced = (rule: Rule): Rule =>
  rule.section === 'process' ? { ...rule, action: 'pass', match: { ...rule.match, lines: never } } : { ...rule, peers: noPeers };

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
  for (const [i, told] of side.spoke.entries()) {
    assert.is(told.audit, told.outcome === 'audit-only');
    if (told.outcome === 'passed-over')
      assert.ok(event.kind === 'flow' && !event.request && (at < 0 || i < at), 'only a connection passes over rules');
    if (told.outcome === 'passes') assert.is(told.action, 'pass');
    if (told.outcome === 'skipped') assert.ok(side.spoke.slice(0, i).some((one) => one.outcome === 'passes' && one.tier === told.tier));
    if (told.outcome === 'agrees' || told.outcome === 'overruled') {
      assert.ok(at >= 0 && i > at);
      const refuses = (action: string | undefined): boolean => action !== 'allow' && action !== 'pass';
      const isSame = told.action !== 'pass' && refuses(told.action) === refuses(side.spoke[at]?.action);
      assert.is(told.outcome, isSame ? 'agrees' : 'overruled');
    }
  }
  // Without what is said to be skipped, overruled or audited only, the same is enforced.
  const enforcing = {
    ...one,
    side: { ...side, spoke: side.spoke.filter(({ outcome }) => ['decides', 'passed-over', 'passes', 'agrees'].includes(outcome)) },
  };
  const { audit: _, ...enforced } = verdict;
  const { audit: __, ...left } = sideVerdict(onlyTold(enforcing), side.section, event);
  assert.equal(left, enforced, show(event));
  assert.equal(sideVerdict(onlyTold(one), side.section, event), verdict, show(event));
}

const isPart = (parts: readonly string[], part: string): boolean => parts.includes(part);

/** What cannot be read, or is of another domain, is no matter of single fields. */
const unread = ({ misses }: NearRule): boolean => misses.some(({ part }) => part === 'content');
/** The lines without the tests of the fields that are told to have missed. */
const withoutMissed = (match: DomainMatch, { misses }: NearRule): DomainMatch => ({
  ...match,
  lines: match.lines.map((line) => line.filter(({ field }) => !misses.some(({ part }) => part === field))),
});

/** The rule with everything mended that it is told to have missed, but not `except`. */
function mended(rule: Rule, near: NearRule, except?: 'peer' | 'transport' | 'content'): Rule {
  const missed = (parts: readonly string[]): boolean => near.misses.some(({ part }) => isPart(parts, part));
  const content = near.misses.some(({ part }) => !isPart(peerParts, part) && !isPart(transportParts, part)) && except !== 'content';
  if (rule.section === 'process') return content ? { ...rule, match: withoutMissed(rule.match, near) } : rule;
  const { layer7, ...plain } = rule;
  const network: NetworkRule = !content ? rule : layer7 && !unread(near) ? { ...rule, layer7: withoutMissed(layer7, near) } : plain;
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
  if (!(unread(near) && rule.section === 'process')) assert.ok(speaksAs(mended(rule, near)), `${show(near)} ${show(event)}`);
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
  for (let round = 0; round < 80; round++) {
    const typed = typedWorld(randomWorld(pick));
    for (let i = 0; i < 60; i++) tallied(seen, checkExplanation(typed, pick.pick(events), byText));
  }
  console.log(`oracle-vs-explain: ${[...seen].map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
  const outcomes = ['decides', 'passed-over', 'passes', 'skipped', 'audit-only', 'agrees', 'overruled'];
  for (const kind of [...outcomes, ...peerParts, ...transportParts, 'method', 'path', 'header content-type'])
    assert.ok((seen.get(kind) ?? 0) >= 2, kind);
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
    const { classes, verdicts } = explain(typed, {
      kind: 'flow',
      source: workload,
      destination: workload,
      points: [{ low: 80, high: 80 }],
    });
    assert.is(
      verdicts.reduce((sum, one) => sum + one.classes, 0),
      classes,
    );
    assert.is(new Set(verdicts.map(({ witness }) => show(verdictOf(typed, witness)))).size, verdicts.length);
    if (verdicts.length > 1) several++;
    for (const event of everyEvent().filter((one) => one.kind === 'flow' && one.point === 80 && !one.request)) {
      if (event.kind !== 'flow' || event.source.kind !== 'workload' || event.destination.kind !== 'workload') continue;
      if (event.source.address !== undefined || event.destination.address !== undefined) continue;
      if (event.destination.namedPorts || !pick.chance(0.2)) continue;
      const found = show(verdictOf(typed, event));
      assert.ok(verdicts.some(({ witness }) => show(verdictOf(typed, witness)) === found));
    }
  }
  assert.ok(several > 4);
});

test.run();
