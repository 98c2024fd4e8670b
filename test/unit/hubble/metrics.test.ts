// The exposition: Hubble's names, labels and values, rules with zero hits, and what promtool thinks of it.
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { metricDefinitions } from '../../../src/compiler/6-emit/metrics.ts';
import { fixedCause } from '../../../src/compiler/ir/abi.ts';
import { type CounterRow, type Measurements, metricsText } from '../../../src/runtime/hubble/metrics.ts';
import { samplePolicy, sampleUnit } from '../../harness/sample-policy.ts';
import { cause, causes, sources } from './sample.ts';

const noSpan = { source: { path: '', text: '' }, start: 0, end: 0 };

/** Of a policy that uses an annotation of its own. */
const definitions = metricDefinitions(
  sampleUnit([samplePolicy(0, { annotations: [{ name: 'cost-centre', values: [], span: noSpan }] })], []),
);

const row = (
  ...[number, direction, protocol, match, verdict, count]: [
    number,
    CounterRow['direction'],
    CounterRow['protocol'],
    CounterRow['match'],
    CounterRow['verdict'],
    number,
  ]
): CounterRow => ({
  cause: number,
  direction,
  protocol,
  match,
  verdict,
  count,
});

const measured = (counters: readonly CounterRow[]): Measurements => ({
  counters,
  lost: { ring: 3, counters: 0, observers: 2 },
  recordOf: (number) => causes.recordOf(number),
  sources,
  today: '2026-07-01',
  isShown: () => true,
  build: 'abc',
  version: '0.1.0',
  revision: 7,
  integrity: { drift: [{ table: 't_memory', entries: 2 }], repairs: 1 },
  workloads: { local: 2, remote: 1 },
  requests: [
    { direction: 'ingress', method: 'GET', protocol: 'HTTP/1.1', status: 200, count: 6 },
    { direction: 'egress', method: 'other', protocol: 'HTTP/1.0', status: 0, count: 1 },
  ],
  durations: [{ direction: 'ingress', method: 'GET', seconds: 11.75, buckets: [4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1] }],
  queries: [
    { type: 1, denied: false, count: 5 },
    { type: 28, denied: true, count: 2 },
    { type: 'unreadable', denied: true, count: 1 },
  ],
  answers: [
    { type: 1, code: 0, addresses: 2, count: 4 },
    { type: 'other', code: 3, addresses: 0, count: 1 },
  ],
  records: [
    { asked: 1, type: 5, count: 3 },
    { asked: 'other', type: 'other', count: 2 },
  ],
  names: [{ event: 'learned', count: 9 }],
});
const sampled = async (counters: readonly CounterRow[]): Promise<readonly string[]> =>
  (await metricsText(measured(counters), definitions)).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('policy verdicts, as Hubble labels them', async () => {
  const lines = await sampled([
    row(cause.both, 'egress', 'tcp', 'none', 'dropped', 1),
    row(cause.cart, 'ingress', 'tcp', 'l3-l4', 'redirected', 2),
    row(cause.both, 'ingress', 'http', 'layer7', 'dropped', 3),
    row(fixedCause.fragment, 'ingress', 'udp', 'none', 'dropped', 4),
    row(cause.shell, 'process', 'exec', 'layer7', 'dropped', 5),
  ]);
  for (const line of [
    'hubble_policy_verdicts_total{direction="egress",match="none",action="dropped"} 1',
    'hubble_policy_verdicts_total{direction="ingress",match="l3-l4",action="redirected"} 2',
    'hubble_policy_verdicts_total{direction="ingress",match="l7/http",action="dropped"} 3',
    'hubble_flows_processed_total{protocol="TCP",type="PolicyVerdict",subtype="",verdict="DROPPED"} 1',
    'hubble_flows_processed_total{protocol="HTTP",type="L7",subtype="HTTP",verdict="DROPPED"} 3',
    'hubble_flows_processed_total{protocol="UDP",type="Drop",subtype="",verdict="DROPPED"} 4',
    'hubble_drop_total{reason="POLICY_DENIED",protocol="TCP"} 1',
    'hubble_drop_total{reason="POLICY_DENIED",protocol="HTTP"} 3',
    'hubble_drop_total{reason="IP_FRAGMENTATION_NOT_SUPPORTED",protocol="UDP"} 4',
    'hubble_lost_events_total{source="perf_event_ring_buffer"} 3',
    'hubble_lost_events_total{source="observer_events_queue"} 2',
    'policyc_build_info{build="abc",version="0.1.0"} 1',
    'policyc_generation_revision 7',
    'policyc_workloads{place="local"} 2',
  ]) {
    assert.ok(lines.includes(line), `${line}\nis not in\n${lines.join('\n')}`);
  }
  const verdicts = lines.filter((line) => line.startsWith('hubble_policy_verdicts_total'));
  assert.is(verdicts.length, 3, 'neither the own refusal nor the exec is a policy verdict of Hubble');
});

test('DNS queries by type', async () => {
  const lines = await sampled([]);
  assert.equal(
    lines.filter((line) => /^(hubble|policyc)_dns/.test(line)),
    [
      'hubble_dns_queries_total{rcode="",qtypes="A",ips_returned="0"} 5',
      'hubble_dns_queries_total{rcode="Policy denied",qtypes="AAAA",ips_returned="0"} 2',
      'hubble_dns_queries_total{rcode="Policy denied",qtypes="unreadable",ips_returned="0"} 1',
      'hubble_dns_responses_total{rcode="No Error",qtypes="A",ips_returned="2"} 4',
      'hubble_dns_responses_total{rcode="Non-Existent Domain",qtypes="other",ips_returned="0"} 1',
      'hubble_dns_response_types_total{type="CNAME",qtypes="A"} 3',
      'hubble_dns_response_types_total{type="other",qtypes="other"} 2',
      'policyc_dns_names_total{event="learned"} 9',
    ],
  );
});

test('requests by status, and how long their responses took', async () => {
  const lines = await sampled([]);
  assert.equal(
    lines.filter((line) => line.startsWith('hubble_http')),
    [
      'hubble_http_requests_total{method="GET",protocol="HTTP/1.1",status="200",reporter="server"} 6',
      'hubble_http_requests_total{method="other",protocol="HTTP/1.0",status="0",reporter="client"} 1',
      ...['0.005', '0.01', '0.025', '0.05', '0.1'].map(
        (bound) => `hubble_http_request_duration_seconds_bucket{method="GET",reporter="server",le="${bound}"} 4`,
      ),
      ...['0.25', '0.5', '1', '2.5', '5', '10'].map(
        (bound) => `hubble_http_request_duration_seconds_bucket{method="GET",reporter="server",le="${bound}"} 5`,
      ),
      'hubble_http_request_duration_seconds_bucket{method="GET",reporter="server",le="+Inf"} 6',
      'hubble_http_request_duration_seconds_sum{method="GET",reporter="server"} 11.75',
      'hubble_http_request_duration_seconds_count{method="GET",reporter="server"} 6',
    ],
  );
});

test('equal label sets of several causes add up', async () => {
  const lines = await sampled([
    row(cause.world, 'egress', 'tcp', 'l3-only', 'dropped', 1),
    row(16 + 900, 'egress', 'tcp', 'l3-only', 'dropped', 2),
  ]);
  assert.ok(lines.includes('hubble_policy_verdicts_total{direction="egress",match="l3-only",action="dropped"} 3'));
  assert.ok(lines.includes('hubble_drop_total{reason="POLICY_DENY",protocol="TCP"} 3'), 'a lost record is told by its match');
});

test('rules: each one, those without a hit too; a default deny by its policies', async () => {
  const lines = await sampled([
    row(cause.shell, 'process', 'exec', 'layer7', 'dropped', 5),
    row(cause.office, 'egress', 'tcp', 'l3-only', 'audit', 4),
    row(cause.both, 'egress', 'tcp', 'none', 'dropped', 1),
  ]);
  assert.equal(
    lines.filter((line) => line.startsWith('policyc_rule_verdicts_total')),
    [
      'policyc_rule_verdicts_total{policy="cart-access",rule="allow from storefront at tcp 8080 http { GET \\"/cart/{id}\\" }",file="shop.policy",line="5",action="allow",direction="ingress"} 0',
      'policyc_rule_verdicts_total{policy="cart-access",rule="deny to world",file="shop.policy",line="6",action="deny",direction="egress"} 0',
      'policyc_rule_verdicts_total{policy="no-shell",rule="deny exec \\"/bin/sh\\"",file="base.policy",line="4",action="deny",direction="process"} 5',
      'policyc_rule_verdicts_total{policy="cart-access",rule="audit to office",file="shop.policy",line="7",action="audit",direction="egress"} 4',
      'policyc_rule_verdicts_total{policy="cart-access,no-shell",rule="default deny",file="shop.policy",line="3",action="deny",direction="egress"} 1',
    ],
  );
});

test('what audit would deny is a verdict of its own, and no drop', async () => {
  const lines = await sampled([row(cause.office, 'egress', 'tcp', 'l3-only', 'audit', 4)]);
  assert.ok(lines.includes('hubble_policy_verdicts_total{direction="egress",match="l3-only",action="audit"} 4'));
  assert.not(lines.some((line) => line.startsWith('hubble_drop_total{')));
});

test('each rule says whose it is; those past their day are counted', async () => {
  const lines = await sampled([]);
  const info = lines.filter((line) => line.startsWith('policyc_rule_info'));
  assert.is(info.length, sources.rules.length);
  const place = 'policy="cart-access",rule="audit to office",file="shop.policy",line="7",direction="egress",name="office"';
  const order = 'tier="normal",priority="-5",mode="audit"';
  assert.is(info[3], `policyc_rule_info{${place},${order},until="2026-06-30",annotation_cost_centre="7",owner="team-checkout"} 1`);
  assert.ok(lines.includes('policyc_expired_rules 1'));
});

test('a retired rule is not shown', async () => {
  const text = await metricsText(
    {
      ...measured([row(cause.world, 'egress', 'tcp', 'l3-only', 'dropped', 9)]),
      sources: { policies: [], rules: [] },
      isShown: () => false,
    },
    definitions,
  );
  assert.not.match(text, /policyc_rule_verdicts_total\{/);
  assert.match(text, /hubble_drop_total\{reason="POLICY_DENY",protocol="TCP"\} 9/);
});

test('every metric has HELP and TYPE, and promtool has no complaint', async () => {
  const text = await metricsText(measured([row(cause.both, 'egress', 'tcp', 'none', 'dropped', 1)]), definitions);
  for (const { name, type } of definitions) assert.match(text, new RegExp(`# HELP ${name} .+\n# TYPE ${name} ${type}\n`));
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  if (error) return void console.log('SKIP promtool check metrics: promtool is not installed');
  assert.equal([status, stdout, stderr], [0, '', '']);
});

test.run();
