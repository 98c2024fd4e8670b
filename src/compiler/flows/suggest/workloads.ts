// Which workloads there are in recorded traffic, and how they are selected: by every label that was recorded, or by those that tell one
// from the others and stay the same over deployments.
import { clusterKey, type Labels, namespaceKey, namespaceLabelKey } from '../../space/labels.ts';
import type { End } from '../ends.ts';
import { type Identity, nameLabels } from '../identity.ts';
import { exactly } from './telling.ts';

export type WorkloadIdentity = Extract<Identity, { kind: 'workload' }>;
/** `name`: under which it is declared. `leftOut`: recorded labels that its selector does not ask for. */
export type Group = {
  readonly name: string;
  readonly selector: string;
  readonly called: readonly string[];
  readonly leftOut: readonly string[];
};
export type Groups = { readonly all: readonly Group[]; readonly of: (identity: WorkloadIdentity) => Group };

type Draft = { readonly called: Set<string>; readonly sets: Map<string, Labels>; chosen: Labels };

/** Labels that differ between pods of one workload, or change with every deployment. */
const passing: readonly RegExp[] = [
  /hash$|revision|generation|(^|[./-])uid$|pod-name$|pod-index$|version$|chart$|managed-by$|serviceaccount$|heritage$|release-id$/,
  /^(batch\.kubernetes\.io|controller\.kubernetes\.io|job-name|operator\.)/,
];
const isPassing = (key: string): boolean => key.startsWith('@') || passing.some((pattern) => pattern.test(key));

/** `isGeneral`: by the labels that tell them apart. */
export function groupsOf(ends: readonly End[], isGeneral: boolean): Groups {
  const recorded = ends.flatMap(({ identity }) => (identity.kind === 'workload' ? [identity] : []));
  const identities = [...new Map(recorded.map((identity) => [sortKey(identity), identity])).values()];
  identities.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const drafts = isGeneral ? distinguished(identities) : byKey(identities, keyOf).map((own) => draftOf(own, own[0]?.labels ?? {}));
  const hasClusters = new Set(identities.map(({ labels }) => labels[clusterKey])).size > 1;
  const names = new Set<string>();
  const groups = drafts.map((draft) => {
    const others = identities.filter((identity) => !draft.sets.has(keyOf(identity))).map(({ labels }) => labels);
    return { draft, group: groupOf(draft, { names, withCluster: hasClusters || !isGeneral, others }) };
  });
  const groupOfKey = new Map(groups.flatMap(({ draft, group }) => [...draft.sets.keys()].map((key) => [key, group] as const)));
  return {
    all: groups.map(({ group }) => group),
    of: (identity) => {
      const group = groupOfKey.get(keyOf(identity));
      if (!group) throw new Error(`policyc bug: no group for ${identity.name}`);
      return group;
    },
  };
}

const keyOf = ({ labels }: WorkloadIdentity): string => exactly.labels(labels);
const sortKey = (identity: WorkloadIdentity): string => `${identity.name} ${keyOf(identity)}`;

function byKey(
  identities: readonly WorkloadIdentity[],
  key: (identity: WorkloadIdentity) => string,
): readonly (readonly WorkloadIdentity[])[] {
  const found = new Map<string, WorkloadIdentity[]>();
  for (const identity of identities) found.set(key(identity), [...(found.get(key(identity)) ?? []), identity]);
  return [...found.values()];
}

const draftOf = (identities: readonly WorkloadIdentity[], chosen: Labels): Draft => ({
  called: new Set(identities.map(({ name }) => name)),
  sets: new Map(identities.map((identity) => [keyOf(identity), identity.labels])),
  chosen,
});

/** Workloads by their names; those that no lasting labels tell apart are one. */
function distinguished(identities: readonly WorkloadIdentity[]): readonly Draft[] {
  let drafts: readonly Draft[] = byKey(identities, ({ labels, name }) => `${labels[clusterKey]} ${name}`).map((own) => draftOf(own, {}));
  for (let i = 0; i < drafts.length; ) {
    const draft = drafts[i];
    const other = draft && choose(draft, drafts);
    if (draft && other) {
      for (const name of other.called) draft.called.add(name);
      for (const [key, labels] of other.sets) draft.sets.set(key, labels);
      drafts = drafts.filter((one) => one !== other);
      // Fewer labels are common now: whoever was chosen before may be selected, too.
      i = 0;
    } else i++;
  }
  return drafts.flatMap((draft) =>
    isNamed(draft) ? [draft] : [...draft.sets].map(([key, labels]) => ({ ...draft, sets: new Map([[key, labels]]), chosen: labels })),
  );
}

/** Without a lasting label every label is asked for. */
const isNamed = ({ chosen }: Draft): boolean => Object.keys(chosen).some((key) => !key.startsWith('@'));

const places = [namespaceKey, clusterKey];
const place = (labels: Labels): Labels =>
  Object.fromEntries(places.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]]])));

/** Chooses labels of a draft; gives another draft of which they select someone, if there is one. */
function choose(draft: Draft, drafts: readonly Draft[]): Draft | undefined {
  const [first = {}, ...others] = draft.sets.values();
  const common = Object.entries(first).filter(([key, value]) => !isPassing(key) && others.every((labels) => labels[key] === value));
  const rank = (key: string): number => (nameLabels.indexOf(key) + nameLabels.length + 1) % (nameLabels.length + 1);
  common.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  let chosen: Labels = place(first);
  const selected = (): Draft | undefined =>
    drafts.find((other) => other !== draft && [...other.sets.values()].some((labels) => isSelected(chosen, labels)));
  for (const [key, value] of common) {
    if (isNamed({ ...draft, chosen }) && !selected()) break;
    chosen = { ...chosen, [key]: value };
  }
  draft.chosen = chosen;
  return isNamed(draft) ? selected() : undefined;
}

const isSelected = (chosen: Labels, labels: Labels): boolean => Object.entries(chosen).every(([key, value]) => labels[key] === value);

function groupOf({ called, sets, chosen }: Draft, { names, withCluster, others }: Naming): Group {
  const asked = Object.fromEntries(Object.entries(chosen).filter(([key]) => withCluster || key !== clusterKey));
  const keys = new Set([...sets.values()].flatMap((labels) => Object.keys(labels)));
  const [first = 'workload'] = [...called].sort();
  return {
    name: declaredName(first, names),
    selector: selectorText(asked, absentOf(chosen, others)),
    called: [...called].sort(),
    leftOut: [...keys].filter((key) => !(key in asked) && !key.startsWith('@')).sort(),
  };
}

/** `others`: label sets of the other workloads that were recorded. */
type Naming = { readonly names: Set<string>; readonly withCluster: boolean; readonly others: readonly Labels[] };

/** What other workloads have beside all of these labels: without it, they would be selected, too. */
function absentOf(chosen: Labels, others: readonly Labels[]): readonly string[] {
  const wider = others.filter((labels) => isSelected(chosen, labels));
  return [...new Set(wider.flatMap((labels) => Object.keys(labels).filter((key) => !(key in chosen))))].sort();
}

const keyText = (key: string): string => (/^[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*$/.test(key) ? key : JSON.stringify(key));
const ofNamespace = namespaceLabelKey('');

/** `{ app: "cart", canary: absent } in namespace "shop" in namespace { team: "x" } in cluster "c"`. */
function selectorText(labels: Labels, absent: readonly string[]): string {
  const tests = [
    ...Object.entries(labels).map(([key, value]) => [key, JSON.stringify(value)] as const),
    ...absent.map((key) => [key, 'absent'] as const),
  ];
  const within = (prefix: string): string =>
    tests
      .filter(([key]) => (prefix === '' ? !key.startsWith('@') : key.startsWith(prefix)))
      .map(([key, test]) => `${keyText(key.slice(prefix.length))}: ${test}`)
      .join(', ');
  const [own, namespace] = [within(''), within(ofNamespace)];
  return [
    own === '' ? '{}' : `{ ${own} }`,
    ...(labels[namespaceKey] === undefined ? [] : [`in namespace ${JSON.stringify(labels[namespaceKey])}`]),
    ...(namespace === '' ? [] : [`in namespace { ${namespace} }`]),
    ...(labels[clusterKey] === undefined ? [] : [`in cluster ${JSON.stringify(labels[clusterKey])}`]),
  ].join(' ');
}

/** A name of the language: with a hyphen it is no reserved word. */
export function declaredName(wish: string, names: Set<string>): string {
  const plain = wish.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  const start = `${/^[A-Za-z]/.test(plain) ? '' : 'w-'}${plain}${plain.includes('-') ? '' : '-workload'}`;
  let name = start;
  for (let n = 2; names.has(name); n++) name = `${start}-${n}`;
  names.add(name);
  return name;
}
