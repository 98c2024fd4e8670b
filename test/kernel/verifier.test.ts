// Every template passes this kernel's verifier; a program that does not is reported by the one line that says why.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failureText } from '../../src/runtime/kernel/failure.ts';
import { loadObjects } from '../../src/runtime/kernel/load.ts';
import { verifierError } from '../../src/runtime/kernel/verifier-error.ts';
import { compile, kernelTest, loadTemplates, privatePins, templateNames } from '../harness/kernel.ts';

for (const template of templateNames()) {
  kernelTest(`${template} passes the verifier`, () => {
    const loaded = loadTemplates([template], privatePins());
    assert.ok(loaded.programs.size > 0);
    loaded.close();
  });
}

kernelTest('all templates share their maps', () => {
  const loaded = loadTemplates(templateNames(), privatePins());
  assert.ok(loaded.maps.has('config') && loaded.maps.has('counters'));
  loaded.close();
});

/** Reads past the end of a map's value: refused on every kernel. */
const guilty = `
#include "maps.h"
SEC("cgroup_skb/ingress") int pol_good(struct __sk_buff *skb) { return 1; }
SEC("cgroup_skb/ingress") int pol_guilty(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&lost, &zero);
	return value[skb->len] & 1;
}
`;

kernelTest('a refused program is named with the line that says why', () => {
  const refused = loadObjects([{ template: 'test/guilty', bytes: compile(guilty) }], privatePins());
  assert.not.ok(refused.ok);
  const [failure] = refused.ok ? [] : refused.failures;
  if (failure?.kind !== 'rejected') throw new Error(`expected a rejection, got ${JSON.stringify(failure)}`);
  assert.is(failure.program, 'pol_guilty');
  assert.match(failure.line, /map_value_or_null|invalid mem access|unbounded|min value|outside of the allowed/);
  assert.match(failure.source ?? '', /value\[skb->len\]/);
  assert.ok(failure.omitted > 3);
  const { message, help } = failureText(failure);
  assert.match(message, /^this kernel's verifier refused `pol_guilty` of test\/guilty at `return value/);
  assert.match(help ?? '', /^\d+ lines of its log omitted/);
});

kernelTest('what is no object is refused by name', () => {
  const refused = loadObjects([{ template: 'test/noise', bytes: new TextEncoder().encode('this is no ELF object at all') }], privatePins());
  assert.not.ok(refused.ok);
  const [failure] = refused.ok ? [] : refused.failures;
  assert.is(failure?.kind, 'bad-object');
  assert.match(failure ? failureText(failure).message : '', /^object test\/noise cannot be loaded: .*not a proper ELF object/);
});

kernelTest('a pinned map of another shape is named', () => {
  const pins = privatePins();
  const other = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3); __type(key, __u32); __type(value, __u64); __uint(pinning, LIBBPF_PIN_BY_NAME); } config SEC(".maps");
SEC("cgroup_skb/ingress") int pol_other(struct __sk_buff *skb) { __u32 zero = 0; return bpf_map_lookup_elem(&config, &zero) != 0; }
char pol_license[] SEC("license") = "GPL";
`;
  const first = loadObjects([{ template: 'test/other', bytes: compile(other) }], pins);
  assert.ok(first.ok);
  const second = loadObjects([{ template: 'test/good', bytes: compile(guilty) }], pins);
  assert.not.ok(second.ok);
  const [failure] = second.ok ? [] : second.failures;
  const { message, help } = failure ? failureText(failure) : { message: '' };
  assert.match(message, /^the pinned map `config` in .* has another shape than this version's$/);
  assert.match(help ?? '', /^run `policyd unload --pins /);
  if (first.ok) first.value.close();
});

test('a log is read without a kernel', () => {
  const log = `libbpf: prog 'pol_x': BPF program load failed: Permission denied
libbpf: prog 'pol_x': -- BEGIN PROG LOAD LOG --
0: R1=ctx(off=0,imm=0) R10=fp0
; return value[skb->len];
0: (61) r1 = *(u32 *)(r1 +0)          ; R1_w=scalar()
1: (79) r0 = *(u64 *)(r1 +0)
R1 invalid mem access 'scalar'
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'pol_x': failed to load: -13
`;
  const found = verifierError(log, 'net/x');
  assert.is(found?.program, 'pol_x');
  assert.is(found?.line, "R1 invalid mem access 'scalar'");
  assert.is(found?.source, 'return value[skb->len];');
  assert.is(found?.omitted, 5);
  assert.is(verifierError('libbpf: elf: no\n', 'net/x'), undefined);
});

test.run();
