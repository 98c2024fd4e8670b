/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Interfaces of workloads: of one alone, or of several that are told apart by their addresses. Written by policyd before it attaches to one, and taken away after. */
#pragma once
#include "case.h"

enum { POL_INTERFACES = 65536 };
#define POL_INTERFACE_SHARED 0xffffffffu /* in the place of an endpoint: its address says who it is */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POL_INTERFACES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, struct pol_interface);
} interfaces SEC(".maps");

/* Endpoint -> the number of its interface. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POL_INTERFACES);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u32);
} interface_of SEC(".maps");

/* Whose packet it is: `local` is the address on the workload's side. POL_ENDPOINT_NONE: nobody's who is governed here. */
static __always_inline __u32 pol_interface_owner(const struct pol_interface *interface, __u32 slot, __u32 number, const struct pol_address *local)
{
	__u32 owner = interface->endpoint;
	const __u32 *at;

	if (owner != POL_INTERFACE_SHARED)
		return owner;
	owner = pol_endpoint_listed(slot, local);
	at = bpf_map_lookup_elem(&interface_of, &owner);
	return at && *at == number ? owner : POL_ENDPOINT_NONE;
}

/*
 * A new flow that passes a cgroup program. The interface of a workload that has one counts what comes by there: all but
 * what stays on loopback.
 */
static __always_inline void pol_packet_admit(const struct pol_case *this)
{
	__u32 subject = this->question.subject;

	if (this->near || !bpf_map_lookup_elem(&interface_of, &subject))
		pol_case_admit(this);
}
