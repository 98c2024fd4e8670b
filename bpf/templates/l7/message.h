/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The requests of one connection, one after the other, through the packets that carry them: which pass, which are
 * denied, and when a packet cannot be told apart into the two. What becomes of the packet is up to stream.bpf.c.
 */
#pragma once
#include "http-connection.h"

enum {
	/* STEPS * ROUNDS in one packet: at least 64 KB of heads and chunk sizes, any length of bodies. */
	POL_STREAM_STEPS = 64,
	POL_STREAM_ROUNDS = 64,
};

/* Forgets what was said of the packet before. */
static __always_inline void pol_stream_packet_begin(struct pol_connection *connection)
{
	connection->passes = 0;
	connection->drops = 0;
	connection->answer = connection->owed;
	connection->owed = 0;
	connection->poison = connection->action == POL_ACTION_DENY;
	connection->completed = 0;
	connection->judged = 0;
	connection->stranded = 0;
	connection->begin = 0;
	connection->drop_from = 0;
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
	if (!pol_stream_decide(connection, class, class ? POL_REASON_NONE : connection->http.reason)) {
		pol_stream_deny(connection);
		return;
	}
	connection->message = POL_MESSAGE_PASSES;
	connection->class = class;
	pol_stream_ask(connection);
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
	connection->begin = offset;
	pol_http_restart(&connection->http, tables);
	/* Whether it is a request depends on a response that is not there yet, or cannot be read. */
	if (connection->upgrade && connection->response.state != POL_RESPONSE_OTHER) {
		connection->http.reason = POL_REASON_UNKNOWN_STREAM_POSITION;
		pol_stream_lose(connection, offset);
		return 0;
	}
	connection->upgrade = 0;
	connection->identity = tables->requests->identity;
	connection->message = POL_MESSAGE_UNDECIDED;
	connection->head_passed = 0;
	return 1;
}

static __always_inline void pol_stream_message_end(struct pol_connection *connection)
{
	if (connection->message == POL_MESSAGE_PASSES)
		connection->completed = 1;
	connection->message = POL_MESSAGE_BETWEEN;
}

/*
 * What the server makes of an upgrade is known only where all responses so far could be read to their ends. True: the request at hand is
 * lost for it.
 */
static __always_inline int pol_stream_is_late(struct pol_connection *connection)
{
	if (!(connection->http.flags & POL_HTTP_UPGRADES) || connection->response.frames == POL_FRAMES_EXACT)
		return 0;
	connection->http.reason = POL_REASON_UNKNOWN_STREAM_POSITION;
	return 1;
}

/* What the byte before `end` brought about. False: this packet is read no further. */
static __always_inline int pol_stream_event(struct pol_connection *connection, const struct pol_tables *tables, __u32 event, __u32 end)
{
	struct pol_http *http = &connection->http;

	if (event == POL_HTTP_HEAD_READ && pol_stream_is_late(connection))
		event = POL_HTTP_LOST;
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
	__u32 length = skb->len, event;
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
	if (bpf_skb_load_bytes(skb, offset, http->step.byte, length)) {
		connection->poison = 1;
		pol_stream_drop(connection, connection->begin);
		return 0;
	}
	http->step.length = length;
	http->step.read = 0;
	http->step.section = 0;
	event = pol_http_read_step(http, tables.requests, tables.slot);
	length = http->step.read;
	return pol_stream_event(connection, &tables, event, offset + length) ? length : 0;
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

/*
 * Under another generation, what speaks another protocol since is decided as the request that asked for it was, while that has the
 * same class.
 */
POL_GLOBAL int pol_stream_upgraded_again(struct pol_connection *connection)
{
	struct pol_tables tables;
	__u32 class = POL_CLASS_UNDECIDABLE;

	if (!connection)
		return 0;
	if (pol_tables_find(&tables, &t_http, connection->revision & 1) && tables.requests->identity == connection->identity)
		class = connection->class;
	if (pol_stream_denies(connection, class))
		connection->action = POL_ACTION_DENY;
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
