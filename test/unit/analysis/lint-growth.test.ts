// A rule that speaks of every endpoint there is needs no comparison with the policies of all of them to be seen to change something: what
// lint asks of it does not grow with how many policies there are.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lint } from '../../../src/compiler/analysis/lint.ts';
import { typedPolicy } from '../../harness/compile.ts';

const policyOf = (index: number, more = ''): string => `policy p${index} for { app: "w${index}" } {
  ingress {
    allow from { app: "w${index + 1}" } at tcp ${2000 + index}
  }
  egress {
    allow to cluster at tcp ${1000 + index}
    ${more}
  }
}
`;

/** How often lint asks whom a policy governs. */
function asksOf(policies: number): number {
  const typed = typedPolicy(Array.from({ length: policies }, (_, index) => policyOf(index)).join(''));
  let asks = 0;
  const counted = typed.policies.map((policy) => ({
    ...policy,
    get subject() {
      asks++;
      return policy.subject;
    },
  }));
  assert.equal(lint({ ...typed, policies: counted }).findings, []);
  return asks;
}

test('rules about all endpoints are decided by what few policies say', () => {
  const [few, many] = [asksOf(60), asksOf(240)];
  assert.ok(many < few * 6, `${few} of 60 policies, ${many} of 240`);
});

test('what changes nothing is found all the same', () => {
  const repeated = policyOf(0, 'allow to { app: "w9" } at tcp 1000');
  const typed = typedPolicy(`${repeated}${Array.from({ length: 20 }, (_, index) => policyOf(index + 1)).join('')}`);
  assert.equal(
    lint(typed).findings.map(({ kind, rule }) => [kind, rule.text]),
    [['never-decides', 'allow to { app: "w9" } at tcp 1000']],
  );
});

test.run();
