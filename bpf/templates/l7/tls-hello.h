/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Reads what a client sends as TLS, byte by byte, wherever a packet or a record begins or ends: server name and protocols of each
 * ClientHello are kept, all else is passed over. What a byte string means is defined by src/compiler/domains/tls/hello.ts; this walk and that text give the
 * same answer for every one.
 */
#pragma once
#include "tls-fields.h"

/* Kinds of records that servers are known to pass over while they wait for a hello. */
static __always_inline int pol_tls_is_passed_over(const struct pol_tls *tls)
{
	switch (tls->type) {
	case POL_TLS_RECORD_CIPHER:
	case POL_TLS_RECORD_ALERT:
	case POL_TLS_RECORD_HEARTBEAT:
		return 1;
	case POL_TLS_RECORD_DATA:
		return !!(tls->flags & POL_TLS_EARLY);
	default:
		return 0;
	}
}

/* The header of a record behind a hello is whole. */
static __always_inline int pol_tls_behind(struct pol_tls *tls)
{
	if (tls->type == POL_TLS_RECORD_HANDSHAKE) {
		if (tls->record) {
			tls->flags |= POL_TLS_AGAIN;
			pol_tls_begin(tls);
		}
		return POL_TLS_GOES_ON;
	}
	return pol_tls_is_passed_over(tls) ? POL_TLS_GOES_ON : POL_TLS_OTHER;
}

/* The header of a record that a hello goes on in, or that another one breaks it off with. `place`: of the byte. */
static __always_inline int pol_tls_inner(struct pol_tls *tls, __u32 place, __u32 byte)
{
	int again = tls->flags & POL_TLS_AGAIN;
	__u8 reason = tls->phase == POL_TLS_AT_TYPE ? POL_REASON_NOT_TLS : POL_REASON_MALFORMED_HELLO;

	if (place == 0 && byte != POL_TLS_RECORD_HANDSHAKE) {
		if (again && !pol_tls_is_passed_over(tls))
			return POL_TLS_OTHER;
		return pol_tls_lost(tls, again ? POL_REASON_MALFORMED_HELLO : reason);
	}
	if (again)
		return POL_TLS_GOES_ON;
	if (place == 1 && byte != 3)
		return pol_tls_lost(tls, reason);
	if (place < POL_TLS_HEADER - 1)
		return POL_TLS_GOES_ON;
	tls->flags |= POL_TLS_IS_TLS;
	if (!tls->record || tls->record > POL_TLS_RECORD_LIMIT)
		return pol_tls_lost(tls, POL_REASON_MALFORMED_HELLO);
	return POL_TLS_GOES_ON;
}

static __always_inline int pol_tls_header(struct pol_tls *tls, __u32 byte)
{
	__u32 place = tls->header++;

	if (place == 0)
		tls->type = byte;
	if (place == 3)
		tls->record = byte << 8;
	if (place < POL_TLS_HEADER - 1)
		return tls->phase == POL_TLS_AT_BETWEEN ? POL_TLS_GOES_ON : pol_tls_inner(tls, place, byte);
	tls->record |= byte;
	if (!tls->record)
		tls->header = 0;
	return tls->phase == POL_TLS_AT_BETWEEN ? pol_tls_behind(tls) : pol_tls_inner(tls, place, byte);
}

/* One byte more. By itself, and all that it knows in `tls`: so the verifier looks at it once, not once for each byte around it. */
POL_GLOBAL int pol_tls_byte(struct pol_tls *tls, __u32 byte)
{
	int event = POL_TLS_GOES_ON;

	if (!tls)
		return POL_TLS_LOST;
	byte &= 0xff;
	if (tls->phase == POL_TLS_AT_BETWEEN)
		tls->total = tls->header;
	if (tls->total >= POL_TLS_LIMIT)
		return pol_tls_lost(tls, POL_REASON_HELLO_TOO_LONG);
	tls->total++;
	if (tls->header < POL_TLS_HEADER)
		return pol_tls_header(tls, byte);
	tls->record--;
	if (tls->phase != POL_TLS_AT_BETWEEN)
		event = pol_tls_message(tls, byte);
	if (!tls->record)
		tls->header = 0;
	return event;
}

/* Bytes that can be passed over at once, whatever they are. */
static __always_inline __u32 pol_tls_idle(const struct pol_tls *tls)
{
	__u32 idle = tls->record;

	if (tls->header < POL_TLS_HEADER)
		return 0;
	if (tls->phase == POL_TLS_AT_BETWEEN)
		return idle;
	if (idle > tls->skip)
		idle = tls->skip;
	if (tls->phase <= POL_TLS_AT_LENGTH || tls->total >= POL_TLS_LIMIT)
		return 0;
	return idle < POL_TLS_LIMIT - tls->total ? idle : POL_TLS_LIMIT - tls->total;
}

/* `bytes` > 0 of them went by, at most as many as are idle. */
static __always_inline int pol_tls_rush(struct pol_tls *tls, __u32 bytes)
{
	tls->record -= bytes;
	if (!tls->record)
		tls->header = 0;
	if (tls->phase == POL_TLS_AT_BETWEEN)
		return POL_TLS_GOES_ON;
	tls->total += bytes;
	return pol_tls_pass_over(tls, bytes);
}
