// Kernel counters -> Prometheus text. The values are read from the kernel's map when somebody asks, never summed up from
// events: they are exact while the ring drops samples, and go on after a restart while the pins live.
import { Counter, Gauge, Registry } from 'prom-client';
import type { eventProtocol, hubbleVerdict } from '../../compiler/ir/abi.ts';
import type { MetricDefinition, SourceTable } from '../../compiler/ir/bundle.ts';
import type { CauseRecord } from '../events/causes.ts';
import type { EventDirection, EventMatch } from '../events/verdict-event.ts';
import { dropReasonOf, eventType, eventTypeOf, matchName, protocolName, verdictName } from './names.ts';

/** One row of the kernel's counter map, summed over CPUs. */
export type CounterRow = {
  readonly cause: number;
  readonly direction: EventDirection;
  readonly protocol: keyof typeof eventProtocol;
  readonly match: EventMatch;
  readonly verdict: keyof typeof hubbleVerdict;
  readonly count: number;
};

/** Everything that a scrape shows, as it is now. */
export type Measurements = {
  readonly counters: readonly CounterRow[];
  /** Events that did not fit into the ring, verdicts that did not fit into the counter map, records that an observer was too slow for. */
  readonly lost: { readonly ring: number; readonly counters: number; readonly observers: number };
  readonly recordOf: (cause: number) => CauseRecord;
  /** Causes that exist in this generation, so that what never decided is shown with 0. */
  readonly causes: readonly number[];
  readonly sources: SourceTable;
  readonly build: string;
  readonly version: string;
  readonly revision: number;
  readonly workloads: { readonly local: number; readonly remote: number };
};
