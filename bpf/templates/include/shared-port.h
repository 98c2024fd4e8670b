/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Sockets that share a port (SO_REUSEPORT), perhaps of several workloads. Callers are told who the other end is by a
 * look-up, which chooses a socket by the hash of addresses and ports, as the kernel does when it delivers. But a member may
 * have attached a program that chooses otherwise, and that no look-up runs: then one workload would be reached in the
 * name of another. So what comes to such a socket must be its owner's by the look-up, too.
 */
#pragma once
#include "case.h"

struct sock_reuseport {
	__u16 num_socks;
	struct sock *socks[1];
} __attribute__((preserve_access_index));
struct sock___sharing {
	struct sock_reuseport *sk_reuseport_cb;
} __attribute__((preserve_access_index));

/* More members than that are not looked through. */
enum { POL_SHARING_SOCKETS = 64 };
enum { POL_PACKET_TYPE_HOST = 0 };

static __always_inline struct sock_reuseport *pol_sharing_of(__u64 socket)
{
	return BPF_CORE_READ((struct sock___sharing *)socket, sk_reuseport_cb);
}

/* Are there sockets of several cgroups among those that share the port of the socket at a kernel address? */
POL_GLOBAL int pol_port_is_mixed(__u64 socket)
{
	struct sock_reuseport *group = pol_sharing_of(socket);
	__u16 count = group ? BPF_CORE_READ(group, num_socks) : 0;
	struct cgroup *own = BPF_CORE_READ((struct sock *)socket, sk_cgrp_data.cgroup);
	struct sock **members;

	if (!group)
		return 0;
	members = (struct sock **)__builtin_preserve_access_index(&group->socks[0]);
	for (int at = 0; at < POL_SHARING_SOCKETS && at < count; at++) {
		struct sock *member = 0;

		if (bpf_probe_read_kernel(&member, sizeof(member), members + at))
			return 1;
		if (BPF_CORE_READ(member, sk_cgrp_data.cgroup) != own)
			return 1;
	}
	return count > POL_SHARING_SOCKETS;
}

/* Does a packet come to a socket that shares its port, though its sender was told of another owner? `socket`: its kernel address. */
POL_GLOBAL int pol_receiver_is_other(struct __sk_buff *skb, const struct pol_case *this, __u64 socket)
{
	struct bpf_sock_tuple tuple;
	struct pol_way way = {};
	struct bpf_sock *found;
	__u32 size, owner;

	/* Multicast goes to every member. */
	if (!this || skb->pkt_type != POL_PACKET_TYPE_HOST || !pol_sharing_of(socket))
		return 0;
	way = (struct pol_way){&this->peer.address, pol_case_local(this), pol_case_remote_port(this), pol_case_local_port(this)};
	size = pol_tuple_fill(&tuple, &way);
	found = this->packet.protocol == POL_PROTOCOL_TCP ? bpf_sk_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0) :
							   bpf_sk_lookup_udp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!found)
		return 1;
	owner = pol_owner_of_socket(this->question.slot, found);
	bpf_sk_release(found);
	return (owner ? owner : POL_ENDPOINT_HOST) != this->question.subject;
}
