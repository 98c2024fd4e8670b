// 30,000 policies as teams write them: each for its own workload, 150 in a file, called by their file.
import { join } from 'node:path';
import { build } from '../../src/compiler/7-build/index.ts';
import type { Emitted } from '../../src/compiler/ir/emitted.ts';
import { typedPolicy } from '../../test/harness/compile.ts';
import { emitted } from '../../test/harness/tables.ts';

const root = join(import.meta.dirname, '..', '..');
const policiesOfFile = 150;

/** What is other in the policy of workload 3: the port of its rule, or how many rules it has. */
export const variants = {
  base: ['allow from w10 at tcp 1045'],
  port: ['allow from w10 at tcp 30002'],
  added: ['allow from w10 at tcp 1045', 'deny from w11 at tcp 30003'],
  removed: ['allow from w12 at tcp 1045'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Variant = keyof typeof variants;
export const variantNames = ['base', 'port', 'added', 'removed'] as const satisfies readonly Variant[];

/** Every policy has two rules, so that one can go. */
export function manyPolicies(policies: number, variant: Variant): Emitted {
  const files = Array.from({ length: Math.ceil(policies / policiesOfFile) }, (_, file) => {
    const first = file * policiesOfFile;
    const own = Array.from({ length: Math.min(policiesOfFile, policies - first) }, (__, i) => policyText(first + i, policies, variant));
    return { path: `team-${file}.policy`, text: own.join('') };
  });
  const workloads = Array.from({ length: policies }, (_, i) => `workload w${i} = { app: "w${i}" }\n`).join('');
  const [first, ...rest] = files;
  return emitted(typedPolicy([{ path: 'team-0.policy', text: `${workloads}${first?.text ?? ''}` }, ...rest.map(inOwn(policies))]));
}

/** Files see the workloads that they name. */
const inOwn =
  (policies: number) =>
  ({ path, text }: { readonly path: string; readonly text: string }) => {
    const named = [...new Set(text.match(/\bw\d+\b/g))].filter((name) => Number(name.slice(1)) < policies);
    const module = path.replace('.policy', '').replace('-', '_');
    return { path, text: `module ${module}\n\n${named.map((name) => `private workload ${name} = { app: "${name}" }\n`).join('')}${text}` };
  };

function policyText(i: number, policies: number, variant: Variant): string {
  const rules = i === 3 ? variants[variant] : [`allow from w${(i + 7) % policies} at tcp ${1024 + ((i * 7) % 20_000)}`];
  const name = `team-${Math.floor(i / policiesOfFile)}-p${i}`;
  return `policy ${name} for w${i} {\n  ingress {\n${rules.map((rule) => `    ${rule}\n`).join('')}  }\n}\n`;
}

export function buildInto(out: string, policy: Emitted): void {
  const done = build(policy, { out, objectsDirectory: join(root, 'dist', 'objects') });
  if (!done.ok) throw new Error(done.message);
}
