/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What a connection whose bytes are read comes to under another generation than the one that admitted it. */
#pragma once
#include "../include/case.h"
#include "../include/sockets.h"

/* `question` has subject, section and point, `peer` who it was. */
static __always_inline void pol_connection_again(struct pol_generation now, struct pol_question *question, struct pol_peer *peer,
						 struct pol_verdict *verdict)
{
	__u32 found;

	question->slot = now.slot;
	/* Who was found by socket stays who it was: only the address can be asked again. */
	found = pol_endpoint_of_address(now.slot, &peer->address);
	if (found > POL_ENDPOINT_HOST || !pol_endpoint_find(now.slot, peer->endpoint))
		peer->endpoint = found;
	if (!now.revision || question->subject == POL_OWNER_UNKNOWN)
		pol_verdict_fixed(verdict, POL_ACTION_DENY, POL_CAUSE_INTERNAL);
	else if (question->subject == POL_ENDPOINT_NONE)
		pol_verdict_fixed(verdict, POL_ACTION_ALLOW, POL_CAUSE_DEFAULT_ALLOW);
	else
		pol_verdict_decide(question, peer, verdict);
}

/* The same of a socket that a workload has opened. */
static __always_inline void pol_sender_decide(struct pol_generation now, struct bpf_sock *sk, struct pol_socket *storage,
					      struct pol_question *question, struct pol_peer *peer, struct pol_verdict *verdict)
{
	question->section = POL_SECTION_EGRESS;
	question->point = POL_PROTOCOL_TCP * 65536 + storage->remote_port;
	question->subject = pol_socket_owner(now, sk, storage);
	peer->address = storage->remote;
	peer->endpoint = storage->peer;
	pol_connection_again(now, question, peer, verdict);
}

/* The same when it is opened: are its bytes read as `domain`? Then `verdict` says how, and what leaves is approved from here on. */
static __always_inline int pol_opened_is_read(struct bpf_sock_ops *ops, struct pol_socket *storage, struct pol_case *this, __u8 domain)
{
	struct pol_generation now = pol_generation_read();

	if (!ops->sk)
		return 0;
	this->revision = now.revision;
	pol_sender_decide(now, ops->sk, storage, &this->question, &this->peer, &this->verdict);
	if (this->verdict.action != POL_ACTION_INSPECT || this->verdict.domain != domain)
		return 0;
	storage->cookie = bpf_get_socket_cookie(ops);
	storage->approved = ops->snd_nxt;
	storage->domain = domain;
	return 1;
}
