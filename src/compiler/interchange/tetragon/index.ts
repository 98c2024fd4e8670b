// Tetragon's policies. A selector of a hook becomes process rules: what is refused or killed is, what is only posted is a rule in
// audit mode. Of a hook's selectors the first that matches decides, so that each rule leaves out what the selectors before it match.

import { nodeText } from '../cilium/peers.ts';
import { isObject } from '../documents/json.ts';
import { checker } from '../documents/schema.ts';
import { type Field, items, itemsOf, member, textIn, textOf, textsIn } from '../fields.ts';
import { type Document, type ImportContext, type Importer, originText } from '../importer.ts';
import { type LabelTest, selectorText, testsIn } from '../labels.ts';
import { quoted } from '../texts.ts';
import type { PolicyWriter } from '../writer.ts';
import { type Outcome, outcomeOf } from './actions.ts';
import { type HookSite, linesOf, type Refuse } from './filters.ts';
import { tracingPolicy } from './schema.ts';
import { sitesIn } from './sites.ts';
import { type Line, lineText, without } from './tests.ts';

const check = checker(tracingPolicy);

export const tetragon: readonly Importer[] = ['TracingPolicy', 'TracingPolicyNamespaced'].map((kind) => ({
  group: 'cilium.io',
  kind,
  versions: ['v1alpha1'],
  write: writePolicy,
}));

function writePolicy(document: Document, context: ImportContext, writer: PolicyWriter): void {
  const value = check(document, context);
  if (!value) return;
  let refused = false;
  const refuse: Refuse = ({ path }, what, reason) => {
    refused = true;
    context.report('import/unsupported', document.at(path), { what, reason, hint: undefined });
  };
  const warn: Refuse = ({ path }, what, reason) => context.report('import/without-effect', document.at(path), { what, reason });
  const spec: Field = { value: value['spec'], path: ['spec'] };
  const subject = subjectOf(document, spec, refuse);
  const rules = sitesIn({ spec, refuse }).flatMap((site) => rulesOf({ site, spec, warn }));
  if (refused || subject === undefined) return;
  if (rules.length === 0) context.report('import/without-effect', document.at(['spec']), { what: 'this policy', reason: 'it has no rule' });
  else writeRules({ document, writer, subject, rules: distinctRules(rules), isObserved: isMonitor(spec) });
}

/** Several hooks see one event. */
const distinctRules = (rules: readonly Rule[]): readonly Rule[] => {
  const found = new Map<string, Rule>();
  for (const rule of rules) {
    const key = `${rule.outcome.kind} ${rule.text}`;
    if (!found.has(key)) found.set(key, rule);
  }
  return [...found.values()];
};

/** `policy-mode: monitor`: nothing is enforced. */
const isMonitor = (spec: Field): boolean =>
  itemsOf(spec, 'options').some((one) => textOf(one, 'name') === 'policy-mode' && textOf(one, 'value')?.startsWith('monitor'));

/** All workloads and the host, unless a selector says otherwise; of a namespaced policy the workloads of its namespace. */
function subjectOf({ kind, namespace = 'default' }: Document, spec: Field, refuse: Refuse): string | undefined {
  const [pods, containers, host, nodes] = [...selectors, 'nodeSelector'].map((name) => member(spec, name));
  const onNodes = nodes?.value === undefined ? ['host'] : nodeText(testsIn(nodes), 'host');
  const inNamespace: readonly LabelTest[] =
    kind === 'TracingPolicyNamespaced' ? [{ about: { kind: 'namespace' }, operator: 'In', values: [namespace] }] : [];
  const chosen = [pods, containers].flatMap((field) => (field?.value === undefined ? [] : [field]));
  if (inNamespace.length + chosen.length === 0 && host?.value !== undefined) return onNodes[0];
  if (nodes?.value !== undefined) refuse(nodes, '`nodeSelector`', 'a policy of workloads does not ask for their node');
  if (inNamespace.length + chosen.length === 0) return '[all, host]';
  const tests = [...(pods ? testsIn(pods) : []), ...(containers ? containerTests(containers, refuse) : []), ...inNamespace];
  const workloads = tests.length === 0 ? 'all' : selectorText(tests);
  if (workloads === undefined) refuse(chosen[0] ?? spec, 'this selector', 'no workload can fulfil it');
  return host?.value === undefined ? workloads : `[${workloads}, host]`;
}

const selectors = ['podSelector', 'containerSelector', 'hostSelector'];

/** A container's name is the label that its runtime gives it. */
function containerTests(containers: Field, refuse: Refuse): readonly LabelTest[] {
  return testsIn(containers).map((test) => {
    const { about } = test;
    if (about.kind === 'label' && about.key === 'name') return { ...test, about: { ...about, key: 'io.kubernetes.container.name' } };
    refuse(containers, '`containerSelector` by anything but `name`', 'labels of workloads do not say it');
    return test;
  });
}

type Rule = { readonly text: string; readonly field: Field; readonly site: HookSite; readonly outcome: Outcome };
type Reading = { readonly site: HookSite; readonly spec: Field; readonly warn: Refuse };
type Selected = { readonly lines: readonly Line[]; readonly outcome: Outcome };

/** The rules of a hook. One without selectors observes everything. */
function rulesOf({ site, spec, warn }: Reading): readonly Rule[] {
  const written = items(member(site.field, 'selectors'));
  const before: Selected[] = [];
  return (written.length > 0 ? written : [{ value: {}, path: site.field.path }]).flatMap((one): readonly Rule[] => {
    const selector = withMacros(one, spec, site.refuse);
    const outcome = outcomeOf(member(selector, 'matchActions'), site.refuse, warn);
    const lines = linesOf(site, selector, outcome.kind === 'observe');
    if (!lines) return [];
    const left = lines.flatMap((line) => remaining(line, outcome, before) ?? unclear(site, one));
    before.push({ lines, outcome });
    if (outcome.kind === 'nothing') return [];
    return left.map((line) => ({ text: lineText(line), field: one, site, outcome }));
  });
}

function unclear({ refuse }: HookSite, selector: Field): readonly Line[] {
  refuse(selector, 'what this selector leaves to the ones before it', 'they ask for patterns of one thing, which overlap');
  return [];
}

/** What is left of a line by the selectors before it that do something else. */
const remaining = (line: Line, outcome: Outcome, before: readonly Selected[]): readonly Line[] | undefined =>
  before
    .filter((one) => isOther(one.outcome, outcome))
    .flatMap(({ lines }) => lines)
    .reduce<readonly Line[] | undefined>(
      (left, other) => {
        const parts = left?.map((one) => without(one, other));
        return parts?.every((part) => part !== undefined) ? parts.flatMap((part) => part ?? []) : undefined;
      },
      [line],
    );

/** Does it matter which of two selectors decides? What is refused anyhow may be reported, too. */
const isOther = (first: Outcome, second: Outcome): boolean =>
  first.kind !== second.kind && !(second.kind === 'observe' && (first.kind === 'kill' || first.kind === 'deny'));

/** A selector with the filters of its macros. */
function withMacros(selector: Field, spec: Field, refuse: Refuse): Field {
  const known = member(spec, 'selectorsMacros').value;
  const macros = textsIn(member(selector, 'macros')).flatMap((name) => {
    const macro = isObject(known) ? known[name] : undefined;
    if (!isObject(macro)) refuse(member(selector, 'macros'), `macro \`${name}\``, 'the policy has none of this name');
    return isObject(macro) ? Object.entries(macro) : [];
  });
  const own = isObject(selector.value) ? Object.entries(selector.value) : [];
  return { value: Object.fromEntries([...macros, ...own]), path: selector.path };
}

type Writing = {
  readonly document: Document;
  readonly writer: PolicyWriter;
  readonly subject: string;
  readonly rules: readonly Rule[];
  readonly isObserved: boolean;
};

const written = (text: string): string => quoted(text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim());
const declared = new WeakSet<PolicyWriter>();

function writeRules({ document, writer, subject, rules, isObserved }: Writing): void {
  const { namespace, name } = document;
  const origin = document.at(['metadata', 'name']);
  if (rules.some(({ site }) => textsIn(member(site.field, 'tags')).length > 0) && !declared.has(writer)) {
    declared.add(writer);
    writer.line('annotation tetragon-tags = text', origin);
  }
  const wish = `tracing-${namespace === undefined ? '' : `${namespace}-`}${name}`;
  const mode = isObserved ? ' mode audit' : '';
  writer.block(`policy ${writer.name(wish)} for ${subject}${mode} @origin(${quoted(originText(document))})`, origin, () => {
    writer.block('process', origin, () => {
      for (const rule of rules) writer.line(ruleText(rule, document.name), document.at(rule.field.path));
    });
  });
}

function ruleText({ text, site, outcome }: Rule, name: string): string {
  const action = outcome.kind === 'observe' || outcome.kind === 'nothing' ? 'audit' : outcome.kind;
  const attributes = 'attributes' in outcome ? outcome.attributes : '';
  const message = textIn(member(site.field, 'message'));
  const tags = textsIn(member(site.field, 'tags'));
  const rate = outcome.rate === undefined ? '' : ` rate ${outcome.rate}`;
  const log = message !== undefined || rate !== '' ? ` log ${written(message ?? name)}${rate}` : '';
  return `${action} ${text}${attributes}${log}${tags.length > 0 ? ` @tetragon-tags(${written(tags.join(', '))})` : ''}`;
}
