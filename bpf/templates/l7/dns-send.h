/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Connections that workloads open and whose DNS queries are read: dns.bpf.c reads them. */
#pragma once
#include "../include/dns-stream.h"
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
	struct bpf_sock *sk = ops->sk;
	struct pol_case this = {};
	__u64 cookie;

	if (!pol_opened_is_read(ops, storage, &this, POL_DOMAIN_DNS))
		return 0;
	cookie = storage->cookie;
	if (!pol_dns_stream_begin(sk, cookie, ops->rcv_nxt))
		return 0;
	/* Refused by the kernel for MPTCP and kernel TLS, whose bytes would not come by. */
	return !bpf_sock_hash_update(ops, &dns_senders, &cookie, BPF_NOEXIST);
}
