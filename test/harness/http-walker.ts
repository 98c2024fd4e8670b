// The reader of requests by itself: the functions of l7/message.h in a program that a test run can give bytes to, packet by
// packet, without a socket. What it does with a stream is what pol_stream_verdict would do with it.
import { eventProtocol, undecidableReason } from '../../src/compiler/ir/abi.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { nameOfNumber } from '../../src/runtime/events/verdict-event.ts';
import { type Count, workloadId } from './governed.ts';
import { bytesBefore, packetReader } from './packet-reader.ts';

const program = `
#include "l7/stream.h"
enum { POL_WALK_BEFORE = ${bytesBefore}, POL_WALK_PORT = 80 };
enum { POL_WALK_DENIED = 1, POL_WALK_COMPLETED = 2, POL_WALK_LOST = 4, POL_WALK_POISON = 8, POL_WALK_BETWEEN = 16, POL_WALK_INSPECTED = 32, POL_WALK_GOES_ON = 64 };

static __always_inline void pol_walk_begin(struct pol_connection *connection, struct pol_generation now)
{
	struct pol_question question = {.slot = now.slot, .subject = ${workloadId}, .section = POL_SECTION_INGRESS, .point = POL_WALK_PORT};
	struct pol_peer peer = {.endpoint = POL_ENDPOINT_HOST};
	struct pol_verdict verdict;

	pol_verdict_decide(&question, &peer, &verdict);
	connection->section = POL_SECTION_INGRESS;
	connection->revision = now.revision;
	connection->action = verdict.action;
	connection->row = verdict.next;
	pol_stream_begins(connection, 1, 0);
}

SEC("tc")
int pol_walk(struct __sk_buff *skb)
{
	struct pol_generation now = pol_generation_read();
	struct pol_connection *connection;
	__u64 cookie = 1;
	__u8 begins = 0;
	__u32 offset = POL_WALK_BEFORE, read;

	if (bpf_skb_load_bytes(skb, 0, &begins, 1))
		return -1;
	if (begins && bpf_map_update_elem(&http_connections, &cookie, &pol_connection_new, BPF_ANY))
		return -1;
	connection = bpf_map_lookup_elem(&http_connections, &cookie);
	if (!connection)
		return -1;
	if (begins)
		pol_walk_begin(connection, now);
	pol_stream_packet_begin(connection);
	for (int i = 0; i < POL_STREAM_ROUNDS && !connection->poison && !connection->lost; i++) {
		read = pol_stream_round(skb, connection, offset);
		if (!read)
			break;
		offset += read;
	}
	if (!connection->lost && !connection->poison && offset < skb->len)
		return -1;
	if (!connection->lost && !connection->poison)
		pol_stream_pause(connection);
	read = (__u32)connection->http.reason << 8;
	if (connection->answer || connection->drops)
		read |= POL_WALK_DENIED;
	if (connection->completed)
		read |= POL_WALK_COMPLETED;
	if (connection->lost)
		read |= POL_WALK_LOST;
	if (connection->poison)
		read |= POL_WALK_POISON;
	if (connection->message == POL_MESSAGE_BETWEEN)
		read |= POL_WALK_BETWEEN;
	if (connection->action == POL_ACTION_INSPECT)
		read |= POL_WALK_INSPECTED;
	if (connection->message == POL_MESSAGE_BETWEEN && !connection->lost && !connection->poison && !connection->upgrade)
		read |= POL_WALK_GOES_ON;
	return read;
}
`;

/** What became of one request. `whole`: it ended where its last packet does. */
export type Walked = {
  readonly denied: boolean;
  readonly passed: boolean;
  /** It passed, and nothing after it can be judged. */
  readonly lost: boolean;
  /** Nothing after it passes. */
  readonly poisoned: boolean;
  readonly whole: boolean;
  /** All packets were read. */
  readonly isRead: boolean;
  /** Its connection is not admitted as a whole: each request is counted. */
  readonly isInspected: boolean;
  readonly reason: keyof typeof undecidableReason;
};

export type Walker = {
  readonly install: (policy: TypedPolicy) => void;
  /** Reads one request in these packets, of a connection to port 80: a new one, where it is to be the `first` or the last one does not go on. */
  readonly walk: (packets: readonly Uint8Array[], first: boolean) => Walked;
  readonly counted: () => readonly Count[];
};

export const walkedPort = 80;

/** Loads the program; gone when the process ends. `root`: of a copy of the templates. */
export function httpWalker(root?: string): Walker {
  const { governed, packet } = packetReader(program, root);
  let goesOn = false;
  return {
    install: (policy) => {
      goesOn = false;
      governed.install(policy);
    },
    counted: () => governed.counted(eventProtocol.http),
    walk: (packets, first) => {
      let [all, last, count] = [0, 0, 0];
      const begins = first || !goesOn;
      packets.forEach((bytes, i) => {
        // Nothing more of a poisoned or lost connection comes to the reader.
        if (all & 12) return;
        last = packet(bytes, begins && i === 0);
        all |= last & 15;
        count++;
      });
      goesOn = (last & 64) > 0;
      const reason = nameOfNumber(undecidableReason, last >> 8);
      return {
        denied: (all & 9) > 0,
        passed: (all & 6) > 0,
        lost: (all & 4) > 0,
        poisoned: (all & 8) > 0,
        whole: (last & 16) > 0,
        isRead: count === packets.length,
        isInspected: (last & 32) > 0,
        reason,
      };
    },
  };
}
