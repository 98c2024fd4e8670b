/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The requests that a workload sends, decided before they leave: sk_msg sees every byte that is written to a connected
 * socket in `http_senders`. A head is held back (cork) until it is whole, so nothing of a denied request ever leaves; its
 * writer reads a 403 from its own socket, written over the request. Where that would overtake a response that is still due,
 * or the request is too short, the write fails with EACCES and the connection goes on behind it. What cannot be taken out of
 * the stream (an endless or lost request) ends the connection for requests: the 403 says so, every later write is EACCES.
 */
#include "send.h"
#include "send-answer.h"

enum { POL_SEND_BODY = 1 << 30 }; /* bytes of a body that pass without a look at them */

/* What is read of the socket; offsets come from the running kernel's BTF. */
static __always_inline const struct tcp_sock *pol_send_tcp(struct sk_msg_md *msg)
{
	return msg->sk ? bpf_skc_to_tcp_sock(msg->sk) : 0;
}

/* Is a response to something that passed still to come, or not read to its end? */
static __always_inline int pol_send_outstanding(struct sk_msg_md *msg, const struct pol_connection *connection)
{
	const struct pol_response *response = &connection->response;
	const struct tcp_sock *tcp = pol_send_tcp(msg);

	if (!tcp || response->frames == POL_FRAMES_LOST)
		return 1;
	if (response->frames != POL_FRAMES_UNREAD)
		return response->answered != response->asked || response->next != tcp->rcv_nxt || tcp->copied_seq != tcp->rcv_nxt;
	return connection->passed && ((__s32)(tcp->rcv_nxt - connection->mark) <= 0 || tcp->copied_seq != tcp->rcv_nxt);
}

/* The next `bytes` leave, those of later writes too: nobody looks at them. */
static __always_inline int pol_send_pass(struct sk_msg_md *msg, struct pol_socket *storage, __u32 bytes)
{
	const struct tcp_sock *tcp = pol_send_tcp(msg);

	if (!tcp || !bytes)
		return SK_DROP;
	storage->approved = tcp->write_seq + bytes;
	bpf_msg_apply_bytes(msg, bytes);
	return SK_PASS;
}

/* A request passes, or has passed whole: its response is due. */
static __always_inline void pol_send_passed(struct sk_msg_md *msg, struct pol_connection *connection, int whole)
{
	const struct tcp_sock *tcp = pol_send_tcp(msg);

	connection->completed = whole;
	pol_stream_settle(connection, tcp ? tcp->rcv_nxt : 0, pol_send_outstanding(msg, connection));
}

/* The next `bytes` are gone, and the write that brought them fails. */
static __always_inline int pol_send_refuse(struct sk_msg_md *msg, __u32 bytes)
{
	bpf_msg_apply_bytes(msg, bytes);
	return SK_DROP;
}

/* A denied request of `bytes`, at the beginning of the message: answered, or refused. */
static __always_inline int pol_send_deny(struct sk_msg_md *msg, struct pol_connection *connection, __u64 cookie, __u32 bytes)
{
	__u32 kind = connection->poisoned ? POL_ANSWER_DENIED_CLOSE : POL_ANSWER_DENIED;

	if (pol_send_outstanding(msg, connection) || pol_send_answer(msg, bytes, kind, connection->http.flags & POL_HTTP_IS_HEAD))
		return pol_send_refuse(msg, bytes);
	bpf_msg_apply_bytes(msg, bytes);
	return bpf_msg_redirect_hash(msg, &http_senders, &cookie, BPF_F_INGRESS);
}

/* Reads on from `offset`, at most one step: returns the bytes read, and leaves in `event` what they brought about. */
POL_GLOBAL int pol_send_advance(struct sk_msg_md *msg, struct pol_connection *connection, __u32 offset)
{
	struct pol_tables tables;
	__u32 length = msg->size;
	struct pol_http *http;

	if (!connection || offset >= length)
		return 0;
	length -= offset;
	http = &connection->http;
	connection->event = POL_HTTP_LOST;
	http->reason = POL_REASON_NOT_INSPECTABLE;
	if (!pol_tables_find(&tables, &t_http, connection->revision & 1))
		return 0;
	if (connection->message == POL_MESSAGE_BETWEEN) {
		pol_http_restart(http, &tables);
		/* Whether it is a request depends on a response that is not there yet, or cannot be read. */
		if (connection->upgrade && connection->response.state != POL_RESPONSE_OTHER) {
			http->reason = POL_REASON_UNKNOWN_STREAM_POSITION;
			return 0;
		}
		connection->upgrade = 0;
		connection->identity = tables.requests->identity;
		connection->message = POL_MESSAGE_UNDECIDED;
	}
	if (http->phase == POL_HTTP_BODY || http->phase == POL_HTTP_CHUNK_DATA) {
		if (length > http->remaining)
			length = http->remaining;
		connection->event = pol_http_skip(http, length);
		return length;
	}
	if (length > POL_STREAM_STEP)
		length = POL_STREAM_STEP;
	if (bpf_msg_pull_data(msg, offset, offset + length, 0))
		return 0;
	/* Changes nothing: the verifier of 6.1 concludes no lower bound from a comparison with 0. */
	length--;
	asm volatile("" : "+r"(length));
	length = (length & (POL_STREAM_STEP - 1)) + 1;
	if (msg->data + length > msg->data_end || bpf_probe_read_kernel(http->step.byte, length, msg->data))
		return 0;
	http->reason = POL_REASON_NONE;
	http->step.length = length;
	http->step.read = 0;
	http->step.section = 0;
	connection->event = pol_http_read_step(http, tables.requests, tables.slot);
	return http->step.read;
}

/* Does the walk go on? Not once there is something to do about what was read. */
static __always_inline int pol_send_goes_on(const struct pol_connection *connection)
{
	if (connection->event != POL_HTTP_GOES_ON)
		return 0;
	return connection->message != POL_MESSAGE_PASSES || connection->http.phase != POL_HTTP_CHUNK_DATA;
}

/* Reads on until something is to be done; returns the bytes read. */
POL_GLOBAL int pol_send_round(struct sk_msg_md *msg, struct pol_connection *connection, __u32 offset)
{
	__u32 total = 0;

	if (!connection)
		return 0;
	for (int i = 0; i < POL_STREAM_STEPS; i++) {
		__u32 read = pol_send_advance(msg, connection, offset + total);

		total += read;
		if (!read || !pol_send_goes_on(connection))
			break;
	}
	return total;
}

/* Decides the request whose head is whole. */
POL_GLOBAL int pol_send_judge(struct pol_connection *connection)
{
	struct pol_tables tables;
	__u32 class = POL_CLASS_UNDECIDABLE;

	if (!connection)
		return 0;
	if (pol_tables_find(&tables, &t_http, connection->revision & 1))
		class = pol_http_class(&connection->http, &tables, POL_LIMIT_NAMES_SLOT);
	if (pol_stream_is_late(connection)) {
		connection->event = POL_HTTP_LOST;
		return 0;
	}
	if (pol_stream_decide(connection, class, class ? POL_REASON_NONE : connection->http.reason)) {
		connection->message = POL_MESSAGE_PASSES;
		connection->class = class;
		pol_stream_ask(connection);
	} else {
		connection->message = POL_MESSAGE_DENIED;
	}
	return 0;
}

/* Part of an allowed request: bytes up to `offset`, and what of its body comes next. */
static __always_inline int pol_send_on(struct sk_msg_md *msg, struct pol_connection *connection, struct pol_socket *storage, __u32 offset)
{
	struct pol_http *http = &connection->http;
	__u64 body = 0;

	if (http->phase == POL_HTTP_BODY || http->phase == POL_HTTP_CHUNK_DATA) {
		body = http->remaining;
		if (body > POL_SEND_BODY)
			body = POL_SEND_BODY;
		if (body && pol_http_skip(http, body) == POL_HTTP_MESSAGE_READ)
			connection->event = POL_HTTP_MESSAGE_READ;
	}
	if (connection->event == POL_HTTP_MESSAGE_READ || (connection->event == POL_HTTP_HEAD_READ && http->phase == POL_HTTP_BODY && !body)) {
		pol_send_passed(msg, connection, 1);
		connection->message = POL_MESSAGE_BETWEEN;
	} else if (connection->judged) {
		pol_send_passed(msg, connection, 0);
	}
	return pol_send_pass(msg, storage, offset + body);
}

/* The message ends before what it carries is decided, or before a denied request ends: it waits for more. */
static __always_inline int pol_send_hold(struct sk_msg_md *msg, struct pol_connection *connection, __u32 offset)
{
	connection->held = offset;
	bpf_msg_cork_bytes(msg, offset + 1);
	return SK_PASS;
}

static __always_inline int pol_send_decided(struct sk_msg_md *msg, struct pol_connection *connection, struct pol_socket *storage, __u32 offset)
{
	struct pol_http *http = &connection->http;
	int whole = connection->event == POL_HTTP_MESSAGE_READ ||
		    (connection->event == POL_HTTP_HEAD_READ && http->phase == POL_HTTP_BODY && !http->remaining);

	if (connection->event == POL_HTTP_LOST) {
		if (connection->message != POL_MESSAGE_DENIED && pol_stream_decide(connection, POL_CLASS_UNDECIDABLE, http->reason)) {
			connection->lost = 1;
			return pol_send_pass(msg, storage, msg->size);
		}
		connection->poisoned = 1;
		if (connection->message == POL_MESSAGE_PASSES)
			return SK_DROP;
		return pol_send_deny(msg, connection, storage->cookie, msg->size);
	}
	if (connection->message == POL_MESSAGE_PASSES)
		return pol_send_on(msg, connection, storage, offset);
	if (connection->message == POL_MESSAGE_DENIED && whole) {
		connection->message = POL_MESSAGE_BETWEEN;
		return pol_send_deny(msg, connection, storage->cookie, offset);
	}
	/* Whatever it will be, it passes: nobody waits for what is only looked at. */
	if (connection->observed)
		return pol_send_pass(msg, storage, offset);
	if (connection->message == POL_MESSAGE_UNDECIDED || (offset < POL_SEND_LIMIT && !(http->flags & POL_HTTP_EXPECTS)))
		return pol_send_hold(msg, connection, offset);
	connection->poisoned = 1;
	return pol_send_deny(msg, connection, storage->cookie, offset);
}

/* What becomes of the message. */
static __always_inline int pol_send_walk(struct sk_msg_md *msg, struct pol_connection *connection, struct pol_socket *storage)
{
	__u32 offset = connection->held;

	connection->held = 0;
	connection->judged = 0;
	connection->event = POL_HTTP_GOES_ON;
	for (int i = 0; i < POL_STREAM_ROUNDS; i++) {
		__u32 read = pol_send_round(msg, connection, offset);

		offset += read;
		if (connection->event == POL_HTTP_HEAD_READ && connection->message == POL_MESSAGE_UNDECIDED) {
			pol_send_judge(connection);
			/* To the verifier of 6.1, what stands right behind a call begins no turn of a loop. */
			asm volatile("r0 = 0" ::: "r0");
		}
		if (!read || connection->event == POL_HTTP_LOST || connection->event == POL_HTTP_MESSAGE_READ ||
		    connection->message == POL_MESSAGE_PASSES)
			break;
		if (connection->event == POL_HTTP_HEAD_READ && connection->http.phase == POL_HTTP_BODY && !connection->http.remaining)
			break;
		/* Linux 6.1 takes a way back only by a jump; clang would fall into the loop's middle. */
		asm volatile("goto +0");
	}
	return pol_send_decided(msg, connection, storage, offset);
}

SEC("sk_msg")
int pol_stream_send(struct sk_msg_md *msg)
{
	struct pol_generation now = pol_generation_read();
	const struct tcp_sock *tcp = pol_send_tcp(msg);
	struct pol_connection *connection;
	struct pol_socket *storage;
	__u64 cookie;

	storage = msg->sk ? bpf_sk_storage_get(&sockets, msg->sk, 0, 0) : 0;
	if (!storage || !storage->inspected || !tcp)
		return SK_DROP;
	cookie = storage->cookie;
	connection = bpf_map_lookup_elem(&http_connections, &cookie);
	if (!connection || connection->poisoned)
		return SK_DROP;
	/*
	 * Something left that was not decided here: by a write that began before there was a connection, or because there was no room
	 * to hold it back. Nothing can be taken back, and whatever is approved behind it would approve it, too.
	 */
	if ((__s32)(tcp->write_seq - storage->approved) > 0) {
		if (!connection->observed) {
			connection->poisoned = 1;
			return SK_DROP;
		}
		connection->lost = 1;
	}
	if (connection->revision != now.revision)
		pol_stream_refresh(msg->sk, connection, now);
	/* What was only looked at is older than the rule that reads it. */
	if (connection->action == POL_ACTION_DENY || (connection->observed && connection->action != POL_ACTION_ALLOW))
		return SK_DROP;
	/* The kernel takes what was asked for an earlier message for this one too. */
	bpf_msg_cork_bytes(msg, 0);
	if (connection->upgrade && connection->response.state == POL_RESPONSE_SWITCHED)
		return pol_send_pass(msg, storage, msg->size);
	if (connection->lost) {
		if (pol_stream_denies(connection, POL_CLASS_UNDECIDABLE))
			return SK_DROP;
		return pol_send_pass(msg, storage, msg->size);
	}
	return pol_send_walk(msg, connection, storage);
}
