/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Connections that workloads open and whose requests are read: send.bpf.c reads them. */
#pragma once
#include "stream.h"

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, POL_RESPONSE_CONNECTIONS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u64); /* socket cookie */
	__uint(value_size, sizeof(__u64));
} http_senders SEC(".maps");

/*
 * Takes a connection that was opened here into inspection, if its verdict is `inspect`, or allows it to a port whose requests are
 * told. Which of them (POL_SOCKET_*), or 0.
 */
static __always_inline int pol_send_inspect(struct bpf_sock_ops *ops, struct pol_socket *storage)
{
	struct pol_generation now = pol_generation_read();
	struct pol_question question = {
		.slot = now.slot,
		.section = POL_SECTION_EGRESS,
		.point = POL_PROTOCOL_TCP * 65536 + storage->remote_port,
	};
	struct pol_peer peer = {.address = storage->remote, .endpoint = storage->peer};
	struct pol_connection *connection;
	struct pol_verdict verdict;
	__u64 cookie;
	int observed;

	question.subject = pol_socket_owner(now, ops->sk, storage);
	if (!now.revision || question.subject == POL_OWNER_UNKNOWN || question.subject == POL_ENDPOINT_NONE)
		return 0;
	pol_verdict_decide(&question, &peer, &verdict);
	observed = verdict.action == POL_ACTION_ALLOW && pol_port_is_observed(storage->remote_port);
	if (!observed && (verdict.action != POL_ACTION_INSPECT || verdict.domain != POL_DOMAIN_HTTP))
		return 0;
	cookie = bpf_get_socket_cookie(ops);
	if (bpf_map_update_elem(&http_connections, &cookie, &pol_connection_new, BPF_ANY))
		return 0;
	connection = bpf_map_lookup_elem(&http_connections, &cookie);
	if (!connection)
		return 0;
	connection->section = POL_SECTION_EGRESS;
	connection->peer = peer;
	connection->local_port = storage->local_port;
	connection->remote_port = storage->remote_port;
	connection->revision = now.revision;
	connection->owner = question.subject;
	connection->row = verdict.next;
	connection->action = verdict.action;
	connection->observed = observed;
	connection->cause = verdict.cause;
	connection->match = verdict.match;
	pol_ops_addresses(ops, &connection->local, 0);
	pol_stream_begins(connection, cookie, ops->rcv_nxt);
	storage->cookie = cookie;
	storage->approved = ops->snd_nxt;
	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
	if (!bpf_sock_hash_update(ops, &http_senders, &cookie, BPF_NOEXIST))
		return observed ? POL_SOCKET_OBSERVED : POL_SOCKET_INSPECTED;
	bpf_map_delete_elem(&http_connections, &cookie);
	return 0;
}
