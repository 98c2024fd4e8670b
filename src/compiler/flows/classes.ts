// What policies can tell apart of what is recorded: every label, address, name, port and text becomes the class of those of which
// no rule says anything else. Two events of equal classes have equal verdicts, so that one of them is asked for all.
import type { Content, FieldTest, FieldValues } from '../domains/domain.ts';
import type { NetworkRule, Rule, TypedPolicy } from '../ir/typed.ts';
import { namedRange } from '../ir/typed.ts';
import { type Address, ipv4Space } from '../space/address.ts';
import { type Automaton, classify, textValue } from '../space/automaton.ts';
import { clusterKey, type Labels, namespaceLabelKey, type Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import { type TransportPoint, transportPoint } from '../space/transport.ts';

const isNetwork = (rule: Rule): rule is NetworkRule => rule.section !== 'process';
const maximumStates = 50_000;

/** What one text is to some patterns; the text itself where they are too many for one automaton. */
type TextClasses = (text: string) => string;

function textClasses(patterns: readonly Pattern[]): TextClasses {
  if (patterns.length === 0) return () => '';
  const distinct = [...new Map(patterns.map((pattern) => [JSON.stringify(pattern), pattern])).values()];
  const automaton: Automaton | undefined = classify(distinct, maximumStates)?.automaton;
  return automaton ? (text) => String(textValue(automaton, text)) : (text) => JSON.stringify(text);
}

/** The place of a value among borders, ascending: how many are not above it. */
function placeAmong<T extends number | bigint>(borders: readonly T[], value: T): number {
  let [low, high] = [0, borders.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const border = borders[middle];
    if (border !== undefined && border <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

const ascending = <T extends number | bigint>(values: readonly T[]): readonly T[] =>
  [...new Set(values)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

type FieldClasses = (values: readonly string[]) => string;

/** Classes under all of some policies together. Every answer is a text that is equal for what they do not tell apart. */
export class EventClasses {
  readonly #labels: readonly (readonly [key: string, values: ReadonlySet<string>])[];
  readonly #addresses: readonly Address[];
  readonly #points: readonly TransportPoint[];
  readonly #names: TextClasses;
  /** Domain -> field -> classes of its values. */
  readonly #fields: ReadonlyMap<string, ReadonlyMap<string, FieldClasses>>;
  /** Does a rule ask for the addresses of workloads and nodes? */
  readonly asksManaged: boolean;
  /** Does one ask for the labels of namespaces? */
  readonly asksNamespaces: boolean;
  /** Does one ask for clusters? */
  readonly asksClusters: boolean;

  constructor(policies: readonly TypedPolicy[]) {
    const rules = policies.flatMap((policy) => policy.rules);
    const network = rules.filter(isNetwork);
    this.#labels = labelsAsked(policies, network);
    const networks = network.flatMap(({ peers }) => [...peers.networks, ...peers.anyNetworks]);
    this.#addresses = ascending([...networks, ...ipv4Space].flatMap(({ low, high }) => [low, high + 1n]));
    this.#points = pointBorders(network);
    this.#names = textClasses(network.flatMap(({ peers }) => peers.domains));
    this.#fields = fieldsAsked(rules);
    this.asksManaged = network.some(({ peers }) => peers.anyNetworks.length > 0);
    this.asksNamespaces = this.#labels.some(([key]) => key.startsWith(namespaceLabelKey('')));
    this.asksClusters = this.#labels.some(([key]) => key === clusterKey);
  }

  labels(labels: Labels): string {
    let text = '';
    for (const [key, values] of this.#labels) {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      if (value === undefined) text += '-,';
      else text += values.has(value) ? `${JSON.stringify(value)},` : '?,';
    }
    return text;
  }

  address(address: Address): string {
    return String(placeAmong(this.#addresses, address));
  }

  names(names: readonly string[]): string {
    return ascendingTexts(names.map(this.#names)).join();
  }

  point(point: TransportPoint): string {
    return String(placeAmong(this.#points, point));
  }

  content(domain: string, content: Content): string {
    if (content.kind === 'undecidable') return `${domain} ?`;
    const classes = [...(this.#fields.get(domain) ?? [])].map(([field, classOf]) => fieldClass(content.fields, field, classOf));
    return `${domain} ${classes.join(';')}`;
  }

  /** The fields of a domain that rules test, by their names with keys. */
  fieldsOf(domain: string): readonly string[] {
    return [...(this.#fields.get(domain)?.keys() ?? [])];
  }
}

function fieldClass(fields: FieldValues, field: string, classOf: FieldClasses): string {
  const values = Object.hasOwn(fields, field) ? (fields[field] ?? []) : [];
  return 'kind' in values ? '?' : classOf(values);
}

const ascendingTexts = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort();

function labelsAsked(policies: readonly TypedPolicy[], network: readonly NetworkRule[]): EventClassesLabels {
  const asked = new Map<string, Set<string>>();
  const learn = (selector: Selector): void => {
    for (const requirement of selector.flat()) {
      const values = asked.get(requirement.key) ?? new Set<string>();
      asked.set(requirement.key, values);
      if ('values' in requirement) for (const value of requirement.values) values.add(value);
    }
  };
  for (const { subject } of policies.flatMap((policy) => policy.policies)) {
    learn(subject.workloads);
    for (const { labels } of subject.reserved ?? []) learn(labels ?? []);
  }
  for (const { peers } of network) {
    for (const selector of peers.selectors) learn(selector);
    for (const { labels } of peers.reserved ?? []) learn(labels ?? []);
  }
  return [...asked].sort(([a], [b]) => (a < b ? -1 : 1));
}
type EventClassesLabels = readonly (readonly [key: string, values: ReadonlySet<string>])[];

function pointBorders(network: readonly NetworkRule[]): readonly TransportPoint[] {
  const borders = network.flatMap(({ transport: { points, named } }) => [
    ...points.flatMap(({ low, high }) => [low, high + 1]),
    ...named.flatMap(({ protocol, name }) => {
      const { last } = namedRange(name);
      return [
        transportPoint(protocol, 0),
        transportPoint(protocol, 65_535) + 1,
        ...(last === undefined ? [] : [transportPoint(protocol, last) + 1]),
      ];
    }),
  ]);
  return ascending(borders);
}

function fieldsAsked(rules: readonly Rule[]): ReadonlyMap<string, ReadonlyMap<string, FieldClasses>> {
  const tests = new Map<string, Map<string, FieldTest[]>>();
  for (const rule of rules) {
    const match = isNetwork(rule) ? rule.layer7 : rule.match;
    if (!match) continue;
    const fields = tests.get(match.domain) ?? new Map<string, FieldTest[]>();
    tests.set(match.domain, fields);
    for (const test of match.lines.flat()) fields.set(test.field, [...(fields.get(test.field) ?? []), test]);
  }
  const classesOf = (fields: ReadonlyMap<string, readonly FieldTest[]>): ReadonlyMap<string, FieldClasses> =>
    new Map([...fields].map(([field, own]) => [field, fieldClasses(own)]));
  return new Map([...tests].map(([domain, fields]) => [domain, classesOf(fields)]));
}

/** What values together are to tests: which classes there are among them, since a test asks for one or for all. */
function fieldClasses(tests: readonly FieldTest[]): FieldClasses {
  const texts = textClasses(tests.flatMap(({ values }) => (values.kind === 'text' ? [values.pattern] : [])));
  const numbers = ascending(
    tests.flatMap(({ values }) => (values.kind === 'number' ? values.ranges.flatMap(({ low, high }) => [low, high + 1]) : [])),
  );
  const isNumber = tests.some(({ values }) => values.kind === 'number');
  const classOf = (value: string): string => (isNumber ? String(placeAmong(numbers, Number(value))) : texts(value));
  return (values) => ascendingTexts(values.map(classOf)).join();
}
