// The demo as people run it: it passes, it fails when the programs are not in the kernel (so the verdicts are the kernel's), and it
// leaves nothing behind, also when it is interrupted or killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cgroupRoot, leftovers } from '../../scripts/demo/machine.ts';
import { kernelOrSkip } from '../harness/kernel.ts';

const root = join(import.meta.dirname, '..', '..');

type Ended = { readonly status: number | null; readonly output: string; readonly seconds: number; readonly id: string };

/** Runs the demo; `meanwhile` is told when its output grows. */
const demo = (
  environment: Readonly<Record<string, string>> = {},
  meanwhile?: (child: ChildProcess, output: string) => void,
): Promise<Ended> =>
  new Promise((resolve) => {
    const start = performance.now();
    const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/demo.ts'], {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const add = (chunk: Buffer) => {
      output += stripVTControlCharacters(chunk.toString());
      meanwhile?.(child, output);
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('close', (status) => {
      resolve({ status, output, seconds: (performance.now() - start) / 1000, id: `policyc-demo-${child.pid}` });
    });
  });

/** What a run of this name has left in the places where it makes something. */
const traces = (id: string) =>
  ['/run/netns', cgroupRoot(), '/sys/fs/bpf', '/tmp']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).filter((name) => name.startsWith(id)));

const demoTest = (name: string, body: () => Promise<void>) =>
  test(name, async () => {
    if (kernelOrSkip(name)) await body();
  });

demoTest('every attempt comes out as expected, in less than a minute', async () => {
  const { status, output, seconds, id } = await demo();
  assert.is(status, 0, output);
  assert.match(output, /all \d+ attempts came out as expected/);
  assert.match(output, /hubble_policy_verdicts_total\{/);
  assert.ok(seconds < 60, `${seconds} s`);
  assert.equal(traces(id), []);
});

demoTest('without the programs in the kernel it fails', async () => {
  const { status, output, id } = await demo({ POLICYC_DEMO_UNLOAD: '1' });
  assert.is(status, 1, output);
  assert.match(output, /^no .*storefront -> cart DELETE \/cart\/42 v4 +denied +200/m);
  assert.match(output, /^no .*cart -> starts \/bin\/sh +denied +ran, status 0/m);
  assert.equal(traces(id), []);
});

/** Ends the demo with `signal` while its traffic runs. */
const interrupted = (signal: NodeJS.Signals) => {
  let sent = false;
  return demo({}, (child, output) => {
    if (sent || !output.includes('traffic and program starts')) return;
    sent = true;
    child.kill(signal);
  });
};

demoTest('Ctrl-C in the middle leaves nothing behind', async () => {
  const { status, output, id } = await interrupted('SIGINT');
  assert.is(status, 130, output);
  assert.equal(traces(id), []);
});

demoTest('what a killed run left behind is taken away by the next one', async () => {
  const killed = await interrupted('SIGKILL');
  assert.ok(leftovers().includes(killed.id), killed.output);
  const next = await demo({ POLICYC_DEMO_UNLOAD: '1' });
  assert.match(next.output, new RegExp(`taking away .*${killed.id}`));
  assert.equal(traces(killed.id), []);
});

test.run();
