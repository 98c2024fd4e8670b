// The languages of http and exec lines, asked text by text through their automaton.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DomainSpec, Operand } from '../../src/compiler/domains/domain.ts';
import { exec } from '../../src/compiler/domains/exec/index.ts';
import { http } from '../../src/compiler/domains/http/index.ts';
import type { Pattern } from '../../src/compiler/space/pattern.ts';

const span = { source: { path: 'x', text: '' }, start: 0, end: 0 };
/** `GET`, `"/path"` and `[GET, HEAD]` as operands. */
function operands(line: string): readonly Operand[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|\[([^\]]*)\]|(\w+)/g)].map(([, raw, items, word]): Operand => {
    if (raw !== undefined) return { kind: 'string', raw, text: raw.replace(/\\(.)/g, '$1'), span };
    return items === undefined ? { kind: 'word', text: word ?? '', span } : { kind: 'list', items: operands(items), span };
  });
}

/** A regular expression over bytes that means the same as the pattern. */
function expression(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'literal':
      return Buffer.from(pattern.text)
        .toString('latin1')
        .replace(/[^A-Za-z0-9]/g, (found) => `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`);
    case 'byte':
      return `[${pattern.ranges.map(([low, high]) => [low, high].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('-')).join('')}]`;
    case 'sequence':
      return pattern.parts.map(expression).join('');
    case 'either':
      return `(?:${pattern.parts.map(expression).join('|')})`;
    case 'repeat':
      return `(?:${expression(pattern.part)})${pattern.minimum === 0 ? '*' : '+'}`;
  }
}

function matches(domain: DomainSpec, line: string, text: string): boolean {
  const found = domain.match({ operands: operands(line), span });
  assert.ok(found.ok, `${line}: ${JSON.stringify(found)}`);
  return new RegExp(`^(?:${expression(found.value)})$`, 's').test(text);
}

type Case = readonly [line: string, matching: readonly string[], others: readonly string[]];
const cases: Readonly<Record<'http' | 'exec', readonly Case[]>> = {
  http: [
    ['GET "/cart/{id}"', ['GET /cart/42', 'GET /cart/a.b'], ['GET /cart/', 'GET /cart/4/2', 'HEAD /cart/42', 'GET /cart', 'XGET /cart/1']],
    ['[GET, HEAD] "/static/**"', ['GET /static/', 'HEAD /static/a/b'], ['POST /static/a', 'GET /static']],
    ['"/health"', ['GET /health', 'PURGE /health', 'X-Y /health'], ['GET /healthz', ' /health']],
    ['POST', ['POST /', 'POST /a/b'], ['GET /', 'POST']],
    ['GET "/*.png"', ['GET /a.png', 'GET /.png'], ['GET /a/b.png', 'GET /apng']],
    ['GET "/a\\*b\\{c\\}"', ['GET /a*b{c}'], ['GET /axb{c}']],
    ['GET "/caf\u00e9 %41%2b"', ['GET /caf%C3%A9%20A+'], ['GET /café A+']],
    ['GET ["/a", "/b"]', ['GET /a', 'GET /b'], ['GET /c']],
  ],
  exec: [
    ['"/usr/bin/node"', ['/usr/bin/node'], ['/usr/bin/node2', '/usr/bin/nod', 'x/usr/bin/node']],
    ['under "/tmp"', ['/tmp/a', '/tmp/a/b'], ['/tmp', '/tmp/', '/tmpx/a', '/var/tmp/a']],
    ['under "/"', ['/a', '/a/b'], ['/']],
    ['glob "/usr/bin/python*"', ['/usr/bin/python', '/usr/bin/python3.11'], ['/usr/bin/python/x', '/usr/bin/pytho']],
    ['glob "/opt/**/run"', ['/opt/a/run', '/opt/a/b/run', '/opt//run'], ['/opt/run']],
    ['glob "/b/?"', ['/b/a'], ['/b/', '/b/ab']],
    ['["/a", "/b"]', ['/a', '/b'], ['/c']],
    ['"/usr/bin/["', ['/usr/bin/['], ['/usr/bin/x']],
  ],
};

for (const [domain, spec] of [
  ['http', http],
  ['exec', exec],
] as const) {
  for (const [line, matching, others] of cases[domain]) {
    test(`${domain} ${line}`, () => {
      assert.equal(
        matching.filter((text) => !matches(spec, line, text)),
        [],
        'should match',
      );
      assert.equal(
        others.filter((text) => matches(spec, line, text)),
        [],
        'should not match',
      );
    });
  }
}

test.run();
