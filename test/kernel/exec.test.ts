// Program starts in the kernel: real programs, started below a governed cgroup. What is denied is killed before it
// writes a byte; a script and its interpreter are decided each; what has no path is undecidable.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictOfProcess } from '../../src/compiler/analysis/oracle.ts';
import { eventProtocol } from '../../src/compiler/ir/abi.ts';
import type { Content, Verdict } from '../../src/compiler/ir/event.ts';
import type { Action, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { anyText, literal, type Pattern, repeat, segmentByte, sequence } from '../../src/compiler/space/pattern.ts';
import type { VerdictEvent } from '../../src/runtime/events/verdict-event.ts';
import { attachMachine } from '../../src/runtime/kernel/attach.ts';
import { type Cgroup, createCgroup } from '../../src/runtime/kernel/cgroups.ts';
import { type Governed, govern, workload, workloadId } from '../harness/governed.ts';
import { atEnd, expectOk, inCgroup, kernelTest, loadTemplates, privateCgroup, privatePins } from '../harness/kernel.ts';
import { execRule, samplePolicy, sampleUnit } from '../harness/sample-policy.ts';

type ExecRule = readonly [Action, Pattern];

const execPolicy = (defaultDeny: boolean, ...rules: readonly ExecRule[]): TypedPolicy =>
  sampleUnit(
    [samplePolicy(0, { defaultDeny: { ingress: false, egress: false, process: defaultDeny ? ['exec'] : [] } })],
    rules.map(([action, path], id) => execRule(id, { action, path })),
  );
const verdictOfExec = (policy: TypedPolicy, content: Content): Verdict =>
  verdictOfProcess(policy, { kind: 'process', domain: 'exec', subject: workload, content });
const under = (folder: string): Pattern => sequence(literal(`${folder}/`), anyText);

let made: { readonly governed: Governed; readonly cgroup: Cgroup; readonly folder: string } | undefined;

/** A folder with `bin/echo`, `bin/sh`, `bin/other/echo`; programs are copies, so that their paths are ours. */
function world() {
  if (made) return made;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'policyc-exec-')));
  atEnd(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'bin/other'), { recursive: true });
  copyFileSync('/bin/echo', join(folder, 'bin/echo'));
  copyFileSync('/bin/echo', join(folder, 'bin/other/echo'));
  copyFileSync('/bin/sh', join(folder, 'bin/sh'));
  const cgroup = privateCgroup('exec');
  const loaded = loadTemplates(['run/exec'], privatePins());
  const governed = govern(loaded, cgroup);
  expectOk(attachMachine(loaded));
  made = { governed, cgroup, folder };
  return made;
}

type Outcome = { readonly killed: boolean; readonly output: string; readonly events: readonly VerdictEvent[] };
type How = { readonly cgroup?: Cgroup; readonly fd?: number; readonly path?: string };

/** Starts a program in the cgroup. */
function start(command: readonly string[], how: How = {}): Outcome {
  const { governed, cgroup } = world();
  const [file = '', ...rest] = command;
  governed.events();
  const done = inCgroup(how.cgroup ?? cgroup, () =>
    spawnSync(file, rest, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', ...(how.fd === undefined ? [] : [how.fd])],
      ...(how.path !== undefined && { env: { PATH: how.path } }),
    }),
  );
  if (done.error) throw done.error;
  return { killed: done.signal === 'SIGKILL', output: done.stdout, events: governed.events() };
}

const seen = ({ events }: Outcome): readonly string[] =>
  events.map(({ verdict, text, reason }) => `${verdict} ${reason === 'none' ? text : reason}`);

function script(name: string, interpreter: string, body = 'echo script ran'): string {
  const path = join(world().folder, name);
  writeFileSync(path, `#!${interpreter}\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

kernelTest('exact, under, glob: what is allowed runs, what is denied is killed before it writes', () => {
  const { governed, folder } = world();
  const [echo, other] = [join(folder, 'bin/echo'), join(folder, 'bin/other/echo')];
  const direct = sequence(literal(`${folder}/bin/`), repeat(segmentByte, 1));
  const policies: readonly (readonly [TypedPolicy, string])[] = [
    [execPolicy(true, ['allow', literal(echo)]), 'exact'],
    [execPolicy(true, ['allow', under(`${folder}/bin`)], ['deny', under(`${folder}/bin/other`)]), 'under'],
    [execPolicy(true, ['allow', direct]), 'glob'],
    [execPolicy(false, ['deny', literal(other)]), 'default allow'],
  ];
  for (const [policy, name] of policies) {
    governed.install(policy);
    for (const path of [echo, other]) {
      const expected = verdictOfExec(policy, { kind: 'fields', fields: { path: [path] } });
      const outcome = start([path, 'ran']);
      assert.equal([outcome.killed, outcome.output], expected.action === 'denied' ? [true, ''] : [false, 'ran\n'], `${name}: ${path}`);
      const [event, ...more] = outcome.events;
      assert.equal(more, []);
      assert.equal([event?.text, event?.subject, event?.direction], [path, workloadId, 'process']);
      assert.ok(event !== undefined && event.pid > 0);
      assert.equal(event === undefined ? undefined : governed.causeOf(event), expected.cause, name);
    }
  }
});

kernelTest('a script and its interpreter are decided each, the script first', () => {
  const { governed, folder } = world();
  const sh = join(folder, 'bin/sh');
  const run = script('bin/run', sh);
  const nested = script('bin/nested', run, '');
  const [allowRun, allowSh, allowNested] = [run, sh, nested].map((path): ExecRule => ['allow', literal(path)]);
  if (!allowRun || !allowSh || !allowNested) return;
  const cases: readonly (readonly [readonly ExecRule[], string, readonly string[]])[] = [
    [[allowRun, allowSh], run, [`forwarded ${run}`, `forwarded ${sh}`]],
    [[allowRun], run, [`forwarded ${run}`, `dropped ${sh}`]],
    [[allowSh], run, [`dropped ${run}`, `forwarded ${sh}`]],
    [[allowRun, allowSh, allowNested], nested, [`forwarded ${nested}`, `forwarded ${run}`, `forwarded ${sh}`]],
    [[allowRun, allowSh], nested, [`dropped ${nested}`, `forwarded ${run}`, `forwarded ${sh}`]],
    [[allowNested, allowSh], nested, [`forwarded ${nested}`, `dropped ${run}`, `forwarded ${sh}`]],
  ];
  for (const [rules, path, expected] of cases) {
    governed.install(execPolicy(true, ...rules));
    for (const outcome of [start([path]), start([path.slice(path.lastIndexOf('/') + 1)], { path: `${folder}/bin` })]) {
      assert.equal(seen(outcome), expected);
      const denied = expected.some((line) => line.startsWith('dropped'));
      assert.equal([outcome.killed, outcome.output], denied ? [true, ''] : [false, 'script ran\n']);
    }
  }
});

kernelTest('a program that is replaced by a script leaves nothing that is taken for one', () => {
  const { governed, folder } = world();
  const sh = join(folder, 'bin/sh');
  const run = script('bin/run', sh);
  governed.install(execPolicy(true, ['allow', literal(run)], ['allow', literal(sh)]));
  const files = Array.from({ length: 200 }, () => '3</dev/null').join(' ');
  const outcome = start([sh, '-c', `exec ${files} ${run}`]);
  assert.equal(seen(outcome), [`forwarded ${sh}`, `forwarded ${run}`, `forwarded ${sh}`]);
  assert.is(outcome.output, 'script ran\n');
});

kernelTest('what counts is the file, not the name it was called by', () => {
  const { governed, folder } = world();
  const [echo, other, link] = [join(folder, 'bin/echo'), join(folder, 'bin/other/echo'), join(folder, 'link')];
  symlinkSync(other, link);
  governed.install(execPolicy(true, ['allow', literal(echo)], ['allow', literal(link)]));
  assert.equal(seen(start([link, 'x'])), [`dropped ${other}`]);
  assert.equal(seen(start([`${folder}/bin/other/../echo`, 'x'])), [`forwarded ${echo}`]);
  assert.equal(seen(start([`/proc/self/root/bin/../../..${echo}`, 'x'])), [`forwarded ${echo}`]);
});

kernelTest('a mounted folder has the path of its place', () => {
  const { governed, folder } = world();
  mkdirSync(join(folder, 'mnt'));
  governed.install(execPolicy(false, ['deny', under(`${folder}/mnt`)]));
  const inMount = (action: string) => start(['unshare', '-m', 'sh', '-c', `${action} && ${folder}/mnt/echo ran`]);
  for (const action of [
    `mount --bind ${folder}/bin ${folder}/mnt`,
    `mount -t tmpfs none ${folder}/mnt && cp ${folder}/bin/echo ${folder}/mnt/echo`,
    `mount -t tmpfs none ${folder}/mnt && touch ${folder}/mnt/echo && mount --bind ${folder}/bin/echo ${folder}/mnt/echo`,
  ]) {
    const outcome = inMount(action);
    assert.is(outcome.output, '', action);
    assert.is(seen(outcome).at(-1), `dropped ${folder}/mnt/echo`, action);
  }
});

kernelTest('where a user namespace owns the mounts, no path says what runs: deny rules match, allow rules do not', () => {
  const { governed, folder } = world();
  const [allowed, evil] = [join(folder, 'bin/allowed'), join(folder, 'bin/evil')];
  copyFileSync('/bin/true', allowed);
  copyFileSync('/bin/echo', evil);
  const mounted = (flags: string) => start(['unshare', flags, 'sh', '-c', `mount --bind ${evil} ${allowed} && exec ${allowed} ran`]);
  const tools = ['unshare', 'sh', 'mount'].map((name) => realpathSync(`/usr/bin/${name}`));
  const strict = execPolicy(true, ...[...tools, allowed].map((path): ExecRule => ['allow', literal(path)]));
  for (const [policy, name] of [
    [strict, 'allow rules'],
    [execPolicy(true, ['allow', anyText]), 'allow everything'],
    [execPolicy(false, ['deny', literal('/nowhere')]), 'deny rules'],
  ] as const) {
    governed.install(policy);
    const outcome = mounted('-Urm');
    assert.is(outcome.output, '', name);
    assert.equal(seen(outcome).slice(1), ['dropped foreignMounts'], name);
  }
  const made = mounted('-m'); // by root of the machine
  assert.equal([made.output, seen(made).at(-1)], ['ran\n', `forwarded ${allowed}`]);
  governed.install(strict);
  const without = start(['unshare', '-Ur', allowed]); // mounts of the machine
  assert.equal([without.killed, seen(without).at(-1)], [false, `forwarded ${allowed}`]);
});

kernelTest('a path from a chroot is named from the root of the mount namespace', () => {
  const { governed, folder } = world();
  governed.install(execPolicy(false, ['deny', literal(join(folder, 'bin/echo'))]));
  const outcome = start([
    'unshare',
    '-m',
    'sh',
    '-c',
    `mkdir -p ${folder}/root && mount --bind / ${folder}/root && chroot ${folder}/root ${folder}/bin/echo x`,
  ]);
  assert.is(seen(outcome).at(-1), `forwarded ${folder}/root${folder}/bin/echo`);
});

kernelTest('the ELF loader of a script is no part of its chain, on an overlay either', () => {
  const { governed, folder } = world();
  const run = script('bin/overlaid', '/bin/sh');
  governed.install(execPolicy(false));
  const layers = `${folder}/layers`;
  const place = `mkdir -p ${layers} && mount -t tmpfs none ${layers} && mkdir ${layers}/upper ${layers}/work ${layers}/root`;
  const overlay = `mount -t overlay -o lowerdir=/,upperdir=${layers}/upper,workdir=${layers}/work none ${layers}/root`;
  const outcome = start(['unshare', '-m', 'sh', '-c', `${place} && ${overlay} && exec chroot ${layers}/root ${run}`]);
  assert.is(outcome.output, 'script ran\n');
  const chrootAt = seen(outcome).findIndex((line) => line.endsWith('/chroot'));
  const expected = [run, realpathSync('/bin/sh')].map((path) => `forwarded ${layers}/root${path}`);
  assert.equal(seen(outcome).slice(chrootAt + 1), expected);
});

kernelTest('a cgroup below the workload is governed, an unmanaged process is not', () => {
  const { governed, cgroup, folder } = world();
  const below = createCgroup(`${cgroup.name}/below/more`);
  governed.install(execPolicy(true));
  const denied = start([join(folder, 'bin/echo'), 'x'], { cgroup: below });
  assert.ok(denied.killed);
  const cause = denied.events.map(governed.causeOf);
  assert.equal(cause, [{ kind: 'default-deny', policies: [0] }]);
  const outside = start([join(folder, 'bin/echo'), 'x'], { cgroup: privateCgroup('outside') });
  assert.equal([outside.output, outside.events], ['x\n', []]);
});

kernelTest('what only audit would deny starts, and is told so', () => {
  const { governed, folder } = world();
  const echo = join(folder, 'bin/echo');
  governed.install(sampleUnit([samplePolicy(0)], [execRule(0, { action: 'kill', audit: true, path: literal(echo) })]));
  const { killed, events } = start([echo, 'hello']);
  assert.not(killed);
  assert.equal(
    events.map((event) => [event.verdict, event.text, governed.causeOf(event)]),
    [['audit', echo, { kind: 'rule', rule: 0 }]],
  );
});

kernelTest('what has no path is undecidable: deny rules match it, allow rules do not', () => {
  const { governed, folder } = world();
  const gone = join(folder, 'bin/gone');
  const unnamed: Content = { kind: 'undecidable', reason: 'unnamedFile' };
  const memory =
    'my $name = "x"; my $fd = syscall(0 + $ENV{CALL}, $name, 0); open(my $in, "<", $ARGV[0]); local $/; my $text = <$in>; open(my $out, ">&=", $fd); syswrite($out, $text); exec {"/proc/self/fd/$fd"} "x", "ran";';
  const call = process.arch === 'arm64' ? 279 : 319; // memfd_create
  for (const policy of [execPolicy(true, ['allow', anyText]), execPolicy(false, ['deny', literal('/nowhere')]), execPolicy(false)]) {
    governed.install(policy);
    const denied = verdictOfExec(policy, unnamed).action === 'denied';
    copyFileSync('/bin/echo', gone);
    const fd = openSync(gone, 'r');
    unlinkSync(gone);
    const deleted = start(['/proc/self/fd/3', 'ran'], { fd });
    closeSync(fd);
    assert.equal([deleted.killed, deleted.output], denied ? [true, ''] : [false, 'ran\n']);
    assert.equal(seen(deleted), [`${denied ? 'dropped' : 'forwarded'} unnamedFile`]);
    const inMemory = start(['env', `CALL=${call}`, 'perl', '-e', memory, '/bin/echo']);
    assert.is(seen(inMemory).at(-1), `${denied ? 'dropped' : 'forwarded'} unnamedFile`);
    assert.is(inMemory.output, denied ? '' : 'ran\n');
  }
});

kernelTest('a path longer than the text of an event is read whole, every start is counted once', () => {
  const { governed, folder } = world();
  governed.install(execPolicy(true, ['allow', anyText]));
  const total = () => governed.counted(eventProtocol.exec).reduce((sum, { count }) => sum + count, 0);
  const before = total();
  const deep = `${folder}/${'d'.repeat(200)}`;
  mkdirSync(deep);
  copyFileSync('/bin/echo', `${deep}/echo`);
  const outcome = start([`${deep}/echo`, 'ran']);
  assert.is(outcome.output, 'ran\n');
  assert.is(outcome.events[0]?.text, `${deep}/echo`.slice(0, 256));
  assert.is(total() - before, 1);
});

test.run();
