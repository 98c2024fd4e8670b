// Audit: what is enforced is what holds without it; what would hold with it stands beside the verdict where the action is another.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deciderOf, deciderWords } from '../../../src/compiler/analysis/event-words.ts';
import { verdictOf } from '../../../src/compiler/analysis/oracle.ts';
import type { Endpoint } from '../../../src/compiler/ir/event.ts';
import { transportPoint } from '../../../src/compiler/space/transport.ts';
import { typedPolicy } from '../../harness/compile.ts';

const [a, b] = ['a', 'b'].map((app): Endpoint => ({ kind: 'workload', id: app, labels: { app } }));

/** `enforced / with audit`, by policy: what becomes of a connection from `b` to `a` at tcp 80. */
function verdict(text: string, [source, destination] = [b, a]): string {
  const typed = typedPolicy(`workload a = { app: "a" }\nworkload b = { app: "b" }\n${text}`);
  if (!source || !destination) return '';
  const event = { kind: 'flow', source, destination, point: transportPoint('tcp', 80) } as const;
  const words = deciderWords(deciderOf(typed, verdictOf(typed, event)));
  return words.replace(/, test\.policy:\d+/g, '').replaceAll('audit: would be ', '');
}
const ingress = (rules: string, more = ''): string => `policy p for a ${more} { ingress { ${rules} } }`;

/** What is written, and what becomes of it. */
const cases: readonly (readonly [name: string, text: string, verdict: string])[] = [
  ['nothing in audit mode', ingress('allow from b'), 'allowed by p'],
  ['`audit` is `deny` in audit mode', ingress('default allow\n audit from b'), 'allowed: no policy speaks of it; denied by p'],
  ['so is `deny` with `mode audit`', ingress('default allow\n deny from b mode audit'), 'allowed: no policy speaks of it; denied by p'],
  ['so is `drop`', ingress('default allow\n drop from b mode audit'), 'allowed: no policy speaks of it; dropped by p'],
  ['before an allow rule', ingress('allow from b\n audit from b'), 'allowed by p; denied by p'],
  ['behind an allow rule that comes first in order', ingress('allow from b priority -1\n audit from b'), 'allowed by p'],
  ['an allow rule in audit mode', ingress('allow from b mode audit'), 'denied by default (p); allowed by p'],
  ['on what is denied anyway', ingress('audit from b\n deny from b'), 'denied by p'],
  [
    'a policy in audit mode: its default deny',
    ingress('allow from a', 'mode audit'),
    'allowed: no policy speaks of it; denied by default (p)',
  ],
  ['a policy in audit mode: what it allows', ingress('allow from b', 'mode audit'), 'allowed: no policy speaks of it'],
  ['a rule that is enforced in a policy in audit mode', ingress('deny from b mode enforce', 'mode audit'), 'denied by p'],
  [
    'default deny of two policies, one in audit mode',
    `${ingress('allow from a')}\npolicy q for a mode audit { ingress { } }`,
    'denied by default (p)',
  ],
  [
    'an audit policy that would open what another closes',
    `${ingress('allow from a')}\npolicy q for a mode audit { ingress { allow from b } }`,
    'denied by default (p); allowed by q',
  ],
  [
    'a pass in audit mode',
    `policy guard for a tier admin { ingress { pass from b mode audit priority -1\n deny from b } }\n${ingress('allow from b')}`,
    'denied by guard; allowed by p',
  ],
  [
    'a tier of audit before a tier that is enforced',
    `policy guard for a tier admin mode audit { ingress { deny from b } }\n${ingress('allow from b')}`,
    'allowed by p; denied by guard',
  ],
  [
    'on a connection: all requests would be denied',
    ingress('allow from b at tcp 80\n audit from b at tcp 80 http { "/**" }'),
    'allowed by p; denied by p, because it cannot be read',
  ],
  [
    'on a connection: some request would be allowed',
    ingress('allow from b at tcp 80\n audit from b at tcp 80 http { GET }'),
    'allowed by p',
  ],
  [
    'both sides: egress would deny',
    `policy p for b { egress { default allow\n audit to a } }\npolicy q for a { ingress { allow from b } }`,
    'allowed by q; denied by p',
  ],
  [
    'both sides: egress would be opened, ingress denies all the same',
    `policy p for b { egress { allow to a mode audit } }\npolicy q for a { ingress { } }`,
    'denied by default (p)',
  ],
  [
    'both sides: one would be opened, the other closed',
    `policy p for b { egress { allow to a mode audit } }\npolicy q for a { ingress { default allow\n audit from b } }`,
    'denied by default (p)',
  ],
];

for (const [name, text, expected] of cases) test(name, () => assert.is(verdict(text), expected));

test('process: each class by itself', () => {
  const typed = typedPolicy(
    `policy p for all { process { audit exec under "/tmp"\n kill exec "/tmp/x" mode audit\n allow read under "/" } }`,
  );
  const words = (domain: string, path: string): string => {
    const content = { kind: 'fields', fields: { path: [path] } } as const;
    const subject: Endpoint = { kind: 'workload', id: 'a', labels: {} };
    return deciderWords(deciderOf(typed, verdictOf(typed, { kind: 'process', domain, subject, content }))).replace(
      /, test\.policy:\d+/g,
      '',
    );
  };
  assert.is(words('exec', '/tmp/y'), 'allowed: no policy speaks of it; audit: would be denied by p');
  assert.is(words('exec', '/tmp/x'), 'allowed: no policy speaks of it; audit: would be killed by p');
  assert.is(words('read', '/tmp/y'), 'allowed by p');
});

test.run();
