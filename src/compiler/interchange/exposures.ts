// What Ingresses and Routes open to an ingress controller: the workloads behind their services, at the ports that the services
// send to.

import type { NamedPort, Transport } from '../ir/typed.ts';
import type { Exposure } from '../ir/workload.ts';
import { intervals } from '../space/interval.ts';
import type { Labels } from '../space/labels.ts';
import { type TransportProtocol, transportRange } from '../space/transport.ts';
import { isObject } from './documents/json.ts';
import { type Field, itemsOf, member, numberIn, textIn, textOf } from './fields.ts';
import { type Document, type Facts, originText } from './importer.ts';

/** Of every Ingress and Route whose service is stated, and selects workloads. */
export function exposuresOf({ documents }: Facts): readonly Exposure[] {
  const services = new Map((documents.get('/Service') ?? []).map((one) => [`${placeOf(one)}/${one.name}`, one]));
  const of = (kind: string, read: (root: Field) => readonly Backend[]): readonly Exposure[] =>
    (documents.get(kind) ?? []).flatMap((document) =>
      read({ value: document.value, path: [] }).flatMap((backend) => exposureOf(document, backend, services)),
    );
  return [
    ...of('networking.k8s.io/Ingress', ingressBackends),
    ...of('extensions/Ingress', ingressBackends),
    ...of('route.openshift.io/Route', routeBackends),
  ];
}

const placeOf = ({ namespace = 'default' }: Document): string => namespace;

/** A service, and which of its ports: by number, or by name; absent: every one. `isTarget`: the port of the pods is named, not the service's. */
type Backend = { readonly service: string; readonly port?: number | string; readonly isTarget: boolean };

function ingressBackends(root: Field): readonly Backend[] {
  const spec = member(root, 'spec');
  const paths = itemsOf(spec, 'rules').flatMap((rule) => itemsOf(member(rule, 'http'), 'paths'));
  const fields = [member(spec, 'defaultBackend'), member(spec, 'backend'), ...paths.map((path) => member(path, 'backend'))];
  return fields.flatMap((backend) => {
    const service = member(backend, 'service');
    const name = textOf(service, 'name') ?? textOf(backend, 'serviceName');
    const port = member(service, 'port');
    const places = [member(port, 'number'), member(port, 'name'), member(backend, 'servicePort')];
    const wanted = places.map((field) => numberIn(field) ?? textIn(field)).find((one) => one !== undefined);
    return name === undefined ? [] : [{ service: name, isTarget: false, ...(wanted !== undefined && { port: wanted }) }];
  });
}

function routeBackends(root: Field): readonly Backend[] {
  const spec = member(root, 'spec');
  const target = member(member(spec, 'port'), 'targetPort');
  const port = numberIn(target) ?? textIn(target);
  return [member(spec, 'to'), ...itemsOf(spec, 'alternateBackends')].flatMap((backend) => {
    const service = textOf(backend, 'name');
    return service === undefined ? [] : [{ service, isTarget: true, ...(port !== undefined && { port }) }];
  });
}

function exposureOf(document: Document, backend: Backend, services: ReadonlyMap<string, Document>): readonly Exposure[] {
  const namespace = placeOf(document);
  const service = services.get(`${namespace}/${backend.service}`);
  if (!service) return [];
  const spec = member({ value: service.value, path: [] }, 'spec');
  const selector = textsOf(member(spec, 'selector').value);
  const targets = itemsOf(spec, 'ports')
    .filter((port) => isMeant(port, backend))
    .map(targetOf);
  if (Object.keys(selector).length === 0 || targets.length === 0) return [];
  return [{ by: originText(document).replace(/^\S+\/(?=\w+ )/, ''), namespace, selector, transport: transportOf(targets) }];
}

/** A Route's port is the pods' or the service's by its name. */
function isMeant(port: Field, { port: wanted, isTarget }: Backend): boolean {
  if (wanted === undefined) return true;
  const [number, name] = [numberIn(member(port, 'port')), textOf(port, 'name')];
  const target = numberIn(member(port, 'targetPort')) ?? textOf(port, 'targetPort') ?? number;
  return isTarget ? target === wanted || name === wanted : number === wanted || name === wanted;
}

type Target = { readonly protocol: TransportProtocol; readonly port: number | string };

function targetOf(port: Field): Target {
  const protocol = (['udp', 'sctp'] as const).find((one) => one === textOf(port, 'protocol')?.toLowerCase()) ?? 'tcp';
  const target = numberIn(member(port, 'targetPort')) ?? textOf(port, 'targetPort') ?? numberIn(member(port, 'port')) ?? 0;
  return { protocol, port: target };
}

const transportOf = (targets: readonly Target[]): Transport => ({
  points: intervals(targets.flatMap(({ protocol, port }) => (typeof port === 'number' ? transportRange(protocol, port, port) : []))),
  named: targets.flatMap(({ protocol, port }): readonly NamedPort[] => (typeof port === 'string' ? [{ protocol, name: port }] : [])),
});

const textsOf = (value: unknown): Labels =>
  isObject(value) ? Object.fromEntries(Object.entries(value).filter((one): one is [string, string] => typeof one[1] === 'string')) : {};
