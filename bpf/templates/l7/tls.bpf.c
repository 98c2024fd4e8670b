/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * TLS decided by its ClientHello, whatever is encrypted behind it. pol_tls_receive sees what comes to connections in `tls_sockets`, after
 * TCP has put it in order and before the server does; pol_tls_send what is written to those in `tls_senders`, before it leaves. Of a
 * denied hello the server never sees the last byte; its client reads an alert (access_denied) that is written over the beginning of it, and
 * nothing more passes. Where there is no room for one (less than seven bytes), or where the client speaks no TLS, what it sends is
 * dropped, or fails with EACCES. Behind an allowed hello the stream passes, once no other hello can follow (HelloRetryRequest).
 */
#include "tls-connection.h"

/* Reads on from `offset`: returns the bytes read, 0 for no further. */
POL_GLOBAL int pol_tls_receive_step(struct __sk_buff *skb, struct pol_tls_connection *connection, __u32 offset)
{
	struct pol_tls_chunk chunk = {}; /* filled: the verifier of 6.1 does not see that what is read was written */
	__u32 length = skb->len, over;

	if (!connection || offset >= length)
		return 0;
	length -= offset;
	over = pol_tls_passed_over(connection, length);
	if (over)
		return over;
	if (length > POL_TLS_STEP)
		length = POL_TLS_STEP;
	/* Changes nothing: the verifier of 6.1 concludes no lower bound from a comparison with 0. */
	length--;
	asm volatile("" : "+r"(length));
	length = (length & (POL_TLS_STEP - 1)) + 1;
	if (bpf_skb_load_bytes(skb, offset, chunk.byte, length))
		return 0;
	chunk.length = length;
	return pol_tls_chunk_read(connection, &chunk);
}

/* Reads on until something is to be done; returns the bytes read. The verifier counts jumps: so two loops. */
POL_GLOBAL int pol_tls_receive_round(struct __sk_buff *skb, struct pol_tls_connection *connection, __u32 offset)
{
	__u32 total = 0;

	if (!connection)
		return 0;
	for (int i = 0; i < POL_TLS_STEPS; i++) {
		__u32 read = pol_tls_receive_step(skb, connection, offset + total);

		total += read;
		if (!read || connection->event != POL_TLS_GOES_ON)
			break;
	}
	return total;
}

/* Reads what came from `offset` on as far as it is looked at. 0: there is more of it that could not be read. */
static __always_inline int pol_tls_receive_walk(struct __sk_buff *skb, struct pol_tls_connection *connection, __u32 offset)
{
	__u32 read;

	for (int i = 0; i < POL_TLS_ROUNDS && connection->stage < POL_TLS_PASSES; i++) {
		connection->event = POL_TLS_GOES_ON;
		read = pol_tls_receive_round(skb, connection, offset);
		offset += read;
		if (!pol_tls_happened(connection) || !read)
			break;
	}
	return connection->stage >= POL_TLS_PASSES || offset >= skb->len;
}

SEC("sk_skb/stream_verdict")
int pol_tls_receive(struct __sk_buff *skb)
{
	struct pol_generation now = pol_generation_read();
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct pol_tls_connection *connection = bpf_map_lookup_elem(&tls_connections, &cookie);

	if (!connection || connection->stage >= POL_TLS_ENDED)
		return SK_DROP;
	if (connection->this.revision != now.revision)
		pol_tls_refresh(skb->sk, connection, now);
	if (connection->stage >= POL_TLS_ENDED)
		return SK_DROP;
	if (connection->stage == POL_TLS_PASSES)
		return SK_PASS;
	if (!pol_tls_receive_walk(skb, connection, 0))
		pol_tls_unread(connection);
	if (connection->stage < POL_TLS_ENDED)
		return SK_PASS;
	if (!(connection->hello.flags & POL_TLS_IS_TLS) || skb->len < POL_TLS_ALERT ||
	    bpf_skb_store_bytes(skb, 0, pol_tls_alert, POL_TLS_ALERT, 0))
		return SK_DROP;
	return bpf_sk_redirect_hash(skb, &tls_sockets, &cookie, 0);
}

/* Reads on from `offset`: returns the bytes read, 0 for no further. */
POL_GLOBAL int pol_tls_send_step(struct sk_msg_md *msg, struct pol_tls_connection *connection, __u32 offset)
{
	struct pol_tls_chunk chunk = {}; /* filled: the verifier of 6.1 does not see that what is read was written */
	__u32 length = msg->size, over;

	if (!connection || offset >= length)
		return 0;
	length -= offset;
	over = pol_tls_passed_over(connection, length);
	if (over)
		return over;
	if (length > POL_TLS_STEP)
		length = POL_TLS_STEP;
	if (bpf_msg_pull_data(msg, offset, offset + length, 0))
		return 0;
	/* Changes nothing: the verifier of 6.1 concludes no lower bound from a comparison with 0. */
	length--;
	asm volatile("" : "+r"(length));
	length = (length & (POL_TLS_STEP - 1)) + 1;
	if (msg->data + length > msg->data_end || bpf_probe_read_kernel(chunk.byte, length, msg->data))
		return 0;
	chunk.length = length;
	return pol_tls_chunk_read(connection, &chunk);
}

POL_GLOBAL int pol_tls_send_round(struct sk_msg_md *msg, struct pol_tls_connection *connection, __u32 offset)
{
	__u32 total = 0;

	if (!connection)
		return 0;
	for (int i = 0; i < POL_TLS_STEPS; i++) {
		__u32 read = pol_tls_send_step(msg, connection, offset + total);

		total += read;
		if (!read || connection->event != POL_TLS_GOES_ON)
			break;
	}
	return total;
}

/* The alert over the first bytes of what was to be sent, which its writer reads from its own socket. */
static __always_inline int pol_tls_refuse(struct sk_msg_md *msg, const struct pol_tls_connection *connection, __u64 cookie)
{
	if (!(connection->hello.flags & POL_TLS_IS_TLS) || msg->size < POL_TLS_ALERT || bpf_msg_pull_data(msg, 0, POL_TLS_ALERT, 0))
		return SK_DROP;
	if (msg->data + POL_TLS_ALERT > msg->data_end)
		return SK_DROP;
	__builtin_memcpy(msg->data, pol_tls_alert, POL_TLS_ALERT);
	return bpf_msg_redirect_hash(msg, &tls_senders, &cookie, BPF_F_INGRESS);
}

/* Everything of the message leaves. */
static __always_inline int pol_tls_leave(struct sk_msg_md *msg, struct pol_socket *storage, const struct tcp_sock *tcp)
{
	storage->approved = tcp->write_seq + msg->size;
	return SK_PASS;
}

/* What becomes of a message of a connection that is not through. */
static __always_inline int pol_tls_walk(struct sk_msg_md *msg, struct pol_tls_connection *connection, struct pol_socket *storage,
					const struct tcp_sock *tcp)
{
	__u32 offset = connection->held, read;
	__u64 cookie = storage->cookie;

	connection->held = 0;
	for (int i = 0; i < POL_TLS_ROUNDS && connection->stage < POL_TLS_PASSES; i++) {
		connection->event = POL_TLS_GOES_ON;
		read = pol_tls_send_round(msg, connection, offset);
		offset += read;
		if (!pol_tls_happened(connection) || !read)
			break;
	}
	if (connection->stage < POL_TLS_PASSES && offset < msg->size)
		pol_tls_unread(connection);
	if (connection->stage >= POL_TLS_ENDED)
		return pol_tls_refuse(msg, connection, cookie);
	if (connection->stage != POL_TLS_READING)
		return pol_tls_leave(msg, storage, tcp);
	connection->held = offset;
	bpf_msg_cork_bytes(msg, offset + 1);
	return SK_PASS;
}

SEC("sk_msg")
int pol_tls_send(struct sk_msg_md *msg)
{
	struct pol_generation now = pol_generation_read();
	struct pol_tls_connection *connection;
	struct pol_socket *storage;
	const struct tcp_sock *tcp;
	__u64 cookie;

	storage = msg->sk ? bpf_sk_storage_get(&sockets, msg->sk, 0, 0) : 0;
	tcp = msg->sk ? bpf_skc_to_tcp_sock(msg->sk) : 0;
	if (!storage || !storage->inspected || !tcp)
		return SK_DROP;
	cookie = storage->cookie;
	connection = bpf_map_lookup_elem(&tls_connections, &cookie);
	if (!connection || connection->stage >= POL_TLS_ENDED)
		return SK_DROP;
	if (connection->this.revision != now.revision)
		pol_tls_refresh(msg->sk, connection, now);
	/* Something left that was not decided here: a hello may be in it. Or there was no room to hold it back. */
	if ((__s32)(tcp->write_seq - storage->approved) > 0 || connection->stage >= POL_TLS_ENDED)
		return SK_DROP;
	/* The kernel takes what was asked for an earlier message for this one too. */
	bpf_msg_cork_bytes(msg, 0);
	if (connection->stage == POL_TLS_PASSES)
		return pol_tls_leave(msg, storage, tcp);
	return pol_tls_walk(msg, connection, storage, tcp);
}

/* What a connection is decided by when its client does not send: the entry itself may be in use by the programs above. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pol_tls_connection);
} tls_copy SEC(".maps");

static long pol_tls_again_one(void *map, __u64 *cookie, struct pol_tls_connection *connection, struct pol_generation *now)
{
	__u32 zero = 0;
	struct pol_tls_connection *copy = bpf_map_lookup_elem(&tls_copy, &zero);

	if (!copy || bpf_probe_read_kernel(copy, sizeof(*copy), connection))
		return 0;
	/* What is in the midst of a hello is decided when that is whole. */
	if (copy->this.revision == now->revision || (copy->stage != POL_TLS_PASSES && copy->stage != POL_TLS_WALKING) ||
	    (copy->stage == POL_TLS_WALKING && copy->hello.phase != POL_TLS_AT_BETWEEN))
		return 0;
	/* Nobody's workload any more: asked of its socket, which is not here. */
	if (!pol_endpoint_find(now->slot, copy->this.question.subject))
		return 0;
	pol_tls_decide_again(copy, *now);
	if (copy->stage == POL_TLS_CUT)
		connection->stage = POL_TLS_CUT;
	return 0;
}

/*
 * policyd runs it after each change: connections that the policy in force denies pass nothing from here on. Those that it allows are left to
 * the programs above.
 */
SEC("tc")
int pol_tls_again(struct __sk_buff *skb)
{
	struct pol_generation now = pol_generation_read();

	if (now.revision)
		bpf_for_each_map_elem(&tls_connections, pol_tls_again_one, &now, 0);
	return 0;
}
