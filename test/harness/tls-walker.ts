// The reader of hellos by itself: pol_tls_receive's walk in a program that a test run can give bytes to, packet by packet, without
// a socket. What it does with a stream is what the program on a socket would do with it.
import { eventProtocol, undecidableReason } from '../../src/compiler/ir/abi.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { nameOfNumber } from '../../src/runtime/events/verdict-event.ts';
import { type Count, workloadId } from './governed.ts';
import { bytesBefore, packetReader } from './packet-reader.ts';

export const walkedPort = 443;

const program = `
#include "l7/tls.bpf.c"
enum { POL_WALK_BEFORE = ${bytesBefore}, POL_WALK_PORT = ${walkedPort} };

static const struct pol_tls_connection pol_walk_new = {};

static __always_inline void pol_walk_begin(struct pol_tls_connection *connection, struct pol_generation now)
{
	struct pol_question question = {.slot = now.slot, .subject = ${workloadId}, .section = POL_SECTION_INGRESS, .point = POL_WALK_PORT};
	struct pol_peer peer = {.endpoint = POL_ENDPOINT_HOST};
	struct pol_verdict verdict;

	pol_verdict_decide(&question, &peer, &verdict);
	connection->hello.phase = POL_TLS_AT_TYPE;
	connection->this.question = question;
	connection->this.revision = now.revision;
	connection->action = verdict.action;
	connection->row = verdict.next;
}

SEC("tc")
int pol_walk(struct __sk_buff *skb)
{
	struct pol_generation now = pol_generation_read();
	struct pol_tls_connection *connection;
	__u64 cookie = 1;
	__u8 begins = 0;

	if (bpf_skb_load_bytes(skb, 0, &begins, 1))
		return -1;
	if (begins && bpf_map_update_elem(&tls_connections, &cookie, &pol_walk_new, BPF_ANY))
		return -1;
	connection = bpf_map_lookup_elem(&tls_connections, &cookie);
	if (!connection)
		return -1;
	if (begins)
		pol_walk_begin(connection, now);
	if (!pol_tls_receive_walk(skb, connection, POL_WALK_BEFORE))
		return -1;
	return connection->hello.reason << 8 | (connection->action == POL_ACTION_INSPECT) << 4 | connection->stage;
}
`;

const stages = ['reading', 'walking', 'passes', 'ended'] as const;
/** Where a stream has come to. `isInspected`: its connection is not decided as a whole. `reason`: of the last hello. */
export type Walked = {
  readonly stage: (typeof stages)[number];
  readonly isInspected: boolean;
  readonly reason: keyof typeof undecidableReason;
};

export type Walker = {
  readonly install: (policy: TypedPolicy) => void;
  /** Reads these packets, as the first of a connection to port 443. */
  readonly walk: (packets: readonly Uint8Array[]) => Walked;
  readonly counted: () => readonly Count[];
};

/** Loads the program; gone when the process ends. */
export function tlsWalker(): Walker {
  const { governed, packet } = packetReader(program);
  return {
    install: (policy) => governed.install(policy),
    counted: () => governed.counted(eventProtocol.tls),
    walk: (packets) => {
      const last = packets.reduce((_, bytes, i) => packet(bytes, i === 0), 0);
      return {
        stage: stages[last & 15] ?? 'reading',
        isInspected: ((last >> 4) & 1) === 1,
        reason: nameOfNumber(undecidableReason, last >> 8),
      };
    },
  };
}
