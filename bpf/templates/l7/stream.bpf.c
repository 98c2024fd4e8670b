/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Connections as they begin and end: who accepted and who opened them, and which go into the sockhashes whose programs read
 * their requests (receive.bpf.c, send.bpf.c). Every network policy has this one, those two only where there are such rules.
 */
#include "dns-send.h"
#include "send.h"
#include "tls-accept.h"

/* A connection that this end opened is there: are its requests read? */
static __always_inline void pol_connection_opened(struct bpf_sock_ops *ops, struct pol_socket *storage)
{
	__u32 action = pol_word_load(&storage->verdict);

	if (action == POL_ACTION_INSPECT)
		storage->inspected = pol_send_inspect(ops, storage) || pol_dns_inspect(ops, storage) || pol_tls_opened(ops, storage);
	else if (action == POL_ACTION_ALLOW && pol_port_is_observed(storage->remote_port))
		storage->inspected = pol_send_inspect(ops, storage);
}

SEC("sockops")
int pol_sock_ops(struct bpf_sock_ops *ops)
{
	struct pol_admission admission;
	struct pol_socket *storage;
	__u64 cookie;

	switch (ops->op) {
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		storage = ops->sk ? bpf_sk_storage_get(&sockets, ops->sk, 0, 0) : 0;
		/* Both sides opened it at once (RFC 9293, 3.5): no listener had it, and it is still the one that was opened here. */
		if (storage && storage->role == POL_ROLE_ACTIVE) {
			pol_connection_opened(ops, storage);
			break;
		}
		storage = pol_socket_accept(ops, &admission);
		if (storage && admission.verdict.action == POL_ACTION_INSPECT && admission.verdict.domain == POL_DOMAIN_HTTP) {
			storage->inspected = pol_stream_inspect(ops, &admission);
		} else if (storage && admission.verdict.action == POL_ACTION_INSPECT && admission.verdict.domain == POL_DOMAIN_TLS) {
			storage->domain = POL_DOMAIN_TLS;
			storage->inspected = pol_tls_accepted(ops, &admission);
		} else if (storage && admission.verdict.action == POL_ACTION_ALLOW && pol_port_is_observed(admission.local_port) &&
			   pol_stream_inspect(ops, &admission)) {
			storage->inspected = POL_SOCKET_OBSERVED;
		}
		break;
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		storage = ops->sk ? bpf_sk_storage_get(&sockets, ops->sk, 0, 0) : 0;
		if (storage)
			pol_connection_opened(ops, storage);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		if (ops->args[1] == BPF_TCP_CLOSE) {
			cookie = bpf_get_socket_cookie(ops);
			bpf_map_delete_elem(&http_connections, &cookie);
			bpf_map_delete_elem(&tls_connections, &cookie);
		}
		break;
	}
	return 1;
}
