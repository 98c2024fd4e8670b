// Entities and labels of source `reserved`, and selectors that are about endpoints which are no pods.
import type { ImportOptions } from '../importer.ts';
import { isAbout, isPositive, type LabelTest, selectorText } from '../labels.ts';
import { listed, quoted } from '../texts.ts';

const entities: readonly string[] = [
  ...['all', 'world', 'world-ipv4', 'world-ipv6', 'host', 'remote-node', 'kube-apiserver', 'ingress', 'init', 'health', 'unmanaged'],
];
/** Labels of source `reserved` that endpoints have. */
const reservedLabels = new Set(entities.filter((name) => name !== 'all'));
/** Of them those of endpoints that policies govern, beside the host. */
export const governed = ['health', 'ingress', 'init'];

/** An agent of one family of addresses tells none apart: the world is `world` there. */
const isOfOneFamily = (name: string): boolean => name === 'world-ipv4' || name === 'world-ipv6';

/** What an entity of a rule is; undefined of an unknown one. */
export function entityText(name: string, { clusterName, ipv6 }: ImportOptions): readonly string[] | undefined {
  if (name === 'none' || (!ipv6 && isOfOneFamily(name))) return [];
  // The API server belongs to it also where it stands outside.
  if (name === 'cluster') return [`cluster except {} in cluster not ${quoted(clusterName)}`, 'kube-apiserver'];
  if (name === 'cluster-mesh') return ['cluster'];
  return entities.includes(name) ? [name] : undefined;
}

/** What the tests of reserved labels ask for. */
export type Reserved = { readonly wanted: readonly string[]; readonly refused: readonly string[]; readonly isImpossible: boolean };

/** Reserved labels have no values. */
export function reservedIn(tests: readonly LabelTest[]): Reserved {
  const about = tests.flatMap((test) => (test.about.kind === 'reserved' ? [{ ...test, name: test.about.key }] : []));
  const wants = about.filter(isPositive);
  const refused = about.filter(({ operator, values }) => operator === 'DoesNotExist' || (operator === 'NotIn' && values.includes('')));
  const wanted = [...new Set(wants.map(({ name }) => name))];
  return {
    wanted,
    refused: [...new Set(refused.map(({ name }) => name))].filter((name) => reservedLabels.has(name)),
    isImpossible:
      wants.some(({ operator, values, name }) => !reservedLabels.has(name) || (operator === 'In' && !values.includes(''))) ||
      refused.some(({ name }) => wanted.includes(name)),
  };
}

const negation = { In: 'NotIn', NotIn: 'In', Exists: 'DoesNotExist', DoesNotExist: 'Exists' } as const;

/** Everything but the entities and what any of the tests, all of which refuse, does not match. */
export function allExcept(refused: readonly string[], tests: readonly LabelTest[]): string {
  const pods = tests.flatMap((test) => selectorText([{ ...test, operator: negation[test.operator] }]) ?? []);
  const taken = [...refused, ...pods];
  return taken.length === 0 ? 'all' : `all except ${listed(taken)}`;
}

/**
 * Peers of a selector that no namespace and no cluster restricts: pods if it asks for a label of theirs, otherwise everything
 * that has no labels too. Undefined where it asks for two entities in one.
 */
export function unrestrictedPeers(tests: readonly LabelTest[], { ipv6 }: ImportOptions): readonly string[] | undefined {
  const { wanted, refused: named, isImpossible } = reservedIn(tests);
  const refused = ipv6 ? named : named.filter((name) => !isOfOneFamily(name));
  if (!ipv6 && wanted.some(isOfOneFamily)) return [];
  const others = tests.filter(({ about }) => about.kind !== 'reserved');
  if (isImpossible) return [];
  if (others.some(isPositive)) {
    const text = wanted.length > 0 ? undefined : selectorText(others);
    return text === undefined ? [] : [text];
  }
  if (wanted.length === 0) return [allExcept(refused, others)];
  if (wanted.length > 1) return areApart(wanted) ? [] : undefined;
  return [refused.length === 0 ? listed(wanted) : `${listed(wanted)} except ${listed(refused)}`];
}

/** Is there no endpoint of all of these entities? The API server stands on a node, or at an address; every other is but one thing. */
function areApart(names: readonly string[]): boolean {
  const others = names.filter((name) => name !== 'kube-apiserver');
  return others.length > 1 && others.some((name) => !name.startsWith('world'));
}

/** Endpoints that a selector of a clusterwide policy governs: pods, and the agent's own; never the host. */
export function clusterwideSubject(tests: readonly LabelTest[]): string | undefined {
  const { wanted, refused, isImpossible } = reservedIn(tests);
  const others = tests.filter(({ about }) => about.kind !== 'reserved');
  if (isImpossible) return undefined;
  if (others.some(isPositive)) return wanted.length > 0 ? undefined : selectorText(others);
  if (wanted.length > 0) {
    const named = wanted.filter((name) => governed.includes(name));
    return wanted.length === 1 && named.length === 1 ? listed(named) : undefined;
  }
  const pods = others.length === 0 ? 'all' : selectorText(others);
  const named = governed.filter((name) => name !== 'init' && !refused.includes(name));
  if (pods === undefined) return named.length > 0 ? listed(named) : undefined;
  return listed([refused.includes('init') ? `${pods} except init` : pods, ...named]);
}

export const isOfReserved = (tests: readonly LabelTest[]): boolean => isAbout(tests, 'reserved');
