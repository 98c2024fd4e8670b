// Whom a policy governs, as Cilium's subjects: each conjunction of labels is a document of its own.
import { governedNames, type Policy, type ReservedSet } from '../../../ir/typed.ts';
import { namespaceKey, selects } from '../../../space/labels.ts';
import type { JsonObject } from '../../importer.ts';
import { type Conjunction, isPositive, isSayable, selectorOf } from './labels.ts';

/** `namespace`: of a CiliumNetworkPolicy; without it a document is clusterwide. */
export type Subject = { readonly namespace?: string; readonly selector: JsonObject };

const everywhere = (selector: JsonObject): Subject => ({ selector: { endpointSelector: selector } });

const setsOf = ({ workloads, reserved }: Policy['subject']): readonly ReservedSet[] =>
  reserved ?? (selects(workloads, {}) ? [{ name: 'init', except: [] }] : []);

export const governs = ({ subject }: Policy, name: (typeof governedNames)[number]): boolean =>
  setsOf(subject).some((set) => set.name === name);

/** `say`: what has no words. */
export function subjectsOf(policy: Policy, say: (what: string) => void): readonly Subject[] {
  const { workloads: all, host } = policy.subject;
  const workloads = all.filter(isSayable);
  if (workloads.length < all.length) say('keys or values of labels that Kubernetes does not know');
  const sets = setsOf(policy.subject);
  const governed = governedNames.filter((name) => governs(policy, name));
  const isOpen = workloads.some((one) => !one.some(isPositive));
  const alone = isOpen ? [] : governed;
  const nodes = sets.flatMap(({ name, labels = [[]] }) => (name === 'host' ? labels : []));
  return [
    ...workloads.map((one) => podsOf(one, governed)),
    ...alone.map((name) => everywhere({ matchLabels: { [`reserved:${name}`]: '' } })),
    ...[...(host ? [[]] : []), ...nodes].map((one) => ({ selector: { nodeSelector: selectorOf(one) } })),
  ];
}

/** Who asks for no label also governs the agent's own endpoints, unless they are left out. */
function podsOf(requirements: Conjunction, governed: readonly string[]): Subject {
  const names = requirements.filter(({ key }) => key === namespaceKey);
  const [name] = names;
  const namespace = names.length === 1 && name?.kind === 'one-of' && name.values.length === 1 ? name.values[0] : undefined;
  if (namespace !== undefined) return { namespace, selector: { endpointSelector: selectorOf(requirements.filter((one) => one !== name)) } };
  if (requirements.some(isPositive)) return everywhere(selectorOf(requirements));
  const others = governedNames.filter((one) => !governed.includes(one));
  return everywhere(
    selectorOf(
      requirements,
      [],
      others.map((one) => `reserved:${one}`),
    ),
  );
}
