/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Connections whose ClientHello has to be read: tls.bpf.c reads them. */
#pragma once
#include "again.h"
#include "tls-state.h"

static const struct pol_tls_connection pol_tls_connection_new = {};

/* What is known of it from its beginning; NULL where there is no room. Both directions have the client as the one whose bytes are read. */
static __always_inline struct pol_tls_connection *pol_tls_remember(struct bpf_sock_ops *ops, __u64 cookie, __u32 revision,
								   const struct pol_verdict *verdict)
{
	struct pol_tls_connection *connection;

	if (bpf_map_update_elem(&tls_connections, &cookie, &pol_tls_connection_new, BPF_ANY))
		return 0;
	connection = bpf_map_lookup_elem(&tls_connections, &cookie);
	if (!connection)
		return 0;
	connection->hello.phase = POL_TLS_AT_TYPE;
	connection->row = verdict->next;
	connection->action = verdict->action;
	connection->this.revision = revision;
	connection->this.question.slot = revision & 1;
	connection->this.packet.protocol = POL_PROTOCOL_TCP;
	/* For its end: the entry goes with the connection. */
	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
	return connection;
}

/* Takes an accepted connection into inspection; on any failure nothing of it stays, and cgroup_skb refuses its data. 1: it is. */
static __always_inline int pol_tls_accepted(struct bpf_sock_ops *ops, const struct pol_admission *admission)
{
	__u64 cookie = bpf_get_socket_cookie(ops);
	struct pol_tls_connection *connection = pol_tls_remember(ops, cookie, admission->revision, &admission->verdict);
	struct pol_case *this;

	if (!connection)
		return 0;
	this = &connection->this;
	this->question.subject = admission->owner;
	this->question.section = POL_SECTION_INGRESS;
	this->question.point = POL_PROTOCOL_TCP * 65536 + admission->local_port;
	this->peer = admission->peer;
	this->packet.source = admission->peer.address;
	this->packet.destination = admission->local;
	this->packet.source_port = admission->remote_port;
	this->packet.destination_port = admission->local_port;
	/* Refused by the kernel for MPTCP and kernel TLS, whose bytes would not come by here. */
	if (!bpf_sock_hash_update(ops, &tls_sockets, &cookie, BPF_NOEXIST))
		return 1;
	bpf_map_delete_elem(&tls_connections, &cookie);
	return 0;
}

/* The same of a connection that was opened here. */
static __always_inline int pol_tls_opened(struct bpf_sock_ops *ops, struct pol_socket *storage)
{
	struct pol_tls_connection *connection;
	struct pol_case this = {};
	__u64 cookie;

	if (!pol_opened_is_read(ops, storage, &this, POL_DOMAIN_TLS))
		return 0;
	cookie = storage->cookie;
	connection = pol_tls_remember(ops, cookie, this.revision, &this.verdict);
	if (!connection)
		return 0;
	connection->this.question = this.question;
	connection->this.peer = this.peer;
	pol_ops_addresses(ops, &connection->this.packet.source, 0);
	connection->this.packet.destination = this.peer.address;
	connection->this.packet.source_port = storage->local_port;
	connection->this.packet.destination_port = storage->remote_port;
	if (!bpf_sock_hash_update(ops, &tls_senders, &cookie, BPF_NOEXIST))
		return 1;
	bpf_map_delete_elem(&tls_connections, &cookie);
	return 0;
}
