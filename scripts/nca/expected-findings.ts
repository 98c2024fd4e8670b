// Findings about policies and rules, as network-config-analyzer lists them in its outputs: policies, and rules by direction and number.
import { load } from 'js-yaml';
import { emptyParts, type RulePlace, redundancy } from '../../src/compiler/analysis/workload-findings.ts';
import { isObject } from '../../src/compiler/interchange/documents/json.ts';
import type { Policy } from '../../src/compiler/ir/typed.ts';
import { focused } from './queries.ts';
import type { Query } from './scheme.ts';
import { endsOf, type Named } from './world.ts';

/** `policy NAMESPACE/NAME`, `ingress NAMESPACE/NAME 2`. */
type Finding = string;

export function compareFindings(query: Query, named: readonly Named[], text: string): string | undefined {
  const wanted = new Set(query.format === 'txt' ? findingsInText(text) : findingsInTree(load(text)));
  const found = new Set(named.flatMap((set) => findingsOf(query.kind, set)));
  const [missing] = [...wanted].filter((one) => !found.has(one));
  const [more] = [...found].filter((one) => !wanted.has(one));
  if (missing !== undefined) return `the expected output has \`${missing}\`, which was not found`;
  return more === undefined ? undefined : `\`${more}\` was found, which the expected output does not have`;
}

function findingsOf(kind: string, set: Named): readonly Finding[] {
  const situation = focused(set, endsOf([set]));
  const { policies, rules } = kind === 'emptiness' ? emptyParts(situation) : redundancy(situation);
  return [
    ...policies.map((policy) => `policy ${nameOf(policy)}`),
    ...rules.map(({ policy, rule, place }: RulePlace) => `${rule.section} ${nameOf(policy)} ${place}`),
  ];
}

const nameOf = ({ annotations }: Policy): string =>
  annotations.find(({ name }) => name === 'origin')?.values[0]?.text.replace(/^\S+ /, '') ?? '';

function findingsInText(text: string): readonly Finding[] {
  return text.split('\n').flatMap((line): readonly Finding[] => {
    const [, name = '', direction, places = ''] =
      /^NetworkPolicy (\S+?)(?:, (ingress|egress) rules indexes: ([\d, ]+))?$/.exec(line.trim()) ?? [];
    if (name === '') return [];
    return direction === undefined ? [`policy ${name}`] : places.split(',').map((place) => `${direction} ${name} ${place.trim()}`);
  });
}

function findingsInTree(value: unknown): readonly Finding[] {
  if (Array.isArray(value)) return value.flatMap(findingsInTree);
  if (!isObject(value)) return [];
  const { policy } = value;
  const rules = (['ingress', 'egress'] as const).flatMap((direction) => {
    const places = value[`${direction}_rules_indexes`];
    return Array.isArray(places) ? places.map((place) => `${direction} ${String(policy)} ${String(place)}`) : [];
  });
  const policies = Array.isArray(value['policies']) ? value['policies'].map((name) => `policy ${String(name)}`) : [];
  return [...rules, ...policies, ...Object.values(value).flatMap(findingsInTree)];
}
