// `--watch`: what is told after which changes.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, program, write } from '../harness/policyc.ts';

/** A watching policyc; `said` gives all it printed since the last call, once it waits for changes again. */
function watching(args: readonly string[]): { readonly child: ChildProcess; readonly said: () => Promise<string> } {
  const child = spawn(process.execPath, [program, ...args, '--watch'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let heard = (): void => undefined;
  const listen = (chunk: Buffer): void => {
    text += chunk.toString();
    heard();
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  const said = async (): Promise<string> => {
    const limit = Date.now() + 20_000;
    while (!text.includes('waiting for changes\n')) {
      if (Date.now() > limit) throw new Error(`it does not wait for changes: ${text}`);
      await new Promise<void>((resolve) => {
        heard = resolve;
        setTimeout(resolve, 100);
      });
    }
    // The streams are two: what was printed before may come after.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const all = text;
    text = '';
    return all;
  };
  return { child, said };
}

const policyOf = (name: string, address = '10.0.0.0/8') => `policy ${name} for { app: "${name}" } { ingress { allow from ${address} } }\n`;

test('check: what changed, what is found then, and nothing that only clears a terminal', async () => {
  mkdirSync(join(folder, 'watched'));
  write('lib/net.policy', 'network office = 10.0.0.0/8\n');
  write('watched/a.policy', policyOf('a'));
  write('watched/b.policy', `import office from "../lib/net.policy"\n${policyOf('b', 'office')}`);
  const { child, said } = watching(['check', 'watched']);
  try {
    const first = await said();
    assert.match(first, 'ok: 3 files, 2 policies, 2 rules');
    assert.not.match(first, '\u001b');
    write('watched/a.policy', policyOf('a', '10.0.0.1/8'));
    const wrong = await said();
    assert.match(wrong, 'watched/a.policy:1:50: error[check/host-bits]');
    assert.match(wrong, /changed: watched\/a\.policy; took \d+ ms, waiting for changes\n$/);
    write('watched/.a.new', policyOf('a'));
    renameSync(join(folder, 'watched/.a.new'), join(folder, 'watched/a.policy'));
    assert.match(await said(), 'ok: 3 files');
    write('lib/net.policy', 'network office = 10.0.0.0/9\nnetwork other = 10.0.0.0/8\n');
    assert.match(await said(), 'changed: lib/net.policy');
    mkdirSync(join(folder, 'watched/more'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    write('watched/more/c.policy', policyOf('c'));
    assert.match(await said(), 'ok: 4 files, 3 policies');
    rmSync(join(folder, 'watched/more'), { recursive: true });
    assert.match(await said(), /ok: 3 files[\s\S]*changed: watched\/more\/c\.policy/);
  } finally {
    child.kill('SIGINT');
  }
  const signal = await new Promise((resolve) => (child.signalCode ? resolve(child.signalCode) : child.on('exit', (_, by) => resolve(by))));
  assert.is(signal, 'SIGINT');
});

test('documents are watched as policy text is', async () => {
  const yaml = (selector: string) =>
    `{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: w }, spec: { ${selector}: { matchLabels: { app: w } } } }\n`;
  write('documents/w.yaml', yaml('podSelector'));
  const { child, said } = watching(['check', 'documents']);
  try {
    assert.match(await said(), 'ok: 1 file, 2 policies');
    write('documents/w.yaml', `# moved\n${yaml('podSelectr')}`);
    assert.match(await said(), /w\.yaml:2:\d+: error\[import\/unknown-field\][\s\S]*changed: documents\/w\.yaml/);
    write('documents/more.yaml', yaml('podSelector').replace('name: w', 'name: more'));
    write('documents/w.yaml', yaml('podSelector'));
    assert.match(await said(), 'ok: 2 files, 3 policies');
  } finally {
    child.kill('SIGINT');
  }
});

test('test: runs the blocks again', async () => {
  const text = (verdict: string) => `${policyOf('t')}test "t" { host -> { app: "t" } tcp 80 is ${verdict} }\n`;
  write('tested/t.policy', text('denied'));
  const { child, said } = watching(['test', 'tested']);
  try {
    assert.match(await said(), '1 test, 1 line: 1 hold, 0 fail');
    write('tested/t.policy', text('allowed'));
    const failed = await said();
    assert.match(failed, 'error[test/failed]');
    assert.match(failed, '1 test, 1 line: 0 hold, 1 fails');
  } finally {
    child.kill('SIGINT');
  }
});

test.run();
