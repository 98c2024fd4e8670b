// Attachments on cgroups of our own: what they do to real sockets, that they outlive the process, that a second start
// replaces programs in place, that an exclusive attachment above is named, and that `unload` leaves nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { attachType } from '../../src/runtime/ffi/constants.ts';
import { objectGet, objectInfo, programAttach, programDetach } from '../../src/runtime/ffi/libbpf.ts';
import { attachCgroup, attachMachine, attachments, detachCgroup } from '../../src/runtime/kernel/attach.ts';
import { pinsAt, unload } from '../../src/runtime/kernel/bpffs.ts';
import { type Cgroup, createCgroup, outermost, removeCgroup } from '../../src/runtime/kernel/cgroups.ts';
import { openFolder, using } from '../../src/runtime/kernel/descriptor.ts';
import { failureText } from '../../src/runtime/kernel/failure.ts';
import { type Loaded, loadObjects } from '../../src/runtime/kernel/load.ts';
import { atEnd, compile, expectOk, inCgroup, kernelTest, mapOf, privateCgroup, privatePins, programOf } from '../harness/kernel.ts';

/** The names that attach.ts knows, with the smallest programs of their kinds; connects are refused if REFUSE. */
const programs = `
#include "maps.h"
struct { __uint(type, BPF_MAP_TYPE_SOCKHASH); __uint(max_entries, 8); __uint(pinning, LIBBPF_PIN_BY_NAME); __type(key, __u64); __type(value, __u64); } http_sockets SEC(".maps");
static __always_inline void pol_count(__u32 cause)
{
	struct pol_counter_key key = { .cause = cause };
	__u64 one = 1, *count = bpf_map_lookup_elem(&counters, &key);
	if (count) *count += 1;
	else bpf_map_update_elem(&counters, &key, &one, BPF_ANY);
}
SEC("sockops") int pol_sock_ops(struct bpf_sock_ops *ops) { return 1; }
SEC("cgroup_skb/ingress") int pol_cgroup_ingress(struct __sk_buff *skb) { return 1; }
SEC("cgroup_skb/egress") int pol_cgroup_egress(struct __sk_buff *skb) { return 1; }
SEC("cgroup/connect4") int pol_connect4(struct bpf_sock_addr *ctx) { pol_count(4); return !REFUSE; }
SEC("cgroup/connect6") int pol_connect6(struct bpf_sock_addr *ctx) { return !REFUSE; }
SEC("cgroup/sendmsg4") int pol_sendmsg4(struct bpf_sock_addr *ctx) { return 1; }
SEC("cgroup/sendmsg6") int pol_sendmsg6(struct bpf_sock_addr *ctx) { return 1; }
SEC("cgroup/sock_create") int pol_sock_create(struct bpf_sock *ctx) { return 1; }
SEC("sk_skb/stream_verdict") int pol_stream_verdict(struct __sk_buff *skb) { return SK_PASS; }
SEC("tp_btf/sched_process_exec") int pol_exec(void *ctx) { return 0; }
`;
const object = (refuse: boolean) => ({ template: 'test/programs', bytes: compile(`#define REFUSE ${refuse ? 1 : 0}\n${programs}`) });
const load = (pins: string, refuse: boolean): Loaded => expectOk(loadObjects([object(refuse)], pins));

/** Connects from inside the cgroup to a port where nobody listens: the name of the error says who refused. */
function connectFrom(cgroup: Cgroup, host = '127.0.0.1'): string {
  const script = `require('net').connect(1, '${host}').on('error', (error) => console.log(error.code))`;
  return inCgroup(cgroup, () => spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout.trim());
}

const idOf = (path: string): number => using(objectGet(path), (fd) => objectInfo(fd, 16).getUint32(4, true));
const exists = (kind: 'prog' | 'link', id: number): boolean => spawnSync('bpftool', [kind, 'show', 'id', String(id)]).status === 0;

kernelTest('attached programs refuse, also when the loader is gone, until they are detached', () => {
  const [pins, cgroup] = [privatePins(), privateCgroup()];
  const other = privateCgroup('other');
  const loaded = load(pins, true);
  assert.is(connectFrom(cgroup), 'ECONNREFUSED');
  assert.is(expectOk(attachCgroup(loaded, cgroup.path)), cgroup.id);
  assert.is(connectFrom(cgroup), 'EPERM');
  assert.is(connectFrom(cgroup, '::1'), 'EPERM');
  assert.is(connectFrom(other), 'ECONNREFUSED');
  loaded.close();
  assert.is(connectFrom(cgroup), 'EPERM');
  const [attached] = attachments(pinsAt(pins));
  assert.is(attached?.cgroup, cgroup.id);
  assert.ok(attached?.alive);
  assert.is(attached?.programs.length, 8);
  detachCgroup(pinsAt(pins), cgroup.id);
  assert.is(connectFrom(cgroup), 'ECONNREFUSED');
  assert.equal(attachments(pinsAt(pins)), []);
});

kernelTest('a sub-cgroup is governed by what its ancestor has', () => {
  const [pins, cgroup] = [privatePins(), privateCgroup()];
  const loaded = load(pins, true);
  expectOk(attachCgroup(loaded, cgroup.path));
  assert.is(connectFrom(createCgroup(`${cgroup.name}/below`)), 'EPERM');
  loaded.close();
});

kernelTest('a second start replaces the programs in the same links', () => {
  const [pins, cgroup] = [privatePins(), privateCgroup()];
  const first = load(pins, true);
  expectOk(attachCgroup(first, cgroup.path));
  expectOk(attachMachine(first));
  first.close();
  const link = join(pinsAt(pins).links, String(cgroup.id), 'pol_connect4');
  const before = idOf(link);
  const second = load(pins, false);
  expectOk(attachCgroup(second, cgroup.path));
  expectOk(attachMachine(second));
  assert.is(idOf(link), before);
  assert.is(connectFrom(cgroup), 'ECONNREFUSED');
  assert.equal(readdirSync(join(pinsAt(pins).links, 'machine')), ['pol_exec']);
  second.close();
});

kernelTest('what a newer build no longer has is taken off', () => {
  const [pins, cgroup] = [privatePins(), privateCgroup()];
  const loaded = load(pins, true);
  expectOk(attachCgroup(loaded, cgroup.path));
  expectOk(attachMachine(loaded));
  const less = new Map([...loaded.programs].filter(([name]) => name !== 'pol_connect4' && name !== 'pol_exec'));
  expectOk(attachCgroup({ ...loaded, programs: less }, cgroup.path));
  expectOk(attachMachine({ ...loaded, programs: less }));
  assert.is(connectFrom(cgroup), 'ECONNREFUSED');
  assert.is(connectFrom(cgroup, '::1'), 'EPERM');
  assert.equal(readdirSync(join(pinsAt(pins).links, 'machine')), []);
  loaded.close();
});

kernelTest('a cgroup that is gone is listed as dead and can be let go', () => {
  const [pins, cgroup] = [privatePins(), privateCgroup()];
  const loaded = load(pins, true);
  expectOk(attachCgroup(loaded, cgroup.path));
  assert.ok(removeCgroup(cgroup.path));
  const dead = () => attachments(pinsAt(pins)).find(({ cgroup: id }) => id === cgroup.id);
  for (let tries = 0; tries < 100 && dead()?.alive; tries++) spawnSync('sleep', ['0.02']);
  assert.is(dead()?.alive, false);
  detachCgroup(pinsAt(pins), cgroup.id);
  detachCgroup(pinsAt(pins), cgroup.id);
  assert.is(dead(), undefined);
  assert.throws(() => attachCgroup(loaded, cgroup.path), /ENOENT/);
  loaded.close();
});

/** Attaches without BPF_F_ALLOW_MULTI: nobody else may. */
function attachExclusively(loaded: Loaded, path: string): void {
  const target = openFolder(path);
  const attach = { program: programOf(loaded, 'pol_cgroup_egress'), target, type: attachType.cgroupEgress };
  programAttach(attach);
  atEnd(() => programDetach(attach));
}

kernelTest('an exclusive attachment above is named, and nothing of ours stays behind', () => {
  const [pins, parent] = [privatePins(), privateCgroup('parent')];
  const child = createCgroup(`${parent.name}/child`);
  const loaded = load(pins, true);
  attachExclusively(loaded, parent.path);
  for (const [cgroup, where] of [
    [child, 'child'],
    [parent, 'the cgroup itself'],
  ] as const) {
    const refused = attachCgroup(loaded, cgroup.path);
    assert.not.ok(refused.ok, where);
    const [failure] = refused.ok ? [] : refused.failures;
    if (failure?.kind !== 'exclusive') throw new Error(`expected \`exclusive\`, got ${JSON.stringify(failure)}`);
    assert.is(failure.ancestor, parent.path);
    assert.is(failure.holder.name, 'pol_cgroup_egre');
    assert.match(failureText(failure).message, /program \d+ \(`pol_cgroup_egre`\) is attached to .*parent exclusively/);
  }
  assert.equal(attachments(pinsAt(pins)), []);
  assert.is(connectFrom(child), 'ECONNREFUSED');
});

kernelTest('the stream verdict is put on the sockhash', () => {
  const pins = privatePins();
  const loaded = load(pins, false);
  expectOk(attachMachine(loaded));
  const attached = {
    program: programOf(loaded, 'pol_stream_verdict'),
    target: mapOf(loaded, 'http_sockets'),
    type: attachType.skSkbStreamVerdict,
  };
  programDetach(attached);
  assert.throws(() => programDetach(attached), /ENOENT/);
  expectOk(attachMachine(loaded));
  loaded.close();
});

kernelTest('unload leaves nothing, twice, and keeps its hands off the rest', () => {
  const [pins, cgroup] = [privatePins(), privateCgroup()];
  const loaded = load(pins, true);
  expectOk(attachCgroup(loaded, cgroup.path));
  expectOk(attachMachine(loaded));
  const paths = pinsAt(pins);
  const links = readdirSync(join(paths.links, String(cgroup.id))).map((name) => idOf(join(paths.links, String(cgroup.id), name)));
  const ids = readdirSync(paths.programs).map((name) => idOf(join(paths.programs, name)));
  mkdirSync(join(pins, 'not-ours'));
  // The loader still holds its programs: the links must be cut all the same.
  assert.equal(unload(pins), { links: 9, programs: 10, maps: loaded.maps.size });
  assert.is(connectFrom(cgroup), 'ECONNREFUSED');
  assert.equal(readdirSync(pins), ['not-ours']);
  rmdirSync(join(pins, 'not-ours'));
  assert.equal(unload(pins), { links: 0, programs: 0, maps: 0 });
  assert.not.ok(existsSync(pins));
  assert.equal(unload(pins), { links: 0, programs: 0, maps: 0 });
  loaded.close();
  for (let tries = 0; tries < 50 && [...ids].some((id) => exists('prog', id)); tries++) spawnSync('sleep', ['0.05']);
  assert.not.ok(ids.some((id) => exists('prog', id)));
  assert.not.ok(links.some((id) => exists('link', id)));
});

test('only outermost cgroups are attached to', () => {
  const paths = ['/c/a', '/c/a/b', '/c/ab', '/c/d/e', '/c/d/e/f/g'].map((path) => ({ path }));
  assert.equal(
    outermost(paths).map(({ path }) => path),
    ['/c/a', '/c/ab', '/c/d/e'],
  );
});

test.run();
