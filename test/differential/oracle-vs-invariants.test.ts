// Invariants against the oracle: on random policies and statements, what is proved holds for every event of a small world,
// what some event of it breaks is refuted, and each counterexample is an event of the statement that breaks it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkInvariants, type InvariantOutcome } from '../../src/compiler/analysis/invariants.ts';
import { AnalysisLimit } from '../../src/compiler/analysis/limit.ts';
import { verdictOf } from '../../src/compiler/analysis/oracle.ts';
import { type ContentReader, contentReader } from '../../src/compiler/analysis/oracle-content.ts';
import { isAt, isHost, isInit, isManaged, isPeer, isSame, isSubject } from '../../src/compiler/analysis/oracle-members.ts';
import type { Endpoint, FlowEvent, PolicyEvent, ProcessEvent } from '../../src/compiler/ir/event.ts';
import type { DomainMatch, Ends, Invariant, NetworkRule, PeerSet, ProcessRule, Rule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { anyTransport } from '../../src/compiler/space/transport.ts';
import { typedPolicy } from '../harness/compile.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { smallDomains } from '../harness/small-domains.ts';
import { everyEvent, randomWorld, typedWorld } from '../harness/small-world.ts';

const seed = seedOf('oracle-vs-invariants', 20_261_121);
const reader: ContentReader = contentReader(smallDomains);
const events = everyEvent();
const flows = events.filter((event): event is FlowEvent => event.kind === 'flow');
const processes = events.filter((event): event is ProcessEvent => event.kind === 'process');

// --- statements -----------------------------------------------------------------------------------------------------

const isNetworkRule = (rule: Rule): rule is NetworkRule => rule.section !== 'process';
const isProcessRule = (rule: Rule): rule is ProcessRule => rule.section === 'process';
const nobody: PeerSet = { selectors: [], networks: [], anyNetworks: [], domains: [], entities: [] };
const workloads: PeerSet = { ...nobody, selectors: [[[]]] };
const everybody: PeerSet = { ...nobody, entities: ['all'] };
const span = { source: { path: 'invariant', text: '' }, start: 0, end: 0 };

/** A set of ends with the borders of the rules, where the mistakes are. */
function randomPeers(pick: Random, { rules }: TypedPolicy): PeerSet {
  const known = rules.filter(isNetworkRule).map(({ peers }) => peers);
  if (known.length === 0 || pick.chance(0.3)) return pick.pick([workloads, everybody]);
  const [a, b] = [pick.pick(known), pick.pick(known)];
  return pick.chance(0.7) ? a : { ...a, selectors: [...a.selectors, ...b.selectors], domains: [...a.domains, ...b.domains] };
}

/** Half of them with an exception, of one kind or two, which may be others than the kinds of what is excepted from. */
function randomEnds(pick: Random, typed: TypedPolicy): Ends {
  const of = randomPeers(pick, typed);
  const known = typed.rules.filter(isNetworkRule).map(({ peers }) => peers);
  if (known.length === 0 || pick.chance(0.5)) return { of };
  const parts = (['selectors', 'networks', 'anyNetworks', 'domains', 'entities', 'reserved'] as const).map((kind): Partial<PeerSet> => {
    const other = pick.pick(known);
    return kind === 'selectors' ? { selectors: other.selectors.slice(0, 1) } : { [kind]: other[kind] ?? [] };
  });
  let except = nobody;
  for (const part of pick.some(parts, 0.3)) except = { ...except, ...part };
  return { of, except };
}

function randomInvariant(pick: Random, typed: TypedPolicy): Invariant {
  const head = { name: 'law', span, text: '', quantifier: pick.pick(['no', 'no', 'every', 'only'] as const) };
  const process = typed.rules.filter(isProcessRule);
  if (process.length > 0 && pick.chance(0.3))
    return { ...head, kind: 'process', subject: pick.pick(typed.policies).subject, match: pick.pick(process).match };
  const network = typed.rules.filter(isNetworkRule);
  const requests = network.flatMap(({ layer7 }) => layer7 ?? []);
  const request: DomainMatch | undefined = requests.length > 0 && pick.chance(0.5) ? pick.pick(requests) : undefined;
  const transport = network.length > 0 && pick.chance(0.6) ? pick.pick(network).transport : { points: anyTransport, named: [] };
  const [source, destination] = [randomEnds(pick, typed), randomEnds(pick, typed)];
  return { ...head, kind: 'flow', source, destination, transport, ...(request && { request }) };
}

// --- what a statement is about, by the oracle's membership --------------------------------------------------------------

function isAboutContent({ quantifier }: Invariant, match: DomainMatch, asked: Parameters<ContentReader['truthOf']>[1]): boolean {
  if (asked.domain !== match.domain) return false;
  const truth = reader.truthOf(match, asked);
  return truth === true || (truth === 'undecidable' && quantifier !== 'every');
}

const isEnd = ({ of, except }: Ends, endpoint: Endpoint): boolean =>
  isPeer(of, endpoint, reader.matches) && !(except && isPeer(except, endpoint, reader.matches));

function isAbout(invariant: Invariant, event: PolicyEvent): boolean {
  const isOnly = invariant.quantifier === 'only';
  if (invariant.kind === 'process') {
    if (event.kind !== 'process' || !isAboutContent(invariant, invariant.match, event)) return false;
    return isSubject(invariant.subject, event.subject) !== isOnly;
  }
  if (event.kind !== 'flow' || isSame(event.source, event.destination)) return false;
  // Of what no policy is asked there is always something that another source can reach.
  if (isOnly && ![event.source, event.destination].some(isManaged)) return false;
  const { source, destination, transport, request } = invariant;
  if (isEnd(source, event.source) === isOnly || !isEnd(destination, event.destination)) return false;
  if (!isAt(transport, event.point, event.destination)) return false;
  return request ? event.request !== undefined && isAboutContent(invariant, request, event.request) : event.request === undefined;
}

const isReadable = (event: PolicyEvent): boolean =>
  (event.kind === 'process' ? event.content : event.request?.content)?.kind !== 'undecidable';

const isBroken = (typed: TypedPolicy, { quantifier }: Invariant, event: PolicyEvent): boolean =>
  (verdictOf(typed, event).action === 'allowed') !== (quantifier === 'every');

function checkOutcome(typed: TypedPolicy, outcome: InvariantOutcome, tried: readonly PolicyEvent[]): number {
  const { invariant } = outcome;
  if (outcome.kind === 'refuted') {
    assert.ok(isAbout(invariant, outcome.event), `not about ${show([outcome.event, invariant])}`);
    assert.equal(outcome.verdict, verdictOf(typed, outcome.event));
    assert.ok(isBroken(typed, invariant, outcome.event), `not broken by ${show([outcome.event, invariant])}`);
    return 0;
  }
  const about = tried.filter((event) => isAbout(invariant, event));
  if (outcome.vacuous) assert.is(about.filter(isReadable).length, 0, `vacuous, but ${show([about.find(isReadable), invariant])}`);
  for (const event of about) assert.not(isBroken(typed, invariant, event), `proved, but ${show([event, invariant])}`);
  return about.length;
}

test('what is proved holds for every event, what is refuted is broken by its counterexample', () => {
  const pick = random(seed);
  const seen = { proved: 0, vacuous: 0, refuted: 0, events: 0 };
  for (let round = 0; round < 150; round++) {
    const world = typedWorld(randomWorld(pick));
    const typed = { ...world, invariants: Array.from({ length: 16 }, () => randomInvariant(pick, world)) };
    const someFlows = pick.some(flows, 0.3);
    for (const outcome of checkInvariants(typed)) {
      seen[outcome.kind]++;
      if (outcome.kind === 'proved' && outcome.vacuous) seen.vacuous++;
      seen.events += checkOutcome(typed, outcome, outcome.invariant.kind === 'flow' ? someFlows : processes);
    }
  }
  console.log(
    `oracle-vs-invariants: ${seen.proved} proved (${seen.vacuous} vacuous), ${seen.refuted} refuted, ${seen.events} events of what was proved`,
  );
  assert.ok(seen.proved + seen.refuted >= 2000 && seen.proved > 300 && seen.refuted > 300 && seen.events > 5_000, show(seen));
});

test('every event of the small world is of the statement about everything', () => {
  const world = typedWorld(randomWorld(random(seed + 1)));
  const everything: Invariant = {
    ...{ name: 'all', span, text: '', quantifier: 'every', kind: 'flow' },
    ...{ source: { of: everybody }, destination: { of: everybody }, transport: { points: anyTransport, named: [] } },
  };
  const [outcome] = checkInvariants({ ...world, policies: [], rules: [], invariants: [everything] });
  // An `init` endpoint is in default deny, and policies that there are none of cannot open it.
  assert.is(outcome?.kind, 'refuted');
  if (outcome?.kind !== 'refuted' || outcome.event.kind !== 'flow') return;
  assert.ok([outcome.event.source, outcome.event.destination].some(isInit));
  assert.not(isHost(outcome.event.source) && isHost(outcome.event.destination));
  assert.equal(outcome.verdict.cause, { kind: 'default-deny', policies: [] });
});

test('no event that there cannot be refutes: ICMP of the other family, a host that is another node', () => {
  const typed = typedPolicy(`
workload a = { app: "a" }
policy p for a { ingress { allow from [world-ipv4, remote-node] } }
invariant "i" {
  no world can reach a at icmpv6
  no world can reach a at icmp
  no host can reach a at tcp 80
  no kube-apiserver can reach a at tcp 80
}`);
  assert.equal(
    checkInvariants(typed).map(({ kind }) => kind),
    ['proved', 'refuted', 'proved', 'refuted'],
  );
});

test('a search past its budget ends with a named limit', () => {
  const pick = random(seed + 2);
  const world = typedWorld(randomWorld(pick));
  const nothing: Invariant = {
    ...{ name: 'all', span, text: '', quantifier: 'no', kind: 'flow' },
    ...{ source: { of: workloads }, destination: { of: workloads }, transport: { points: anyTransport, named: [] } },
  };
  assert.throws(
    () => checkInvariants({ ...world, invariants: [nothing] }, 0),
    (error: unknown) => error instanceof AnalysisLimit && error.limit === 'cells',
  );
});

function show(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? one.toString(16) : one));
}

test.run();
