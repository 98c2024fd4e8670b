// The workloads of an inventory file (YAML or JSON, as policyd reads it): what selectors are held against, and what changes
// affect. Everything else in it is policyd's business.
import { readFileSync } from 'node:fs';
import { FAILSAFE_SCHEMA, load, YAMLException } from 'js-yaml';
import { addressesIn, type Workload } from '../ir/workload.ts';
import { clusterKey, defaultCluster, type Labels, namespaceKey } from '../space/labels.ts';
import { UsageError } from './usage-error.ts';

/** The workloads of an inventory. @throws UsageError for what cannot be read as one */
export function readWorkloads(path: string): readonly Workload[] {
  const { workloads, namespaces, cluster } = mappingOf(documentOf(path));
  if (workloads !== undefined && !Array.isArray(workloads)) throw new UsageError(`\`${path}\`: expected \`workloads\` to be a list`);
  const listed: readonly unknown[] = workloads ?? [];
  return listed.map(mappingOf).map((workload, i) => workloadOf({ cluster, name: `${i + 1}`, ...workload }, mappingOf(namespaces)));
}

/** Their label sets. @throws UsageError */
export const readInventory = (path: string): readonly Labels[] => readWorkloads(path).map(({ labels }) => labels);

function workloadOf(workload: Mapping, namespaces: Mapping): Workload {
  const { name, namespace, addresses } = workload;
  return {
    name: String(name),
    ...(typeof namespace === 'string' && { namespace }),
    labels: labelsOf(workload, namespaces),
    namedPorts: Object.entries(mappingOf(workload['ports'])).flatMap(portOf),
    addresses: addressesIn(Array.isArray(addresses) ? addresses : []),
    onHostNetwork: false,
  };
}

/** `api: tcp 8080`. */
function portOf([name, written]: readonly [string, unknown]): Workload['namedPorts'] {
  const [, protocol, port] = /^(tcp|udp|sctp) (\d{1,5})$/.exec(String(written)) ?? [];
  const known = (['tcp', 'udp', 'sctp'] as const).find((one) => one === protocol);
  return known ? [{ protocol: known, name, port: Number(port) }] : [];
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

type Mapping = Readonly<Record<string, unknown>>;
const mappingOf = (value: unknown): Mapping => (typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {});

function labelsOf({ namespace, cluster = defaultCluster, labels }: Mapping, namespaces: Mapping): Labels {
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
