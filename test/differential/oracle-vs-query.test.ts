// Answers to questions against the oracle: on random policies and questions, an event of a small world that is asked about is allowed
// exactly if a class of the answer holds it, and every witness is an allowed event that is asked about.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inCell, inEnd } from '../../src/compiler/analysis/cell.ts';
import { AnalysisLimit } from '../../src/compiler/analysis/limit.ts';
import { verdictOf } from '../../src/compiler/analysis/oracle.ts';
import { contentReader } from '../../src/compiler/analysis/oracle-content.ts';
import { isAt, isManaged, isPeer, isSame, isSubject } from '../../src/compiler/analysis/oracle-members.ts';
import { allowedEvents, type Question } from '../../src/compiler/analysis/query.ts';
import type { FlowEvent, PolicyEvent, ProcessEvent } from '../../src/compiler/ir/event.ts';
import type { NetworkRule, PeerSet, ProcessRule, Rule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { anyTransport } from '../../src/compiler/space/transport.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { smallDomains } from '../harness/small-domains.ts';
import { everyEvent, randomWorld, typedWorld } from '../harness/small-world.ts';

const seed = seedOf('oracle-vs-query', 20_261_121);
const { matches, truthOf } = contentReader(smallDomains);
const events = everyEvent();
const connections = events.filter((event): event is FlowEvent => event.kind === 'flow' && event.request === undefined);
const processes = events.filter((event): event is ProcessEvent => event.kind === 'process');

const isNetworkRule = (rule: Rule): rule is NetworkRule => rule.section !== 'process';
const isProcessRule = (rule: Rule): rule is ProcessRule => rule.section === 'process';
const everybody: PeerSet = { selectors: [], networks: [], anyNetworks: [], domains: [], entities: ['all'] };
const head = { name: 'question', span: { source: { path: 'question', text: '' }, start: 0, end: 0 }, text: '', quantifier: 'no' } as const;
const anyPort = { points: anyTransport, named: [] };

function flowQuestion(pick: Random, { rules }: TypedPolicy): Question & { readonly kind: 'flow' } {
  const known = rules.filter(isNetworkRule);
  const ends = (): PeerSet => (known.length === 0 || pick.chance(0.5) ? everybody : pick.pick(known).peers);
  const transport = known.length === 0 || pick.chance(0.5) ? anyPort : pick.pick(known).transport;
  return { ...head, kind: 'flow', source: { of: { ...ends(), domains: [] } }, destination: { of: ends() }, transport };
}

const isAsked = ({ source, destination, transport }: Question & { readonly kind: 'flow' }, event: FlowEvent): boolean =>
  isPeer(source.of, event.source, matches) &&
  isPeer(destination.of, event.destination, matches) &&
  isAt(transport, event.point, event.destination) &&
  !isSame(event.source, event.destination) &&
  (event.source.kind !== 'address' || event.destination.kind !== 'address');

const place = (round: number, event: PolicyEvent): string =>
  `seed ${seed + round}: ${JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`;

function everyRound(rounds: number, compare: (typed: TypedPolicy, pick: Random, round: number) => number): number {
  let compared = 0;
  for (let round = 0; round < rounds; round++) {
    const pick = random(seed + round);
    try {
      compared += compare(typedWorld(randomWorld(pick)), pick, round);
    } catch (error) {
      if (!(error instanceof AnalysisLimit)) throw error;
    }
  }
  return compared;
}

test('connections', () => {
  const compared = everyRound(60, (typed, pick, round) => {
    const question = flowQuestion(pick, typed);
    const allowed = allowedEvents(typed, question);
    for (const { witness } of allowed) {
      assert.is(verdictOf(typed, witness).action, 'allowed', place(round, witness));
      assert.ok(witness.kind === 'flow' && isAsked(question, witness), place(round, witness));
    }
    const asked = connections.filter((event) => isAsked(question, event));
    for (const event of asked) {
      const isFound = allowed.some(({ cell }) => inCell(cell, event));
      assert.is(isFound, verdictOf(typed, event).action === 'allowed', place(round, event));
    }
    return asked.length;
  });
  assert.ok(compared > 10_000, `only ${compared} events were asked about`);
});

test('what processes do', () => {
  const compared = everyRound(200, (typed, pick, round) => {
    const rules = typed.rules.filter(isProcessRule);
    if (rules.length === 0) return 0;
    const { match } = pick.pick(rules);
    const { subject } = pick.pick(typed.policies);
    const question: Question = { ...head, kind: 'process', subject, match };
    const allowed = allowedEvents(typed, question);
    for (const { witness } of allowed) {
      assert.is(verdictOf(typed, witness).action, 'allowed', place(round, witness));
      assert.ok(witness.kind === 'process' && truthOf(match, witness) === true, place(round, witness));
    }
    const asked = processes.filter(
      (event) =>
        event.domain === match.domain && isManaged(event.subject) && isSubject(subject, event.subject) && truthOf(match, event) === true,
    );
    for (const event of asked.filter((one) => verdictOf(typed, one).action === 'allowed'))
      assert.ok(
        allowed.some(({ cell }) => inEnd(cell.source, event.subject)),
        place(round, event),
      );
    return asked.length;
  });
  assert.ok(compared > 500, `only ${compared} events were asked about`);
});

test.run();
