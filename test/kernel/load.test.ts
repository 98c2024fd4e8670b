// Loading on machines that lack something: each lack is named before anything is touched. The machines are this one in a
// mount namespace where the thing is hidden, or without its privileges.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { abiVersion } from '../../src/compiler/ir/abi.ts';
import { bundleFormat } from '../../src/compiler/ir/bundle.ts';
import { pinnedAbi } from '../../src/runtime/kernel/bpffs.ts';
import { cgroupMount } from '../../src/runtime/kernel/cgroups.ts';
import { failureText, type Result } from '../../src/runtime/kernel/failure.ts';
import { missingInterfaces, missingRequirements, probe, probeMethod, probeNames } from '../../src/runtime/kernel/features.ts';
import { load, loadObjects } from '../../src/runtime/kernel/load.ts';
import { compile, expectOk, kernelOrSkip, kernelTest, privatePins } from '../harness/kernel.ts';
import { policySource, ruleSource, writtenIn } from '../harness/sample-policy.ts';

const small = {
  template: 'test/small',
  bytes: kernelOrSkip('load')
    ? compile('#include "maps.h"\nSEC("cgroup_skb/ingress") int pol_pass(struct __sk_buff *skb) { return 1; }\n')
    : new Uint8Array(),
};
const sources = writtenIn({
  policies: [policySource('shop', 'shop.policy', 1)],
  rules: [
    ruleSource({ file: 'shop.policy', line: 3, action: 'allow', section: 'ingress', text: 'allow tcp 80' }),
    ruleSource({ file: 'shop.policy', line: 7, action: 'deny', section: 'ingress', text: 'deny icmp' }),
  ],
});
const none = { sha256: '', file: '' };
const manifest = {
  format: bundleFormat,
  abi: abiVersion,
  build: '',
  requirements: [],
  files: { program: none, metrics: none, text: none, boundary: none, lines: none },
  parts: [],
  images: [],
  objects: [],
} as const;
const bundle = { manifest, sources, objects: [small] };

const messages = (result: Result<unknown>): readonly string[] =>
  result.ok ? [] : result.failures.map((failure) => failureText(failure).message);

/** Where it is missing, something else takes its place. */
const replaceable: readonly string[] = ['tcx'];

kernelTest('this machine has every feature; each says how it was found', () => {
  assert.equal(
    probeNames.filter((name) => probe(name) !== undefined && !replaceable.includes(name)),
    [],
  );
  assert.ok(probeNames.every((name) => probeMethod(name).length > 5));
});

kernelTest('a bundle is loaded, its pins are marked with the layouts they have', () => {
  const pins = privatePins();
  const loaded = expectOk(load(bundle, pins));
  assert.ok(loaded.programs.has('pol_pass') && loaded.maps.has('config'));
  assert.is(pinnedAbi(pins), abiVersion);
  assert.equal(readdirSync(join(pins, 'programs')), ['pol_pass']);
  loaded.close();
  loaded.close();
});

test('a rule about ICMP to a workload without an interface of its own is refused by name, with its place', () => {
  const requirements = [{ feature: 'ingress-icmp', rules: [1] }] as const;
  const [missing] = missingInterfaces(requirements, sources, () => ['web']);
  assert.match(
    missing ? failureText(missing).message : '',
    /^`ingress-icmp` is missing: .*, and `web` has no interface .* needed by shop.policy:7$/,
  );
  assert.equal(
    missingInterfaces(requirements, sources, () => []),
    [],
  );
});

kernelTest('requirements that this kernel meets are no obstacle', () => {
  const requirements = (['cgroup-skb', 'cgroup-connect', 'http-ingress', 'exec-signal'] as const).map((feature) => ({
    feature,
    rules: [0],
  }));
  assert.equal(missingRequirements(requirements, sources), []);
});

kernelTest('pins that are not ours are refused', () => {
  const pins = privatePins();
  mkdirSync(join(pins, 'somebody'), { recursive: true });
  assert.match(messages(loadObjects([small], pins))[0] ?? '', /were made by something else than policyd/);
  assert.equal(readdirSync(pins), ['somebody']);
  rmdirSync(join(pins, 'somebody'));
});

kernelTest('a folder outside of bpffs is refused by name', () => {
  const pins = join(tmpdir(), `policyc-no-bpffs-${process.pid}`);
  const [message] = messages(loadObjects([small], pins));
  assert.match(message ?? '', /^`bpffs` is missing: .* is not on a BPF file system/);
  assert.not.ok(existsSync(pins));
});

/** What a machine prepared by `prepare` (shell, in a mount namespace of its own) answers to \`script\`. */
function elsewhere(prepare: string, script: string): string {
  const source = (name: string): string => JSON.stringify(join(import.meta.dirname, '../../src/runtime/kernel', name));
  const program = `
    import { missingOnMachine } from ${source('features.ts')};
    import { openPins, unload } from ${source('bpffs.ts')};
    import { failureText } from ${source('failure.ts')};
    const show = (failures) => console.log(failures.map((failure) => failureText(failure)).map(({ message, help }) => message + ' | ' + help).join('\\n'));
    ${script}`;
  const command = `set -e\n${prepare}\nexec "$0" --import tsx --input-type=module -e "$1"`;
  const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', command, process.execPath, program], { encoding: 'utf8' });
  return `${stdout}${stderr}`.trim();
}
const ask = 'show(missingOnMachine());';

kernelTest('not root', () => {
  const answer = elsewhere(':', `process.setegid(65534); process.seteuid(65534); ${ask}`);
  assert.match(answer, /^`root` is missing: this process may not load programs: it is not root .*\| run policyd as root$/);
});

kernelTest('no cgroup v2', () => {
  const answer = elsewhere(`umount -l '${cgroupMount()}'`, ask);
  assert.match(answer, /^`cgroup-v2` is missing: no cgroup v2 hierarchy is mounted/);
});

kernelTest('no BTF', () => {
  const answer = elsewhere('mount -t tmpfs none /sys/kernel/btf', ask);
  assert.match(answer, /^`btf` is missing: the kernel has no type information/);
});

kernelTest('no libbpf', () => {
  const found = spawnSync('sh', ['-c', 'ldconfig -p | sed -n "s/.*libbpf.so.1 .*=> //p" | head -1'], { encoding: 'utf8' }).stdout.trim();
  if (found === '') throw new Error('ldconfig knows no libbpf.so.1');
  const answer = elsewhere(
    `mount --bind /dev/null "$(readlink -f ${found})"`,
    `${ask} console.log(JSON.stringify(unload('/sys/fs/bpf/policyc-none')))`,
  );
  assert.match(answer, /^`libbpf` is missing: libbpf.so.1 cannot be loaded: .*\| install it: apt-get install libbpf1/);
  assert.match(answer, /\{"links":0,"programs":0,"maps":0\}$/);
});

kernelTest('no bpffs: it is mounted', () => {
  const script =
    "const opened = openPins('/sys/fs/bpf/policyc-test-mount'); console.log(opened.ok); unload('/sys/fs/bpf/policyc-test-mount');";
  assert.is(elsewhere('while umount /sys/fs/bpf 2>/dev/null; do :; done', script), 'true');
});

kernelTest('no bpffs, and none can be mounted', () => {
  const script =
    "process.seteuid(65534); const opened = openPins('/sys/fs/bpf/policyc-test-mount'); show(opened.ok ? [] : opened.failures);";
  const answer = elsewhere('while umount /sys/fs/bpf 2>/dev/null; do :; done', script);
  assert.match(
    answer,
    /^`bpffs` is missing: \/sys\/fs\/bpf is no BPF file system and mounting one failed: .*EPERM.*\| mount one: mount -t bpf bpf \/sys\/fs\/bpf$/,
  );
});

test.run();
