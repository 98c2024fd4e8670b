/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The requests of one connection, one after the other, through the packets that carry them: which pass, which are
 * denied, and when a packet cannot be told apart into the two. What becomes of the packet is up to stream.bpf.c.
 */
#pragma once
#include "../include/case.h"
#include "http.h"

enum {
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
	__u32 identity; /* of the tables that the current head was read with */
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
	__u8 section; /* POL_SECTION_*: a request that comes, or one that is sent */
	__u32 begin; /* where its current message begins */
	__u32 drop_from;
	/* Sequence numbers of what this end sends. */
	__u32 mark; /* when the last request had passed */
	__u32 answer_end; /* when the last 403 will have been sent */
	/* Of what is sent. */
	__u32 held; /* bytes that were read and are held back until there are more */
	__u32 held_at; /* sequence number of the first */
	__u8 event; /* what the last byte that was read brought about */
	__u8 reserved[7];
};

static __always_inline void pol_stream_tell(const struct pol_connection *connection, const struct pol_verdict *verdict, __u32 reason)
{
	struct pol_event *event = pol_event_reserve();

	if (!event)
		return;
	event->cause = verdict->cause;
	event->revision = connection->revision;
	event->subject = connection->owner;
	event->peer = connection->peer.endpoint;
	if (connection->section == POL_SECTION_INGRESS) {
		__builtin_memcpy(event->source, &connection->peer.address, sizeof(event->source));
		__builtin_memcpy(event->destination, &connection->local, sizeof(event->destination));
		event->source_port = connection->remote_port;
		event->destination_port = connection->local_port;
	} else {
		__builtin_memcpy(event->source, &connection->local, sizeof(event->source));
		__builtin_memcpy(event->destination, &connection->peer.address, sizeof(event->destination));
		event->source_port = connection->local_port;
		event->destination_port = connection->remote_port;
	}
	event->direction = connection->section;
	event->protocol = POL_PROTOCOL_HTTP;
	event->match = verdict->match;
	event->verdict = pol_verdict_hubble(verdict);
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
		.direction = connection->section,
		.protocol = POL_PROTOCOL_HTTP,
		.match = verdict->match,
		.verdict = pol_verdict_hubble(verdict),
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
	if (pol_stream_decide(connection, class, class ? POL_REASON_NONE : connection->http.reason))
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
static __always_inline int pol_stream_begin(struct pol_connection *connection, const struct pol_tables *tables, __u32 offset)
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
	pol_http_restart(&connection->http, tables);
	connection->identity = tables->requests->identity;
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
static __always_inline int pol_stream_event(struct pol_connection *connection, const struct pol_tables *tables, __u32 event, __u32 end)
{
	struct pol_http *http = &connection->http;

	if (event == POL_HTTP_LOST) {
		pol_stream_lose(connection, end - 1);
		return 0;
	}
	if (event == POL_HTTP_HEAD_READ && connection->message == POL_MESSAGE_UNDECIDED)
		pol_stream_judge(connection, pol_http_class(http, tables, POL_LIMIT_NAMES_SLOT));
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
	struct pol_tables tables;
	__u32 length = skb->len, event = POL_HTTP_GOES_ON, i, at;
	__u8 bytes[POL_STREAM_STEP] = {}; /* filled: the verifier of 6.1 does not see that what is read was written */
	struct pol_http *http;

	if (!connection || offset >= length)
		return 0;
	length -= offset;
	if (!pol_tables_find(&tables, &t_http, connection->revision & 1)) {
		connection->poison = 1;
		pol_stream_drop(connection, connection->begin);
		return 0;
	}
	if (connection->message == POL_MESSAGE_BETWEEN && !pol_stream_begin(connection, &tables, offset))
		return 0;
	http = &connection->http;
	if (http->phase == POL_HTTP_BODY || http->phase == POL_HTTP_CHUNK_DATA) {
		if (length > http->remaining)
			length = http->remaining;
		event = pol_http_skip(http, length);
		return pol_stream_event(connection, &tables, event, offset + length) ? length : 0;
	}
	if (length > POL_STREAM_STEP)
		length = POL_STREAM_STEP;
	if (!length)
		return 0;
	/* Changes nothing: the verifier of 6.1 concludes no lower bound from a comparison with 0. */
	length--;
	asm volatile("" : "+r"(length));
	length = (length & (POL_STREAM_STEP - 1)) + 1;
	if (bpf_skb_load_bytes(skb, offset, bytes, length)) {
		connection->poison = 1;
		pol_stream_drop(connection, connection->begin);
		return 0;
	}
	/* Hides from clang that STEP is no less: it would end the loop by `==`, from which verifiers before 6.8 learn no bound. */
	asm volatile("" : "+r"(length));
	for (i = 0; i < POL_STREAM_STEP; i++) {
		if (i >= length)
			break;
		/* Written out, for the verifier of 6.1. */
		at = i;
		asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_STREAM_STEP - 1));
		if (pol_http_is_idle(http, bytes[at])) {
			http->head++;
			continue;
		}
		event = pol_http_byte(http, tables.requests, tables.slot, bytes[at]);
		if (event != POL_HTTP_GOES_ON) {
			i++;
			break;
		}
	}
	return pol_stream_event(connection, &tables, event, offset + i) ? i : 0;
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

/* The packet ends inside a head: a target that is whole may say already that it is denied; else what is here goes on. */
POL_GLOBAL int pol_stream_pause(struct pol_connection *connection)
{
	struct pol_tables tables;
	__u32 class;

	if (!connection || connection->message != POL_MESSAGE_UNDECIDED)
		return 0;
	if (connection->http.phase > POL_HTTP_LAST_OF_TARGET && pol_tables_find(&tables, &t_http, connection->revision & 1)) {
		class = pol_http_class(&connection->http, &tables, POL_FIELD_HOST);
		if (class != POL_CLASS_OPEN && pol_stream_denies(connection, class)) {
			pol_stream_judge(connection, class);
			return 0;
		}
	}
	connection->head_passed = 1;
	connection->passes = 1;
	return 0;
}

/* Has a head something that other tables ask for, and that is not kept? Only method and path are. */
static __always_inline int pol_stream_forgot(const struct pol_http *http, const struct pol_tables *tables)
{
	__u32 line = 1 << POL_FIELD_METHOD | 1 << POL_FIELD_PATH;
	__u32 target = 1 << POL_FIELD_QUERY | 1 << POL_FIELD_TARGET;
	__u32 asked = tables->requests->asked & ~line;

	if (http->text_length > POL_LIMIT_EVENT_TEXT)
		return 1;
	if (http->lines)
		return asked != 0;
	return http->phase != POL_HTTP_METHOD && asked & target;
}

/* Byte `at` of the kept text once more. A function of its own: the loop around it is then one path to the verifier. */
POL_GLOBAL int pol_stream_replay_byte(struct pol_connection *connection, __u32 at)
{
	struct pol_tables tables;
	struct pol_http *http;
	__u32 byte;

	if (!connection || at >= POL_LIMIT_EVENT_TEXT || !pol_tables_find(&tables, &t_http, connection->revision & 1))
		return 0;
	http = &connection->http;
	byte = http->text[at & (POL_LIMIT_EVENT_TEXT - 1)];
	if (http->field == POL_FIELD_METHOD && byte == ' ') {
		pol_http_finish(http, &tables, POL_FIELD_METHOD, http->state);
		http->state = pol_field_begin(&tables, POL_FIELD_PATH);
		http->field = POL_FIELD_PATH;
		return 0;
	}
	pol_http_read(http, &tables, http->field, byte);
	return 0;
}

/*
 * Under other tables, a head that was begun is read again, as far as it is kept; what was asked for and is not kept makes it
 * undecidable.
 */
POL_GLOBAL int pol_stream_replay(struct pol_connection *connection)
{
	struct pol_tables tables;
	struct pol_http *http;

	if (!connection || connection->message != POL_MESSAGE_UNDECIDED)
		return 0;
	http = &connection->http;
	if (!pol_tables_find(&tables, &t_http, connection->revision & 1)) {
		pol_http_ambiguous(http);
		return 0;
	}
	if (tables.requests->identity == connection->identity)
		return 0;
	connection->identity = tables.requests->identity;
	if (pol_stream_forgot(http, &tables)) {
		pol_http_unclear(http, POL_REASON_UNKNOWN_STREAM_POSITION);
		return 0;
	}
	__builtin_memset(&http->classes, 0, sizeof(http->classes));
	http->field = POL_FIELD_METHOD;
	http->state = pol_field_begin(&tables, POL_FIELD_METHOD);
	for (__u32 i = 0; i < POL_LIMIT_EVENT_TEXT; i++) {
		if (i >= http->text_length)
			break;
		pol_stream_replay_byte(connection, i);
	}
	http->field = 0;
	http->whole = pol_field_begin(&tables, POL_FIELD_TARGET);
	if (http->phase > POL_HTTP_PATH) {
		pol_http_finish(http, &tables, POL_FIELD_PATH, http->state);
		http->state = pol_field_begin(&tables, http->phase == POL_HTTP_QUERY ? POL_FIELD_QUERY : POL_LIMIT_NAMES_SLOT);
	}
	return 0;
}
