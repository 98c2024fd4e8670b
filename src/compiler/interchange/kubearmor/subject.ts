// Whom a policy governs. `kubearmor.io/container.name` selects containers of a pod by name, written `[a, b]`; it stands as a label:
// who knows containers apart gives it to them.
import { entriesOf, type Field, itemsOf, member, textIn, textOf, textsIn } from '../fields.ts';
import { quoted } from '../texts.ts';

/** Only in these namespaces, or in all but them. */
export type Within = { readonly only?: readonly string[]; readonly except?: readonly string[] };

const containerName = 'kubearmor.io/container.name';
const keyText = (key: string): string => (/^[A-Za-z_](?:[\w-]*\w)?$/.test(key) ? key : quoted(key));
const oneOf = (values: readonly string[]): string =>
  values.length === 1 ? quoted(values[0] ?? '') : `one of [${values.map(quoted).join(', ')}]`;

function labelTest(key: string, value: string): readonly string[] {
  if (key !== containerName) return [`${keyText(key)}: ${quoted(value)}`];
  const names = value
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== '*' && name !== '.*');
  return names.length === 0 ? [] : [`${keyText(key)}: ${oneOf(names)}`];
}

const selector = (tests: readonly string[], places: readonly string[]): string =>
  tests.length + places.length === 0 ? 'all' : [`{${tests.length === 0 ? '' : ` ${tests.join(', ')} `}}`, ...places].join(' ');

function placesOf({ only, except }: Within): readonly string[] {
  if (only) return [`in namespace ${oneOf(only)}`];
  return except && except.length > 0 ? [`in namespace not ${oneOf(except)}`] : [];
}

/** `key=value` of `matchExpressions` as selectors. */
function labelSets(expressions: readonly Field[], operator: 'In' | 'NotIn'): readonly string[] {
  const about = expressions.filter((one) => textOf(one, 'key') === 'label' && textOf(one, 'operator') === operator);
  return about
    .flatMap((one) => textsIn(member(one, 'values')))
    .map((pair) => {
      const [key = '', ...value] = pair.split('=');
      return selector(labelTest(key.trim(), value.join('=').trim()), []);
    });
}

const anyOf = (sets: readonly string[]): string => (sets.length === 1 ? (sets[0] ?? '') : `(${sets.join(' or ')})`);

/** The set of workloads of a selector. */
export function workloadsOf(selected: Field, within: Within): string {
  const expressions = itemsOf(selected, 'matchExpressions');
  const tests = entriesOf(member(selected, 'matchLabels')).flatMap(([key, value]) => labelTest(key, textIn(value) ?? ''));
  const [inside, outside] = [labelSets(expressions, 'In'), labelSets(expressions, 'NotIn')];
  const own = selector(tests, placesOf(within));
  const parts = [
    ...(own === 'all' ? [] : [own]),
    ...(inside.length > 0 ? [anyOf(inside)] : []),
    ...(outside.length > 0 ? [`not ${anyOf(outside)}`] : []),
  ];
  return parts.length === 0 ? 'all' : parts.join(' and ');
}

/** The namespaces that a cluster policy names; a list to be in counts more than one not to be in. */
export function namespacesOf(selected: Field): Within {
  const about = itemsOf(selected, 'matchExpressions').filter((one) => textOf(one, 'key') === 'namespace');
  const named = (operator: string): readonly string[] =>
    about.filter((one) => textOf(one, 'operator') === operator).flatMap((one) => textsIn(member(one, 'values')));
  const [only, except] = [named('In'), named('NotIn')];
  return only.length > 0 ? { only } : { except };
}

/** What remains of the namespaces that are, or are not, some others; undefined when none does. */
export function narrowed(within: Within, namespaces: readonly string[], are: boolean): Within | undefined {
  const { only, except = [] } = within;
  if (only) {
    const left = only.filter((name) => namespaces.includes(name) === are);
    return left.length > 0 ? { only: left } : undefined;
  }
  if (!are) return { except: [...new Set([...except, ...namespaces])] };
  const left = namespaces.filter((name) => !except.includes(name));
  return left.length > 0 ? { only: left } : undefined;
}

const hostName = 'kubearmor.io/hostname';

/** The host of every machine, or of those that have labels; a name of a machine can be several, and `*`. */
export function hostOf(selected: Field, refuse: (field: Field, what: string, reason: string) => void): string {
  const tests = entriesOf(member(selected, 'matchLabels')).flatMap(([key, field]) => {
    const value = textIn(field) ?? '';
    if (key === 'kubearmor.io/hostnamereg') refuse(field, `\`${key}\``, 'labels are not compared with expressions');
    if (key !== hostName) return [`${keyText(key)}: ${quoted(value)}`];
    return value === '*' ? [] : [`${keyText(key)}: ${oneOf(value.split(',').map((name) => name.trim()))}`];
  });
  return tests.length === 0 ? 'host' : `{ ${tests.join(', ')} } in entity "host"`;
}
