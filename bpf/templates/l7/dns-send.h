/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Connections that workloads open and whose DNS queries are read: dns.bpf.c reads them. */
#pragma once
#include "again.h"

enum { POL_DNS_CONNECTIONS = 65536 };

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, POL_DNS_CONNECTIONS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u64); /* socket cookie */
	__uint(value_size, sizeof(__u64));
} dns_senders SEC(".maps");

/* Takes a connection that was opened here into inspection, if its queries have to be read. 1: it is. */
static __always_inline int pol_dns_inspect(struct bpf_sock_ops *ops, struct pol_socket *storage)
{
	struct pol_generation now = pol_generation_read();
	struct pol_question question = {};
	struct pol_verdict verdict;
	struct pol_peer peer = {};
	__u64 cookie;

	if (!ops->sk)
		return 0;
	pol_sender_decide(now, ops->sk, storage, &question, &peer, &verdict);
	if (verdict.action != POL_ACTION_INSPECT || verdict.domain != POL_DOMAIN_DNS)
		return 0;
	cookie = bpf_get_socket_cookie(ops);
	storage->cookie = cookie;
	storage->approved = ops->snd_nxt;
	/* Refused by the kernel for MPTCP and kernel TLS, whose bytes would not come by. */
	return !bpf_sock_hash_update(ops, &dns_senders, &cookie, BPF_NOEXIST);
}
