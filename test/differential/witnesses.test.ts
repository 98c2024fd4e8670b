// Every witness that a diff shows, for every diff of the suite: the policies under policies/ against each single change of their rules,
// the golden diffs, and random pairs. Read from the words that are shown, both policies' oracles give exactly the verdicts that are
// shown; so do the tables that both compile to, and the kernel programs over them, where the native target holds both policies.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Difference, diff } from '../../src/compiler/analysis/diff.ts';
import { deciderOf, eventWords } from '../../src/compiler/analysis/event-words.ts';
import { mutantsOf } from '../../src/compiler/analysis/mutants.ts';
import { verdictIn, verdictOf } from '../../src/compiler/analysis/oracle.ts';
import { diffReport } from '../../src/compiler/analysis/report.ts';
import type { FlowEvent, PolicyEvent } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { type CheckedUnit, checkUnit, explainUnit, planUnit } from '../../src/compiler/pipeline.ts';
import { editedPolicy, randomPolicy } from '../harness/arbitrary.ts';
import { kernelTest } from '../harness/kernel.ts';
import { random, seedOf } from '../harness/random.ts';
import { tablesOf, told } from '../harness/tables.ts';
import { isPacket, isPossible, WitnessKernel } from '../harness/witness-kernel.ts';

const root = join(import.meta.dirname, '..', '..');
const seed = seedOf('witnesses', 20_261_121);
/** Of the changes of each policy every so-many-th is taken. */
const stride = Number(process.env['STRIDE'] ?? 8);
const rounds = Number(process.env['ROUNDS'] ?? 25);

type Pair = { readonly name: string; readonly before: CheckedUnit; readonly after: CheckedUnit };

function unitOf(sources: readonly { readonly path: string; readonly text: string }[]): CheckedUnit | undefined {
  const checked = checkUnit(sources);
  return checked.ok ? checked.value : undefined;
}

function* policyPairs(): Generator<Pair> {
  const folder = join(root, 'policies');
  for (const { name } of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    const paths = readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.policy'));
    const before = unitOf(paths.map((path) => ({ path: `${name}/${path}`, text: readFileSync(join(folder, name, path), 'utf8') })));
    assert.ok(before, name);
    for (const [i, { what, make }] of mutantsOf(before.typed).entries())
      if (i % stride === 0) yield { name: `${name}: ${what}`, before, after: { ...before, typed: make() } };
  }
}

function* goldenPairs(): Generator<Pair> {
  const folder = join(root, 'test', 'golden', 'diff');
  for (const name of readdirSync(folder)) {
    const [before, after] = ['old.policy', 'new.policy'].map((path) =>
      unitOf([{ path, text: readFileSync(join(folder, name, path), 'utf8') }]),
    );
    assert.ok(before && after, name);
    yield { name: `golden ${name}`, before, after };
  }
}

function* randomPairs(): Generator<Pair> {
  const pick = random(seed);
  for (let round = 0; round < rounds; ) {
    const text = randomPolicy(pick, { native: true });
    const [before, after] = [text, editedPolicy(pick, text)].map((one) => unitOf([{ path: 'random.policy', text: one }]));
    if (!before || !after) continue;
    round++;
    yield { name: `random ${round}`, before, after };
  }
}

const everyPair = function* (): Generator<Pair> {
  yield* goldenPairs();
  yield* policyPairs();
  yield* randomPairs();
};

const shown = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));

/** What no test line can say: content that cannot be read, named ports of one workload, endpoints that only a cluster knows, a method that has no word. */
const unspeakable =
  /that cannot be read|\(where |\binit\b|unmanaged|where the API server stands|without labels| (?:tls|dns|http|kafka)$|host\+|[a-z]\+(?:host|remote|kube|health)| "[^"/]+" "\//;

/** The verdicts of the event, read from its words: of a selector more can follow than of one label set. */
function holdsInWords(unit: CheckedUnit, text: string, decider: object): boolean {
  const explained = explainUnit(unit, text);
  if (!explained.ok) throw new Error(`${text}: ${explained.diagnostics.map(({ message }) => message).join('; ')}`);
  const { classes, verdicts } = explained.value;
  assert.ok(
    verdicts.some(({ explanation }) => shown(explanation.verdict) === shown(decider)),
    `${text}\nshown: ${shown(decider)}\nread: ${shown(verdicts.map(({ explanation }) => explanation.verdict))}`,
  );
  return classes === 1;
}

test('the verdicts that are shown are those of the oracles, also of what the words say', () => {
  let [witnesses, spoken, single] = [0, 0, 0];
  for (const { name, before, after } of everyPair()) {
    const differences = diff(before.typed, after.typed);
    for (const { witness } of differences) {
      witnesses++;
      const { event } = witness;
      assert.equal([witness.before, witness.after], [verdictOf(before.typed, event), verdictOf(after.typed, event)], name);
      const text = eventWords(event, after.typed.domains);
      if (unspeakable.test(text)) continue;
      spoken++;
      const one = holdsInWords(before, text, deciderOf(before.typed, witness.before));
      if (holdsInWords(after, text, deciderOf(after.typed, witness.after)) && one) single++;
    }
    for (const { effect, example } of diffReport([before.typed, after.typed], differences).changes) {
      const turned = example.before.verdict !== example.after.verdict;
      assert.is(turned, effect === 'newly-allowed' || effect === 'newly-denied', `${name}: ${example.event}`);
    }
  }
  console.log(`witnesses: ${witnesses}, ${spoken} read from their words, ${single} of one verdict in both`);
  assert.ok(witnesses > 300 && spoken > witnesses / 3 && single > spoken / 2);
});

// --- compiled -------------------------------------------------------------------------------------------------------

/** The pairs of which the native target holds both policies. */
function* nativePairs(): Generator<Pair & { readonly differences: readonly Difference[] }> {
  for (const pair of everyPair())
    if (planUnit(pair.before).ok && planUnit(pair.after).ok) yield { ...pair, differences: diff(pair.before.typed, pair.after.typed) };
}

const hasPlace = (event: PolicyEvent): boolean =>
  event.kind === 'process'
    ? event.domain === 'exec' && event.subject.kind === 'workload'
    : [event.source, event.destination].every(isPossible) && (!event.request || event.request.domain === 'http');

/** Asks the tables of one policy; gives how many sides were asked. */
function holdsInTables(typed: TypedPolicy, event: PolicyEvent, name: string): number {
  if (event.kind === 'process') {
    const tables = tablesOf(typed, [event.subject]);
    assert.is(shown(tables.exec(event.subject, event.content)), shown(told(typed, verdictOf(typed, event))), name);
    return 1;
  }
  const { source, destination, point, request } = event;
  const tables = tablesOf(typed, [source, destination]);
  let asked = 0;
  for (const direction of ['egress', 'ingress'] as const) {
    const [subject, peer] = direction === 'egress' ? [source, destination] : [destination, source];
    if (subject.kind !== 'workload') continue;
    const connection = verdictIn(typed, direction, { subject, peer, point });
    const expected = told(typed, request ? verdictIn(typed, direction, { subject, peer, point, request }) : connection);
    const { inspected: _, ...found } = tables.side(direction, subject, { peer, point, ...(request && { request }) });
    // A request on a connection that is not admitted is no event: its denial is that of the connection.
    const isMoot =
      request !== undefined && connection.action === 'denied' && expected.action !== 'allowed' && expected.action !== 'audited';
    assert.ok(
      isMoot || shown(found) === shown(expected),
      `${name} ${direction}: ${shown(event)}\ntables ${shown(found)}\noracle ${shown(expected)}`,
    );
    asked++;
  }
  return asked;
}

test('the tables of both compiled policies say the two verdicts', () => {
  let [pairs, sides] = [0, 0];
  for (const { name, before, after, differences } of nativePairs()) {
    pairs++;
    for (const { witness } of differences)
      if (hasPlace(witness.event)) for (const { typed } of [before, after]) sides += holdsInTables(typed, witness.event, name);
  }
  console.log(`witnesses: ${pairs} pairs that the native target holds, ${sides} verdicts of tables`);
  assert.ok(pairs > 10 && sides > 200);
});

kernelTest('the kernel programs over them say the two verdicts, for the same cause', () => {
  const kernel = new WitnessKernel();
  let [flows, turned] = [0, 0];
  for (const { name, before, after, differences } of nativePairs())
    for (const { witness, effect } of differences) {
      const { event } = witness;
      if (event.kind !== 'flow' || !isPacket(event)) continue;
      const passed = [before, after].map(({ typed }) => isPassed(kernel, typed, { name, event }));
      const wanted = [witness.before, witness.after].map(({ action }) => action === 'allowed');
      assert.equal(passed, wanted, `${name}: ${shown(event)}`);
      flows++;
      if (effect === 'newly-allowed' || effect === 'newly-denied') turned++;
    }
  console.log(`witnesses: ${flows} flows through the kernel under both policies, ${turned} of them turned`);
  assert.ok(flows > 50 && turned > 30);
});

/** Do both sides let it pass? */
function isPassed(
  kernel: WitnessKernel,
  typed: TypedPolicy,
  { name, event }: { readonly name: string; readonly event: FlowEvent },
): boolean {
  const sides = kernel.ask(typed, event);
  for (const { direction, found, expected } of sides) assert.is(found, expected, `${name} ${direction}: ${shown(event)}`);
  return sides.every(({ found }) => found.startsWith('true'));
}

test.run();
