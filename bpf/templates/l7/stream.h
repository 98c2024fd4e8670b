/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the programs of both directions share: the connections that are read, and how one of their requests is decided. Each
 * direction has an object of its own: a policy that reads none of what workloads send does without the program for it.
 */
#pragma once
#include "again.h"
#include "answer.h"
#include "message.h"

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, POL_RESPONSE_CONNECTIONS);
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
	connection->section = POL_SECTION_INGRESS;
	connection->peer = admission->peer;
	connection->local = admission->local;
	connection->local_port = admission->local_port;
	connection->remote_port = admission->remote_port;
	connection->revision = admission->revision;
	connection->owner = admission->owner;
	connection->row = admission->verdict.next;
	connection->action = admission->verdict.action;
	connection->observed = admission->verdict.action == POL_ACTION_ALLOW;
	connection->cause = admission->verdict.cause;
	connection->match = admission->verdict.match;
	pol_stream_begins(connection, cookie, ops->snd_nxt);
	/* For its end: the entry goes with the connection. */
	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
	/* Refused by the kernel for MPTCP and kernel TLS, whose bytes would not come by here. */
	if (!bpf_sock_hash_update(ops, &http_sockets, &cookie, BPF_NOEXIST))
		return 1;
	bpf_map_delete_elem(&http_connections, &cookie);
	return 0;
}

/* Decides the connection again under the generation in force. */
static __always_inline void pol_stream_refresh(struct bpf_sock *sk, struct pol_connection *connection, struct pol_generation now)
{
	struct pol_question question = {
		.subject = POL_OWNER_UNKNOWN,
		.section = connection->section,
		.point = POL_PROTOCOL_TCP * 65536,
	};
	struct pol_peer peer = connection->peer;
	struct pol_verdict verdict;

	question.point += connection->section == POL_SECTION_INGRESS ? connection->local_port : connection->remote_port;
	if (sk)
		question.subject = pol_owner_of_socket(now.slot, sk);
	pol_connection_again(now, &question, &peer, &verdict);
	connection->revision = now.revision;
	connection->owner = question.subject;
	connection->peer = peer;
	connection->row = verdict.next;
	connection->action = verdict.action;
	connection->cause = verdict.cause;
	connection->match = verdict.match;
	if (verdict.action == POL_ACTION_INSPECT && verdict.domain != POL_DOMAIN_HTTP)
		connection->action = POL_ACTION_DENY;
	if (connection->upgrade)
		pol_stream_upgraded_again(connection);
	pol_stream_replay(connection);
}
