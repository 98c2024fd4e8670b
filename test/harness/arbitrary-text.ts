// Texts around the patterns of a policy: members, and what misses them by a character.
import { canonicalTarget } from '../../src/compiler/domains/http/request.ts';
import type { Content } from '../../src/compiler/ir/event.ts';
import type { Pattern } from '../../src/compiler/space/pattern.ts';
import type { Random } from './random.ts';

const familiar = ['a', 'x', '1', '.', '-', 'b'];

/** A short text that matches; bytes are taken from what people write where the pattern leaves the choice. */
export function member(random: Random, pattern: Pattern): string {
  switch (pattern.kind) {
    case 'literal':
      return pattern.text;
    case 'byte': {
      const fits = (text: string): boolean => pattern.ranges.some(([low, high]) => low <= text.charCodeAt(0) && text.charCodeAt(0) <= high);
      const choice = [...familiar, '/', 'G'].filter(fits);
      return choice.length > 0 ? random.pick(choice) : String.fromCharCode(pattern.ranges[0]?.[0] ?? 97);
    }
    case 'sequence':
      return pattern.parts.map((part) => member(random, part)).join('');
    case 'either':
      return pattern.parts.length > 0 ? member(random, random.pick(pattern.parts)) : '';
    case 'repeat':
      return Array.from({ length: pattern.minimum + random.int(3) }, () => member(random, pattern.part)).join('');
  }
}

const insertions = ['a', '/', '.', '%41', '%2F', '//', '..', '%20'];

/** A text that is like another but for one place. */
export function near(random: Random, text: string): string {
  const at = random.int(text.length + 1);
  if (random.chance(0.4)) return text.slice(0, at) + random.pick(insertions) + text.slice(at);
  if (random.chance(0.5)) return text.slice(0, at) + text.slice(at + 1);
  return `${text}${random.pick(['/', 'x', '/x', 's'])}`;
}

const methods = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE'];

/** A request as it is sent: its content is what a walker over its head finds, undecidable ones included. */
export function randomRequest(random: Random, patterns: readonly Pattern[]): Content {
  if (random.chance(0.08)) return { kind: 'undecidable', reason: random.pick(['notHttp', 'headTooLong', 'malformedRequest']) };
  const text =
    patterns.length > 0 && random.chance(0.85)
      ? member(random, random.pick(patterns))
      : `${random.pick(methods)} /${random.pick(familiar)}`;
  const [method = 'GET', ...rest] = text.split(' ');
  const path = rest.join(' ');
  const sent = random.chance(0.35) ? near(random, path) : path;
  return canonicalTarget(random.chance(0.2) ? random.pick(methods) : method, sent.startsWith('/') ? sent : `/${sent}`);
}

/** The resolved path of a program, near what the patterns name; now and then a file without one. */
export function randomProgram(random: Random, patterns: readonly Pattern[]): Content {
  if (random.chance(0.05)) return { kind: 'undecidable', reason: 'unnamedFile' };
  const text =
    patterns.length > 0 && random.chance(0.85)
      ? member(random, random.pick(patterns))
      : random.pick(['/bin/ls', '/usr/bin/python3', '/tmp']);
  const path = random.chance(0.35) ? near(random, text) : text;
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.' && segment !== '..');
  return { kind: 'text', text: `/${segments.length > 0 ? segments.join('/') : 'init'}` };
}
