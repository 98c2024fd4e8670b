// Which requests a flow may carry: those that our blocks accept and those that the merged rules of a case accept have to be the
// same set. Values that no pattern of either tells apart are one class; one request is made of every combination.
import { textMatcher } from '../../src/compiler/analysis/derivative.ts';
import { type SideQuestion, verdictIn } from '../../src/compiler/analysis/oracle.ts';
import type { Content } from '../../src/compiler/domains/domain.ts';
import type { NetworkRule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { anyText, literal, type Pattern } from '../../src/compiler/space/pattern.ts';
import { readRegex } from '../../src/compiler/space/regex.ts';
import type { HttpRule, Layer7, MergedRule, Side } from './format.ts';

export type Asked = {
  readonly side: Side;
  readonly question: SideQuestion;
  /** Rules that concern the connection. */
  readonly rules: readonly NetworkRule[];
  readonly expected: Layer7 | undefined;
};

const matcher = textMatcher();

/** What is wrong with the requests that an allowed flow may carry. */
export function requestMistake(typed: TypedPolicy, asked: Asked): string | undefined {
  const { expected, rules } = asked;
  const isGoverned = rules.some(({ layer7 }) => layer7 !== undefined);
  const isOpen = expected === undefined || expected.plainAllow === true || expected.parser === 'crd';
  if (isOpen) return isGoverned && !allows(typed, asked, 'http', unreadable) ? 'every request should be allowed' : undefined;
  switch (expected.parser) {
    case 'http':
      return httpMistake(typed, asked, expected.rules);
    case 'dns':
      return dnsMistake(typed, asked, expected);
    case 'tls':
      return nameMistake(typed, asked, { domain: 'tls', field: 'sni', patterns: expected.rules.flatMap(({ sni = [] }) => sni) });
    default:
      return `requests of \`${expected.parser}\` are not known`;
  }
}

const unreadable: Content = { kind: 'undecidable', reason: 'for a test' };

const allows = (typed: TypedPolicy, { side, question }: Asked, domain: string, content: Content): boolean =>
  verdictIn(typed, side, { ...question, request: { domain, content } }).action === 'allowed';

// --- values -------------------------------------------------------------------------------------------------------------

/** Examples of all classes of values of one field. */
function examples(
  typed: TypedPolicy,
  { rules }: Asked,
  [domain, field]: readonly [string, string],
  more: readonly Pattern[],
): readonly string[] {
  const [name = ''] = field.split(' ');
  const possible = typed.domains.find((one) => one.name === domain)?.fields.find((one) => one.name === name)?.type.possible ?? anyText;
  const own = rules.flatMap(({ layer7 }) => (layer7?.domain === domain ? layer7.lines.flat() : []));
  const tests = own.flatMap((test) => (test.field === field && test.values.kind === 'text' ? [test.values.pattern] : []));
  return matcher.classes(possible, [...tests, ...more]).map(({ example }) => example);
}

const expressionOf = (text: string): Pattern => {
  const found = readRegex(text);
  return found.ok ? found.pattern : { kind: 'either', parts: [] };
};

/** Expressions are held against texts by JavaScript, which shares nothing with what reads them in policies. */
function isMatch(expression: string | undefined, value: string | undefined): boolean {
  if (expression === undefined || expression === '') return true;
  return value !== undefined && regular(expression).test(value);
}

const regulars = new Map<string, RegExp>();
function regular(expression: string): RegExp {
  const made = regulars.get(expression) ?? new RegExp(`^(?:${expression})$`, 's');
  regulars.set(expression, made);
  return made;
}

// --- http ---------------------------------------------------------------------------------------------------------------

type Request = {
  readonly method: string;
  readonly target: string;
  readonly host: string | undefined;
  readonly headers: ReadonlyMap<string, string | undefined>;
};

function httpMistake(typed: TypedPolicy, asked: Asked, merged: readonly MergedRule[]): string | undefined {
  const wanted = merged.flatMap(({ http = [] }) => http);
  for (const request of requestsFor(typed, asked, wanted)) {
    const isWanted = wanted.some((rule) => accepts(rule, request));
    const isAllowed = allows(typed, asked, 'http', contentOf(request));
    if (isWanted !== isAllowed) return `${describe(request)} should be ${isWanted ? 'allowed' : 'denied'}`;
  }
  return undefined;
}

/** `Name: value` is that value, `Name` any. With an action a mismatch is no reason to refuse. */
function headersOf({ headers = [], headerMatches = [] }: HttpRule): readonly (readonly [name: string, value: string | undefined])[] {
  const written = headers.map((header): readonly [string, string | undefined] => {
    const [name = '', ...rest] = header.split(' ');
    return rest.length === 0 ? [name.toLowerCase(), undefined] : [name.replace(/:+$/, '').toLowerCase(), rest.join(' ')];
  });
  const matches = headerMatches.filter(({ mismatch }) => mismatch === undefined);
  return [
    ...written,
    ...matches.map(({ name, value, secret }): readonly [string, string | undefined] => [
      name.toLowerCase(),
      secret === undefined ? value : undefined,
    ]),
  ];
}

const accepts = (rule: HttpRule, { method, target, host, headers }: Request): boolean =>
  isMatch(rule.method, method) &&
  isMatch(rule.path, target) &&
  isMatch(rule.host, host) &&
  headersOf(rule).every(([name, value]) => (value === undefined ? headers.get(name) !== undefined : headers.get(name) === value));

function* requestsFor(typed: TypedPolicy, asked: Asked, wanted: readonly HttpRule[]): Generator<Request> {
  const expressions = (name: 'method' | 'path' | 'host'): readonly Pattern[] =>
    wanted.flatMap((rule) => (rule[name] === undefined || rule[name] === '' ? [] : [expressionOf(rule[name])]));
  const methods = examples(typed, asked, ['http', 'method'], expressions('method'));
  const targets = examples(typed, asked, ['http', 'target'], expressions('path'));
  const hosts = [undefined, ...examples(typed, asked, ['http', 'host'], expressions('host'))];
  const all = headerSets(typed, asked, wanted);
  for (const method of methods)
    for (const target of targets) for (const host of hosts) for (const headers of all) yield { method, target, host, headers };
}

function headerSets(typed: TypedPolicy, asked: Asked, wanted: readonly HttpRule[]): readonly ReadonlyMap<string, string | undefined>[] {
  const tested = asked.rules.flatMap(({ layer7 }) => layer7?.lines.flat().map(({ field }) => field) ?? []);
  const own = tested.filter((field) => field.startsWith('header ')).map((field) => field.slice('header '.length));
  const values = wanted.flatMap(headersOf);
  const names = [...new Set([...own, ...values.map(([name]) => name)])];
  return names.reduce<readonly ReadonlyMap<string, string | undefined>[]>(
    (sets, name) => {
      const patterns = values.flatMap(([one, value]) => (one === name && value !== undefined ? [literal(value)] : []));
      const choices = [undefined, ...examples(typed, asked, ['http', `header ${name}`], patterns)];
      return sets.flatMap((set) => choices.map((value) => new Map(set).set(name, value)));
    },
    [new Map()],
  );
}

function contentOf({ method, target, host, headers }: Request): Content {
  const sent = [...headers].flatMap(([name, value]) => (value === undefined ? [] : [[`header ${name}`, [value]] as const]));
  const [path = '', query] = target.split('?', 2);
  return {
    kind: 'fields',
    fields: {
      method: [method],
      target: [target],
      path: [path],
      ...(query !== undefined && { query: [query] }),
      ...(host !== undefined && { host: [host] }),
      ...Object.fromEntries(sent),
    },
  };
}

const describe = ({ method, target, host, headers }: Request): string =>
  `${method} ${target} host ${host ?? '-'} ${[...headers].map(([name, value]) => `${name}: ${value ?? '-'}`).join(', ')}`.trimEnd();

// --- names --------------------------------------------------------------------------------------------------------------

/** A pattern of names as an expression: `**.` is whole labels, a run of `*` a part of one, nothing but `*` everything. */
function nameExpression(written: string): string {
  const pattern = written.toLowerCase().replace(/\.$/, '');
  if (/^\*+$/.test(pattern)) return '.*';
  const escaped = (text: string): string => text.replace(/\*+/g, '*').replace(/[.*]/g, (sign) => (sign === '.' ? '[.]' : '[-a-z0-9_]*'));
  return pattern.startsWith('**.') ? `([-a-z0-9_]+[.])+${escaped(pattern.slice('**.'.length))}` : escaped(pattern);
}

type Names = { readonly domain: string; readonly field: string; readonly patterns: readonly string[] };

function nameMistake(typed: TypedPolicy, asked: Asked, { domain, field, patterns }: Names): string | undefined {
  const expressions = patterns.map(nameExpression);
  for (const name of examples(typed, asked, [domain, field], expressions.map(expressionOf))) {
    const isWanted = expressions.some((expression) => isMatch(expression, name));
    const isAllowed = allows(typed, asked, domain, { kind: 'fields', fields: { [field]: [name] } });
    if (isWanted !== isAllowed) return `${domain} \`${name}\` should be ${isWanted ? 'allowed' : 'denied'}`;
  }
  return undefined;
}

function dnsMistake(typed: TypedPolicy, asked: Asked, { rules, dnsQueries = {} }: Layer7): string | undefined {
  const patterns = rules.flatMap(({ dns = [] }) => dns.flatMap(({ matchName, matchPattern }) => matchName ?? matchPattern ?? []));
  const wrong = nameMistake(typed, asked, { domain: 'dns', field: 'name', patterns });
  if (wrong !== undefined) return wrong;
  for (const [name, verdict] of Object.entries(dnsQueries)) {
    const isAllowed = allows(typed, asked, 'dns', {
      kind: 'fields',
      fields: { name: [name.toLowerCase().replace(/\.$/, '')], type: ['A'] },
    });
    if (isAllowed !== (verdict === 'allowed')) return `dns \`${name}\` should be ${verdict}`;
  }
  return undefined;
}
