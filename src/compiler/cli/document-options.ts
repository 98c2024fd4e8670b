// Options about documents of Kubernetes and its like: how they are meant where their readers differ.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { closest } from '../base/closest.ts';
import type { ImportOptions } from '../pipeline.ts';

/** `agent`: settings of the agent that the documents are for, by the names of its own flags. */
export type DocumentOptions = Pick<ImportOptions, 'schema' | 'baseline'> & { readonly agent: Partial<ImportOptions> };

export const withDocuments = (command: Command): Command =>
  command
    .addOption(
      new Option('--schema <mode>', 'unknown fields of documents: refused, dropped, or nothing is held against a schema')
        .choices(['strict', 'prune', 'off'])
        .default('strict'),
    )
    .addOption(
      new Option('--baseline <reading>', 'whose reading of ClusterNetworkPolicy holds where they differ')
        .choices(['cilium', 'kubernetes'])
        .default('cilium'),
    )
    .addOption(
      new Option('--agent <flag=value>', `a flag of Cilium's agent that documents are read for: ${Object.keys(flags).join(', ')}`)
        .argParser(readAgent)
        .default({}, "the agent's own defaults"),
    );

export const importOptionsOf = ({ schema, baseline, agent }: Partial<DocumentOptions>): Partial<ImportOptions> => ({
  ...agent,
  ...(schema !== undefined && { schema }),
  ...(baseline !== undefined && { baseline }),
});

type Flag = (value: string) => Partial<ImportOptions> | undefined;

const truths: Readonly<Record<string, boolean>> = { true: true, false: false };
const truth =
  (make: (value: boolean) => Partial<ImportOptions>): Flag =>
  (value) => {
    const read = truths[value];
    return read === undefined ? undefined : make(read);
  };

const flags: Readonly<Record<string, Flag>> = {
  'allow-localhost': (value) => (/^(?:auto|always|policy)$/.test(value) ? { allowLocalhost: value !== 'policy' } : undefined),
  'cluster-name': (value) => (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value) ? { clusterName: value } : undefined),
  'enable-ipv6': truth((ipv6) => ({ ipv6 })),
  'enable-node-selector-labels': truth((nodeLabels) => ({ nodeLabels })),
  'enable-policy': (value) => (value === 'default' || value === 'always' || value === 'never' ? { enforcement: value } : undefined),
  'policy-cidr-match-mode': (value) => {
    const modes = value.split(',');
    const isKnown = modes.every((mode) => mode === '' || mode === 'nodes' || mode === 'pods');
    return isKnown ? { addressesMatch: { workloads: modes.includes('pods'), nodes: modes.includes('nodes') } } : undefined;
  },
  'policy-default-local-cluster': truth((defaultLocalCluster) => ({ defaultLocalCluster })),
};

function readAgent(text: string, before: Partial<ImportOptions>): Partial<ImportOptions> {
  const [, name = '', value = ''] = /^(?:--)?([^=]*)=?(.*)$/.exec(text) ?? [];
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (!flag) {
    const suggestion = closest(name, Object.keys(flags));
    const hint = suggestion === undefined ? `expected one of ${Object.keys(flags).join(', ')}` : `did you mean \`${suggestion}\`?`;
    throw new InvalidArgumentError(`no flag \`${name}\` that changes what documents mean: ${hint}`);
  }
  const read = flag(value);
  if (!read) throw new InvalidArgumentError(`\`${value}\` is no value of \`${name}\``);
  return { ...before, ...read };
}
