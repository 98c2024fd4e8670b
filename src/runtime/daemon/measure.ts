// The kernel's counters, in the words of metrics and status.
import { eventProtocol, hubbleVerdict, matchType, section } from '../../compiler/ir/abi.ts';
import { nameOfNumber } from '../events/verdict-event.ts';
import type { CounterRow } from '../hubble/metrics.ts';
import { type Counter, type Lost, readCounters, readLost } from '../kernel/counters.ts';
import type { MapSource } from '../kernel/tables.ts';

const rowOf = ({ cause, direction, protocol, match, verdict, count }: Counter): CounterRow => ({
  cause,
  direction: nameOfNumber(section, direction),
  protocol: nameOfNumber(eventProtocol, protocol),
  match: nameOfNumber(matchType, match),
  verdict: nameOfNumber(hubbleVerdict, verdict),
  count: Number(count),
});

/** [] where there is no such map (yet). */
export function counterRows(maps: MapSource): readonly CounterRow[] {
  const fd = maps.get('counters');
  return fd === undefined ? [] : readCounters(fd).map(rowOf);
}

export function lostCounts(maps: MapSource): Lost {
  const fd = maps.get('lost');
  return fd === undefined ? { ringFull: 0n, countersFull: 0n } : readLost(fd);
}
