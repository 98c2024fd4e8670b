// Lines of `test` blocks: their ends, the domain of their content, and the expected verdict.
import type { DomainSpec, Operand } from '../domains/domain.ts';
import type { EndAst, Name, TestAst, TestLine } from '../ir/ast.ts';
import type { ResolvedEnd, ResolvedPolicyBlock, ResolvedTest } from '../ir/resolved.ts';
import { lineOf, processDomain, requestDomains, wordsOf } from './lines.ts';
import { foundIn } from './names.ts';
import { type Place, refuseWord, type Unit } from './unit.ts';
import { boundValue } from './values.ts';
import { oneOf, verdicts } from './vocabulary.ts';

/** A test of one file, whose `by` is looked up when all policies are known. */
export type UncheckedTest = Pick<TestLine, 'by' | 'rule'> & { readonly test: ResolvedTest };

export const testsOf = (place: Place, tests: readonly TestAst[]): readonly UncheckedTest[] =>
  tests.flatMap((test) => test.lines.flatMap((line) => testOf(place, test, line) ?? []));

function testOf(place: Place, test: TestAst, line: TestLine): UncheckedTest | undefined {
  const verdict = verdictOf(place.unit, line.verdict);
  const subject = endOf(place, line.subject);
  const flow = line.flow && { destination: endOf(place, line.flow.destination), transport: boundValue(place, line.flow.transport) };
  const content = line.flow ? requestContent(place, line) : processContent(place, line);
  if (!verdict || content === 'wrong' || (!flow && !content)) return undefined;
  const expected = { verdict, ...expectedCause(place.unit, line) };
  const resolved = { test: test.name.text, span: line.span, subject, ...(flow ? { flow } : {}), ...(content ? { content } : {}), expected };
  return { test: resolved, ...(line.by ? { by: line.by } : {}), ...(line.rule ? { rule: line.rule } : {}) };
}

const endOf = (place: Place, { what, names }: EndAst): ResolvedEnd => ({ what: boundValue(place, what), ...(names ? { names } : {}) });

function verdictOf(unit: Unit, word: Name): ResolvedTest['expected']['verdict'] | undefined {
  const verdict = verdicts.find((one) => one === word.text);
  if (!verdict) refuseWord(unit, word, { expected: oneOf(verdicts), known: verdicts });
  return verdict;
}

function expectedCause({ report }: Unit, { by, rule }: TestLine): Omit<ResolvedTest['expected'], 'verdict'> {
  if (!by) return {};
  if (by.text !== 'default') return { by: by.text, ...(rule ? { rule: rule.text } : {}) };
  if (rule) report('resolve/misplaced', rule.span, { what: 'the name of a rule', where: 'behind `by default`', hint: 'name its policy' });
  return { byDefault: true };
}

/** Reports policies and rules behind `by` that do not exist. */
export function checkCauses(tests: readonly UncheckedTest[], policies: readonly ResolvedPolicyBlock[], unread: Unread): void {
  const named = tests.filter(({ by }) => by && by.text !== 'default');
  if (named.length === 0) return;
  // Of several with one name it is the first.
  const byName = new Map([...policies].reverse().map((policy) => [policy.name, policy]));
  for (const { by, rule } of named) if (by) checkCause([by, rule], byName, unread);
}

function checkCause(
  [by, rule]: readonly [Name, TestLine['rule']],
  policies: ReadonlyMap<string, ResolvedPolicyBlock>,
  { unit, names }: Unread,
): void {
  const { report, suggest } = unit;
  const policy = policies.get(by.text);
  if (!policy && !names.has(by.text)) {
    const suggestion = suggest(by.text, [...policies.keys(), 'default']);
    report('resolve/unknown-name', by.span, { kind: 'policy', name: by.text, suggestion });
  }
  if (!rule || !policy?.ruleNames || policy.ruleNames.has(rule.text)) return;
  const suggestion = suggest(rule.text, policy.ruleNames);
  report('resolve/unknown-rule', rule.span, { policy: by.text, name: rule.text, suggestion });
}

/** Names of policies that could not be read: not unknown. */
type Unread = { readonly unit: Unit; readonly names: ReadonlySet<string> };

type Content = ResolvedTest['content'] | 'wrong';

const contentOf = (place: Place, domain: DomainSpec, line: Parameters<typeof lineOf>[2]): Content => {
  const resolved = lineOf(place, domain, line);
  return resolved ? { domain, line: resolved } : 'wrong';
};

/** The domain is the one named first, or the one that knows the first word, or the first of all. */
function requestContent(place: Place, { operands, verdict }: TestLine): Content {
  const [first, ...rest] = operands;
  if (!first) return undefined;
  const requests = requestDomains(place.unit);
  const named = first.kind === 'word' ? requests.find(({ name }) => name === first.text) : undefined;
  if (named) return contentOf(place, named, [rest, first.span]);
  const domain = requests.find((one) => knows(one, first)) ?? requests[0];
  if (!domain || isMistaken(place, requests, first)) return domain && 'wrong';
  return contentOf(place, domain, [operands, verdict.span]);
}

const knows = (domain: DomainSpec, operand: Operand): boolean => operand.kind === 'word' && wordsOf(domain).has(operand.text);

/** Is a first word that nobody knows nearest to the name of a domain? Reported then. */
function isMistaken(place: Place, requests: readonly DomainSpec[], first: Operand): boolean {
  const { unit } = place;
  if (first.kind !== 'word' || requests.some((one) => knows(one, first)) || foundIn(place, first.text)) return false;
  const names = requests.map(({ name }) => name);
  const words = requests[0] ? wordsOf(requests[0]) : [];
  const suggestion = unit.suggest(first.text, [...words, ...names]);
  if (suggestion === undefined || !names.includes(suggestion)) return false;
  unit.report('resolve/unknown-word', first.span, { expected: `a request (${oneOf(names)})`, word: first.text, suggestion });
  return true;
}

function processContent(place: Place, { operands: [first, ...rest], subject }: TestLine): Content {
  if (!first) {
    const hint = 'write `A -> B tcp 80` for a flow, `A exec "/path"` for a program';
    place.unit.report('resolve/missing', subject.what.span, { what: 'what happens', hint });
    return undefined;
  }
  const domain = processDomain(place.unit, first);
  return domain && contentOf(place, domain, [rest, first.span]);
}
