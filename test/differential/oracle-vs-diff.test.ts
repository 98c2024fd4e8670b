// The diff against the oracle: on random pairs of policies, every event of a small world whose verdict differs is in
// exactly the difference that says so, and every other event in none; each witness replays to its two verdicts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diff, effects } from '../../src/compiler/analysis/diff.ts';
import { AnalysisLimit } from '../../src/compiler/analysis/limit.ts';
import { verdictOf } from '../../src/compiler/analysis/oracle.ts';
import type { PolicyEvent } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { checkUnit } from '../../src/compiler/pipeline.ts';
import { editedPolicy, randomEvents, randomPolicy, randomUniverse } from '../harness/arbitrary.ts';
import { compareEvent, expectedEffect, isOf, reader, show } from '../harness/expected-differences.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { editedWorld, everyEvent, randomWorld, typedWorld } from '../harness/small-world.ts';

const seed = seedOf('oracle-vs-diff', 20_240_601);
const rounds = Number(process.env['ROUNDS'] ?? 40);
const events = everyEvent();

function report(name: string, seen: ReadonlyMap<string, number>, least = 20): void {
  console.log(`oracle-vs-diff: ${name}: ${[...seen].map(([effect, count]) => `${effect} ${count}`).join(', ')}`);
  for (const effect of effects) assert.ok((seen.get(effect) ?? 0) >= least, `${name}: ${effect}`);
}

test('nothing is missed, nothing is invented, on the events of a small world', () => {
  const pick = random(seed);
  const seen = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const world = randomWorld(pick);
    const [before, after] = [typedWorld(world), typedWorld(editedWorld(pick, world))];
    const compare = compareEvent(before, after, diff(before, after));
    for (const event of events) if (pick.chance(0.06)) compare(event, seen);
  }
  report('small world', seen);
});

// --- policy text ----------------------------------------------------------------------------------------------------

const more: Readonly<Record<string, readonly string[]>> = {
  ingress: [
    'allow from all at tcp 80 http { POST "/cart/**" header "x-a" = "1"; GET host "a.test" }',
    'deny from world at tcp 80 http { header "x-a" = not "1" }',
    'pass from 10.0.0.0/8 including workloads',
    'allow from 203.0.113.0/24 including workloads at tcp 80',
  ],
  egress: [
    'allow to "**.example.com" at tcp 443',
    'deny to ["api.example.com", "*.org"] at tcp 443',
    'allow to all at udp 53 dns { "**.example.com" type [A, AAAA]; "api.test" }',
    'drop to world at tcp 443 tls { sni "*.org" }',
    'pass to cluster',
  ],
  process: [
    'allow exec under "/usr" user [0, 1000-2000]',
    'kill exec under "/usr" argument "-e"',
    'deny read under "/etc" binary not "/bin/sh"',
    'deny syscall [ptrace, mount]',
    'default deny read',
    'pass exec "/usr/bin/node" user 0',
  ],
};
const attributes = [' priority -1', ' priority 2', ' mode audit', ' mode enforce'];

/** The text with constructs that random policies for the kernel do not have. Not every one of them compiles. */
function enriched(pick: Random, text: string): string {
  const lines = text.split('\n').flatMap((line) => {
    const section = /^ {2}(ingress|egress|process) \{$/.exec(line)?.[1];
    if (section !== undefined) return [line, ...pick.some(more[section] ?? [], 0.35).map((rule) => `    ${rule}`)];
    if (line.startsWith('policy ') && pick.chance(0.4))
      return [line.replace(' {', pick.pick([' tier admin {', ' tier baseline {', ' priority 1 {', ' mode audit {']))];
    if (!/^ {4}(allow|deny) /.test(line) || pick.chance(0.7)) return [line];
    return [pick.chance(0.4) ? line.replace(' deny ', ' audit ') : line + pick.pick(attributes)];
  });
  return lines.join('\n');
}

const compiled = (text: string): TypedPolicy | undefined => {
  const checked = checkUnit([{ path: 'random.policy', text }]);
  return checked.ok ? checked.value.typed : undefined;
};

/** Is the event one that there can be? The names of an address are names. */
function isPossible({ domains }: TypedPolicy, event: PolicyEvent): boolean {
  const possible = domains.find(({ name }) => name === 'dns')?.fields.find(({ name }) => name === 'name')?.type.possible;
  const ends = event.kind === 'flow' ? [event.source, event.destination] : [event.subject];
  const names = ends.flatMap((end) => (end.kind === 'address' ? (end.names ?? []) : []));
  return possible !== undefined && names.every((name) => reader.matches(possible, name));
}

test('nothing is missed, nothing is invented, on events at the edges of policy text and its edits', () => {
  const pick = random(seed + 4);
  const seen = new Map<string, number>();
  for (let round = 0; round < 1.25 * rounds; ) {
    const text = enriched(pick, randomPolicy(pick));
    const [before, after] = [compiled(text), compiled(editedPolicy(pick, text))];
    if (!before || !after) continue;
    round++;
    const compare = compareEvent(before, after, diff(before, after));
    const universe = randomUniverse(pick);
    for (const typed of [before, after])
      for (const event of randomEvents(typed, universe, { random: pick, count: 60 })) if (isPossible(typed, event)) compare(event, seen);
  }
  report('policy text', seen, 1);
});

test('each witness replays to exactly its two verdicts, and is one of its difference', () => {
  const pick = random(seed + 1);
  let count = 0;
  for (let round = 0; round < 2 * rounds; round++) {
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
  assert.ok(count > 4 * rounds, `${count} witnesses`);
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
    (error: unknown) => error instanceof AnalysisLimit && error.limit === 'cells' && error.allowed === 3 && error.guilty !== undefined,
  );
});

test.run();
