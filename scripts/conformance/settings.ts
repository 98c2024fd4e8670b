// The settings of a case as options of the import. A setting that is not known would change what its verdicts mean.
import type { ImportOptions } from '../../src/compiler/interchange/importer.ts';
import type { Case } from './format.ts';

type Setting = (value: unknown) => Partial<ImportOptions> | undefined;

const truth =
  (make: (value: boolean) => Partial<ImportOptions>): Setting =>
  (value) =>
    typeof value === 'boolean' ? make(value) : undefined;

function oneOf<T extends string>(words: readonly T[], make: (word: T) => Partial<ImportOptions>): Setting {
  return (value) => {
    const word = words.find((one) => one === value);
    return word === undefined ? undefined : make(word);
  };
}

const modes = new Set<unknown>(['pods', 'nodes']);

/** `[]`, `"pods"`, `["nodes", "pods"]`. Nodes of cases have no addresses that blocks could hold: about them is about nothing more. */
function addressesMatch(value: unknown): Partial<ImportOptions> | undefined {
  const given: readonly unknown[] = [value].flat().filter((mode) => mode !== '');
  if (!given.every((mode) => modes.has(mode))) return undefined;
  const workloads = given.includes('pods');
  return { addressesMatch: { workloads, nodes: workloads } };
}

const allowLocalhost: Setting = (value) =>
  oneOf(['auto', 'always', 'policy'], (word) => ({ allowLocalhost: word !== 'policy' }))(value) ??
  truth((isAllowed) => ({ allowLocalhost: isAllowed }))(value);

const settings: Readonly<Record<string, Setting>> = {
  ipv6: truth((ipv6) => ({ ipv6 })),
  allowLocalhost,
  policyEnforcement: oneOf(['default', 'always', 'never'], (enforcement) => ({ enforcement })),
  policyCIDRMatchMode: addressesMatch,
  enableNodeSelectorLabels: truth((nodeLabels) => ({ nodeLabels })),
  policyDefaultLocalCluster: truth((defaultLocalCluster) => ({ defaultLocalCluster })),
  clusterName: (value) => (typeof value === 'string' && value !== '' ? { clusterName: value } : undefined),
  schema: oneOf(['strict', 'prune', 'off'], (schema) => ({ schema })),
};

/** @throws with what is not known */
export function optionsOf({ config = {}, options = {} }: Case): Partial<ImportOptions> {
  const read = Object.entries(config).map(([name, value]) => {
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (!setting) throw new TypeError(`a setting that is not known: config.${name}`);
    const found = setting(value);
    if (!found) throw new TypeError(`a value that is not known: config.${name} is ${JSON.stringify(value)}`);
    return found;
  });
  const { networkMatchesWorkloads, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new TypeError(`a setting that is not known: options.${unknown}`);
  const merged: Partial<ImportOptions> = Object.assign({}, ...read);
  if (networkMatchesWorkloads !== true) return merged;
  return { ...merged, addressesMatch: { workloads: true, nodes: true } };
}
