// Every bundle brings questions with the oracle's answers. Asked of the programs of this kernel they are answered alike for every
// policy of the repository and for random ones; a bundle whose tables mean something else is found out.
import { readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PolicyProgram } from '../../src/compiler/ir/bundle.ts';
import { classesOf, portsImage, startsOf } from '../../src/compiler/ir/class-pieces.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { type Tried, type Verification, Verifier } from '../../src/runtime/kernel/verify.ts';
import { policySetOf } from '../../src/runtime/policy/policy-index.ts';
import { randomPolicy } from '../harness/arbitrary.ts';
import { typedPolicy } from '../harness/compile.ts';
import { expectOk, kernelTest, privatePins, templateObject } from '../harness/kernel.ts';
import { random, seedOf } from '../harness/random.ts';
import { emitted, imageOf } from '../harness/tables.ts';
import { varied } from '../harness/varied.ts';

type TriedProgram = Tried & { readonly program: PolicyProgram };

function bundleOf(typed: TypedPolicy): TriedProgram {
  const policy = emitted(typed);
  return {
    program: policy.program,
    boundary: policy.boundary,
    images: {
      ports: imageOf(policy, 'ports'),
      prefixes: imageOf(policy, 'prefixes'),
      http: imageOf(policy, 'http'),
      dns: imageOf(policy, 'dns'),
      tls: imageOf(policy, 'tls'),
      exec: imageOf(policy, 'exec'),
    },
    objects: [templateObject('net/verify')],
  };
}

let verifier: Verifier | undefined;
function tried(bundle: TriedProgram): Verification {
  verifier ??= new Verifier(`${privatePins()}-verify`);
  return expectOk(verifier.verify(bundle, policySetOf(bundle.program)));
}
const shown = (value: unknown): string => JSON.stringify(value, undefined, 1);

kernelTest('the programs answer what the oracle answers', () => {
  const source = random(seedOf('verify', 20_261_121));
  let questions = 0;
  for (let round = 0; round < 60; round++) {
    const text = randomPolicy(source, { native: true });
    const found = tried(bundleOf(varied(source, typedPolicy(text))));
    assert.equal(found.mismatches, [], `${shown(found.mismatches)}\n${text}`);
    questions += found.questions;
  }
  assert.ok(questions > 500, `${questions}`);
  console.log(`verify: ${questions} questions`);
});

const text = `
workload web = { app: "web" }
workload db = { app: "db" }
network office = 203.0.113.0/24
policy web-access for web { ingress { allow from office at tcp 8080-8090; allow from db } egress { allow to db at tcp 5432; deny to world at udp 53 } }
`.replaceAll('; ', '\n');

kernelTest('a bundle whose tables mean something else is found out, whatever differs', () => {
  const bundle = bundleOf(typedPolicy(text));
  assert.ok(tried(bundle).questions > 8);
  assert.equal(tried(bundle).mismatches, []);
  const faults: readonly (readonly [string, TriedProgram])[] = [
    [
      'action',
      {
        ...bundle,
        program: {
          ...bundle.program,
          rules: bundle.program.rules.map((rule) => ({ ...rule, action: rule.action === 'allow' ? 'deny' : 'allow' })),
        },
      },
    ],
    ['order', { ...bundle, program: { ...bundle.program, rules: bundle.program.rules.slice(1) } }],
    [
      'default deny',
      {
        ...bundle,
        program: {
          ...bundle.program,
          policies: bundle.program.policies.map((policy) => ({ ...policy, defaultDeny: { ingress: false, egress: false, process: [] } })),
        },
      },
    ],
    [
      'ports',
      {
        ...bundle,
        images: {
          ...bundle.images,
          ports: portsImage(startsOf(classesOf(bundle.images.ports).map((_, at, all) => all[at > 0 ? at - 1 : at] ?? 0))),
        },
      },
    ],
    [
      'cause',
      {
        ...bundle,
        program: {
          ...bundle.program,
          rules: bundle.program.rules.map((rule) => ({ ...rule, rule: (rule.rule + 1) % bundle.program.rules.length })),
        },
      },
    ],
  ];
  for (const [name, fault] of faults) assert.ok(tried(fault).mismatches.length > 0, name);
});

kernelTest('nothing is left behind', () => {
  verifier?.close();
  assert.not.ok(readdirSync('/sys/fs/bpf').some((name) => name.endsWith('-verify')));
});

test.run();
