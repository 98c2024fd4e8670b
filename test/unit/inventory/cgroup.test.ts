// Finding the cgroup that an entry means, on machines of several kinds: folders that stand for /proc and for mounts.
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cgroupMounts, resolveCgroup } from '../../../src/runtime/inventory/cgroup.ts';

const root = mkdtempSync(join(tmpdir(), 'policyc-cgroup-'));
test.after(() => rmSync(root, { recursive: true, force: true }));

/** A machine with these mounts (type and folder) and processes (id -> /proc/ID/cgroup). */
function machine(
  name: string,
  mounts: readonly (readonly [type: string, folder: string])[],
  processes: Readonly<Record<string, string>> = {},
) {
  const proc = join(root, name, 'proc');
  mkdirSync(join(proc, 'self'), { recursive: true });
  const lines = mounts.map(([type, folder]) => `${type} ${join(root, name, folder).replaceAll(' ', '\\040')} ${type} rw 0 0`);
  writeFileSync(join(proc, 'self', 'mounts'), ['tmpfs /tmp tmpfs rw 0 0', ...lines, ''].join('\n'));
  for (const [, folder] of mounts) mkdirSync(join(root, name, folder), { recursive: true });
  for (const [pid, text] of Object.entries(processes)) {
    mkdirSync(join(proc, pid));
    writeFileSync(join(proc, pid, 'cgroup'), text);
  }
  return { proc, at: (path: string) => join(root, name, path) };
}

const problemOf = (result: ReturnType<typeof resolveCgroup>): string => (result.ok ? `found ${result.cgroup.path}` : result.problem);

test('mounts are found in the mount table, blanks and all', () => {
  const { proc, at } = machine('hybrid', [
    ['cgroup', 'v1 cpu'],
    ['cgroup2', 'v1 cpu/unified'],
  ]);
  assert.equal(cgroupMounts({ proc }), { v1: [at('v1 cpu')], v2: at('v1 cpu/unified') });
  const without = machine('v1-only', [['cgroup', 'cpu']]);
  assert.equal(cgroupMounts(without), { v1: [without.at('cpu')] });
  assert.is(
    problemOf(resolveCgroup({ kind: 'path', path: '/a' }, cgroupMounts(without), without)),
    'this machine has no cgroup v2 hierarchy mounted',
  );
});

test('by path, in the file system or from the root of all cgroups', () => {
  const here = machine('paths', [
    ['cgroup2', 'unified'],
    ['cgroup', 'cpu'],
  ]);
  mkdirSync(here.at('unified/a.slice/b.service'), { recursive: true });
  mkdirSync(here.at('cpu/old'), { recursive: true });
  const mounts = cgroupMounts(here);
  const find = (path: string) => resolveCgroup({ kind: 'path', path }, mounts, here);
  const expected = {
    id: statSync(here.at('unified/a.slice/b.service'), { bigint: true }).ino,
    path: here.at('unified/a.slice/b.service'),
    name: '/a.slice/b.service',
  };
  for (const path of ['/a.slice/b.service', '/a.slice/b.service/', here.at('unified/a.slice/b.service')]) {
    assert.equal(find(path), { ok: true, cgroup: expected });
  }
  assert.is(problemOf(find('/none')), `cgroup \`/none\` does not exist below ${here.at('unified')}`);
  assert.is(
    problemOf(find('/old')),
    `cgroup \`/old\` exists only in a v1 hierarchy (${here.at('cpu')}); policies need one below ${here.at('unified')}`,
  );
  assert.match(problemOf(find(here.at('cpu/old'))), /is in a v1 hierarchy/);
  assert.match(problemOf(find('/')), /root of all/);
  assert.match(problemOf(find(here.at('unified'))), /root of all/);
});

test('by process', () => {
  const processes = {
    '10': '3:cpu:/old\n0::/web\n',
    '11': '3:cpu:/old\n0::/\n',
    '12': '3:cpu:/\n0::/\n',
    '13': '3:cpu:/old\n',
    '14': '0::/../outside\n',
    '15': '0::/gone\n',
  };
  const here = machine('pids', [['cgroup2', 'unified']], processes);
  mkdirSync(here.at('unified/web'));
  const mounts = cgroupMounts(here);
  const find = (pid: number) => resolveCgroup({ kind: 'pid', pid }, mounts, here);
  assert.is(problemOf(find(10)), `found ${here.at('unified/web')}`);
  assert.is(problemOf(find(11)), 'process 11 is in a cgroup of its own only in v1 (`/old`), in v2 it is in the root');
  assert.is(problemOf(find(12)), 'process 12 is in the root cgroup: it cannot be a workload');
  assert.is(problemOf(find(13)), 'process 13 is in no v2 cgroup, only in v1 ones');
  assert.match(problemOf(find(14)), /outside this cgroup namespace/);
  assert.match(problemOf(find(15)), /does not exist below/);
  assert.is(problemOf(find(16)), 'process 16 does not exist');
});

test('by unit, in whatever slice it stands; one that does not run is no mistake', () => {
  const here = machine('units', [['cgroup2', 'unified']]);
  for (const path of [
    'system.slice/cart.service',
    'a.slice/a-b.slice/b@1.service',
    '_cpu.service',
    'user.slice/user@1.service/app.slice/mine.service',
  ])
    mkdirSync(here.at(`unified/${path}`), { recursive: true });
  const find = (unit: string) => resolveCgroup({ kind: 'unit', unit }, cgroupMounts(here), here);
  assert.is(problemOf(find('cart.service')), `found ${here.at('unified/system.slice/cart.service')}`);
  assert.is(problemOf(find('b@1.service')), `found ${here.at('unified/a.slice/a-b.slice/b@1.service')}`);
  assert.is(problemOf(find('cpu.service')), `found ${here.at('unified/_cpu.service')}`);
  assert.equal(
    find('mine.service'),
    { ok: false, problem: 'unit `mine.service` does not run', stopped: true },
    "a user's is not the machine's",
  );
  mkdirSync(here.at('unified/b.slice/cart.service'), { recursive: true });
  assert.match(problemOf(find('cart.service')), /unit `cart\.service` has two cgroups, .*: name one with `cgroup`/);
});

test.run();
