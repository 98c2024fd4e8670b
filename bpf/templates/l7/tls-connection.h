/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* How a hello of a connection is decided, counted and told, and what becomes of the connection. */
#pragma once
#define POL_REQUEST_CELLS t_tls_cells
#include "again.h"
#include "requests.h"
#include "tls-hello.h"

enum {
	POL_TLS_STEP = 64, /* bytes read at a time */
	/* STEPS * ROUNDS in one packet. */
	POL_TLS_STEPS = 64,
	POL_TLS_ROUNDS = 64,
	/* As many bytes and more are passed over at once. */
	POL_TLS_RUSH = 16,
	POL_TLS_ALERT = 7,
};

/* What a client reads in the place of a ServerHello: fatal, access_denied (RFC 8446, 6). What stands behind it is read by nobody. */
static const __u8 pol_tls_alert[POL_TLS_ALERT] = {POL_TLS_RECORD_ALERT, 3, 3, 0, 2, 2, 49};

struct pol_tls_chunk {
	__u8 byte[POL_TLS_STEP];
	__u32 length; /* 1..STEP */
};

enum { POL_TLS_ENTRY_KIND, POL_TLS_ENTRY_LENGTH, POL_TLS_ENTRY_BYTES };

/* The name that the automaton read is whole. Undecidable (there can be no such name): its class is 0. */
static __always_inline int pol_tls_named(struct pol_tls_connection *connection, const struct pol_tables *tables)
{
	__u32 field = connection->kind, class;

	connection->place = POL_TLS_ENTRY_KIND;
	if (field >= POL_TLS_FIELDS || !pol_field_asked(tables, field))
		return 1;
	class = pol_field_class(tables, field, connection->state);
	if (!class)
		return 0;
	if (field == POL_TLS_PROTOCOL)
		connection->class[POL_TLS_PROTOCOL] = pol_field_fold(tables, field, connection->class[POL_TLS_PROTOCOL], class);
	else
		connection->class[POL_TLS_SERVER_NAME] = class;
	return 1;
}

/* Byte `at` of the names that were kept. A function of its own: the loop around it is then one path to the verifier. False: undecidable. */
POL_GLOBAL int pol_tls_classify_byte(struct pol_tls_connection *connection, __u32 at)
{
	struct pol_tables tables;
	__u32 byte;

	if (!connection || at >= POL_TLS_TEXT || !pol_tables_find(&tables, &t_tls, connection->this.question.slot))
		return 0;
	byte = connection->hello.text[at & (POL_TLS_TEXT - 1)];
	if (connection->place == POL_TLS_ENTRY_KIND) {
		connection->kind = byte;
		connection->state = pol_field_begin(&tables, byte);
		connection->place = POL_TLS_ENTRY_LENGTH;
		return 1;
	}
	if (connection->place == POL_TLS_ENTRY_LENGTH) {
		connection->left = byte;
		connection->place = POL_TLS_ENTRY_BYTES;
		return 1;
	}
	if (pol_field_asked(&tables, connection->kind))
		connection->state = pol_field_step(&tables, connection->kind, connection->state, byte);
	connection->left--;
	return connection->left || pol_tls_named(connection, &tables);
}

/* Class of the hello that was read last, under the generation of `this`. */
POL_GLOBAL int pol_tls_class(struct pol_tls_connection *connection)
{
	struct pol_tables tables;

	if (!connection || connection->hello.reason)
		return POL_CLASS_UNDECIDABLE;
	connection->class[POL_TLS_SERVER_NAME] = 0;
	connection->class[POL_TLS_PROTOCOL] = 0;
	connection->place = POL_TLS_ENTRY_KIND;
	for (__u32 i = 0; i < POL_TLS_TEXT; i++) {
		if (i >= connection->hello.text_length)
			break;
		if (!pol_tls_classify_byte(connection, i))
			return POL_CLASS_UNDECIDABLE;
	}
	if (!pol_tables_find(&tables, &t_tls, connection->this.question.slot))
		return POL_CLASS_UNDECIDABLE;
	return pol_fields_class(&tables, connection->class, POL_TLS_FIELDS);
}

static __always_inline void pol_tls_tell(const struct pol_tls_connection *connection, __u8 reason)
{
	struct pol_event *event = pol_event_reserve();

	if (!event)
		return;
	pol_case_describe(event, &connection->this);
	event->protocol = POL_PROTOCOL_TLS;
	event->verdict = pol_verdict_hubble(&connection->this.verdict);
	event->domain = POL_DOMAIN_TLS;
	event->reason = reason;
	event->text_length = connection->hello.text_length;
	__builtin_memcpy(event->text, connection->hello.text, sizeof(event->text));
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* Nothing more of its client passes: told, so that policyd may end the connection. */
static __always_inline void pol_tls_end(struct pol_tls_connection *connection)
{
	connection->stage = POL_TLS_ENDED;
	pol_verdict_fixed(&connection->this.verdict, POL_ACTION_DENY, POL_CAUSE_UNINSPECTABLE);
	connection->hello.text_length = 0;
	pol_tls_tell(connection, POL_REASON_POISONED_CONNECTION);
}

/* Decides, counts and tells the hello that is whole, or cannot be read. */
POL_GLOBAL int pol_tls_judge(struct pol_tls_connection *connection)
{
	struct pol_verdict *verdict;

	if (!connection)
		return 0;
	verdict = &connection->this.verdict;
	pol_verdict_at(connection->this.question.slot, connection->row, pol_tls_class(connection), verdict);
	pol_case_count(&connection->this, POL_PROTOCOL_TLS, pol_verdict_hubble(verdict));
	pol_tls_tell(connection, connection->hello.reason);
	if (verdict->action == POL_ACTION_ALLOW)
		connection->stage = connection->event == POL_TLS_READ ? POL_TLS_WALKING : POL_TLS_PASSES;
	else if (connection->this.question.section == POL_SECTION_INGRESS)
		pol_tls_end(connection);
	else /* its writer knows */
		connection->stage = POL_TLS_ENDED;
	return 0;
}

/* What the bytes that were read brought about. Does the walk go on? */
static __always_inline int pol_tls_happened(struct pol_tls_connection *connection)
{
	if (connection->event == POL_TLS_GOES_ON)
		return 1;
	if (connection->event == POL_TLS_OTHER)
		connection->stage = POL_TLS_PASSES;
	else
		pol_tls_judge(connection);
	return connection->stage == POL_TLS_WALKING;
}

/* The packet at hand cannot be read to its end. */
static __always_inline void pol_tls_unread(struct pol_tls_connection *connection)
{
	connection->hello.reason = POL_REASON_NOT_INSPECTABLE;
	connection->event = POL_TLS_LOST;
	pol_tls_judge(connection);
}

/* What is passed over at once of `left` bytes; 0: they have to be read. */
static __always_inline __u32 pol_tls_passed_over(struct pol_tls_connection *connection, __u32 left)
{
	__u32 idle = pol_tls_idle(&connection->hello);

	if (idle < POL_TLS_RUSH)
		return 0;
	if (idle > left)
		idle = left;
	connection->event = pol_tls_rush(&connection->hello, idle);
	return idle;
}

/* Reads bytes until they bring something about, or until what follows can be passed over; returns how many. */
POL_GLOBAL int pol_tls_chunk_read(struct pol_tls_connection *connection, const struct pol_tls_chunk *chunk)
{
	__u32 i, at;

	if (!connection || !chunk)
		return 0;
	connection->event = POL_TLS_GOES_ON;
	for (i = 0; i < POL_TLS_STEP; i++) {
		if (i >= chunk->length)
			break;
		/* Written out, for the verifier of 6.1. */
		at = i;
		asm volatile("%0 &= %1" : "+r"(at) : "i"(POL_TLS_STEP - 1));
		connection->event = pol_tls_byte(&connection->hello, chunk->byte[at]);
		if (connection->event != POL_TLS_GOES_ON || pol_tls_idle(&connection->hello) >= POL_TLS_RUSH) {
			i++;
			break;
		}
	}
	return i;
}

/* Decides the connection of a known owner again under the generation in force, and its last hello if one has passed. */
static __always_inline void pol_tls_decide_again(struct pol_tls_connection *connection, struct pol_generation now)
{
	struct pol_case *this = &connection->this;
	struct pol_verdict verdict;

	this->revision = now.revision;
	pol_connection_again(now, &this->question, &this->peer, &verdict);
	connection->action = verdict.action;
	connection->row = verdict.next;
	if (verdict.action == POL_ACTION_ALLOW) {
		/* A rule that comes later finds no hello. */
		if (connection->stage == POL_TLS_READING) {
			connection->hello.reason = POL_REASON_UNKNOWN_STREAM_POSITION;
			connection->stage = POL_TLS_PASSES;
		}
		return;
	}
	if (verdict.action == POL_ACTION_INSPECT && verdict.domain == POL_DOMAIN_TLS) {
		if (connection->stage == POL_TLS_READING)
			return;
		pol_verdict_at(now.slot, verdict.next, pol_tls_class(connection), &verdict);
		if (verdict.action == POL_ACTION_ALLOW)
			return;
	}
	pol_tls_end(connection);
	connection->stage = POL_TLS_CUT;
}

/* The same of a connection whose client sends. */
static __always_inline void pol_tls_refresh(struct bpf_sock *sk, struct pol_tls_connection *connection, struct pol_generation now)
{
	connection->this.question.subject = sk ? pol_owner_of_socket(now.slot, sk) : POL_OWNER_UNKNOWN;
	pol_tls_decide_again(connection, now);
}
