// The kernel's counters, in the words of metrics and status.
import { eventProtocol, hubbleVerdict, matchType, requestMethod, section } from '../../compiler/ir/abi.ts';
import { nameOfNumber } from '../events/verdict-event.ts';
import type { CounterRow, NameRow } from '../hubble/metrics.ts';
import type { AnswerRow, QueryRow, RecordRow } from '../hubble/queries.ts';
import type { DurationRow, RequestRow } from '../hubble/requests.ts';
import { type Counter, type Lost, readCounters, readLost } from '../kernel/counters.ts';
import { readNameCounts } from '../kernel/names.ts';
import { readAnswerCounts, readQueryCounts, readRecordCounts } from '../kernel/queries.ts';
import { readRequestCounts, readRequestDurations } from '../kernel/requests.ts';
import type { MapSource } from '../kernel/tables.ts';

const rowOf = ({ cause, direction, protocol, match, verdict, count }: Counter): CounterRow => ({
  cause,
  direction: nameOfNumber(section, direction),
  protocol: nameOfNumber(eventProtocol, protocol),
  match: nameOfNumber(matchType, match),
  verdict: nameOfNumber(hubbleVerdict, verdict),
  count: Number(count),
});

export const counterRows = (maps: MapSource): readonly CounterRow[] => readCounters(maps).map(rowOf);

const directionOf = (number: number): RequestRow['direction'] => (number === section.ingress ? 'ingress' : 'egress');

/** Requests by method and status; [] where no connection is inspected. */
export function requestRows(maps: MapSource): readonly RequestRow[] {
  const fd = maps.get('http_requests');
  if (fd === undefined) return [];
  return readRequestCounts(fd).map(({ section: direction, method, version, status, count }) => ({
    direction: directionOf(direction),
    method: nameOfNumber(requestMethod, method),
    protocol: version === 0 ? 'HTTP/1.1' : 'HTTP/1.0',
    status,
    count: Number(count),
  }));
}

/** How long responses took to begin. */
export function durationRows(maps: MapSource): readonly DurationRow[] {
  const fd = maps.get('http_durations');
  if (fd === undefined) return [];
  return readRequestDurations(fd).map(({ section: direction, method, nanoseconds, buckets }) => ({
    direction: directionOf(direction),
    method: nameOfNumber(requestMethod, method),
    seconds: Number(nanoseconds) / 1e9,
    buckets: buckets.map(Number),
  }));
}

/** DNS queries by type; [] where no program reads them. */
export function queryRows(maps: MapSource): readonly QueryRow[] {
  const fd = maps.get('dns_queries');
  return fd === undefined ? [] : readQueryCounts(fd).map((row) => ({ ...row, count: Number(row.count) }));
}

/** DNS answers that were looked at; [] where no program reads them. */
export function answerRows(maps: MapSource): readonly AnswerRow[] {
  const fd = maps.get('dns_responses');
  return fd === undefined ? [] : readAnswerCounts(fd).map((row) => ({ ...row, count: Number(row.count) }));
}

/** Records of those answers by type. */
export function recordRows(maps: MapSource): readonly RecordRow[] {
  const fd = maps.get('dns_response_types');
  return fd === undefined ? [] : readRecordCounts(fd).map((row) => ({ ...row, count: Number(row.count) }));
}

/** What became of names in answers; [] where no program reads them. */
export function nameRows(maps: MapSource): readonly NameRow[] {
  const fd = maps.get('name_counts');
  return fd === undefined ? [] : readNameCounts(fd);
}

export function lostCounts(maps: MapSource): Lost {
  const fd = maps.get('lost');
  return fd === undefined ? { ringFull: 0n, countersFull: 0n } : readLost(fd);
}
