// The specs of a document, and those of all documents of a compilation: what one policy says of a flow can depend on others.
import { checker } from '../documents/schema.ts';
import { entriesOf, type Field, has, itemsOf, member } from '../fields.ts';
import type { Document, Facts, ImportContext } from '../importer.ts';
import { isolatingPolicies } from '../kubernetes/network-policy.ts';
import { inNamespace, podTests } from '../kubernetes/peers.ts';
import { type LabelTest, namespaceName, testsIn } from '../labels.ts';
import { isOfReserved } from './entities.ts';
import type { Direction } from './peers.ts';
import { Reading } from './reading.ts';
import { withoutRemoved } from './removed.ts';
import { policySchema } from './schema.ts';
import { validate } from './validate.ts';

const check = checker(policySchema);

/** `spec` and each of `specs`; undefined after a report. */
export function specsOf(document: Document, context: ImportContext): readonly Field[] | undefined {
  const reading = new Reading(document, context, undefined);
  const { document: left, isWhole } = withoutRemoved(document, context);
  const value = check(left, context);
  if (!value) return undefined;
  const root: Field = { value, path: [] };
  const specs = [...(has(root, 'spec') ? [member(root, 'spec')] : []), ...itemsOf(root, 'specs')];
  validate(root, specs, reading);
  return reading.failed || !isWhole ? undefined : specs;
}

export const namespaceOf = ({ kind, namespace = 'default' }: Document): string | undefined =>
  kind === 'CiliumNetworkPolicy' ? namespace : undefined;

/** A namespaced policy governs pods of its namespace only, whatever its selector says of namespaces. */
function ownTests(selector: Field, namespace: string): readonly LabelTest[] {
  const tests = testsIn(selector);
  const isOverridden = entriesOf(member(selector, 'matchLabels')).some(([key]) => key === `k8s:${namespaceName}`);
  return [...(isOverridden ? tests.filter(({ about }) => about.kind !== 'namespace') : tests), inNamespace(namespace)];
}

/** The pods that a spec governs; undefined of one about nodes or about the agent's own endpoints. */
export function governedPods(spec: Field, namespace: string | undefined): readonly LabelTest[] | undefined {
  const selector = member(spec, 'endpointSelector');
  const tests = namespace === undefined ? testsIn(selector) : ownTests(selector, namespace);
  return has(spec, 'nodeSelector') || isOfReserved(tests) ? undefined : tests;
}

/** A spec of some document, and the pods that it governs. */
export type PodSpec = { readonly spec: Field; readonly pods: readonly LabelTest[]; readonly document: Document; readonly reading: Reading };

const known = new WeakMap<Facts, readonly PodSpec[]>();

/** The policies of a compilation. */
export const policiesIn = ({ facts }: ImportContext): readonly Document[] =>
  ['cilium.io/CiliumNetworkPolicy', 'cilium.io/CiliumClusterwideNetworkPolicy']
    .flatMap((kind) => facts.documents.get(kind) ?? [])
    .filter(({ apiVersion }) => apiVersion === 'cilium.io/v2');

/** Every spec about pods, of the documents that are not refused. */
export function podSpecs(context: ImportContext): readonly PodSpec[] {
  const found = known.get(context.facts);
  if (found) return found;
  const made = podSpecsOf(policiesIn(context), context);
  known.set(context.facts, made);
  return made;
}

export function podSpecsOf(documents: readonly Document[], context: ImportContext): readonly PodSpec[] {
  const silent: ImportContext = { ...context, report: () => undefined };
  return documents.flatMap((document) =>
    (specsOf(document, silent) ?? []).flatMap((spec): readonly PodSpec[] => {
      const namespace = namespaceOf(document);
      const pods = governedPods(spec, namespace);
      return pods ? [{ spec, pods, document, reading: new Reading(document, silent, namespace) }] : [];
    }),
  );
}

/** Does a spec isolate in a direction? */
export const isolates = (spec: Field, direction: Direction): boolean =>
  itemsOf(spec, direction).length + itemsOf(spec, `${direction}Deny`).length > 0 &&
  member(member(spec, 'enableDefaultDeny'), direction).value !== false;

/** The pods that some policy isolates in a direction. */
export function isolatedPods(context: ImportContext, direction: Direction): readonly (readonly LabelTest[])[] {
  const none: Field = { value: undefined, path: [] };
  const ofKubernetes = isolatingPolicies(context)
    .filter(({ directions }) => directions.includes(direction))
    .map(({ document: { value, namespace = 'default' } }) => {
      const selector = member(member({ value, path: [] }, 'spec'), 'podSelector');
      return [...podTests(none, selector), inNamespace(namespace)];
    });
  const ofCilium = podSpecs(context).flatMap(({ spec, pods }) => (isolates(spec, direction) ? [pods] : []));
  return [...ofKubernetes, ...ofCilium];
}
