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

/* What this end has sent. */
struct pol_sent {
	__u32 written; /* sequence number of the next byte that it will write */
	__u32 unread; /* of the first byte that the other end has not acknowledged */
	__u32 known;
};

/* Volatile: clang would join loads in branches into one through a chosen pointer, which the verifier refuses. */
static __always_inline struct pol_sent pol_stream_sent(struct __sk_buff *skb)
{
	const volatile struct tcp_sock *tcp = skb->sk ? bpf_skc_to_tcp_sock(skb->sk) : 0;
	struct pol_sent sent = {};

	if (tcp) {
		sent.written = tcp->write_seq;
		sent.unread = tcp->snd_una;
		sent.known = 1;
	}
	return sent;
}

/* Is an answer of the server to a request that passed still to come, or on its way? */
static __always_inline int pol_stream_outstanding(const struct pol_sent *sent, const struct pol_connection *connection)
{
	const struct pol_response *response = &connection->response;

	if (!sent->known || response->frames == POL_FRAMES_LOST)
		return 1;
	if (response->frames != POL_FRAMES_UNREAD)
		return response->answered != response->asked || response->next != sent->written;
	return connection->passed && ((__s32)(sent->written - connection->mark) <= 0 || sent->unread != sent->written);
}

/* Would an answer of ours overtake one of the server's? */
static __always_inline int pol_stream_response_due(struct __sk_buff *skb, const struct pol_connection *connection)
{
	struct pol_sent sent = pol_stream_sent(skb);

	return connection->message == POL_MESSAGE_PASSES || pol_stream_outstanding(&sent, connection);
}

/* What this end has written, or the end of the answers that are still to be written, if that is later. */
static __always_inline __u32 pol_stream_written(const struct pol_sent *sent, const struct pol_connection *connection)
{
	__u32 written = sent->written;

	return connection->answered && (__s32)(connection->answer_end - written) > 0 ? connection->answer_end : written;
}

static __always_inline int pol_stream_reply(struct __sk_buff *skb, struct pol_connection *connection, __u64 cookie)
{
	struct pol_response_due due = {.own = skb->len};
	struct pol_sent sent = pol_stream_sent(skb);

	connection->answer_end = pol_stream_written(&sent, connection) + skb->len;
	connection->answered = 1;
	if (connection->response.frames != POL_FRAMES_UNREAD)
		pol_response_ask(&connection->response, &due);
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
	/* Those of this packet that pass: nobody will see which responses are theirs. */
	if (connection->judged && connection->response.frames == POL_FRAMES_UNREAD)
		pol_response_lose(&connection->response);
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
	struct pol_sent sent;
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
	if (connection->completed || connection->judged) {
		sent = pol_stream_sent(skb);
		pol_stream_settle(connection, pol_stream_written(&sent, connection), pol_stream_outstanding(&sent, connection));
	}
	return SK_PASS;
}
