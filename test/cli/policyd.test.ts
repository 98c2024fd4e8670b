// policyd's command line on good and bad machines. A machine that lacks something is made for real: a mount namespace in
// which it is hidden, another user. Every message is one that helps, with its exit status, and never a stack.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cgroupMounts } from '../../src/runtime/inventory/cgroup.ts';
import { atEnd, kernelTest, privateCgroup } from '../harness/kernel.ts';
import { policyd, type Run, world } from '../harness/policyd.ts';

const here = world();
const run = ['run', '--bundle', here.bundle, '--inventory', here.inventory, '--metrics', '127.0.0.1:0', ...here.places];

/** The messages of a refused command: each line `policyd: error: ...`, help below, no trace. */
function refused({ status, out, error }: Run, code: number, ...messages: readonly RegExp[]): void {
  assert.is(status, code, `${out}${error}`);
  for (const message of messages) assert.match(error, message);
  assert.not.match(error, /^\s+at .*\d+:\d+\)?$/m);
  assert.not.match(error, /please report/);
}

test('help teaches each command, and asking for it is no error', () => {
  for (const command of [[], ['run'], ['exec'], ['observe'], ['status'], ['systemd'], ['unload']]) {
    const { status, out, error } = policyd([...command, '--help']);
    assert.equal([status, error], [0, '']);
    assert.match(out, new RegExp(`Usage: policyd ${command.join('')}`));
  }
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  assert.is(policyd(['--version']).out, `${version}\n`);
});

test('a wrong command line: status 2', () => {
  refused(policyd([]), 2);
  refused(policyd(['runn']), 2, /unknown command 'runn'\n\(Did you mean run\?\)/);
  refused(policyd(['run']), 2, /required option '--bundle <folder>' not specified/);
  refused(policyd([...run, '--metrics', 'nowhere']), 2, /--metrics: expected ADDRESS:PORT .* found `nowhere`/);
  refused(policyd(['exec', '--name', 'a']), 2, /missing required argument 'command'/);
  refused(policyd(['exec', '--name', 'a/b', '--', 'true']), 2, /--name: expected letters/);
  refused(policyd(['exec', '--name', 'a', '--labels', 'x', '--', 'true']), 2, /--labels: expected KEY=VALUE, found `x`/);
  refused(policyd(['observe', '--verdict', 'lost']), 2, /--verdict: expected one of forwarded, dropped, audit, redirected, found `lost`/);
  refused(policyd(['observe', '--last', 'x']), 2, /--last: expected a number, found `x`/);
});

test('without a daemon, for anybody', () => {
  refused(policyd(['observe', ...here.state]), 1, /no policyd runs with state folder/, /help: start one/);
});

kernelTest('without a daemon', () => {
  refused(policyd(['exec', '--name', 'a', ...here.state, '--', 'true']), 1, /no policyd runs with state folder/, /help: start one/);
  const { status, out } = policyd(['status', ...here.places]);
  assert.equal([status, out], [1, `policyd does not run, and nothing is loaded (no pins under ${here.pins})\n`]);
  assert.equal(JSON.parse(policyd(['status', '--json', ...here.places]).out), { running: false, enforcing: false, pins: here.pins });
});

kernelTest('a bundle that is none, damaged, or of another version', () => {
  refused(policyd(run), 1, /error: bundle .*: `.*` does not exist/);
  mkdirSync(here.bundle);
  refused(policyd(run), 1, /is not a bundle: it has no `manifest\.json`/);
  rmSync(here.bundle, { recursive: true });

  here.policy('workload a = { app: "a" }\npolicy p for a { ingress { allow from a } }\n');
  const file = (name: string) => join(here.bundle, name);
  const damage = (name: string, change: (text: string) => string, ...messages: readonly RegExp[]) => {
    const good = readFileSync(file(name));
    writeFileSync(file(name), change(good.toString('latin1')), 'latin1');
    refused(policyd(run), 1, ...messages);
    writeFileSync(file(name), good);
  };
  damage(
    'manifest.json',
    (text) => text.replace(/"format":\s*\d+/, '"format": 99'),
    /made by another version: bundle format 99/,
    /build it again/,
  );
  damage('manifest.json', (text) => text.slice(0, 40), /`manifest\.json` is damaged: it is not JSON/);
  damage('program.json', (text) => `${text} `, /`program\.json` is damaged: its sha256 is not the one in the manifest/);
  damage('images/ports.bin', (text) => text.slice(1), /ports\.bin` is damaged/);
  damage('objects/connect.o', () => '', /connect\.o` is damaged/);
});

kernelTest('an inventory with everything wrong says everything', () => {
  writeFileSync(here.inventory, 'worklods: []\nworkloads: [{ name: a, cgroup: /x, labls: {} }]\n');
  refused(
    policyd(run),
    1,
    /error: .*inventory\.yaml:1: worklods: unknown key `worklods`; did you mean `workloads`\?\n/,
    /error: .*inventory\.yaml:2: workloads\[0\]\.labls: unknown key `labls`; did you mean `labels`\?\n/,
  );
  writeFileSync(here.inventory, 'workloads: [{ name: a, cgroup: /no/such }, { name: b, pid: 4194304 }]\n');
  refused(policyd(run), 1, /workload `a`: cgroup `\/no\/such` does not exist below/, /workload `b`: process 4194304 does not exist/);
  writeFileSync(here.inventory, Buffer.from([0xff, 0xfe, 0x00]));
  refused(policyd(run), 1, /inventory .* is not UTF-8 text/);
  rmSync(here.inventory);
  refused(policyd(run), 1, /cannot read inventory .*ENOENT/);
  writeFileSync(here.inventory, '');
});

/** Runs in a mount namespace of its own, after `script` has hidden something. */
const without = (script: string, parameters: readonly string[]): Run =>
  policyd(parameters, ['unshare', '--mount', 'sh', '-c', `${script} && exec "$@"`, 'sh']);

kernelTest('not root', () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all'];
  for (const parameters of [run, ['unload', ...here.places]]) {
    refused(policyd(parameters, nobody), 1, /error: `root` is missing: this process may not load programs/, /help: run policyd as root/);
  }
  refused(policyd(['status', ...here.places], nobody), 1, /run this command as root/);
  const command = ['exec', '--name', 'a', ...here.state, '--', 'true'];
  refused(policyd(command, nobody), 1, /cannot make cgroup .*permission denied/, /help: run this command as root/);
});

kernelTest('no cgroup v2', () => {
  const script = 'grep cgroup2 /proc/mounts | while read _ at _; do umount -l "$at"; done';
  refused(without(script, run), 1, /error: `cgroup-v2` is missing: no cgroup v2 hierarchy is mounted/, /help: mount it/);
});

kernelTest('a workload whose cgroup exists only in v1', async () => {
  const { v1 } = cgroupMounts();
  const mount = v1.find((folder) => folder.endsWith('/pids')) ?? v1[0];
  if (mount === undefined) return void console.log('SKIP a workload whose cgroup exists only in v1: no v1 hierarchy here');
  const name = `policyc-test-${process.pid}-v1`;
  mkdirSync(join(mount, name));
  atEnd(() => rmdirSync(join(mount, name)));
  const sleeper = spawn('/bin/sh', ['-c', 'echo $$ > "$0/cgroup.procs"; echo in; exec sleep 1000', join(mount, name)]);
  await once(sleeper.stdout, 'data');
  writeFileSync(here.inventory, `workloads: [{ name: a, cgroup: /${name} }, { name: b, pid: ${sleeper.pid} }]\n`);
  refused(
    policyd(run),
    1,
    new RegExp(`workload \`a\`: cgroup \`/${name}\` exists only in a v1 hierarchy \\(${mount}\\)`),
    new RegExp(`workload \`b\`: process ${sleeper.pid} is in a cgroup of its own only in v1 \\(\`/${name}\`\\)`),
  );
  writeFileSync(here.inventory, '');
  sleeper.kill('SIGKILL');
  await once(sleeper, 'exit');
});

kernelTest('no BTF', () => {
  refused(without('mount -t tmpfs none /sys/kernel/btf', run), 1, /error: `btf` is missing: the kernel has no type information/);
});

kernelTest('no libbpf', () => {
  const script = 'for f in $(ldconfig -p | grep -o "/.*libbpf\\.so\\.1$"); do mount --bind /dev/null "$(readlink -f "$f")"; done';
  refused(
    without(script, run),
    1,
    /error: `libbpf` is missing: libbpf\.so\.1 cannot be loaded/,
    /help: install it: apt-get install libbpf1/,
  );
});

kernelTest('no bpffs where the pins shall be', () => {
  const pins = ['--pins', join(here.folder, 'pins')];
  refused(policyd([...run, ...pins]), 1, /error: `bpffs` is missing: .* is not on a BPF file system/, /help: mount one: mount -t bpf bpf/);
});

kernelTest('pins of somebody else are left alone', () => {
  mkdirSync(join(here.pins, 'theirs'), { recursive: true });
  refused(policyd(run), 1, /were made by something else than policyd/);
  policyd(['unload', ...here.places]);
  rmSync(join(here.pins, 'theirs'), { recursive: true });
});

kernelTest('what a cgroup cannot see is refused by name', () => {
  here.policy('workload a = { app: "a" }\npolicy p for a { ingress {\n  allow from a at icmp echo-request\n} }\n');
  here.inventoryText(`workloads: [{ name: a, labels: { app: a }, cgroup: ${privateCgroup('a').path} }]\n`);
  refused(policyd(run), 1, /`ingress-icmp` is missing: ICMP that comes to a workload does not pass its cgroup.*needed by test\.policy:3/);
});

test.run();
