// Requests that one item of `toPorts` allows, as blocks of policy text. Every regular expression is about the whole value, and
// a path is about path and query as they are sent.
import { readRegex } from '../../space/regex.ts';
import { type Field, has, itemsOf, member, numberIn, textIn, textOf, textsIn } from '../fields.ts';
import type { Facts } from '../importer.ts';
import { listed, literalText, quoted, regexText } from '../texts.ts';
import { nameText, patternText } from './names.ts';
import type { Reading } from './reading.ts';

/** `block`: absent where every request is allowed. */
export type Requests = { readonly block?: string; readonly requirements: readonly string[] };

/** What one item of `toPorts` allows: each block is a rule of its own. */
export function requestsOf(portRule: Field, reading: Reading): readonly Requests[] {
  const requirements = [...tlsRequirements(portRule), ...listenerRequirement(portRule)];
  const rules = member(portRule, 'rules');
  const http = itemsOf(rules, 'http');
  const dns = itemsOf(rules, 'dns');
  const names = textsIn(member(portRule, 'serverNames'));
  if (http.length > 0) {
    const server = names.map((name) => `server-name ${quoted(name)}`);
    return httpBlocks(http, reading).map((one) => ({ ...one, requirements: [...requirements, ...server, ...one.requirements] }));
  }
  if (dns.length > 0) return [{ block: `dns ${linesText(dns.map(dnsLine))}`, requirements }];
  if (names.length > 0) return [{ block: `tls ${linesText(names.map(serverLine))}`, requirements }];
  return [{ requirements }];
}

const linesText = (lines: readonly string[]): string => `{ ${[...new Set(lines)].join('; ')} }`;

const dnsLine = (field: Field): string => {
  const [name, pattern] = [textOf(field, 'matchName'), textOf(field, 'matchPattern')];
  return (name === undefined ? patternText(pattern ?? '') : nameText(name)) ?? nobodyLine;
};
const serverLine = (name: string): string => patternText(name) ?? nobodyLine;
/** No name has this form, and yet it is one: what is written matches nothing that is ever asked for. */
const nobodyLine = '"**" and not "**"';

// --- http -------------------------------------------------------------------------------------------------------------

/** Lines that ask for something else beside stand in rules of their own. */
function httpBlocks(rules: readonly Field[], reading: Reading): readonly Requests[] {
  const lines = rules.map((rule) => httpLine(rule, reading));
  const plain = lines.filter(({ requirements }) => requirements.length === 0).map(({ text }) => text);
  const others = lines.filter(({ requirements }) => requirements.length > 0);
  return [
    ...(plain.length > 0 ? [{ block: `http ${linesText(plain)}`, requirements: [] }] : []),
    ...others.map(({ text, requirements }) => ({ block: `http ${linesText([text])}`, requirements })),
  ];
}

type Line = { readonly text: string; readonly requirements: readonly string[] };

function httpLine(rule: Field, reading: Reading): Line {
  const [method, path, host] = ['method', 'path', 'host'].map((name) => member(rule, name));
  const headers = itemsOf(rule, 'headerMatches').map(headerMatch);
  const tests = [
    method && methodTest(method, reading),
    path && expressionTest('target', path, reading),
    host && expressionTest('host', host, reading),
    ...textsIn(member(rule, 'headers')).map(headerTest),
    ...headers.map(({ text }) => text),
  ].filter((text) => text !== undefined && text !== '');
  const requirements = headers.flatMap((one) => one.requirements);
  return { text: tests.length === 0 ? 'target "**"' : tests.join(' '), requirements };
}

const plainMethod = /^[A-Z][A-Z-]*$/;

function methodTest(field: Field, reading: Reading): string {
  const expression = textIn(field) ?? '';
  if (expression === '') return '';
  const words = expression.replace(/^\^|\$$/g, '').split('|');
  if (words.every((word) => plainMethod.test(word) && methods.has(word))) return listed(words);
  return expressionTest('method', field, reading);
}

/** Those that may stand as words. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']);

/** The text of an expression that has no signs but letters, or the expression. */
function expressionTest(name: string, field: Field, reading: Reading): string {
  const expression = textIn(field) ?? '';
  if (expression === '') return '';
  const text = expression.replace(/^\^/, '').replace(/(?<!\\)\$$/, '');
  if (name === 'target' && /^\/[\w/~-]*$/.test(text)) return `target ${literalText(text)}`;
  if (name === 'host' && /^[a-z0-9-]+$/.test(text)) return `host ${literalText(text)}`;
  const read = regexIn(expression, reading);
  const [unknown] = /(?<=^(?:[^\\]|\\[^uZ])*)\\[uZ]/.exec(expression) ?? [];
  if (unknown !== undefined) reading.refuse(field, `no expression of RE2 has \`${unknown}\``);
  else if (/\\Q.*"/s.test(expression)) reading.unsupported(field, 'a `"` behind `\\Q`: texts have no place for it');
  else if (!read.ok) reading.unsupported(field, read.mistake.reason);
  return `${name} ${regexText(expression)}`;
}

const known = new WeakMap<Facts, Map<string, ReturnType<typeof readRegex>>>();

/** The same expressions stand in many documents. */
function regexIn(expression: string, { context: { facts } }: Reading): ReturnType<typeof readRegex> {
  const ofAll = known.get(facts) ?? new Map<string, ReturnType<typeof readRegex>>();
  known.set(facts, ofAll);
  const read = ofAll.get(expression) ?? readRegex(expression);
  ofAll.set(expression, read);
  return read;
}

// --- headers ----------------------------------------------------------------------------------------------------------

/** `X-Key: true` is this value, `X-Key` is any. */
function headerTest(written: string): string {
  const [name = '', ...rest] = written.split(' ');
  return rest.length === 0 ? headerText(name) : headerText(name.replace(/:+$/, ''), rest.join(' '));
}

function headerText(name: string, value?: string): string {
  if (name.toLowerCase() === 'host') return value === undefined ? 'host exists' : `host ${literalText(value)}`;
  return value === undefined
    ? `header ${quoted(name.toLowerCase())} exists`
    : `header ${quoted(name.toLowerCase())} = ${literalText(value)}`;
}

/** With a `mismatch` the request passes whatever the header is, and the proxy does something about it. */
function headerMatch(field: Field): Line {
  const [name = '', value, mismatch] = ['name', 'value', 'mismatch'].map((one) => textOf(field, one));
  const secret = secretText(member(field, 'secret'));
  if (mismatch !== undefined) {
    const what = [`${mismatch} ${name}`, value ?? '', secret === '' ? '' : `secret ${secret}`].filter((part) => part !== '');
    return { text: '', requirements: [`header-action ${quoted(what.join(' '))}`] };
  }
  if (secret === '') return { text: headerText(name, value), requirements: [] };
  return { text: headerText(name), requirements: [`header-secret ${quoted(`${name} ${secret}`)}`] };
}

const secretText = (secret: Field): string => {
  const [namespace, name] = [textOf(secret, 'namespace'), textOf(secret, 'name')];
  return name === undefined ? '' : namespace === undefined ? name : `${namespace}/${name}`;
};

// --- what the proxy does besides ---------------------------------------------------------------------------------------

function tlsRequirements(portRule: Field): readonly string[] {
  return (['terminatingTLS', 'originatingTLS'] as const).flatMap((name) => {
    if (!has(portRule, name)) return [];
    const context = member(portRule, name);
    const files = ['certificate', 'privateKey', 'trustedCA'].flatMap((one) => {
      const file = textOf(context, one);
      return file === undefined ? [] : [`${one}=${file}`];
    });
    const text = [secretText(member(context, 'secret')), ...files].join(' ');
    return [`${name === 'terminatingTLS' ? 'tls-termination' : 'tls-origination'} ${quoted(text)}`];
  });
}

function listenerRequirement(portRule: Field): readonly string[] {
  if (!has(portRule, 'listener')) return [];
  const listener = member(portRule, 'listener');
  const config = member(listener, 'envoyConfig');
  const kind = textOf(config, 'kind') ?? '';
  const priority = numberIn(member(listener, 'priority'));
  const path = [kind, textOf(config, 'name'), textOf(listener, 'name')].filter((part) => part !== '').join('/');
  return [`listener ${quoted(priority === undefined ? path : `${path} priority ${priority}`)}`];
}
