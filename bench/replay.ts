// How fast recorded traffic is replayed: lines as Hubble's exporter writes them, of a cluster of 40 services with 3 pods each, a tenth of them
// requests, against a policy for each service. Every process is fresh; its memory at ten times the lines is beside that at once.
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Figures, figure, median, type Options } from './measure.ts';
import { sample } from './process.ts';

const services = 40;
const program = join(import.meta.dirname, '..', 'dist', 'policyc.js');

function policyText(): string {
  const policies = Array.from(
    { length: services },
    (_, i) => `policy svc${i}-access for { app: "svc${i}" } {
  ingress {
    allow from [{ app: "svc${(i + 1) % services}" }, { app: "svc${(i + 7) % services}" }] at tcp 8080
    allow from { app: "svc${(i + 3) % services}" } at tcp 8080 http { GET "/api/{id}/items" }
  }
}`,
  );
  return `namespace "shop"\n${policies.join('\n')}\n`;
}

const endOf = (service: number, pod: number) => ({
  ID: 1000 + service * 3 + pod,
  identity: 20_000 + service,
  cluster_name: 'default',
  namespace: 'shop',
  labels: [
    `k8s:app=svc${service}`,
    'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=shop',
    'k8s:io.cilium.k8s.policy.cluster=default',
    'k8s:io.cilium.k8s.policy.serviceaccount=default',
    'k8s:io.kubernetes.pod.namespace=shop',
  ],
  pod_name: `svc${service}-6d4b75cb6d-${pod}`,
  workloads: [{ name: `svc${service}`, kind: 'Deployment' }],
});

function lineOf(i: number): string {
  const [from, to] = [i % services, (i * 7 + 3) % services];
  const time = `2026-03-05T${String(Math.floor(i / 3_600_000) % 24).padStart(2, '0')}:${String(Math.floor(i / 60_000) % 60).padStart(2, '0')}:${String(Math.floor(i / 1000) % 60).padStart(2, '0')}.${String(i % 1000).padStart(3, '0')}175415Z`;
  const isRequest = i % 10 === 0;
  const http = {
    method: 'GET',
    url: `http://svc${to}:8080/api/${i}/items`,
    protocol: 'HTTP/1.1',
    headers: [{ key: 'User-Agent', value: 'go' }],
  };
  const flow = {
    time,
    uuid: `5f1b6c1e-7b1d-4c1e-8f5e-${String(i).padStart(12, '0')}`,
    verdict: 'FORWARDED',
    ethernet: { source: '22:da:eb:b3:0e:cd', destination: '5a:d1:6b:58:d5:0b' },
    IP: { source: `10.244.${from}.${1 + (i % 3)}`, destination: `10.244.${to}.${1 + (i % 2)}`, ipVersion: 'IPv4' },
    l4: { TCP: { source_port: 30_000 + (i % 20_000), destination_port: 8080, flags: { SYN: true } } },
    source: endOf(from, i % 3),
    destination: endOf(to, i % 2),
    Type: isRequest ? 'L7' : 'L3_L4',
    node_name: `kind/worker-${from % 5}`,
    ...(isRequest && { l7: { type: 'REQUEST', http } }),
    event_type: { type: isRequest ? 129 : 4 },
    traffic_direction: 'INGRESS',
    ...(!isRequest && { trace_observation_point: 'TO_ENDPOINT', trace_reason: 'NEW' }),
    is_reply: false,
    Summary: 'TCP Flags: SYN',
  };
  return `${JSON.stringify({ flow, node_name: flow.node_name, time })}\n`;
}

function writeLines(path: string, count: number): void {
  const file = openSync(path, 'w');
  const batch = 5000;
  for (let from = 0; from < count; from += batch)
    writeSync(file, Array.from({ length: Math.min(batch, count - from) }, (_, i) => lineOf(from + i)).join(''));
  closeSync(file);
}

/** `replay_flows_per_s` by the clock, `replay_flows_per_cpu_s` by the time of the processor, `replay_rss_ratio_10x`: memory at ten times the lines. */
export function replayFigures({ quick }: Options): Figures {
  const [count, rounds] = quick ? [20_000, 1] : [400_000, 5];
  const run = (flows: string, policies: string) => sample([program, 'replay', flows, policies, '--format', 'json']);
  const folder = mkdtempSync(join(tmpdir(), 'policyc-bench-replay-'));
  try {
    const [small, large, policies] = [join(folder, 'small.json'), join(folder, 'large.json'), join(folder, 'shop.policy')];
    writeLines(small, count / 10);
    writeLines(large, count);
    writeFileSync(policies, policyText());
    const pairs = Array.from({ length: rounds }, () => [run(small, policies), run(large, policies)] as const);
    return {
      ...figure(
        'replay_flows_per_s',
        pairs.map(([, { wall }]) => count / wall),
      ),
      ...figure(
        'replay_flows_per_cpu_s',
        pairs.map(([, { cpu }]) => count / cpu),
      ),
      replay_rss_mib: median(pairs.map(([, { mib }]) => mib)),
      replay_rss_ratio_10x: median(pairs.map(([one, ten]) => ten.mib / one.mib)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
