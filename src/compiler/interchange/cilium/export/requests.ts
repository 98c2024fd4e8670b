// Blocks of requests as Cilium's rules of its proxy, and the requirements beside them.
import type { FieldTest, LineMatch } from '../../../domains/domain.ts';
import type { DomainMatch, NamedRequirement } from '../../../ir/typed.ts';
import type { JsonObject } from '../../importer.ts';
import { distinct } from '../../texts.ts';
import { alternatives, expressionOf, nameOf, textOf } from './patterns.ts';

type Say = (what: string) => void;

/** `rules` or `serverNames` of an item of `toPorts`. */
export function requestsOf({ domain, lines }: DomainMatch, requirements: readonly NamedRequirement[], say: Say): JsonObject {
  switch (domain) {
    case 'http':
      return { rules: { http: lines.map((line) => httpOf(line, requirements, say)) } };
    case 'dns':
      return { rules: { dns: lines.flatMap((line) => namesOf(line, 'name', say)) } };
    case 'tls':
      return {
        serverNames: distinct(
          lines.flatMap((line) => namesOf(line, 'sni', say)).map((name) => name['matchName'] ?? name['matchPattern'] ?? ''),
        ),
      };
    default:
      say(`\`${domain}\` requests`);
      return {};
  }
}

function namesOf(line: LineMatch, field: string, say: Say): readonly JsonObject[] {
  return line.flatMap((test) => {
    const names =
      test.field === field && !test.orAbsent && test.values.kind === 'text' ? alternatives(test.values.pattern).map(nameOf) : [undefined];
    if (names.includes(undefined)) say(`this test of \`${test.field}\``);
    return names.flatMap((name) => (name ? [{ ...name }] : []));
  });
}

const fields: Readonly<Record<string, string>> = { method: 'method', target: 'path', host: 'host' };

function httpOf(line: LineMatch, requirements: readonly NamedRequirement[], say: Say): JsonObject {
  const tests = Object.fromEntries(line.flatMap((test) => textTest(test, say)));
  const matches = [...line.flatMap((test) => headerOf(test, say)), ...requirements.flatMap((one) => actionOf(one))];
  const secrets = new Set(
    requirements.flatMap(({ name, text = '' }) => (name === 'header-secret' ? [text.split(' ')[0]?.toLowerCase()] : [])),
  );
  const headers = matches.filter(
    ({ name, secret }) => secret !== undefined || typeof name !== 'string' || !secrets.has(name.toLowerCase()),
  );
  return { ...tests, ...(headers.length > 0 && { headerMatches: headers }) };
}

function textTest({ field, orAbsent, values }: FieldTest, say: Say): readonly (readonly [string, string])[] {
  if (field.startsWith('header ')) return [];
  const name = fields[field];
  const expression = values.kind === 'text' ? expressionOf(values.pattern) : undefined;
  if (name === undefined || orAbsent || expression === undefined) {
    const what = field === 'path' ? '`path`, which is normalised: write `target`' : `this test of \`${field}\``;
    say(what);
    return [];
  }
  return expression === '.*' ? [] : [[name, expression]];
}

function headerOf({ field, orAbsent, values }: FieldTest, say: Say): readonly JsonObject[] {
  if (!field.startsWith('header ')) return [];
  const name = field.slice('header '.length);
  const pattern = values.kind === 'text' && !orAbsent ? values.pattern : undefined;
  const value = pattern && textOf(pattern);
  if (value !== undefined) return [{ name, value }];
  if (pattern && expressionOf(pattern) === '.*') return [{ name }];
  say(`this test of \`${field}\``);
  return [];
}

/** `REPLACE X-Token 1`, `Authorization shop/token`. */
function actionOf({ name, text = '' }: NamedRequirement): readonly JsonObject[] {
  const secretOf = (path: string): JsonObject => {
    const [namespace = '', own] = path.split('/');
    return own === undefined ? { name: namespace } : { namespace, name: own };
  };
  if (name === 'header-secret') {
    const [header = '', secret = ''] = text.split(' ');
    return [{ name: header, secret: secretOf(secret) }];
  }
  if (name !== 'header-action') return [];
  const [, mismatch = '', header = '', rest = ''] = /^(\S+) (\S+) ?(.*)$/.exec(text) ?? [];
  const [, value = '', secret] = /^(.*?)(?:(?:^| )secret (\S+))?$/.exec(rest) ?? [];
  return [{ mismatch, name: header, ...(value !== '' && { value }), ...(secret !== undefined && { secret: secretOf(secret) }) }];
}

/** What stands beside the ports of an item. */
export function besides(requirements: readonly NamedRequirement[], say: Say): JsonObject {
  const entries = requirements.flatMap(({ name, text = '' }): readonly (readonly [string, JsonObject | readonly string[]])[] => {
    switch (name) {
      case 'tls-termination':
        return [['terminatingTLS', tlsOf(text)]];
      case 'tls-origination':
        return [['originatingTLS', tlsOf(text)]];
      case 'listener':
        return [['listener', listenerOf(text)]];
      case 'server-name':
        return [['serverNames', requirements.flatMap((one) => (one.name === 'server-name' ? [one.text ?? ''] : []))]];
      case 'encryption':
        say('`require encryption`');
        return [];
      default:
        return [];
    }
  });
  return Object.fromEntries(entries);
}

function tlsOf(text: string): JsonObject {
  const [secret = '', ...files] = text.split(' ');
  const [namespace = '', name] = secret.split('/');
  return {
    secret: name === undefined ? { name: namespace } : { namespace, name },
    ...Object.fromEntries(files.map((file) => file.split('=', 2)).map(([key = '', value = '']) => [key, value])),
  };
}

function listenerOf(text: string): JsonObject {
  const [, path = '', priority] = /^(\S+)(?: priority (\d+))?$/.exec(text) ?? [];
  const parts = path.split('/');
  const [kind, config = '', name = ''] = parts.length === 3 ? parts : [undefined, ...parts];
  return {
    name,
    envoyConfig: { ...(kind !== undefined && { kind }), name: config },
    ...(priority !== undefined && { priority: Number(priority) }),
  };
}
