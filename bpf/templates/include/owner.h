/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Whose is it: the innermost workload above a socket or task. Sub-cgroups that a workload makes for itself are not in
 * `t_cgroups` and so belong to it. POL_OWNER_LEVELS bounds the depth below the root at which a *workload's own* cgroup
 * may stand; what it makes below is found at any depth by the first two of the three walks, which go by level.
 */
#pragma once
#include <bpf/bpf_core_read.h>
#include "maps.h"

enum {
	POL_OWNER_LEVELS = 16,
	/* More steps than levels: the walk upwards starts at the leaf, which a workload may put deeper than itself. */
	POL_OWNER_STEPS = 64,
};
/* No table of cgroups in this generation: nothing can be said, fail closed. Endpoint 0 is "no workload". */
#define POL_OWNER_UNKNOWN 0xffffffffu

/* Endpoint of a cgroup id, 0 if it is no workload's. */
static __always_inline __u32 pol_owner_of_id(void *cgroups, __u64 id)
{
	const __u32 *endpoint = id ? bpf_map_lookup_elem(cgroups, &id) : 0;

	return endpoint ? *endpoint : 0;
}

/* Owner of a socket, in programs that have bpf_sk_ancestor_cgroup_id (cgroup_skb). `sk`: a full socket. */
static __always_inline __u32 pol_owner_of_socket(__u32 slot, struct bpf_sock *sk)
{
	void *cgroups = bpf_map_lookup_elem(&t_cgroups, &slot);

	if (!cgroups)
		return POL_OWNER_UNKNOWN;
	/* Deepest first; levels below the socket's own give id 0. Level 0 is the root, never a workload. */
	for (int level = POL_OWNER_LEVELS; level > 0; level--) {
		__u32 owner = pol_owner_of_id(cgroups, bpf_sk_ancestor_cgroup_id(sk, level));

		if (owner)
			return owner;
	}
	return 0;
}

/* Owner of the current task (exec; tp_btf and other tracing programs). */
static __always_inline __u32 pol_owner_of_current(__u32 slot)
{
	void *cgroups = bpf_map_lookup_elem(&t_cgroups, &slot);

	if (!cgroups)
		return POL_OWNER_UNKNOWN;
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
struct sock {
	struct sock_cgroup_data sk_cgrp_data;
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

/*
 * Owner of a socket where no helper gives its cgroup (connect and sendmsg hooks, sock_ops): the socket's cgroup is read
 * from the socket itself; the current task may be another that was handed the descriptor. `sk`: a full socket.
 */
POL_SUBPROGRAM __u32 pol_owner_of_full_socket(__u32 slot, struct bpf_sock *sk)
{
	void *cgroups = bpf_map_lookup_elem(&t_cgroups, &slot);
	struct cgroup *at;

	if (!cgroups)
		return POL_OWNER_UNKNOWN;
	if (!sk)
		return 0;
	at = BPF_CORE_READ(pol_socket_address(sk), sk_cgrp_data.cgroup);
	for (int step = 0; at && step < POL_OWNER_STEPS; step++) {
		__u32 owner = pol_owner_of_id(cgroups, BPF_CORE_READ(at, kn, id));

		if (owner)
			return owner;
		at = (struct cgroup *)BPF_CORE_READ(at, self.parent);
	}
	/* Not at the root after so many steps: deeper than we look, so nothing can be said. */
	return at ? POL_OWNER_UNKNOWN : 0;
}
