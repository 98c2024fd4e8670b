// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * HTTP decided in the kernel. pol_sock_ops marks every accepted connection and puts those whose verdict is `inspect`
 * into `http_sockets`; pol_stream_verdict sees their bytes after TCP has put them in order, before the server does.
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
#include "../include/case.h"
#include "../include/sockets.h"
#include "answer.h"
#include "http.h"

enum {
	POL_STREAM_CONNECTIONS = 65536, /* inspected at one time; more are refused (uninspectable) */
	POL_STREAM_STEP = 64, /* bytes read at a time */
	/* STEPS * ROUNDS in one packet: at least 64 KB of heads and chunk sizes, any length of bodies. */
	POL_STREAM_STEPS = 64,
	POL_STREAM_ROUNDS = 64,
};

/* What is known of the message that the next byte belongs to. */
enum {
	POL_MESSAGE_BETWEEN, /* the next byte begins one */
	POL_MESSAGE_UNDECIDED,
	POL_MESSAGE_PASSES,
	POL_MESSAGE_DENIED, /* the rest of it is swallowed */
};

struct pol_connection {
	struct pol_http http;
	struct pol_peer peer;
	struct pol_address local;
	__u16 local_port; /* host order */
	__u16 remote_port;
	__u32 revision; /* that `action`, `row` and the automaton's state belong to */
	__u32 owner;
	__u32 row; /* base of the request row */
	__u8 action; /* of the connection: allow (no longer inspected), inspect, deny */
	__u8 message; /* POL_MESSAGE_* */
	__u8 poisoned;
	__u8 lost; /* undecidable and allowed: where a request begins is not known any more */
	__u8 head_passed; /* part of the head went to the server in an earlier packet */
	__u8 passed; /* a request was passed: from `mark` on, a response is due */
	__u8 answered; /* `answer_end` holds */
	__u8 owed; /* what was denied came in a packet too short for its answer: the next one will have it */
	/* Of the packet at hand. */
	__u8 passes; /* some of its bytes may reach the server ... */
	__u8 drops; /* ... those from `drop_from` on must not */
	__u8 answer; /* a request of it was denied */
	__u8 poison;
	__u8 stranded; /* a request begins behind bytes that must not pass */
	__u8 completed; /* requests that pass and end in it; 2 stands for more */
	__u8 pipelined; /* several responses were due at once: how many still are cannot be told */
	__u8 reserved;
	__u32 begin; /* where its current message begins */
	__u32 drop_from;
	/* Sequence numbers of what this end sends. */
	__u32 mark; /* when the last request had passed */
	__u32 answer_end; /* when the last 403 will have been sent */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POL_STREAM_CONNECTIONS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u64); /* socket cookie */
	__type(value, struct pol_connection);
} http_connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, POL_STREAM_CONNECTIONS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u64); /* socket cookie */
	__uint(value_size, sizeof(__u64));
} http_sockets SEC(".maps");

static const struct pol_connection pol_connection_new = {};

/* Takes an accepted connection into inspection; on any failure nothing of it stays, and cgroup_skb refuses its data. */
static __always_inline int pol_stream_inspect(struct bpf_sock_ops *ops, const struct pol_admission *admission)
{
	struct pol_connection *connection;
	__u64 cookie = bpf_get_socket_cookie(ops);

	if (bpf_map_update_elem(&http_connections, &cookie, &pol_connection_new, BPF_ANY))
		return 0;
	connection = bpf_map_lookup_elem(&http_connections, &cookie);
	if (!connection)
		return 0;
	connection->peer = admission->peer;
	connection->local = admission->local;
	connection->local_port = admission->local_port;
	connection->remote_port = admission->remote_port;
	connection->revision = admission->revision;
	connection->owner = admission->owner;
	connection->row = admission->verdict.next;
	connection->action = POL_ACTION_INSPECT;
	/* For its end: the entry goes with the connection. */
	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
	/* Refused by the kernel for MPTCP and kernel TLS, whose bytes would not come by here. */
	if (!bpf_sock_hash_update(ops, &http_sockets, &cookie, BPF_NOEXIST))
		return 1;
	bpf_map_delete_elem(&http_connections, &cookie);
	return 0;
}

SEC("sockops")
int pol_sock_ops(struct bpf_sock_ops *ops)
{
	struct pol_admission admission;
	struct pol_socket *storage;
	__u64 cookie;

	switch (ops->op) {
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		storage = pol_socket_accept(ops, &admission);
		if (storage && admission.verdict.action == POL_ACTION_INSPECT && admission.verdict.domain == POL_DOMAIN_HTTP)
			storage->inspected = pol_stream_inspect(ops, &admission);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		if (ops->args[1] == BPF_TCP_CLOSE) {
			cookie = bpf_get_socket_cookie(ops);
			bpf_map_delete_elem(&http_connections, &cookie);
		}
		break;
	}
	return 1;
}

static __always_inline void pol_stream_tell(const struct pol_connection *connection, const struct pol_verdict *verdict, __u32 reason)
{
	struct pol_event *event = pol_event_reserve();

	if (!event)
		return;
	event->cause = verdict->cause;
	event->revision = connection->revision;
	event->subject = connection->owner;
	event->peer = connection->peer.endpoint;
	__builtin_memcpy(event->source, &connection->peer.address, sizeof(event->source));
	__builtin_memcpy(event->destination, &connection->local, sizeof(event->destination));
	event->source_port = connection->remote_port;
	event->destination_port = connection->local_port;
	event->direction = POL_SECTION_INGRESS;
	event->protocol = POL_PROTOCOL_HTTP;
	event->match = verdict->match;
	event->verdict = verdict->action == POL_ACTION_ALLOW ? POL_VERDICT_FORWARDED : POL_VERDICT_DROPPED;
	event->domain = POL_DOMAIN_HTTP;
	event->reason = reason;
	event->text_length = connection->http.text_length;
	__builtin_memcpy(event->text, connection->http.text, sizeof(event->text));
	bpf_ringbuf_submit(event, 0);
}

static __always_inline void pol_stream_report(const struct pol_connection *connection, const struct pol_verdict *verdict, __u32 reason)
{
	struct pol_counter_key key = {
		.cause = verdict->cause,
		.direction = POL_SECTION_INGRESS,
		.protocol = POL_PROTOCOL_HTTP,
		.match = verdict->match,
		.verdict = verdict->action == POL_ACTION_ALLOW ? POL_VERDICT_FORWARDED : POL_VERDICT_DROPPED,
	};

	pol_counter_raise(&key);
	pol_stream_tell(connection, verdict, reason);
}

/* Decides, counts and tells one request. Is it allowed? */
POL_GLOBAL int pol_stream_decide(struct pol_connection *connection, __u32 class, __u32 reason)
{
	struct pol_verdict verdict;

	if (!connection)
		return 0;
	if (connection->action == POL_ACTION_ALLOW)
		return 1;
	pol_verdict_at(connection->revision & 1, connection->row, class, &verdict);
	pol_stream_report(connection, &verdict, reason);
	return verdict.action == POL_ACTION_ALLOW;
}

/* Would a request of this class be denied? */
POL_GLOBAL int pol_stream_denies(struct pol_connection *connection, __u32 class)
{
	struct pol_verdict verdict;

	if (!connection || connection->action == POL_ACTION_ALLOW)
		return 0;
	pol_verdict_at(connection->revision & 1, connection->row, class, &verdict);
	return verdict.action != POL_ACTION_ALLOW;
}

static __always_inline void pol_stream_drop(struct pol_connection *connection, __u32 from)
{
	if (!connection->drops)
		connection->drop_from = from;
	connection->drops = 1;
}

/* The current message is denied: its bytes from here on are swallowed, its sender is answered. */
static __always_inline void pol_stream_deny(struct pol_connection *connection)
{
	connection->message = POL_MESSAGE_DENIED;
	connection->answer = 1;
	/*
	 * Allowed bytes before it, in this packet or as the beginning of its own head, cannot be taken back; a client of
	 * HTTP/1.0 may wait for the end of the connection, which the server does not know to be due.
	 */
	if (connection->passes || connection->head_passed || connection->http.flags & POL_HTTP_1_0)
		connection->poison = 1;
	pol_stream_drop(connection, connection->begin);
}

static __always_inline void pol_stream_judge(struct pol_connection *connection, __u32 class)
{
	if (pol_stream_decide(connection, class, class ? POL_REASON_NONE : POL_REASON_AMBIGUOUS_TARGET))
		connection->message = POL_MESSAGE_PASSES;
	else
		pol_stream_deny(connection);
}

/* Nothing after this byte can be judged: it is all one undecidable request. `at`: the byte. */
static __always_inline void pol_stream_lose(struct pol_connection *connection, __u32 at)
{
	if (connection->message == POL_MESSAGE_DENIED) {
		connection->poison = 1;
		return;
	}
	if (pol_stream_decide(connection, POL_CLASS_UNDECIDABLE, connection->http.reason)) {
		connection->lost = 1;
		connection->passes = 1;
		connection->message = POL_MESSAGE_PASSES;
		return;
	}
	connection->poison = 1;
	pol_stream_drop(connection, connection->message == POL_MESSAGE_PASSES ? at : connection->begin);
	if (connection->drop_from > 0 && connection->message == POL_MESSAGE_PASSES)
		connection->passes = 1;
}

/* A request begins at `offset`. */
static __always_inline int pol_stream_begin(struct pol_connection *connection, const struct pol_automaton *automaton, __u32 offset)
{
	struct pol_verdict refused;

	/* Behind bytes that must not pass: this one can be neither passed nor answered alone. */
	if (connection->drops) {
		connection->http.text_length = 0;
		pol_verdict_fixed(&refused, POL_ACTION_DENY, POL_CAUSE_UNINSPECTABLE);
		pol_stream_report(connection, &refused, POL_REASON_UNKNOWN_STREAM_POSITION);
		connection->stranded = 1;
		connection->poison = 1;
		return 0;
	}
	pol_http_restart(&connection->http, automaton);
	connection->message = POL_MESSAGE_UNDECIDED;
	connection->head_passed = 0;
	connection->begin = offset;
	return 1;
}

static __always_inline void pol_stream_message_end(struct pol_connection *connection)
{
	if (connection->message == POL_MESSAGE_PASSES && connection->completed < 2)
		connection->completed++;
	connection->message = POL_MESSAGE_BETWEEN;
}

/* What the byte before `end` brought about. False: this packet is read no further. */
static __always_inline int pol_stream_event(struct pol_connection *connection, const struct pol_automaton *automaton, __u32 event, __u32 end)
{
	struct pol_http *http = &connection->http;

	if (event == POL_HTTP_LOST) {
		pol_stream_lose(connection, end - 1);
		return 0;
	}
	if (event == POL_HTTP_HEAD_READ && connection->message == POL_MESSAGE_UNDECIDED)
		pol_stream_judge(connection, pol_http_class(http, automaton));
	if (connection->message == POL_MESSAGE_PASSES)
		connection->passes = 1;
	else if (connection->message == POL_MESSAGE_DENIED)
		pol_stream_drop(connection, connection->begin);
	if (event == POL_HTTP_MESSAGE_READ || (event == POL_HTTP_HEAD_READ && http->phase == POL_HTTP_BODY && !http->remaining))
		pol_stream_message_end(connection);
	return !connection->poison;
}

/* Reads on from `offset`: returns the bytes read, 0 for no further. A function of its own, so that it is verified once. */
POL_GLOBAL int pol_stream_advance(struct __sk_buff *skb, struct pol_connection *connection, __u32 offset)
{
	const struct pol_automaton *automaton;
	__u32 length = skb->len, event = POL_HTTP_GOES_ON, i;
	__u8 bytes[POL_STREAM_STEP];
	struct pol_http *http;

	if (!connection || offset >= length)
		return 0;
	length -= offset;
	automaton = pol_automaton_find(&t_http, connection->revision & 1);
	if (!automaton) {
		connection->poison = 1;
		pol_stream_drop(connection, connection->begin);
		return 0;
	}
	if (connection->message == POL_MESSAGE_BETWEEN && !pol_stream_begin(connection, automaton, offset))
		return 0;
	http = &connection->http;
	if (http->phase == POL_HTTP_BODY || http->phase == POL_HTTP_CHUNK_DATA) {
		if (length > http->remaining)
			length = http->remaining;
		event = pol_http_skip(http, length);
		return pol_stream_event(connection, automaton, event, offset + length) ? length : 0;
	}
	if (length > POL_STREAM_STEP)
		length = POL_STREAM_STEP;
	if (length < 1) /* for the verifier of 6.1 */
		return 0;
	if (bpf_skb_load_bytes(skb, offset, bytes, length)) {
		connection->poison = 1;
		pol_stream_drop(connection, connection->begin);
		return 0;
	}
	for (i = 0; i < POL_STREAM_STEP; i++) {
		if (i >= length)
			break;
		event = pol_http_step(http, automaton, bytes[i]);
		if (event != POL_HTTP_GOES_ON) {
			i++;
			break;
		}
	}
	return pol_stream_event(connection, automaton, event, offset + i) ? i : 0;
}

/* Reads on as far as it goes, at most POL_STREAM_STEPS; returns the bytes read. The verifier counts jumps: so two loops. */
POL_GLOBAL int pol_stream_round(struct __sk_buff *skb, struct pol_connection *connection, __u32 offset)
{
	__u32 total = 0;

	if (!connection)
		return 0;
	for (int i = 0; i < POL_STREAM_STEPS; i++) {
		__u32 read = pol_stream_advance(skb, connection, offset + total);

		if (!read)
			break;
		total += read;
	}
	return total;
}

/* The packet ends inside a head: a target that is whole can be denied already; else what is here goes on. */
static __always_inline void pol_stream_pause(struct pol_connection *connection)
{
	const struct pol_automaton *automaton;
	__u32 class;

	if (connection->message != POL_MESSAGE_UNDECIDED)
		return;
	automaton = pol_automaton_find(&t_http, connection->revision & 1);
	if (automaton && connection->http.phase > POL_HTTP_LAST_OF_TARGET) {
		class = pol_http_class(&connection->http, automaton);
		if (pol_stream_denies(connection, class)) {
			pol_stream_judge(connection, class);
			return;
		}
	}
	connection->head_passed = 1;
	connection->passes = 1;
}

/* Under another automaton, a target that was begun is read again; one that is not kept whole becomes ambiguous. */
POL_GLOBAL int pol_stream_replay(struct pol_connection *connection)
{
	const struct pol_automaton *automaton;
	__u32 state;

	if (!connection || connection->message != POL_MESSAGE_UNDECIDED)
		return 0;
	automaton = pol_automaton_find(&t_http, connection->revision & 1);
	if (!automaton || connection->http.text_length > POL_LIMIT_EVENT_TEXT) {
		pol_http_ambiguous(&connection->http);
		return 0;
	}
	state = automaton->start;
	for (__u32 i = 0; i < POL_LIMIT_EVENT_TEXT; i++) {
		if (i >= connection->http.text_length)
			break;
		state = pol_automaton_step(automaton, state, connection->http.text[i]);
	}
	connection->http.state = state;
	return 0;
}

/* Decides the connection again under the generation in force. */
static __always_inline void pol_stream_refresh(struct __sk_buff *skb, struct pol_connection *connection, struct pol_generation now)
{
	struct pol_question question = {
		.slot = now.slot,
		.subject = POL_OWNER_UNKNOWN,
		.section = POL_SECTION_INGRESS,
		.point = POL_PROTOCOL_TCP * 65536 + connection->local_port,
	};
	struct pol_peer peer = connection->peer;
	struct pol_verdict verdict;
	__u32 found;

	if (skb->sk)
		question.subject = pol_owner_of_socket(now.slot, skb->sk);
	/* Who was found by socket stays who it was: only the address can be asked again. */
	found = pol_endpoint_of_address(now.slot, &peer.address);
	if (found > POL_ENDPOINT_HOST || !pol_endpoint_find(now.slot, peer.endpoint))
		peer.endpoint = found;
	if (!now.revision || question.subject == POL_OWNER_UNKNOWN)
		pol_verdict_fixed(&verdict, POL_ACTION_DENY, POL_CAUSE_INTERNAL);
	else if (question.subject == POL_ENDPOINT_NONE)
		pol_verdict_fixed(&verdict, POL_ACTION_ALLOW, POL_CAUSE_DEFAULT_ALLOW);
	else
		pol_verdict_decide(&question, &peer, &verdict);
	connection->revision = now.revision;
	connection->owner = question.subject;
	connection->peer = peer;
	connection->row = verdict.next;
	connection->action = verdict.action;
	if (verdict.action == POL_ACTION_INSPECT && verdict.domain != POL_DOMAIN_HTTP)
		connection->action = POL_ACTION_DENY;
	pol_stream_replay(connection);
}

/* What is read of kernel structs; offsets come from the running kernel's BTF. */
struct tcp_sock {
	__u32 write_seq; /* next byte that the server will write */
	__u32 snd_una; /* first byte that the client has not acknowledged */
} __attribute__((preserve_access_index));

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

static __always_inline int pol_stream_poison(struct __sk_buff *skb, struct pol_connection *connection, __u64 cookie)
{
	struct pol_verdict refused;
	__u32 bodiless = connection->http.flags & POL_HTTP_IS_HEAD;
	__u32 kind = connection->stranded && !connection->answer ? POL_ANSWER_RETRY : POL_ANSWER_DENIED_CLOSE;

	connection->poisoned = 1;
	connection->http.text_length = 0;
	pol_verdict_fixed(&refused, POL_ACTION_DENY, POL_CAUSE_UNINSPECTABLE);
	pol_stream_tell(connection, &refused, POL_REASON_POISONED_CONNECTION);
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
		pol_stream_refresh(skb, connection, now);
	connection->passes = 0;
	connection->drops = 0;
	connection->answer = connection->owed;
	connection->owed = 0;
	connection->poison = connection->action == POL_ACTION_DENY;
	connection->completed = 0;
	connection->stranded = 0;
	connection->begin = 0;
	connection->drop_from = 0;
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
	}
	return SK_PASS;
}
