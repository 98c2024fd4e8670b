// Requests of inspected connections as Hubble's `httpV2` shows them: counted by method and status, and a histogram of durations.
// Histograms are written here: prom-client makes them of observations, and the kernel has counts.
import type { requestMethod, section } from '../../compiler/ir/abi.ts';

type Direction = Exclude<keyof typeof section, 'process'>;
export type RequestMethod = keyof typeof requestMethod;

/** One row of the kernel's table of requests. */
export type RequestRow = {
  readonly direction: Direction;
  readonly method: RequestMethod;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1';
  /** 0: the response was not seen. */
  readonly status: number;
  readonly count: number;
};
/** Durations of one method; `buckets`: how many in each, the last one without an end. */
export type DurationRow = {
  readonly direction: Direction;
  readonly method: RequestMethod;
  readonly seconds: number;
  readonly buckets: readonly number[];
};

/** Who tells: the side of the workload that is governed here. */
const reporter: Readonly<Record<Direction, string>> = { ingress: 'server', egress: 'client' };

/** Upper bounds of the buckets but the last, in seconds: Hubble's. The kernel has them as pol_duration_bounds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export const requestSamples = (rows: readonly RequestRow[]) =>
  rows.map(({ direction, method, protocol, status, count }) => ({
    labels: { method, protocol, status: String(status), reporter: reporter[direction] },
    value: count,
  }));

function linesOf({ direction, method, seconds, buckets }: DurationRow): readonly string[] {
  const labels = `method="${method}",reporter="${reporter[direction]}"`;
  let total = 0;
  const cumulative = buckets.map((count, i) => {
    total += count;
    return `${durationMetric}_bucket{${labels},le="${bounds[i] ?? '+Inf'}"} ${total}`;
  });
  return [...cumulative, `${durationMetric}_sum{${labels}} ${seconds}`, `${durationMetric}_count{${labels}} ${total}`];
}

const durationMetric = 'hubble_http_request_duration_seconds';

/** The histogram in Prometheus' text format. */
export const durationsText = (rows: readonly DurationRow[]): string =>
  [
    `# HELP ${durationMetric} Time from a request of an inspected connection that passed to the first byte of its response`,
    `# TYPE ${durationMetric} histogram`,
    ...rows.flatMap(linesOf),
    '',
  ].join('\n');
