// The lines that a review shows to be tried, tried: run as they are below the kernel programs of the old and of the new policy, each gives
// the verdict that stands beside it. Requests go to a real server by curl, programs are started by a shell.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diff } from '../../src/compiler/analysis/diff.ts';
import { type ChangeRecord, diffReport } from '../../src/compiler/analysis/report.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { attachMachine } from '../../src/runtime/kernel/attach.ts';
import { typedPolicy } from '../harness/compile.ts';
import { govern } from '../harness/governed.ts';
import { httpWorld, startServer } from '../harness/http-world.ts';
import { atEnd, expectOk, inCgroup, kernelTest, loadTemplates, privateCgroup, privatePins } from '../harness/kernel.ts';

type Pair = { readonly before: TypedPolicy; readonly after: TypedPolicy };
/** A change with a line that comes from the host, which is who the test is. */
type Tried = { readonly change: ChangeRecord; readonly run: string };

function triedOf({ before, after }: Pair, isWanted: (change: ChangeRecord) => boolean): readonly Tried[] {
  return diffReport([before, after], diff(before, after)).changes.flatMap((change) =>
    change.example.reproduce && isWanted(change) ? [{ change, run: change.example.reproduce.run }] : [],
  );
}

/** The workload of the harness is `{ app: "web" }`. */
const ingress = (rules: string): TypedPolicy => typedPolicy(`policy web for { app: "web" } { ingress { ${rules} } }`);

const requestPairs = (port: number): readonly Pair[] => {
  const http = (lines: string): string => `allow from host at tcp ${port} http { ${lines} }`;
  return [
    [http('GET "/cart/{id}"'), http('GET "/cart/{id}"; DELETE "/cart/{id}"')],
    [http('GET "/**"'), `${http('GET "/**"')}\n deny from host at tcp ${port} http { "/admin/**"; "/a" }`],
    [http('POST "/items" header "x-kind" = "a"'), http('POST "/items" header "x-kind" = "b"; PUT "/items"')],
    [http('GET "/a" query "page=*"'), http('GET "/b" host "shop.example"')],
  ].map(([old = '', now = '']) => ({ before: ingress(old), after: ingress(now) }));
};

/** Not spawnSync: what runs in this process may have to answer. */
const output = (line: string): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn('sh', ['-c', line], { env: { PATH: process.env['PATH'] ?? '', DESTINATION: '127.0.0.1' } });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    child.on('close', () => resolve(text));
  });

kernelTest('requests: the curl lines', async () => {
  const world = httpWorld(ingress('allow from all'));
  const server = await startServer(world.cgroup);
  let tried = 0;
  for (const pair of requestPairs(server.port)) {
    const wanted = triedOf(
      pair,
      ({ example }) => example.event.startsWith('host -> ') && example.reproduce?.run.startsWith('curl') === true,
    );
    assert.ok(wanted.length > 0);
    for (const { change, run } of wanted)
      for (const when of ['before', 'after'] as const) {
        world.install(pair[when]);
        const [, status] = /^HTTP\/1\.1 (\d+)/.exec(await output(run)) ?? [];
        assert.is(status, change.example[when].verdict === 'allowed' ? '200' : '403', `${when}: ${run}`);
        tried++;
      }
  }
  console.log(`witness-lines: ${tried} requests`);
  assert.ok(tried >= 12);
});

kernelTest('programs: the lines that start them', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'policyc-lines-')));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['one', 'two words', 'three']) {
    copyFileSync('/bin/true', join(folder, name));
    chmodSync(join(folder, name), 0o755);
  }
  const cgroup = privateCgroup('lines');
  const loaded = loadTemplates(['run/exec'], privatePins());
  const governed = govern(loaded, cgroup);
  expectOk(attachMachine(loaded));
  const shell = realpathSync('/bin/sh');
  const programs = (...names: readonly string[]): TypedPolicy =>
    typedPolicy(
      `policy web for { app: "web" } { process {\n default deny exec\n allow exec ${JSON.stringify(shell)}\n${names.map((name) => ` allow exec ${JSON.stringify(join(folder, name))}`).join('\n')}\n} }`,
    );
  const pair = { before: programs('one', 'two words'), after: programs('two words', 'three') };
  const wanted = triedOf(pair, ({ section }) => section === 'process');
  for (const { change, run } of wanted)
    for (const when of ['before', 'after'] as const) {
      governed.install(pair[when]);
      const { signal, status } = inCgroup(cgroup, () => spawnSync('sh', ['-c', `exec ${run}`]));
      assert.is(signal === null && status === 0, change.example[when].verdict === 'allowed', `${when}: ${run}`);
    }
  assert.is(wanted.length, 2 + wanted.filter(({ change }) => change.severity === 'none').length);
  assert.ok(wanted.length >= 2);
});

test.run();
