/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* A ClientHello as one message, without the records that it is in: what its bytes mean, one after the other. */
#pragma once
#include "tls-state.h"

/* What one byte brought about. */
enum {
	POL_TLS_GOES_ON,
	POL_TLS_READ, /* a hello is whole: `reason` says whether it is undecidable */
	POL_TLS_LOST, /* undecidable, and where the next hello begins is unknown */
	POL_TLS_OTHER, /* no server takes anything from here on for a hello */
};

/* `flags`: what was seen. */
enum {
	POL_TLS_AGAIN = 1, /* a hello before this one */
	POL_TLS_EARLY = 2, /* it is followed by data before the server answers */
	POL_TLS_HAS_NAME = 4,
	POL_TLS_HAS_PROTOCOLS = 8,
	POL_TLS_IS_TLS = 16, /* the first record is one: its sender reads alerts */
};

enum { POL_TLS_LABEL_EMPTY, POL_TLS_LABEL_DIGITS, POL_TLS_LABEL_NAME };

enum {
	POL_TLS_RECORD_CIPHER = 20,
	POL_TLS_RECORD_ALERT = 21,
	POL_TLS_RECORD_HANDSHAKE = 22,
	POL_TLS_RECORD_DATA = 23,
	POL_TLS_RECORD_HEARTBEAT = 24,
	POL_TLS_MESSAGE_HELLO = 1,
	POL_TLS_FIXED_BYTES = 34,
	POL_TLS_EXTENSION_NAME = 0,
	POL_TLS_EXTENSION_PROTOCOLS = 16,
	POL_TLS_EXTENSION_EARLY = 42,
	POL_TLS_EXTENSION_ENCRYPTED = 0xfe0d,
	POL_TLS_EXTENSION_ENCRYPTED_NAME = 0xffce,
};

static __always_inline int pol_tls_lost(struct pol_tls *tls, __u8 reason)
{
	tls->reason = reason;
	return POL_TLS_LOST;
}

/* Undecidable, but well framed; the first reason counts. */
static __always_inline void pol_tls_unclear(struct pol_tls *tls, __u8 reason)
{
	if (!tls->reason)
		tls->reason = reason;
}

static __always_inline void pol_tls_begin(struct pol_tls *tls)
{
	tls->phase = POL_TLS_AT_TYPE;
	tls->reason = POL_REASON_NONE;
	tls->skip = 0;
	tls->text_length = 0;
	tls->flags &= POL_TLS_AGAIN | POL_TLS_IS_TLS;
}

/* A number of so many bytes comes next. */
static __always_inline int pol_tls_number(struct pol_tls *tls, __u8 phase, __u32 bytes)
{
	if (tls->message < bytes)
		return pol_tls_lost(tls, POL_REASON_MALFORMED_HELLO);
	tls->phase = phase;
	tls->digits = bytes;
	tls->number = 0;
	return POL_TLS_GOES_ON;
}

/* As many bytes (not none) that nobody looks at. */
static __always_inline int pol_tls_skip(struct pol_tls *tls, __u8 phase, __u32 bytes)
{
	if (tls->message < bytes)
		return pol_tls_lost(tls, POL_REASON_MALFORMED_HELLO);
	tls->phase = phase;
	tls->skip = bytes;
	return POL_TLS_GOES_ON;
}

/* The last byte of the message was read. */
static __always_inline int pol_tls_whole(struct pol_tls *tls)
{
	/* Another message in its record: no server expects one. */
	if (tls->record)
		pol_tls_unclear(tls, POL_REASON_AMBIGUOUS_HELLO);
	tls->phase = POL_TLS_AT_BETWEEN;
	return POL_TLS_READ;
}

static __always_inline int pol_tls_extension_end(struct pol_tls *tls)
{
	return tls->message ? pol_tls_number(tls, POL_TLS_AT_EXTENSION_KIND, 2) : pol_tls_whole(tls);
}

/* Nothing more of this extension is looked at. */
static __always_inline int pol_tls_extension_rest(struct pol_tls *tls)
{
	if (!tls->extension)
		return pol_tls_extension_end(tls);
	return pol_tls_skip(tls, POL_TLS_AT_EXTENSION, tls->extension);
}

static __always_inline int pol_tls_extension_unclear(struct pol_tls *tls, __u8 reason)
{
	pol_tls_unclear(tls, reason);
	return pol_tls_extension_rest(tls);
}

/* A number inside of an extension. */
static __always_inline int pol_tls_inside(struct pol_tls *tls, __u8 phase, __u32 bytes)
{
	if (tls->extension < bytes)
		return pol_tls_extension_unclear(tls, POL_REASON_AMBIGUOUS_HELLO);
	return pol_tls_number(tls, phase, bytes);
}

/* Its kind and length are read. */
static __always_inline int pol_tls_extension(struct pol_tls *tls)
{
	if (tls->number > tls->message)
		return pol_tls_lost(tls, POL_REASON_MALFORMED_HELLO);
	tls->extension = tls->number;
	if (tls->kind == POL_TLS_EXTENSION_EARLY)
		tls->flags |= POL_TLS_EARLY;
	if (tls->kind == POL_TLS_EXTENSION_ENCRYPTED || tls->kind == POL_TLS_EXTENSION_ENCRYPTED_NAME)
		pol_tls_unclear(tls, POL_REASON_ENCRYPTED_HELLO);
	if (tls->kind == POL_TLS_EXTENSION_NAME) {
		if (tls->flags & POL_TLS_HAS_NAME)
			return pol_tls_extension_unclear(tls, POL_REASON_AMBIGUOUS_HELLO);
		tls->flags |= POL_TLS_HAS_NAME;
		return pol_tls_inside(tls, POL_TLS_AT_NAMES_LENGTH, 2);
	}
	if (tls->kind == POL_TLS_EXTENSION_PROTOCOLS) {
		if (tls->flags & POL_TLS_HAS_PROTOCOLS)
			return pol_tls_extension_unclear(tls, POL_REASON_AMBIGUOUS_HELLO);
		tls->flags |= POL_TLS_HAS_PROTOCOLS;
		return pol_tls_inside(tls, POL_TLS_AT_PROTOCOLS_LENGTH, 2);
	}
	return pol_tls_extension_rest(tls);
}

static __always_inline void pol_tls_keep(struct pol_tls *tls, __u32 byte)
{
	__u32 at = tls->text_length;

	if (at >= POL_TLS_TEXT)
		return;
	tls->text_length = at + 1;
	/* Hides from clang that the mask changes nothing: the verifier does not see through its shortcuts. */
	asm volatile("" : "+r"(at));
	tls->text[at & (POL_TLS_TEXT - 1)] = byte;
}

/* A name of `tls->number` bytes (not none) begins. */
static __always_inline int pol_tls_entry(struct pol_tls *tls, __u8 kind, __u8 phase)
{
	if (tls->text_length + 2 + tls->number > POL_TLS_TEXT)
		return pol_tls_extension_unclear(tls, POL_REASON_HELLO_TOO_LONG);
	tls->phase = phase;
	tls->entry = tls->number;
	tls->left = tls->number;
	tls->label = POL_TLS_LABEL_EMPTY;
	tls->odd = 0;
	pol_tls_keep(tls, kind);
	pol_tls_keep(tls, tls->number);
	return POL_TLS_GOES_ON;
}

/* A byte of the server name: letters, digits, `-` and `_` in labels between dots. */
static __always_inline int pol_tls_name(struct pol_tls *tls, __u32 byte)
{
	if (byte - 'A' < 26)
		byte |= 0x20;
	if (byte - '0' < 10) {
		if (tls->label == POL_TLS_LABEL_EMPTY)
			tls->label = POL_TLS_LABEL_DIGITS;
	} else if (byte - 'a' < 26 || byte == '-' || byte == '_') {
		tls->label = POL_TLS_LABEL_NAME;
	} else {
		if (byte != '.' || tls->label == POL_TLS_LABEL_EMPTY)
			pol_tls_unclear(tls, POL_REASON_AMBIGUOUS_HELLO);
		tls->label = POL_TLS_LABEL_EMPTY;
	}
	pol_tls_keep(tls, byte);
	tls->left--;
	if (tls->left)
		return POL_TLS_GOES_ON;
	/* A dot at the end; an address. */
	if (tls->label != POL_TLS_LABEL_NAME)
		pol_tls_unclear(tls, POL_REASON_AMBIGUOUS_HELLO);
	return pol_tls_extension_rest(tls);
}

/* RFC 8701: offered to keep servers from minding what they do not know. */
static __always_inline int pol_tls_is_grease(const struct pol_tls *tls, __u32 last)
{
	__u32 first = tls->text_length - 2;

	if (tls->entry != 2 || (last & 0x0f) != 0x0a)
		return 0;
	asm volatile("%0 &= %1" : "+r"(first) : "i"(POL_TLS_TEXT - 1));
	return tls->text[first] == last;
}

static __always_inline int pol_tls_protocol(struct pol_tls *tls, __u32 byte)
{
	if (byte - 0x21 > 0x7e - 0x21)
		tls->odd = 1;
	pol_tls_keep(tls, byte);
	tls->left--;
	if (tls->left)
		return POL_TLS_GOES_ON;
	if (pol_tls_is_grease(tls, byte))
		tls->text_length -= 4;
	else if (tls->odd)
		pol_tls_unclear(tls, POL_REASON_AMBIGUOUS_HELLO);
	return tls->extension ? pol_tls_inside(tls, POL_TLS_AT_PROTOCOL_LENGTH, 1) : pol_tls_extension_end(tls);
}

/* A number is whole: what it says of what comes next. */
static __always_inline int pol_tls_numbered(struct pol_tls *tls)
{
	__u32 number = tls->number;

	switch (tls->phase) {
	case POL_TLS_AT_SESSION_LENGTH:
		if (number > POL_TLS_SESSION_LIMIT)
			return tls->flags & POL_TLS_AGAIN ? POL_TLS_OTHER : pol_tls_lost(tls, POL_REASON_MALFORMED_HELLO);
		return number ? pol_tls_skip(tls, POL_TLS_AT_SESSION, number) : pol_tls_number(tls, POL_TLS_AT_CIPHERS_LENGTH, 2);
	case POL_TLS_AT_CIPHERS_LENGTH:
		if (!number || number & 1)
			return pol_tls_lost(tls, POL_REASON_MALFORMED_HELLO);
		return pol_tls_skip(tls, POL_TLS_AT_CIPHERS, number);
	case POL_TLS_AT_METHODS_LENGTH:
		return number ? pol_tls_skip(tls, POL_TLS_AT_METHODS, number) : pol_tls_lost(tls, POL_REASON_MALFORMED_HELLO);
	case POL_TLS_AT_BLOCK_LENGTH:
		if (number != tls->message)
			return pol_tls_lost(tls, POL_REASON_MALFORMED_HELLO);
		return pol_tls_extension_end(tls);
	case POL_TLS_AT_EXTENSION_KIND:
		tls->kind = number;
		return pol_tls_number(tls, POL_TLS_AT_EXTENSION_LENGTH, 2);
	case POL_TLS_AT_EXTENSION_LENGTH:
		return pol_tls_extension(tls);
	case POL_TLS_AT_NAMES_LENGTH:
		if (number != tls->extension)
			break;
		return pol_tls_inside(tls, POL_TLS_AT_NAME_KIND, 1);
	case POL_TLS_AT_NAME_KIND:
		if (number)
			break;
		return pol_tls_inside(tls, POL_TLS_AT_NAME_LENGTH, 2);
	case POL_TLS_AT_NAME_LENGTH:
		if (!number || number != tls->extension || number > POL_TLS_NAME_LIMIT)
			break;
		return pol_tls_entry(tls, POL_TLS_SERVER_NAME, POL_TLS_AT_NAME);
	case POL_TLS_AT_PROTOCOLS_LENGTH:
		if (!number || number != tls->extension)
			break;
		return pol_tls_inside(tls, POL_TLS_AT_PROTOCOL_LENGTH, 1);
	case POL_TLS_AT_PROTOCOL_LENGTH:
		if (!number || number > tls->extension)
			break;
		return pol_tls_entry(tls, POL_TLS_PROTOCOL, POL_TLS_AT_PROTOCOL);
	}
	return pol_tls_extension_unclear(tls, POL_REASON_AMBIGUOUS_HELLO);
}

/* What was passed over is behind. */
static __always_inline int pol_tls_skipped(struct pol_tls *tls)
{
	switch (tls->phase) {
	case POL_TLS_AT_FIXED:
		return pol_tls_number(tls, POL_TLS_AT_SESSION_LENGTH, 1);
	case POL_TLS_AT_SESSION:
		return pol_tls_number(tls, POL_TLS_AT_CIPHERS_LENGTH, 2);
	case POL_TLS_AT_CIPHERS:
		return pol_tls_number(tls, POL_TLS_AT_METHODS_LENGTH, 1);
	case POL_TLS_AT_METHODS:
		/* Before there were extensions. */
		return tls->message ? pol_tls_number(tls, POL_TLS_AT_BLOCK_LENGTH, 2) : pol_tls_whole(tls);
	default:
		return pol_tls_extension_end(tls);
	}
}

/* So many bytes of the message are passed over, at most `skip`. */
static __always_inline int pol_tls_pass_over(struct pol_tls *tls, __u32 bytes)
{
	tls->skip -= bytes;
	tls->message -= bytes;
	if (tls->phase == POL_TLS_AT_EXTENSION)
		tls->extension -= bytes;
	return tls->skip ? POL_TLS_GOES_ON : pol_tls_skipped(tls);
}

/* A byte of the hello. */
static __always_inline int pol_tls_message(struct pol_tls *tls, __u32 byte)
{
	if (tls->phase == POL_TLS_AT_TYPE) {
		if (byte != POL_TLS_MESSAGE_HELLO)
			return tls->flags & POL_TLS_AGAIN ? POL_TLS_OTHER : pol_tls_lost(tls, POL_REASON_NOT_TLS);
		tls->phase = POL_TLS_AT_LENGTH;
		tls->digits = 3;
		tls->number = 0;
		return POL_TLS_GOES_ON;
	}
	if (tls->phase == POL_TLS_AT_LENGTH) {
		tls->number = tls->number << 8 | byte;
		tls->digits--;
		if (tls->digits)
			return POL_TLS_GOES_ON;
		tls->message = tls->number;
		return pol_tls_skip(tls, POL_TLS_AT_FIXED, POL_TLS_FIXED_BYTES);
	}
	if (tls->skip)
		return pol_tls_pass_over(tls, 1);
	tls->message--;
	if (tls->phase > POL_TLS_AT_EXTENSION)
		tls->extension--;
	if (tls->phase == POL_TLS_AT_NAME)
		return pol_tls_name(tls, byte);
	if (tls->phase == POL_TLS_AT_PROTOCOL)
		return pol_tls_protocol(tls, byte);
	tls->number = tls->number << 8 | byte;
	tls->digits--;
	return tls->digits ? POL_TLS_GOES_ON : pol_tls_numbered(tls);
}
