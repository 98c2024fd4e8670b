/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The other way of connect.bpf.c: where a socket asks whom it speaks with, a backend that it was given has the address of
 * the service that it called. These hooks can refuse nothing.
 */
#include "../include/service.h"

static __always_inline int pol_answer_ipv4(struct bpf_sock_addr *context)
{
	struct pol_end end = {.port = bpf_ntohs(context->user_port)};

	pol_address_mapped(&end.address, context->user_ip4);
	if (!pol_service_called(bpf_get_socket_cookie(context), &end))
		return 1;
	context->user_ip4 = end.address.word[3];
	context->user_port = bpf_htons(end.port);
	return 1;
}

static __always_inline int pol_answer_ipv6(struct bpf_sock_addr *context)
{
	struct pol_end end = {.port = bpf_ntohs(context->user_port)};

	end.address.word[0] = context->user_ip6[0];
	end.address.word[1] = context->user_ip6[1];
	end.address.word[2] = context->user_ip6[2];
	end.address.word[3] = context->user_ip6[3];
	if (!pol_service_called(bpf_get_socket_cookie(context), &end))
		return 1;
	context->user_ip6[0] = end.address.word[0];
	context->user_ip6[1] = end.address.word[1];
	context->user_ip6[2] = end.address.word[2];
	context->user_ip6[3] = end.address.word[3];
	context->user_port = bpf_htons(end.port);
	return 1;
}

SEC("cgroup/recvmsg4")
int pol_recvmsg4(struct bpf_sock_addr *context)
{
	return pol_answer_ipv4(context);
}

SEC("cgroup/recvmsg6")
int pol_recvmsg6(struct bpf_sock_addr *context)
{
	return pol_answer_ipv6(context);
}

SEC("cgroup/getpeername4")
int pol_getpeername4(struct bpf_sock_addr *context)
{
	return pol_answer_ipv4(context);
}

SEC("cgroup/getpeername6")
int pol_getpeername6(struct bpf_sock_addr *context)
{
	return pol_answer_ipv6(context);
}
