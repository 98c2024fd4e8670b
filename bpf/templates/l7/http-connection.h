/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What is known of one inspected connection, and how a request of it is decided, counted and told.
 */
#pragma once
#include "../include/case.h"
#include "../include/response-due.h"
#include "http-plain.h"
#include "ports.h"

/* What is known of the message that the next byte belongs to. */
enum {
	POL_MESSAGE_BETWEEN, /* the next byte begins one */
	POL_MESSAGE_UNDECIDED,
	POL_MESSAGE_PASSES,
	POL_MESSAGE_DENIED, /* the rest of it is swallowed */
};

enum { POL_STATUS_DENIED = 403 };

struct pol_connection {
	struct pol_response response; /* first: cgroup_skb knows it by its place */
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
	__u8 passed; /* a request has passed whole: from `mark` on, a response is due */
	__u8 answered; /* `answer_end` holds */
	__u8 owed; /* what was denied came in a packet too short for its answer: the next one will have it */
	/* Of the packet at hand. */
	__u8 passes; /* some of its bytes may reach the server ... */
	__u8 drops; /* ... those from `drop_from` on must not */
	__u8 answer; /* a request of it was denied */
	__u8 poison;
	__u8 stranded; /* a request begins behind bytes that must not pass */
	__u8 completed; /* requests that pass and end in it; 2 stands for more */
	__u8 judged; /* the head of one that passes ended in it */
	__u8 section; /* POL_SECTION_*: a request that comes, or one that is sent */
	__u32 begin; /* where its current message begins */
	__u32 drop_from;
	/* Sequence numbers of what this end sends. */
	__u32 mark; /* when the last request had passed */
	__u32 answer_end; /* when the last 403 will have been sent */
	/* Of what is sent. */
	__u32 held; /* bytes that were read and are held back until there are more */
	__u8 event; /* what the last byte that was read brought about */
	__u8 upgrade; /* the last request that passed asked for another protocol: `response` says what became of it */
	__u16 class; /* request class of it */
	__u8 observed; /* allowed as a whole: its requests are told, none is decided */
	__u8 match; /* observed: PolicyMatchType of its verdict ... */
	__u32 cause; /* ... and who decided */
	__u8 reserved[6];
};
_Static_assert(sizeof(struct pol_connection) == POL_CONNECTION_BYTES, "POL_CONNECTION_BYTES");

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
	event->connection = connection->response.cookie;
	event->request = connection->response.asked;
	event->text_length = connection->http.text_length;
	__builtin_memcpy(event->text, connection->http.text, sizeof(event->text));
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
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

/* Counts the request at hand by its method, as one that was denied. */
static __always_inline void pol_stream_count(const struct pol_connection *connection)
{
	struct pol_request_key key = {
		.section = connection->section,
		.method = connection->http.method,
		.version = !!(connection->http.flags & POL_HTTP_1_0),
		.status = POL_STATUS_DENIED,
	};

	pol_request_count(&key);
}

/* Tells a request of a connection that is only looked at. */
static __always_inline void pol_stream_show(const struct pol_connection *connection, __u32 reason)
{
	struct pol_verdict verdict = {.cause = connection->cause, .match = connection->match, .action = POL_ACTION_ALLOW};

	if (connection->observed)
		pol_stream_tell(connection, &verdict, reason);
}

/* Decides, counts and tells one request. Is it allowed? */
POL_GLOBAL int pol_stream_decide(struct pol_connection *connection, __u32 class, __u32 reason)
{
	struct pol_verdict verdict;

	if (!connection)
		return 0;
	if (connection->action == POL_ACTION_ALLOW) {
		pol_stream_show(connection, reason);
		return 1;
	}
	pol_verdict_at(connection->revision & 1, connection->row, class, &verdict);
	pol_stream_report(connection, &verdict, reason);
	if (verdict.action == POL_ACTION_ALLOW)
		return 1;
	pol_stream_count(connection);
	return 0;
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

/* The request at hand passes, and with it all up to its end: its response is due. */
static __always_inline void pol_stream_ask(struct pol_connection *connection)
{
	struct pol_response_due due = {
		.method = connection->http.method,
		.version = !!(connection->http.flags & POL_HTTP_1_0),
		.upgrade = !!(connection->http.flags & POL_HTTP_UPGRADES),
	};

	connection->judged = 1;
	connection->upgrade = due.upgrade;
	pol_response_ask(&connection->response, &due);
}

/* Requests passed in what was read: `written` is the next byte of the other stream, if nothing that was due before is `outstanding`. */
static __always_inline void pol_stream_settle(struct pol_connection *connection, __u32 written, int outstanding)
{
	pol_response_settle(&connection->response, written, outstanding, connection->completed);
	if (!connection->completed)
		return;
	connection->mark = written;
	connection->passed = 1;
}

/* The connection begins, and the other stream with the byte `next`. */
static __always_inline void pol_stream_begins(struct pol_connection *connection, __u64 cookie, __u32 next)
{
	connection->response.cookie = cookie;
	connection->response.section = connection->section;
	pol_frames_begin(&connection->response, next, POL_FRAMES_EXACT);
}
