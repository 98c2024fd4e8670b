// Lines of `test` blocks: their ends, the domain of their content, and the expected verdict.
import type { DomainSpec } from '../domains/domain.ts';
import type { TestAst, TestLine } from '../ir/ast.ts';
import type { ResolvedTest } from '../ir/resolved.ts';
import { policyNames } from './policies.ts';
import { lineOf, processDomain } from './rules.ts';
import type { Scopes } from './scopes.ts';
import type { Unit } from './unit.ts';
import { boundValue, type Place } from './values.ts';
import { verdicts } from './vocabulary.ts';

/** All test lines of the unit, in the order of files and places. */
export function testsOf(scopes: Scopes, unit: Unit): readonly ResolvedTest[] {
  const policies = policyNames(scopes.files);
  return scopes.files.flatMap((scope) => {
    const place = { unit, scopes, scope };
    return scope.file.tests.flatMap((test) => test.lines.flatMap((line) => testOf(place, [test, line], policies) ?? []));
  });
}

function testOf(place: Place, [test, line]: readonly [TestAst, TestLine], policies: ReadonlySet<string>): ResolvedTest | undefined {
  const expected = expectedOf(place.unit, line, policies);
  const subject = boundValue(place, line.subject);
  const flow = line.flow && { destination: boundValue(place, line.flow.destination), transport: boundValue(place, line.flow.transport) };
  const content = line.flow ? requestContent(place.unit, line) : processContent(place.unit, line);
  if (!expected || (!flow && !content)) return undefined;
  return { test: test.name.text, span: line.span, subject, ...(flow ? { flow } : {}), ...(content ? { content } : {}), expected };
}

function expectedOf(unit: Unit, { verdict: word, by }: TestLine, policies: ReadonlySet<string>): ResolvedTest['expected'] | undefined {
  const verdict = verdicts.find((one) => one === word.text);
  if (!verdict) {
    unit.report('resolve/unknown-word', word.span, {
      expected: '`allowed` or `denied`',
      word: word.text,
      suggestion: unit.suggest(word.text, verdicts),
    });
  }
  if (by && by.text !== 'default' && !policies.has(by.text)) {
    unit.report('resolve/unknown-name', by.span, {
      kind: 'policy',
      name: by.text,
      suggestion: unit.suggest(by.text, [...policies, 'default']),
    });
  }
  if (!verdict) return undefined;
  if (!by) return { verdict };
  return by.text === 'default' ? { verdict, byDefault: true } : { verdict, by: by.text };
}

/** The domain is the one named first, or the one that knows the first word, or the first of all. */
function requestContent({ domains }: Unit, { operands, verdict }: TestLine): ResolvedTest['content'] | undefined {
  const [first, ...rest] = operands;
  if (!first) return undefined;
  const requests = domains.filter(({ form }) => form === 'request');
  const word = first.kind === 'word' ? first.text : undefined;
  const named = requests.find(({ name }) => name === word);
  if (named) return { domain: named, line: lineOf(rest, first.span) };
  const knows = ({ words }: DomainSpec): boolean => word !== undefined && words.includes(word);
  const domain = requests.find(knows) ?? requests[0];
  return domain && { domain, line: lineOf(operands, verdict.span) };
}

function processContent(unit: Unit, { operands: [first, ...rest], subject }: TestLine): ResolvedTest['content'] | undefined {
  if (!first) {
    unit.report('resolve/missing', subject.span, {
      what: 'what happens',
      hint: 'write `A -> B tcp 80` for a flow, `A exec "/path"` for a program',
    });
    return undefined;
  }
  const domain = processDomain(unit, first);
  return domain && { domain, line: lineOf(rest, first.span) };
}
