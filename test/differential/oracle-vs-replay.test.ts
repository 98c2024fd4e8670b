// Replays against the oracle: random events of random policies are written as lines of Hubble, all flow through one replay, and each one's
// cell has the oracle's verdict of that event. What the line could not say stays undecided, or makes no difference.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictOf } from '../../src/compiler/analysis/oracle.ts';
import { Replay } from '../../src/compiler/flows/replay.ts';
import { LineReader } from '../../src/compiler/flows/scan-line.ts';
import type { Direction as CountDirection } from '../../src/compiler/flows/traffic.ts';
import type { PolicyEvent, Verdict } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { randomEvents, randomPolicy, randomUniverse } from '../harness/arbitrary.ts';
import { typedPolicy } from '../harness/compile.ts';
import { type Direction, flowLine, type LineOptions, processLine, type RecordedAs, recordable } from '../harness/hubble-lines.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { everyEvent, randomWorld, typedWorld } from '../harness/small-world.ts';

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
  for (const [i, { line }] of written.entries()) replay.traffic.add(reader.read(line, 0, line.length), { file: 'test', line: i + 1 });
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

test.run();
