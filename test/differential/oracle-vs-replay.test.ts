// Replays against the oracle: random events of random policies are written as lines of Hubble, all flow through one replay, and each one's
// cell has the oracle's verdict of that event. What the line could not say stays undecided, or makes no difference.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diff, type Effect } from '../../src/compiler/analysis/diff.ts';
import { verdictOf } from '../../src/compiler/analysis/oracle.ts';
import { EventClasses } from '../../src/compiler/flows/classes.ts';
import { hitsOf } from '../../src/compiler/flows/hits.ts';
import { Replay } from '../../src/compiler/flows/replay.ts';
import { LineReader } from '../../src/compiler/flows/scan-line.ts';
import type { Direction as CountDirection } from '../../src/compiler/flows/traffic.ts';
import type { PolicyEvent, Verdict } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { randomEvents, randomPolicy, randomUniverse } from '../harness/arbitrary.ts';
import { typedPolicy } from '../harness/compile.ts';
import { readLine } from '../harness/flow-line.ts';
import { type Direction, flowLine, type LineOptions, processLine, type RecordedAs, recordable } from '../harness/hubble-lines.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { editedWorld, everyEvent, randomWorld, typedWorld } from '../harness/small-world.ts';

const seed = seedOf('oracle-vs-replay', 6_021_023);
const rounds = Number(process.env['ROUNDS'] ?? 20);
const show = (event: unknown): string =>
  JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value));

/** A record's side and verdict are its place in a cell: so many events of one replay are told apart, whatever cells they share. */
const directions: readonly Direction[] = ['EGRESS', 'INGRESS', 'UNKNOWN'];
const kinds: readonly RecordedAs[] = ['allowed', 'denied', 'audited', 'other', 'none'];
const places = directions.flatMap((direction) => kinds.map((recorded) => ({ direction, recorded })));
const directionOf: Readonly<Record<Direction, CountDirection>> = { EGRESS: 'egress', INGRESS: 'ingress', UNKNOWN: 'unknown' };

const actionsOf = (verdict: Verdict): string => `${verdict.action} ${verdict.audit?.action ?? verdict.action}`;
type Seen = { decided: number; undecided: number; skipped: number };

function lineOf(event: PolicyEvent, options: LineOptions): string | undefined {
  return event.kind === 'process' ? processLine(event, { ...options, direction: 'UNKNOWN' }) : flowLine(event, options);
}

function checkBatch(typed: TypedPolicy, batch: readonly PolicyEvent[], seen: Seen): void {
  const replay = new Replay({ after: typed });
  const reader = new LineReader();
  const written = batch.map(recordable).flatMap((event, i) => {
    const place = places[i];
    const line = place && lineOf(event, { ...place, second: i });
    return place && line !== undefined ? [{ event, place, line }] : [];
  });
  for (const [i, { line }] of written.entries()) replay.traffic.add(readLine(reader, line), { file: 'test', line: i + 1 });
  assert.is(replay.tally().bad.count, 0);
  const cells = [...replay.judged()];
  for (const { event, place } of written) {
    const direction = event.kind === 'process' ? 'unknown' : directionOf[place.direction];
    const own = cells.filter(
      ({ cell, counts }) =>
        cell.kind === event.kind && counts.some((count) => count.direction === direction && count.recorded === place.recorded),
    );
    const [found, another] = own;
    assert.is(another, undefined, 'a place is one event’s');
    if (!found) {
      seen.skipped++;
      continue;
    }
    const expected = actionsOf(verdictOf(typed, event));
    const { judged } = found.answer;
    if (judged.kind === 'decided') {
      seen.decided++;
      assert.is(actionsOf(judged.verdict), expected, show(event));
    } else {
      seen.undecided++;
      assert.ok(judged.verdicts.length === 0 || judged.verdicts.some((verdict) => actionsOf(verdict) === expected), show(event));
    }
  }
}

/** Batches without processes and flows of one place: both kinds of recorded ends share their places. */
function check(typed: TypedPolicy, events: readonly PolicyEvent[], seen: Seen): void {
  for (const kind of ['flow', 'process'] as const) {
    const own = events.filter((event) => event.kind === kind);
    const size = kind === 'flow' ? places.length : kinds.length - 2;
    for (let i = 0; i < own.length; i += size) {
      const batch = own.slice(i, i + size);
      if (kind === 'flow') checkBatch(typed, batch, seen);
      else for (const event of batch) checkBatch(typed, [event], seen);
    }
  }
}

const shuffled = <T>(pick: Random, values: readonly T[], count: number): readonly T[] =>
  Array.from({ length: count }, () => pick.pick(values));

test('every recorded flow has the verdict of its event, in a small world', () => {
  const pick = random(seed);
  const seen: Seen = { decided: 0, undecided: 0, skipped: 0 };
  const all = everyEvent();
  for (let round = 0; round < rounds; round++) check(typedWorld(randomWorld(pick)), shuffled(pick, all, 150), seen);
  console.log(`oracle-vs-replay: small world: ${JSON.stringify(seen)}`);
  assert.ok(seen.decided > 50 * rounds && seen.undecided > 0);
});

test('every recorded flow has the verdict of its event, under random policies', () => {
  const pick = random(seed + 1);
  const seen: Seen = { decided: 0, undecided: 0, skipped: 0 };
  for (let round = 0; round < rounds; round++) {
    const universe = randomUniverse(pick);
    const typed = typedPolicy(randomPolicy(pick));
    check(typed, randomEvents(typed, universe, { random: pick, count: 90 }), seen);
  }
  console.log(`oracle-vs-replay: random policies: ${JSON.stringify(seen)}`);
  assert.ok(seen.decided > 20 * rounds);
});

/** The change of the whole verdict, as differences name it. */
function turned(before: TypedPolicy, after: TypedPolicy, event: PolicyEvent): Effect | undefined {
  const [was, is] = [verdictOf(before, event), verdictOf(after, event)];
  if (was.action !== is.action) return is.action === 'allowed' ? 'newly-allowed' : 'newly-denied';
  if (Boolean(was.audit) !== Boolean(is.audit)) return is.audit ? 'newly-audited' : 'no-longer-audited';
  return undefined;
}

const quiet: readonly Effect[] = ['masked', 'another-rule'];

test('a recorded flow hits the changes that it is in, and no others', () => {
  const pick = random(seed + 2);
  const all = everyEvent();
  const seen = { hit: 0, spared: 0, uncertain: 0 };
  for (let round = 0; round < rounds; round++) {
    const world = randomWorld(pick);
    const [before, after] = [typedWorld(world), typedWorld(editedWorld(pick, world))];
    const differences = diff(before, after);
    const classes = new EventClasses([before, after]);
    for (const event of shuffled(pick, all, 60).map(recordable)) {
      const line = lineOf(event, { direction: 'EGRESS', recorded: 'allowed', second: 0 });
      if (line === undefined) continue;
      const replay = new Replay({ before, after }, classes);
      replay.traffic.add(readLine(new LineReader(), line), { file: 'test', line: 1 });
      const hits = hitsOf(replay, { before, after }, differences);
      const uncertain = [...hits.values()].some((hit) => hit.uncertain > 0);
      const own = [...hits].filter(([, { count }]) => count > 0).map(([{ effect }]) => effect);
      const loud = [...new Set(own.filter((effect) => !quiet.includes(effect)))];
      const expected = turned(before, after, event);
      if (uncertain) seen.uncertain++;
      else {
        assert.equal(loud, expected ? [expected] : [], show(event));
        seen[expected ? 'hit' : 'spared']++;
      }
    }
  }
  console.log(`oracle-vs-replay: hits: ${JSON.stringify(seen)}`);
  assert.ok(seen.hit > 5 * rounds && seen.spared > 5 * rounds && seen.uncertain > 0);
});

test.run();
