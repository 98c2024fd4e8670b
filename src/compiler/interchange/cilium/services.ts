// `toServices`: the backends that services have, by the services' own selectors or addresses.
import { formatPrefix, parsePrefix } from '../../space/address.ts';
import { type Field, has, member, textOf } from '../fields.ts';
import type { StatedService } from '../importer.ts';
import { type LabelTest, selectorText, selectsLabels, testsIn } from '../labels.ts';
import type { Reading } from './reading.ts';

/** Backends of the services that an entry names. */
export function servicePeers(entry: Field, reading: Reading): readonly string[] {
  const services = reading.context.facts.services.filter((service) => isNamed(service, entry, reading.namespace));
  if (services.length === 0) reading.warn(entry, 'no such service is among the documents');
  return services.flatMap((service) => backendsOf(service, reading));
}

function isNamed({ namespace, name, labels }: StatedService, entry: Field, own: string | undefined): boolean {
  const named = member(entry, 'k8sService');
  const chosen = member(entry, 'k8sServiceSelector');
  const isIn = (field: Field): boolean => {
    const wanted = textOf(field, 'namespace') ?? '';
    return wanted === '' ? own === undefined || own === namespace : wanted === namespace;
  };
  if (named.value !== undefined && textOf(named, 'serviceName') === name && isIn(named)) return true;
  return has(chosen, 'selector') && isIn(chosen) && selectsLabels(testsIn(member(chosen, 'selector')), labels);
}

function backendsOf({ selector, namespace, addresses }: StatedService, { context }: Reading): readonly string[] {
  if (!selector)
    return addresses.flatMap((address) => {
      const prefix = parsePrefix(address);
      return prefix ? [formatPrefix(prefix)] : [];
    });
  const { defaultLocalCluster, clusterName } = context.options;
  const tests: readonly LabelTest[] = [
    ...Object.entries(selector).map(([key, value]): LabelTest => ({ about: { kind: 'label', key }, operator: 'In', values: [value] })),
    { about: { kind: 'namespace' }, operator: 'In', values: [namespace] },
    ...(defaultLocalCluster ? [{ about: { kind: 'cluster' } as const, operator: 'In' as const, values: [clusterName] }] : []),
  ];
  const text = selectorText(tests);
  return text === undefined ? [] : [text];
}
