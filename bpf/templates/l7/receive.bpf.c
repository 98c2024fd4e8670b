// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * HTTP decided in the kernel. pol_sock_ops marks every accepted connection and puts those whose verdict is `inspect`
 * into `http_sockets`; pol_stream_verdict sees their bytes after TCP has put them in order, before the server does.
 * Connections that were opened here go into `http_senders`: send.h.
 *
 * An allowed request passes; of a denied one the server never sees the end of the head, and its sender reads a 403 that
 * is written into the packet of the request. Wherever that is not possible without a response out of order or a byte
 * too many, the connection is *poisoned*: no byte of its client reaches the server ever again. It ends so:
 *   1. If nothing else is due to the client, it reads a 403 (or 503, if what cannot pass was not denied) that says so,
 *      and closes it.
 *   2. Else what the server must not see is overwritten with zero bytes and passed on. No server reads those as a
 *      request: it answers what came before, refuses the rest and closes. They bring no line to an end.
 *   3. In any case an event with the reason `poisonedConnection` tells policyd, which may destroy the socket.
 */
#include "stream.h"

/* Is an answer of the server to a whole request that passed still to come, or on its way? */
static __always_inline int pol_stream_outstanding(struct __sk_buff *skb, const struct pol_connection *connection)
{
	const struct tcp_sock *tcp;

	if (connection->pipelined)
		return 1;
	if (!connection->passed)
		return 0;
	tcp = skb->sk ? bpf_skc_to_tcp_sock(skb->sk) : 0;
	return !tcp || (__s32)(tcp->write_seq - connection->mark) <= 0 || tcp->snd_una != tcp->write_seq;
}

/* Would an answer of ours overtake one of the server's? */
static __always_inline int pol_stream_response_due(struct __sk_buff *skb, const struct pol_connection *connection)
{
	return connection->message == POL_MESSAGE_PASSES || pol_stream_outstanding(skb, connection);
}

/* What this end has written, or the end of the answers that are still to be written, if that is later. */
static __always_inline __u32 pol_stream_written(struct __sk_buff *skb, const struct pol_connection *connection)
{
	const struct tcp_sock *tcp = skb->sk ? bpf_skc_to_tcp_sock(skb->sk) : 0;
	__u32 written = tcp ? tcp->write_seq : 0;

	return connection->answered && (__s32)(connection->answer_end - written) > 0 ? connection->answer_end : written;
}

static __always_inline int pol_stream_reply(struct __sk_buff *skb, struct pol_connection *connection, __u64 cookie)
{
	connection->answer_end = pol_stream_written(skb, connection) + skb->len;
	connection->answered = 1;
	return bpf_sk_redirect_hash(skb, &http_sockets, &cookie, 0);
}

/* Has the server accepted another protocol? */
static __always_inline int pol_stream_switched(const struct pol_connection *connection)
{
	return connection->upgrade && connection->response.state == POL_RESPONSE_SWITCHED;
}

static __always_inline int pol_stream_poison(struct __sk_buff *skb, struct pol_connection *connection, __u64 cookie)
{
	struct pol_verdict refused;
	__u32 bodiless = connection->http.flags & POL_HTTP_IS_HEAD;
	__u32 kind = connection->stranded && !connection->answer ? POL_ANSWER_RETRY : POL_ANSWER_DENIED_CLOSE;

	connection->poisoned = 1;
	connection->http.text_length = 0;
	pol_verdict_fixed(&refused, POL_ACTION_DENY, POL_CAUSE_UNINSPECTABLE);
	pol_stream_tell(connection, &refused, POL_REASON_POISONED_CONNECTION);
	/* Nobody would read an answer, nor zeros as what they are. */
	if (pol_stream_switched(connection))
		return SK_DROP;
	if (!connection->passes && !pol_stream_response_due(skb, connection) && !pol_answer_write(skb, kind, bodiless))
		return pol_stream_reply(skb, connection, cookie);
	return pol_answer_fill(skb, connection->drop_from, 0) ? SK_DROP : SK_PASS;
}

SEC("sk_skb/stream_verdict")
int pol_stream_verdict(struct __sk_buff *skb)
{
	struct pol_generation now = pol_generation_read();
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct pol_connection *connection = bpf_map_lookup_elem(&http_connections, &cookie);
	__u32 offset = 0, read;

	if (!connection || connection->poisoned)
		return SK_DROP;
	if (connection->revision != now.revision)
		pol_stream_refresh(skb->sk, connection, now);
	pol_stream_packet_begin(connection);
	if (pol_stream_switched(connection) && !connection->poison)
		return SK_PASS;
	if (connection->lost && !pol_stream_denies(connection, POL_CLASS_UNDECIDABLE))
		return SK_PASS;
	if (connection->lost)
		connection->poison = 1;
	for (int i = 0; i < POL_STREAM_ROUNDS && !connection->poison && !connection->lost; i++) {
		read = pol_stream_round(skb, connection, offset);
		if (!read)
			break;
		offset += read;
	}
	if (connection->lost && !connection->poison)
		return SK_PASS;
	/* Nothing of it is denied, whatever it is. */
	if (connection->action == POL_ACTION_ALLOW && (connection->poison || offset < skb->len)) {
		connection->lost = 1;
		return SK_PASS;
	}
	if (offset < skb->len && !connection->poison) {
		connection->poison = 1;
		pol_stream_drop(connection, offset);
		connection->passes = offset > 0;
	}
	if (!connection->poison)
		pol_stream_pause(connection);
	if (!connection->poison && connection->answer) {
		if (skb->len < POL_ANSWER_SHORTEST && connection->message == POL_MESSAGE_DENIED) {
			connection->owed = 1;
			return SK_DROP;
		}
		if (!pol_stream_response_due(skb, connection) &&
		    !pol_answer_write(skb, POL_ANSWER_DENIED, connection->http.flags & POL_HTTP_IS_HEAD))
			return pol_stream_reply(skb, connection, cookie);
		connection->poison = 1;
	}
	if (connection->poison)
		return pol_stream_poison(skb, connection, cookie);
	if (connection->drops)
		return SK_DROP;
	if (connection->completed) {
		if (connection->completed > 1 || pol_stream_outstanding(skb, connection))
			connection->pipelined = 1;
		connection->mark = pol_stream_written(skb, connection);
		connection->passed = 1;
		pol_stream_await(connection);
	}
	return SK_PASS;
}
