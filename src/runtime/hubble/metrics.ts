// Kernel counters -> Prometheus text. The values are read from the kernel's map when somebody asks, never summed up from
// events: they are exact while the ring drops samples, and go on after a restart while the pins live.
import { Counter, Gauge, Registry } from 'prom-client';
import type { MetricDefinition, SourceTable } from '../../compiler/ir/bundle.ts';
import { type CauseRecord, type RuleCause, ruleCause } from '../events/causes.ts';
import type { EventDirection, EventMatch, EventProtocol, EventVerdict } from '../events/verdict-event.ts';
import { expiredRules } from '../policy/annotations.ts';
import { dropReasonOf, eventType, eventTypeOf, matchName, protocolName, verdictName } from './names.ts';
import { type AnswerRow, answerSamples, type QueryRow, querySamples, type RecordRow, recordSamples } from './queries.ts';
import { type DurationRow, durationsText, type RequestRow, requestSamples } from './requests.ts';
import { ruleInfo } from './rule-info.ts';

/** One row of the kernel's counter map, summed over CPUs. */
export type CounterRow = {
  readonly cause: number;
  readonly direction: EventDirection;
  readonly protocol: EventProtocol;
  readonly match: EventMatch;
  readonly verdict: EventVerdict;
  readonly count: number;
};

/** What became of names in DNS answers: `learned`, `expired`; of answers: `refused`, `unreadable`. */
export type NameRow = { readonly event: string; readonly count: number };

/** Everything that a scrape shows, as it is now. */
export type Measurements = {
  readonly counters: readonly CounterRow[];
  /** Events that did not fit into the kernel's ring, verdicts that did not fit into its counters, records that an observer was too slow for. */
  readonly lost: { readonly ring: number; readonly counters: number; readonly observers: number };
  readonly recordOf: (cause: number) => CauseRecord;
  /** What is in force: rules are shown with 0 where they never decided. */
  readonly sources: SourceTable;
  /** `2026-12-31`: by which rules expire. */
  readonly today: string;
  /** Is this rule, no longer in force, still to be shown? */
  readonly isShown: (cause: number) => boolean;
  readonly build: string;
  readonly version: string;
  readonly revision: number;
  /** Tables in the kernel that somebody changed, when last looked at; how often they were written again. */
  readonly integrity: { readonly drift: readonly { readonly table: string; readonly entries: number }[]; readonly repairs: number };
  readonly workloads: { readonly local: number; readonly remote: number };
  /** Of inspected connections. */
  readonly requests: readonly RequestRow[];
  readonly durations: readonly DurationRow[];
  readonly queries: readonly QueryRow[];
  readonly answers: readonly AnswerRow[];
  readonly records: readonly RecordRow[];
  readonly names: readonly NameRow[];
};

/** Verdict metrics: the bundle describes them, this file knows their values. */
const verdictMetrics = [
  'hubble_policy_verdicts_total',
  'hubble_flows_processed_total',
  'hubble_drop_total',
  'hubble_lost_events_total',
  'policyc_rule_verdicts_total',
  'policyc_rule_info',
  'policyc_expired_rules',
] as const;

/** About the runtime itself. */
const ownMetrics = [
  {
    name: 'policyc_counters_lost_total',
    type: 'counter',
    labels: [],
    help: 'Verdicts that were not counted because the kernel table of counters was full',
  },
  {
    name: 'policyc_build_info',
    type: 'gauge',
    labels: ['build', 'version'],
    help: 'Always 1: the bundle in force and the version of policyd',
  },
  { name: 'policyc_generation_revision', type: 'gauge', labels: [], help: 'Revision of the policy generation in force' },
  {
    name: 'policyc_table_drift_entries',
    type: 'gauge',
    labels: ['table'],
    help: 'Entries of kernel tables that were not as written when last looked at',
  },
  { name: 'policyc_table_repairs_total', type: 'counter', labels: [], help: 'Times that tables which somebody changed were written again' },
  {
    name: 'hubble_http_requests_total',
    type: 'counter',
    labels: ['method', 'protocol', 'status', 'reporter'],
    help: 'Requests of inspected connections; status 403 also where policy denied them, 0 where the response was not seen',
  },
  {
    name: 'hubble_dns_queries_total',
    type: 'counter',
    labels: ['rcode', 'qtypes', 'ips_returned'],
    help: 'DNS queries that `dns` rules decide, and those of `--observe-dns`; rcode is empty for those that passed, before their answer',
  },
  {
    name: 'hubble_dns_responses_total',
    type: 'counter',
    labels: ['rcode', 'qtypes', 'ips_returned'],
    help: 'DNS answers over UDP that came to workloads from ports of `--observe-dns`, or that they gave there',
  },
  {
    name: 'hubble_dns_response_types_total',
    type: 'counter',
    labels: ['type', 'qtypes'],
    help: 'Records of these answers by their type; qtypes: the type that was asked for',
  },
  {
    name: 'policyc_dns_names_total',
    type: 'counter',
    labels: ['event'],
    help: 'Names of addresses that answers brought (learned) and that made room (expired); answers without room (refused) or that cannot be read (unreadable)',
  },
  { name: 'policyc_workloads', type: 'gauge', labels: ['place'], help: 'Workloads of the inventory, local (governed here) and remote' },
] as const satisfies readonly MetricDefinition[];
type MetricName = (typeof verdictMetrics)[number] | (typeof ownMetrics)[number]['name'];

type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

/** The whole exposition in Prometheus' text format. `described`: the bundle's metric definitions. */
export async function metricsText(measured: Measurements, described: readonly MetricDefinition[]): Promise<string> {
  const registry = new Registry();
  const samples = new Map<string, readonly Sample[]>(Object.entries(samplesOf(measured)));
  for (const { name, type, labels, help } of [...described, ...ownMetrics]) {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') {
      const counter = new Counter(options);
      for (const sample of samples.get(name) ?? []) counter.inc(sample.labels, sample.value);
    } else {
      const gauge = new Gauge(options);
      for (const sample of samples.get(name) ?? []) gauge.set(sample.labels, sample.value);
    }
  }
  return `${await registry.metrics()}\n${durationsText(measured.durations)}`;
}

function samplesOf(measured: Measurements): Readonly<Record<MetricName, readonly Sample[]>> {
  const { lost, revision, workloads, build, version } = measured;
  const network = measured.counters.filter(({ direction }) => direction !== 'process');
  return {
    hubble_policy_verdicts_total: policyVerdicts(network, measured),
    hubble_flows_processed_total: network.map((row) => flow(row, measured)),
    hubble_drop_total: network.filter(({ verdict }) => verdict === 'dropped').map((row) => drop(row, measured)),
    hubble_lost_events_total: [
      { labels: { source: 'perf_event_ring_buffer' }, value: lost.ring },
      { labels: { source: 'observer_events_queue' }, value: lost.observers },
    ],
    policyc_rule_verdicts_total: ruleVerdicts(measured),
    policyc_rule_info: ruleInfo(measured.sources),
    policyc_expired_rules: [{ labels: {}, value: expiredRules(measured.sources, measured.today).length }],
    policyc_counters_lost_total: [{ labels: {}, value: lost.counters }],
    policyc_build_info: [{ labels: { build, version }, value: 1 }],
    policyc_generation_revision: [{ labels: {}, value: revision }],
    policyc_table_drift_entries: measured.integrity.drift.map(({ table, entries }) => ({ labels: { table }, value: entries })),
    policyc_table_repairs_total: [{ labels: {}, value: measured.integrity.repairs }],
    hubble_http_requests_total: requestSamples(measured.requests),
    hubble_dns_queries_total: querySamples(measured.queries),
    hubble_dns_responses_total: answerSamples(measured.answers),
    hubble_dns_response_types_total: recordSamples(measured.records),
    policyc_dns_names_total: measured.names.map(({ event, count }) => ({ labels: { event }, value: count })),
    policyc_workloads: [
      { labels: { place: 'local' }, value: workloads.local },
      { labels: { place: 'remote' }, value: workloads.remote },
    ],
  };
}

/** What the program itself refused (a fragment, a malformed packet) is a drop, but no policy spoke. */
const policyVerdicts = (rows: readonly CounterRow[], { recordOf }: Measurements): readonly Sample[] =>
  rows
    .filter((row) => eventTypeOf(recordOf(row.cause), row.protocol) !== 'drop')
    .map(({ direction, match, protocol, verdict, count }) => ({
      labels: { direction, match: matchName(match, protocol), action: verdictName[verdict].toLowerCase() },
      value: count,
    }));

function flow(row: CounterRow, { recordOf }: Measurements): Sample {
  const type = eventTypeOf(recordOf(row.cause), row.protocol);
  const subtype = type === 'layer7' ? protocolName[row.protocol] : '';
  const labels = { protocol: protocolName[row.protocol], type: eventType[type].name, subtype, verdict: verdictName[row.verdict] };
  return { labels, value: row.count };
}

const drop = (row: CounterRow, { recordOf }: Measurements): Sample => ({
  labels: { reason: dropReasonOf(recordOf(row.cause), row.match), protocol: protocolName[row.protocol] },
  value: row.count,
});

const ruleLabels = ({ policy, text, file, line, action, section, audit }: RuleCause) => ({
  policy,
  rule: text,
  file,
  line: String(line),
  action: audit ? 'audit' : action,
  direction: section,
});

function ruleVerdicts({ counters, recordOf, sources, isShown }: Measurements): readonly Sample[] {
  const unused = sources.rules.flatMap((rule): readonly Sample[] => {
    const policy = sources.policies[rule.policy];
    return policy ? [{ labels: ruleLabels(ruleCause({ rule, policy })), value: 0 }] : [];
  });
  const used = counters.flatMap(({ cause, direction, verdict, count }): readonly Sample[] => {
    const record = recordOf(cause);
    if (record.kind === 'rule') return isShown(cause) ? [{ labels: ruleLabels(record), value: count }] : [];
    const first = record.kind === 'default-deny' ? record.policies[0] : undefined;
    if (record.kind !== 'default-deny' || !first) return [];
    const policy = record.policies.map(({ name }) => name).join(',');
    const action = verdict === 'audit' ? 'audit' : 'deny';
    return [{ labels: { policy, rule: 'default deny', file: first.file, line: String(first.line), action, direction }, value: count }];
  });
  return [...unused, ...used];
}
