// Edits as people make them: in a folder that bench/policies.ts wrote, `count` rules become others, spread over all policies.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Edit = (policy: string) => string;

const edits: readonly Edit[] = [
  (policy) => policy.replace(/at tcp (\d+)\n/, (_, port: string) => `at tcp ${Number(port) - 1}\n`),
  (policy) => policy.replace(/ {4}allow to w\d+ at tcp \d+\n/, ''),
  (policy) => policy.replace('  egress {\n', '  egress {\n    allow to world at tcp 443\n'),
  (policy) => policy.replace(/\/24, /, '/25, '),
  (policy) => policy.replace('http { GET "', 'http { POST "'),
  (policy) => policy.replace(/ {4}deny from 10\.\d+\.\d+\.13 at udp \d+\n/, ''),
  (policy) => policy.replace('allow exec "/srv/', 'allow exec "/opt/'),
  (policy) => policy.replace('deny to', 'drop to'),
  (policy) => policy.replace('allow to cluster at', 'allow to all at'),
  (policy) => policy.replace(/allow from \[w(\d+), w\d+\]/, 'allow from w$1'),
];

/** Copies `from` to `to` and edits `count` policies of `policies`, each in one place. */
export function copyEdited(from: string, to: string, { policies, count }: { readonly policies: number; readonly count: number }): void {
  cpSync(from, to, { recursive: true });
  const step = policies / count;
  const wanted = new Map(Array.from({ length: count }, (_, i) => [Math.floor(i * step + step / 2), edits[i % edits.length]]));
  for (const file of readdirSync(to).filter((name) => name.endsWith('.policy'))) {
    const parts = readFileSync(join(to, file), 'utf8').split(/^(?=policy )/m);
    const edited = parts.map((part) => {
      const edit = wanted.get(Number(/^policy p(\d+) /.exec(part)?.[1] ?? -1));
      return edit ? changed(part, edit) : part;
    });
    if (edited.some((part, i) => part !== parts[i])) writeFileSync(join(to, file), edited.join(''));
  }
}

function changed(part: string, edit: Edit): string {
  const after = edit(part);
  if (after === part) throw new Error(`an edit that changes nothing:\n${part}`);
  return after;
}
