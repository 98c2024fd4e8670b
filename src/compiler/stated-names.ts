// Workloads of manifests by their names, for questions from the command line: `web`, or `shop-web`, is the workload with the very
// labels that its manifest states.
import type { Report } from './diagnostics/diagnostic.ts';
import type { Name } from './ir/ast.ts';
import { entityNames, type TypedPolicy } from './ir/typed.ts';
import { type Workload, workloadName } from './ir/workload.ts';
import { clusterKey, type Labels, namespaceKey, type Selector } from './space/labels.ts';

/** What stands under a name; several, where namespaces or kinds have it alike. */
export type StatedNames = ReadonlyMap<string, readonly Workload[]>;

/** Pods that use the network of their node are no workloads to policies. */
export function statedNames(workloads: readonly Workload[]): StatedNames {
  const names = new Map<string, Workload[]>();
  for (const workload of workloads.filter(({ onHostNetwork }) => !onHostNetwork)) {
    for (const alias of aliasesOf(workload)) {
      const known = names.get(alias) ?? [];
      if (!known.some((one) => labelsText(one.labels) === labelsText(workload.labels))) names.set(alias, [...known, workload]);
    }
  }
  return names;
}

const entities = new Set<string>(entityNames);

const aliasesOf = ({ namespace, name }: Workload): readonly string[] => [
  ...(entities.has(name) ? [] : [name]),
  ...(namespace === undefined ? [] : [`${namespace}-${name}`]),
];

const labelsText = (labels: Labels): string => JSON.stringify(Object.entries(labels).sort());

const hint = 'write `NAMESPACE-NAME`, or the selector';
type Known = { readonly names: StatedNames; readonly typed: TypedPolicy; readonly report: Report };

/** Declarations of the names that are workloads; what several are called is told, and declared as all of them. */
export function statedDeclarations(asked: readonly Name[], { names, typed, report }: Known): string {
  const keys = keysIn(typed);
  const texts = new Map(asked.map((name) => [name.text, name]));
  return [...texts]
    .flatMap(([text, { span }]) => {
      const found = names.get(text) ?? [];
      const [workload] = found;
      if (found.length > 1) report('event/ambiguous-workload', span, { name: text, workloads: found.map(workloadName).join(', '), hint });
      return workload ? [`workload ${text} = ${selectorText(workload.labels, keys)}`] : [];
    })
    .join('\n');
}

/** All that policies ask of labels. */
function keysIn({ policies, rules }: TypedPolicy): ReadonlySet<string> {
  const keys = new Set<string>();
  const add = (selector: Selector): void => {
    for (const one of selector) for (const { key } of one) keys.add(key);
  };
  for (const { subject } of policies) add(subject.workloads);
  for (const rule of rules) if (rule.section !== 'process') for (const selector of rule.peers.selectors) add(selector);
  return keys;
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** Of every label what it is, or that it is not there; of those of the namespace what policies ask. */
function selectorText(labels: Labels, keys: ReadonlySet<string>): string {
  const all = [...new Set([...Object.keys(labels), ...keys])].sort();
  const testOf = (key: string, name: string): string => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return `${quoted(name)}: ${value === undefined ? 'absent' : quoted(value)}`;
  };
  const own = all.filter((key) => !key.startsWith('@')).map((key) => testOf(key, key));
  const prefix = `${namespaceKey}/`;
  const ofNamespace = [...keys]
    .filter((key) => key.startsWith(prefix))
    .sort()
    .map((key) => testOf(key, key.slice(prefix.length)));
  const [namespace, cluster] = [labels[namespaceKey], labels[clusterKey]];
  return [
    `{ ${own.join(', ')} }`,
    ...(namespace === undefined ? [] : [`in namespace ${quoted(namespace)}`]),
    ...(ofNamespace.length > 0 ? [`in namespace { ${ofNamespace.join(', ')} }`] : []),
    ...(cluster === undefined ? [] : [`in cluster ${quoted(cluster)}`]),
  ].join(' ');
}
