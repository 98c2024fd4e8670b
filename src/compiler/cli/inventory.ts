// The labels of an inventory file (YAML or JSON, as policyd reads it): what selectors are held against. Everything else
// in it is policyd's business.
import { readFileSync } from 'node:fs';
import { FAILSAFE_SCHEMA, load, YAMLException } from 'js-yaml';
import type { Workload } from '../ir/workload.ts';
import { parseAddress } from '../space/address.ts';
import { clusterKey, defaultCluster, type Labels, namespaceKey } from '../space/labels.ts';
import { UsageError } from './usage-error.ts';

/** The label sets of the workloads. @throws UsageError for what cannot be read as an inventory. */
export const readInventory = (path: string): readonly Labels[] => readWorkloads(path).map(({ labels }) => labels);

/** The workloads. @throws UsageError for what cannot be read as an inventory. */
export function readWorkloads(path: string): readonly Workload[] {
  const { workloads, namespaces, cluster } = mappingOf(documentOf(path));
  if (workloads !== undefined && !Array.isArray(workloads)) throw new UsageError(`\`${path}\`: expected \`workloads\` to be a list`);
  const listed: readonly unknown[] = workloads ?? [];
  return listed.map(mappingOf).map((workload, i) => {
    const { name, namespace, ports, addresses } = workload;
    return {
      ...(typeof namespace === 'string' && { namespace }),
      name: typeof name === 'string' ? name : `workloads[${i}]`,
      labels: labelsOf({ cluster, ...workload }, mappingOf(namespaces)),
      namedPorts: Object.entries(textsOf(mappingOf(ports))).flatMap(portOf),
      addresses: (Array.isArray(addresses) ? addresses : []).flatMap((one) => (typeof one === 'string' ? (parseAddress(one) ?? []) : [])),
      onHostNetwork: false,
    };
  });
}

/** `http: tcp 8080`. */
function portOf([name, text]: readonly [string, string]): Workload['namedPorts'] {
  const [, written = '', port = ''] = /^(tcp|udp|sctp) ([0-9]{1,5})$/.exec(text) ?? [];
  const protocol = (['tcp', 'udp', 'sctp'] as const).find((one) => one === written);
  return protocol ? [{ protocol, name, port: Number(port) }] : [];
}

function documentOf(path: string): unknown {
  try {
    return load(readFileSync(path, 'utf8'), { schema: FAILSAFE_SCHEMA });
  } catch (error) {
    if (error instanceof YAMLException) throw new UsageError(`\`${path}\` is not YAML: ${error.reason}`);
    if (error instanceof Error && 'code' in error) throw new UsageError(`cannot read \`${path}\`: ${String(error.code)}`);
    throw error;
  }
}

const mappingOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};

function labelsOf(
  { namespace, cluster = defaultCluster, labels }: Readonly<Record<string, unknown>>,
  namespaces: Readonly<Record<string, unknown>>,
): Labels {
  const ofNamespace = typeof namespace === 'string' ? mappingOf(mappingOf(namespaces[namespace])['labels']) : {};
  return textsOf({
    ...mappingOf(labels),
    ...Object.fromEntries(Object.entries(ofNamespace).map(([key, value]) => [`${namespaceKey}/${key}`, value])),
    [namespaceKey]: namespace,
    [clusterKey]: cluster,
  });
}

const textsOf = (values: Readonly<Record<string, unknown>>): Labels =>
  Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])));
