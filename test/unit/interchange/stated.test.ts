// Workloads under the names that people know them by, and what Ingresses and Routes open: what `list` is asked about.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Stated, workloadName } from '../../../src/compiler/ir/workload.ts';
import { importUnit } from '../../../src/compiler/pipeline.ts';
import { formatAddress } from '../../../src/compiler/space/address.ts';
import { transportPoint } from '../../../src/compiler/space/transport.ts';

function stated(...documents: readonly object[]): Stated {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: documents });
  const imported = importUnit([{ path: 'objects.json', text }]);
  if (!imported.ok) throw new Error(JSON.stringify(imported.diagnostics.map(({ message }) => message)));
  return imported.value.stated;
}
const namesOf = (...documents: readonly object[]): readonly string[] => stated(...documents).workloads.map(workloadName);

const meta = (name: string, more: object = {}): object => ({ name, namespace: 'shop', ...more });
const template = (labels: object, spec: object = {}): object => ({ template: { metadata: { labels }, spec } });
const deployment = (name: string, labels: object): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: meta(name),
  spec: template(labels),
});
const pod = (name: string, labels: object, owner: readonly [kind: string, name: string], ip = ''): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: meta(name, { labels, ownerReferences: [{ kind: owner[0], name: owner[1], controller: true }] }),
  spec: {},
  ...(ip !== '' && { status: { podIPs: [{ ip }, { ip: '2001:db8::7' }] } }),
});

test('pods stand under what makes them, and its template is left out', () => {
  const labels = { app: 'web', 'pod-template-hash': '7d4' };
  const set = (name: string): object => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: meta(name, { ownerReferences: [{ kind: 'Deployment', name: 'web' }] }),
    spec: template(labels),
  });
  const pods = [pod('web-7d4-a', labels, ['ReplicaSet', 'web-7d4'], '10.0.0.7'), pod('web-7d4-b', labels, ['ReplicaSet', 'web-7d4'])];
  assert.equal(namesOf(deployment('web', { app: 'web' }), ...pods), ['shop/web[Deployment]']);
  assert.equal(namesOf(deployment('web', { app: 'web' }), set('web-7d4'), ...pods), ['shop/web[Deployment]']);
  assert.equal(namesOf(deployment('web', { app: 'web' }), set('web-7d4'), set('web-old')), ['shop/web[Deployment]']);
  assert.equal(namesOf(...pods), ['shop/web-7d4[ReplicaSet]']);
  const [web] = stated(deployment('web', { app: 'web' }), ...pods).workloads;
  assert.is(web?.labels['pod-template-hash'], '7d4');
  assert.equal(web?.addresses.map(formatAddress), ['10.0.0.7', '2001:db8::7']);
});

test('pods of one owner that differ stand each by itself', () => {
  const agents = [
    pod('agent-a', { app: 'agent', tier: 'x' }, ['DaemonSet', 'agent']),
    pod('agent-b', { app: 'agent' }, ['DaemonSet', 'agent']),
  ];
  assert.equal(namesOf(...agents), ['shop/agent-a[Pod]', 'shop/agent-b[Pod]']);
});

test('objects that own each other end somewhere', () => {
  const loop = (name: string, owner: string): object => ({
    ...deployment(name, { app: name }),
    metadata: meta(name, { ownerReferences: [{ kind: 'Deployment', name: owner }] }),
  });
  assert.is(namesOf(loop('a', 'b'), loop('b', 'a')).length, 2);
});

test('labels of the namespace, named ports, the network of the node', () => {
  const { workloads } = stated(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'x' } } },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: meta('report'),
      spec: {
        jobTemplate: {
          spec: template(
            { app: 'report' },
            { hostNetwork: true, containers: [{ ports: [{ name: 'dns', containerPort: 53, protocol: 'UDP' }] }] },
          ),
        },
      },
    },
  );
  const [report] = workloads;
  assert.is(report?.labels['@namespace/team'], 'x');
  assert.equal(report?.namedPorts, [{ protocol: 'udp', name: 'dns', port: 53 }]);
  assert.is(report?.onHostNetwork, true);
});

test('what Ingresses and Routes open', () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta('web'),
    spec: {
      selector: { app: 'web' },
      ports: [
        { name: 'www', port: 80, targetPort: 'http' },
        { name: 'admin', port: 81, targetPort: 9000 },
      ],
    },
  };
  const ingress = (port: object): object => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: meta('front'),
    spec: { rules: [{ http: { paths: [{ backend: { service: { name: 'web', port } } }] } }] },
  });
  const opened = (...documents: readonly object[]) => stated(service, ...documents).exposures.map(({ by, transport }) => [by, transport]);
  const at = transportPoint('tcp', 9000);
  const admin = { points: [{ low: at, high: at }], named: [] };
  const www = { points: [], named: [{ protocol: 'tcp', name: 'http' }] };
  assert.equal(opened(ingress({ number: 80 })), [['Ingress shop/front', www]]);
  assert.equal(opened(ingress({ name: 'admin' })), [['Ingress shop/front', admin]]);
  assert.equal(opened(ingress({ number: 82 })), []);
  const route = (spec: object): object => ({ apiVersion: 'route.openshift.io/v1', kind: 'Route', metadata: meta('r'), spec });
  assert.equal(opened(route({ to: { name: 'web' }, port: { targetPort: 9000 } })), [['Route shop/r', admin]]);
  assert.equal(opened(route({ to: { name: 'web' } })), [['Route shop/r', { points: admin.points, named: www.named }]]);
  assert.equal(opened(route({ to: { name: 'nobody' } })), []);
});

test.run();
