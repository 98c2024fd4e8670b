/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Asks the decision of verdict.h what a packet would ask, without one: policyd runs this (BPF_PROG_TEST_RUN) over tables that
 * no packet sees, before it switches to a bundle. The data are questions, each with room for its answer.
 */
#include "../include/verdict.h"


static __always_inline int pol_probe_answer(struct __sk_buff *skb, __u32 offset)
{
	struct pol_verdict verdict = {};
	struct pol_question question = {};
	struct pol_peer peer = {};
	struct pol_probe probe;

	if (bpf_skb_load_bytes(skb, offset, &probe, sizeof(probe)))
		return 1;
	question.subject = probe.subject;
	question.section = probe.section;
	question.point = probe.point;
	peer.endpoint = probe.peer;
	__builtin_memcpy(&peer.address, probe.address, sizeof(peer.address));
	pol_verdict_decide(&question, &peer, &verdict);
	return bpf_skb_store_bytes(skb, offset + sizeof(probe), &verdict, sizeof(verdict), 0);
}

SEC("tc")
int pol_verify(struct __sk_buff *skb)
{
	for (__u32 index = 0; index < POL_LIMIT_PROBES; index++)
		if (pol_probe_answer(skb, index * (sizeof(struct pol_probe) + sizeof(struct pol_verdict))))
			return 1;
	return 0;
}
