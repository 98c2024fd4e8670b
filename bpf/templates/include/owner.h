/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Whose is it: the innermost workload above a socket or task. Sub-cgroups that a workload makes for itself are not in
 * `t_cgroups` and so belong to it, at any depth for a task; a socket deeper than POL_OWNER_STEPS is denied everything.
 * A workload's own cgroup may stand at most POL_OWNER_LEVELS below the root.
 */
#pragma once
#include <bpf/bpf_core_read.h>
#include "maps.h"

enum {
	POL_OWNER_LEVELS = 16,
	/* More steps than levels: the walk upwards starts at the leaf, which a workload may put far below itself. */
	POL_OWNER_STEPS = 64,
};
/* Endpoint 0 is "no workload". */
#define POL_OWNER_UNKNOWN 0xffffffffu /* no table of cgroups, or too deep: nothing can be said, fail closed */
#define POL_OWNER_NO_SOCKET 0xfffffffeu /* there is no socket whose owner could be told */

/* Endpoint of a cgroup id, 0 if it is no workload's. */
static __always_inline __u32 pol_owner_of_id(void *cgroups, __u64 id)
{
	const __u32 *endpoint = id ? bpf_map_lookup_elem(cgroups, &id) : 0;

	return endpoint ? *endpoint : 0;
}

/* Owner of the current task (exec; tp_btf and other tracing programs). */
static __always_inline __u32 pol_owner_of_current(__u32 slot)
{
	void *cgroups = bpf_map_lookup_elem(&t_cgroups, &slot);

	if (!cgroups)
		return POL_OWNER_UNKNOWN;
	/* Deepest first; a level below the task's own has id 0. Level 0 is the root, never a workload. */
	for (int level = POL_OWNER_LEVELS; level > 0; level--) {
		__u32 owner = pol_owner_of_id(cgroups, bpf_get_current_ancestor_cgroup_id(level));

		if (owner)
			return owner;
	}
	return 0;
}

/* What is read of kernel structs; offsets come from the running kernel's BTF. */
struct kernfs_node {
	__u64 id;
} __attribute__((preserve_access_index));
struct cgroup_subsys_state {
	struct cgroup_subsys_state *parent;
} __attribute__((preserve_access_index));
struct cgroup {
	struct cgroup_subsys_state self; /* first in every kernel: a pointer to it is one to the cgroup */
	struct kernfs_node *kn;
} __attribute__((preserve_access_index));
struct sock_cgroup_data {
	struct cgroup *cgroup;
} __attribute__((preserve_access_index));
struct ns_common {
	unsigned int inum;
} __attribute__((preserve_access_index));
struct net {
	__u64 net_cookie;
	struct ns_common ns;
} __attribute__((preserve_access_index));
typedef struct {
	struct net *net;
} __attribute__((preserve_access_index)) possible_net_t;
struct sock_common {
	possible_net_t skc_net;
} __attribute__((preserve_access_index));
struct sock {
	struct sock_common __sk_common;
	struct sock_cgroup_data sk_cgrp_data;
	int sk_rcvlowat;
	__u8 sk_kern_sock : 1;
} __attribute__((preserve_access_index));
struct inet_connection_sock {
	const void *icsk_ulp_ops;
} __attribute__((preserve_access_index));

/*
 * The verifier lets nobody calculate with a socket's address, and an offset in a kernel struct is a calculation: the
 * address goes to the stack and is read back from there as a number.
 */
static __always_inline struct sock *pol_socket_address(struct bpf_sock *sk)
{
	struct bpf_sock *volatile typed = sk;
	struct sock *plain = 0;

	bpf_probe_read_kernel(&plain, sizeof(plain), (const void *)&typed);
	return plain;
}

/* Owner of the socket at a kernel address; leaf first: mostly one step. */
POL_GLOBAL __u32 pol_owner_of_address(__u32 slot, __u64 address)
{
	void *cgroups = bpf_map_lookup_elem(&t_cgroups, &slot);
	struct cgroup *at;

	if (!cgroups)
		return POL_OWNER_UNKNOWN;
	at = BPF_CORE_READ((struct sock *)address, sk_cgrp_data.cgroup);
	if (!at)
		return POL_OWNER_UNKNOWN;
	for (int step = 0; at && step < POL_OWNER_STEPS; step++) {
		__u32 owner = pol_owner_of_id(cgroups, BPF_CORE_READ(at, kn, id));

		if (owner)
			return owner;
		at = (struct cgroup *)BPF_CORE_READ(at, self.parent);
	}
	/* Not at the root after so many steps: deeper than we look, so nothing can be said. */
	return at ? POL_OWNER_UNKNOWN : 0;
}

/* Is the socket at a kernel address below the workload `endpoint`, at whatever depth (workloads may be nested)? */
POL_GLOBAL int pol_address_is_below(__u32 slot, __u64 address, __u32 endpoint)
{
	void *cgroups = bpf_map_lookup_elem(&t_cgroups, &slot);
	struct cgroup *at;

	if (!cgroups)
		return 0;
	at = BPF_CORE_READ((struct sock *)address, sk_cgrp_data.cgroup);
	for (int step = 0; at && step < POL_OWNER_STEPS; step++) {
		if (pol_owner_of_id(cgroups, BPF_CORE_READ(at, kn, id)) == endpoint)
			return 1;
		at = (struct cgroup *)BPF_CORE_READ(at, self.parent);
	}
	return 0;
}

/*
 * Owner of a full socket, in every program type. Connect hooks and sock_ops have no helper for its cgroup, so it is read
 * from the socket itself; the current task may be another that was handed the descriptor.
 */
static __always_inline __u32 pol_owner_of_socket(__u32 slot, struct bpf_sock *sk)
{
	return pol_owner_of_address(slot, (__u64)pol_socket_address(sk));
}

/*
 * Is the socket at a kernel address, which is no workload's, the host's? One of another network namespace is a container
 * that nobody told us of, not this machine; policyd's own cgroup is left alone, so that it can take back what it did.
 */
POL_GLOBAL __u32 pol_host_of_address(__u64 address)
{
	__u32 zero = 0;
	const struct pol_host *governed = bpf_map_lookup_elem(&host, &zero);
	struct sock *sk = (struct sock *)address;
	struct cgroup *at;

	if (!governed || !governed->network || BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) != governed->network)
		return POL_ENDPOINT_NONE;
	if (!governed->exempt)
		return POL_ENDPOINT_HOST;
	at = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
	for (int step = 0; at && step < POL_OWNER_STEPS; step++) {
		if (BPF_CORE_READ(at, kn, id) == governed->exempt)
			return POL_ENDPOINT_NONE;
		at = (struct cgroup *)BPF_CORE_READ(at, self.parent);
	}
	return POL_ENDPOINT_HOST;
}

/*
 * Do policies for the host hold under this revision? Until somebody has confirmed them they end by themselves, whoever has
 * died meanwhile; those of revisions before were confirmed.
 */
static __always_inline int pol_host_is_governed(__u32 revision)
{
	__u32 zero = 0;
	const struct pol_host *governed = bpf_map_lookup_elem(&host, &zero);
	__u64 until = governed ? *(const volatile __u64 *)&governed->until : 0;

	return governed && governed->network &&
	       (!until || (__s32)(revision - governed->since) < 0 || bpf_ktime_get_ns() < until);
}

enum { POL_SOCKET_RAW = 3 };

/*
 * Does the kernel itself answer through this socket: a reset, an echo reply, an error? What it answers to came by no
 * cgroup, so nobody could have allowed it.
 */
static __always_inline int pol_socket_answers(struct bpf_sock *sk)
{
	return sk->type == POL_SOCKET_RAW && BPF_CORE_READ_BITFIELD_PROBED(pol_socket_address(sk), sk_kern_sock);
}

/*
 * The network namespace of a full socket: a number that no other ever has (Linux 5.14). Read from the socket, as the
 * helper that tells it is not there for cgroup_skb in older kernels.
 */
static __always_inline __u64 pol_network_of_socket(struct bpf_sock *sk)
{
	return BPF_CORE_READ(pol_socket_address(sk), __sk_common.skc_net.net, net_cookie);
}
