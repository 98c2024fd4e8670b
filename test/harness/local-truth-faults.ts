// The measures of docs/local-truth.md, each taken away: a change of one place in the source, and a test of the measure's row that fails then.
import type { Fault } from './faults.ts';

type Change = Omit<Fault, 'name'>;
/** `row`: number of the fact. `test`: a file, and a part of the name of one of its tests. */
export type Measure = { readonly row: number; readonly fault: Fault; readonly test: { readonly file: string; readonly name: string } };

const inTemplates = (file: string, from: string, to: string): Change => ({ file: `bpf/templates/${file}`, from, to });
const inRuntime = (file: string, from: string, to: string): Change => ({ file: `src/runtime/${file}`, from, to });
const measure = (row: number, change: Change, [file, name]: readonly [string, string]): Measure => ({
  row,
  fault: { name: `row ${row} ${name}`, ...change },
  test: { file: `test/${file}.test.ts`, name },
});

export const measures: readonly Measure[] = [
  measure(
    1,
    inTemplates('net/tc.bpf.c', 'return pol_tc_judge(skb, POL_SECTION_INGRESS, 0) ? POL_TC_PASS : POL_TC_DROP;', 'return POL_TC_PASS;'),
    ['kernel/tc', 'the host reaches what it may, closed ports included, v4'],
  ),
  measure(2, inTemplates('include/peer.h', 'owner = pol_peer_owner(skb, this);', 'owner = POL_ENDPOINT_HOST;'), [
    'kernel/sockets',
    'peers that share an address are told apart',
  ]),
  measure(
    3,
    inTemplates('include/owner.h', 'if (owner)\n\t\t\treturn owner;\n\t\tat = ', 'if (owner || step)\n\t\t\treturn owner;\n\t\tat = '),
    ['kernel/packets', 'whose packet it is'],
  ),
  measure(4, inTemplates('net/cgroup_skb.bpf.c', 'POL_FLAG_SILENT ? POL_EGRESS_DROP :', 'POL_FLAG_SILENT ? POL_EGRESS_DENY :'), [
    'kernel/sockets',
    'who calls is not told of a drop',
  ]),
  measure(5, inTemplates('net/cgroup_skb.bpf.c', 'if (sk->state == BPF_TCP_LISTEN)\n\t\treturn', 'if (sk->state == 99)\n\t\treturn'), [
    'kernel/sockets',
    'TCP to 127.0.0.1 of a listener on 127.0.0.1',
  ]),
  measure(6, inTemplates('include/connection.h', 'role = POL_ROLE_PASSIVE;', 'role = POL_ROLE_ACTIVE;'), [
    'kernel/sockets',
    'connections older than the attachment',
  ]),
  measure(7, inTemplates('net/connect.bpf.c', 'called.address.word[2] = context->user_ip6[2];', 'called.address.word[2] = 0;'), [
    'kernel/services',
    'a connection to a service reaches a backend',
  ]),
  measure(8, inTemplates('include/connection.h', '\t}\n\treturn POL_CONNECTION_DENIED;', '\t}\n\treturn POL_CONNECTION_PASSES;'), [
    'kernel/sockets',
    'data that has to be read, and is read by nobody',
  ]),
  measure(
    9,
    inTemplates(
      'net/tc.bpf.c',
      'if (pol_tc_judge(skb, POL_SECTION_EGRESS, 0))',
      'if (skb->len || pol_tc_judge(skb, POL_SECTION_EGRESS, 0))',
    ),
    ['kernel/tc', 'packet sockets do not walk past'],
  ),
  measure(10, inTemplates('net/tc.bpf.c', 'return bpf_redirect_peer(skb->ifindex, 0);', 'return POL_TC_DROP;'), [
    'kernel/tc',
    'the workload connects where it may, v4',
  ]),
  measure(11, inTemplates('net/xdp.bpf.c', 'return packet->protocol != POL_PROTOCOL_TCP || pol_packet_begins(packet);', 'return 1;'), [
    'kernel/xdp',
    'nothing that could be a reply',
  ]),
  measure(12, inRuntime('kernel/exclusive.ts', 'return { ancestor: cgroup,', 'return { ancestor: path,'), [
    'kernel/attach',
    'an exclusive attachment above is named',
  ]),
  measure(13, inRuntime('systemd/drop-in.ts', '`ExecCondition=+', '`ExecStopPost=+'), [
    'kernel/systemd',
    'a service is governed from its first packet, at every start',
  ]),
  measure(14, inRuntime('daemon/resolvers.ts', "includes('resolve')", "includes('resolv')"), [
    'unit/daemon/resolvers',
    'nss-resolve with its socket',
  ]),
  measure(15, inTemplates('run/exec.bpf.c', 'pol_exec_file(start, start->chain[i]);', ';'), [
    'kernel/exec',
    'a script and its interpreter are decided each',
  ]),
  measure(16, inTemplates('include/parse.h', 'return POL_PROTOCOL_SCTP;', 'return POL_PROTOCOL_OTHER;'), [
    'kernel/packets',
    'sctp v4 ingress',
  ]),
  measure(17, inTemplates('include/owner.h', '|| bpf_ktime_get_ns() < until);', '|| bpf_ktime_get_ns() > 0);'), [
    'kernel/host',
    'an unconfirmed policy ends by itself in the kernel',
  ]),
  measure(
    17,
    inTemplates(
      'include/owner.h',
      '== governed->exempt)\n\t\t\treturn POL_ENDPOINT_NONE;',
      '== governed->exempt)\n\t\t\treturn POL_ENDPOINT_HOST;',
    ),
    ['kernel/host', 'policyd itself is exempt'],
  ),
  measure(17, inRuntime('daemon/confirmation.ts', 'if (confirm === undefined)', 'if (confirm === 0)'), [
    'unit/daemon/confirmation',
    'without a time nothing new is taken',
  ]),
];
