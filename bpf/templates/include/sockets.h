/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * State of TCP connections: kept on the socket itself, so it cannot overflow and goes when the socket goes.
 *
 * A listener never gets a stored verdict: SYN and third ACK both run on it, each for another connection. The child
 * appears right after, in the same softirq on the same CPU; what was decided for it waits in `admissions` until
 * sock_ops (passive established) puts it into the child's storage. Whoever does not find his own there is decided anew.
 */
#pragma once
#include "owner.h"
#include "verdict.h"

enum { POL_FAMILY_IPV4 = 2, POL_FAMILY_IPV6 = 10 };
enum { POL_SOCKET_STREAM = 1, POL_SOCKET_DATAGRAM = 2 };
/* The stream program decides its requests, or only tells them. */
enum { POL_SOCKET_INSPECTED = 1, POL_SOCKET_OBSERVED = 2 };
enum { POL_ROLE_UNKNOWN = 0, POL_ROLE_ACTIVE = 1, POL_ROLE_PASSIVE = 2 };

/*
 * One socket. `owner` and `verdict` carry the revision they belong to in their upper half and are read and written as
 * one word, so that no CPU ever sees a new revision with an old answer.
 */
struct pol_socket {
	__u64 owner; /* revision << 32 | endpoint id */
	__u64 verdict; /* revision << 32 | action; only allow and inspect are kept: a denial is decided again each time */
	__u64 network; /* its namespace; 0: not asked yet */
	struct pol_address remote; /* role active: where to, so that another connection of the same socket is told from this; UDP: called last */
	__u16 local_port; /* role active; host order */
	__u16 remote_port;
	__u32 peer; /* endpoint id found when the connection began; see peer_known */
	__u8 role;
	__u8 peer_known; /* 1: `peer` holds, 0 meaning "the address speaks" */
	__u8 inspected; /* POL_SOCKET_INSPECTED, POL_SOCKET_OBSERVED */
	__u8 counted; /* 1: the new flow was counted */
	__u32 approved; /* role active, inspected: sequence number up to which the requests were decided */
	__u64 cookie; /* role active, inspected: the socket's */
	/* Role active, inspected for DNS. */
	__u32 mark; /* next byte to come when the last query had passed */
	__u8 asked; /* a query passed */
	__u8 pipelined; /* several answers were due at once: how many still are cannot be told */
	__u8 domain; /* inspected: what it is read as, POL_DOMAIN_DNS or _TLS; else 0 */
	__u8 translated; /* UDP: answers may come from elsewhere than where its datagrams went (translated.h) */
	/* UDP: the flow that is kept (datagram.h). */
	struct pol_address near;
	struct pol_address far;
	__u16 near_port; /* host order */
	__u16 far_port;
	__u32 looked; /* tick at which a packet went the long way last */
	__u64 row; /* revision << 32 | base of the verdicts of queries */
	__u64 allowed; /* revision << 32 | cause << 8 | match << 4 | action: allow, or inspect */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, int);
	__type(value, struct pol_socket);
} sockets SEC(".maps");

/* What a listener admitted last on this CPU. */
struct pol_admission {
	struct pol_address local;
	struct pol_peer peer; /* with the endpoint that was found by socket or address */
	__u16 local_port; /* host order */
	__u16 remote_port;
	__u32 revision;
	__u32 owner;
	__u32 reserved;
	struct pol_verdict verdict; /* allow, or inspect with the base of the request row */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, struct pol_admission);
} admissions SEC(".maps");

/* What is read of kernel structs; offsets come from the running kernel's BTF. */
struct tcp_sock {
	__u32 write_seq; /* next byte that this end will write */
	__u32 snd_una; /* first byte that the other end has not acknowledged */
	__u32 rcv_nxt; /* next byte that will come */
	__u32 copied_seq; /* next byte that will be read */
} __attribute__((preserve_access_index));

static __always_inline __u64 pol_word(__u32 revision, __u32 value)
{
	return (__u64)revision << 32 | value;
}

static __always_inline void pol_word_store(__u64 *word, __u64 value)
{
	*(volatile __u64 *)word = value;
}

static __always_inline __u64 pol_word_load(const __u64 *word)
{
	return *(const volatile __u64 *)word;
}

/* Addresses of a connection, as sock_ops has them; `remote` may be NULL. An IPv4 connection of an IPv6 socket has mapped ones. */
static __always_inline void pol_ops_addresses(struct bpf_sock_ops *ops, struct pol_address *local, struct pol_address *remote)
{
	const volatile struct bpf_sock_ops *context = ops;
	struct pol_address near, far;
	__u32 local_ip4, remote_ip4;

	/*
	 * All fields first (volatile: they stay there), then the choice: loads in branches are joined by clang into one
	 * through a chosen pointer into the context, which the verifier refuses.
	 */
	near.word[0] = context->local_ip6[0];
	near.word[1] = context->local_ip6[1];
	near.word[2] = context->local_ip6[2];
	near.word[3] = context->local_ip6[3];
	far.word[0] = context->remote_ip6[0];
	far.word[1] = context->remote_ip6[1];
	far.word[2] = context->remote_ip6[2];
	far.word[3] = context->remote_ip6[3];
	local_ip4 = context->local_ip4;
	remote_ip4 = context->remote_ip4;
	if (ops->family == POL_FAMILY_IPV4) {
		pol_address_mapped(&near, local_ip4);
		pol_address_mapped(&far, remote_ip4);
	}
	*local = near;
	if (remote)
		*remote = far;
}

/*
 * BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB: marks the child as accepted and copies into `admission` what its listener
 * admitted. Returns the child's storage; NULL when there is none to be had (out of memory). Where no admission is this
 * connection's, `admission->verdict.action` is POL_ACTION_ABSENT: then nothing is known here, the child's first packet
 * is decided by cgroup_skb, and it must not be taken for inspection.
 *
 * After the socket is in `http_sockets`, set `storage->inspected = 1`. Without it every packet that carries data to a
 * connection whose verdict is `inspect` is denied with the cause `uninspectable`.
 */
static __always_inline struct pol_socket *pol_socket_accept(struct bpf_sock_ops *ops, struct pol_admission *admission)
{
	struct bpf_sock *sk = ops->sk;
	struct pol_admission *last;
	struct pol_address local, remote;
	struct pol_socket *storage;
	__u32 zero = 0;

	__builtin_memset(admission, 0, sizeof(*admission));
	if (!sk)
		return 0;
	storage = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!storage)
		return 0;
	storage->role = POL_ROLE_PASSIVE;
	storage->counted = 1;
	pol_ops_addresses(ops, &local, &remote);
	last = bpf_map_lookup_elem(&admissions, &zero);
	/* remote_port: network order in the upper half of the word. */
	if (!last || !last->revision || last->local_port != ops->local_port || last->remote_port != bpf_ntohl(ops->remote_port) ||
	    !pol_address_equal(&last->local, &local) || !pol_address_equal(&last->peer.address, &remote))
		return storage;
	*admission = *last;
	storage->peer = last->peer.endpoint;
	storage->peer_known = 1;
	pol_word_store(&storage->owner, pol_word(last->revision, last->owner));
	pol_word_store(&storage->verdict, pol_word(last->revision, last->verdict.action));
	return storage;
}

/*
 * Owner of a full socket, from its storage if it was found in this generation (revision and slot belong together). The host stands for
 * itself, whether it is governed or not.
 */
static __always_inline __u32 pol_owner_kept(struct pol_generation now, struct bpf_sock *sk, struct pol_socket *storage)
{
	__u64 known = storage ? pol_word_load(&storage->owner) : 0;
	__u32 owner;

	if (now.revision && known >> 32 == now.revision)
		return known;
	owner = pol_owner_of_socket(now.slot, sk);
	if (owner == POL_ENDPOINT_NONE)
		owner = pol_host_of_address((__u64)pol_socket_address(sk));
	if (storage && owner != POL_OWNER_UNKNOWN)
		pol_word_store(&storage->owner, pol_word(now.revision, owner));
	return owner;
}

/* The subject whose a socket is; NONE where nobody governs it. */
static __always_inline __u32 pol_socket_owner(struct pol_generation now, struct bpf_sock *sk, struct pol_socket *storage)
{
	__u32 owner = pol_owner_kept(now, sk, storage);

	return owner == POL_ENDPOINT_HOST && !pol_host_is_governed(now.revision) ? POL_ENDPOINT_NONE : owner;
}

/*
 * Whose a socket is that a look-up found: the host's where it is no workload's. The way up to a workload's cgroup costs more than
 * all else that is asked of a packet, so it is gone once a generation.
 */
static __always_inline __u32 pol_found_owner(struct pol_generation now, struct bpf_sock *sk)
{
	__u32 owner = pol_owner_kept(now, sk, bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE));

	return owner ? owner : POL_ENDPOINT_HOST;
}

/* The network namespace of a full socket, which never changes. */
static __always_inline __u64 pol_network_kept(struct bpf_sock *sk, struct pol_socket *storage)
{
	__u64 network = storage ? storage->network : 0;

	if (network)
		return network;
	network = pol_network_of_socket(sk);
	if (storage)
		storage->network = network;
	return network;
}
