/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * DNS over TCP (RFC 7766): messages behind lengths of two bytes, decided before they leave. A query is held back until it is
 * whole; a denied one is overwritten with its own answer, REFUSED, and handed back to its socket: nothing of it leaves, and the
 * next one is decided by itself. Where that answer would stand inside of another one, and where there is no query, the
 * write fails with EACCES, and so does every later one: the kernel keeps that verdict.
 */
#include "../include/dns-question.h"
#include "dns-send.h"

enum {
	POL_DNS_PREFIX = 2,
	POL_DNS_WHOLE = 4096, /* messages up to this are held back until they are whole: longer ones cannot be answered */
	POL_DNS_RESPONSE = 0x80, /* third byte of the header */
	POL_DNS_REFUSED = 0x85, /* fourth: recursion available, REFUSED */
};
enum pol_dns_outcome { POL_DNS_DENIED, POL_DNS_ALLOWED, POL_DNS_UNDECIDED };

/* Linux gives the addresses of a message in its context. */
static __always_inline void pol_dns_ends(struct sk_msg_md *msg, struct pol_case *this, const struct pol_socket *storage)
{
	/* All fields first (volatile: they stay there): clang joins loads in branches into one through a chosen pointer. */
	const volatile struct sk_msg_md *context = msg;
	struct pol_address local;
	__u32 ipv4 = context->local_ip4, family = context->family;

	local.word[0] = context->local_ip6[0];
	local.word[1] = context->local_ip6[1];
	local.word[2] = context->local_ip6[2];
	local.word[3] = context->local_ip6[3];
	if (family == POL_FAMILY_IPV4)
		pol_address_mapped(&local, ipv4);
	this->packet.source = local;
	this->packet.destination = storage->remote;
	this->packet.source_port = storage->local_port;
	this->packet.destination_port = storage->remote_port;
	this->packet.protocol = POL_PROTOCOL_TCP;
}

/* Waits until so many bytes are there. Sent without them after all (no room to hold them), they are past what was approved. */
static __always_inline int pol_dns_hold(struct sk_msg_md *msg, __u32 bytes)
{
	bpf_msg_cork_bytes(msg, bytes);
	return SK_PASS;
}

/* `source`: the message, of which all that can be read is in one piece. */
static __always_inline int pol_dns_load(const void *source, struct pol_dns *dns, struct pol_dns_part *part)
{
	const struct sk_msg_md *msg = source;
	__u32 at = POL_DNS_PREFIX + dns->at, length = dns->length - dns->at;
	const __u8 *byte;

	part->read = 0;
	if (dns->at >= dns->length || dns->at >= POL_DNS_BYTES)
		return 0;
	if (length > POL_DNS_BYTES - dns->at)
		length = POL_DNS_BYTES - dns->at;
	if (length > POL_DNS_PART)
		length = POL_DNS_PART;
	/* Changes nothing: the verifier of 6.1 concludes no lower bound from a comparison with 0. */
	length--;
	asm volatile("%0 &= 511" : "+r"(at));
	asm volatile("" : "+r"(length));
	length = (length & (POL_DNS_PART - 1)) + 1;
	part->length = length;
	byte = (const __u8 *)msg->data + at;
	return byte + length <= (const __u8 *)msg->data_end && !bpf_probe_read_kernel(part->byte, length, byte);
}

/* Reads the query behind the length. 1: `dns` holds one. */
POL_GLOBAL int pol_dns_message_read(struct sk_msg_md *msg, struct pol_dns *dns, __u32 slot)
{
	struct pol_tables tables;

	if (!dns || !pol_tables_find(&tables, &t_dns, slot))
		return 0;
	return pol_dns_read(msg, dns, &tables);
}

/* The message has all that its query is decided by. */
POL_GLOBAL int pol_dns_message_judge(struct sk_msg_md *msg, struct pol_case *this, __u32 row, __u32 length)
{
	__u32 class = POL_CLASS_UNDECIDABLE, bytes;
	struct pol_tables tables;
	struct pol_event *event;
	struct pol_dns dns = {};
	int outcome;

	if (!this)
		return POL_DNS_UNDECIDED;
	dns.length = length;
	dns.reason = POL_REASON_NOT_INSPECTABLE;
	if (pol_tables_find(&tables, &t_dns, this->question.slot) && pol_dns_message_read(msg, &dns, this->question.slot)) {
		dns.reason = POL_REASON_NONE;
		class = pol_dns_class(&dns, &tables);
	}
	pol_verdict_at(this->question.slot, row, class, &this->verdict);
	pol_dns_raise(this, &dns);
	outcome = this->verdict.action == POL_ACTION_ALLOW ? POL_DNS_ALLOWED : class ? POL_DNS_DENIED : POL_DNS_UNDECIDED;
	event = pol_event_reserve();
	if (!event)
		return outcome;
	pol_dns_describe(event, this, &dns);
	bytes = pol_dns_shown(&dns);
	if (bytes) {
		/* The verifier of 6.1 wants a lower bound too. */
		bytes--;
		asm volatile("" : "+r"(bytes));
		bytes = (bytes & (POL_LIMIT_EVENT_TEXT - 1)) + 1;
		if (!bpf_probe_read_kernel(event->text, bytes, (const char *)msg->data + POL_DNS_PREFIX + POL_DNS_HEADER))
			event->text_length = bytes;
	}
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return outcome;
}

/* Is an answer still to come, or not read to its end? */
static __always_inline int pol_dns_answer_due(const struct tcp_sock *tcp, const struct pol_socket *storage)
{
	if (storage->pipelined)
		return 1;
	return storage->asked && ((__s32)(tcp->rcv_nxt - storage->mark) <= 0 || tcp->copied_seq != tcp->rcv_nxt);
}

/* The query becomes its answer: as many bytes, the question in its place. */
static __always_inline int pol_dns_refuse(struct sk_msg_md *msg, __u64 cookie)
{
	__u8 *header = (__u8 *)msg->data + POL_DNS_PREFIX;

	if (header + POL_DNS_HEADER > (__u8 *)msg->data_end)
		return SK_DROP;
	/* What it wished of recursion and checking stays. */
	header[2] = (header[2] & 0x01) | POL_DNS_RESPONSE;
	header[3] = (header[3] & 0x10) | POL_DNS_REFUSED;
	return bpf_msg_redirect_hash(msg, &dns_senders, &cookie, BPF_F_INGRESS);
}

/* Remembers the query of a message that leaves now; 0: there is no room, and an answer to it could not be taken. */
POL_GLOBAL int pol_dns_message_note(struct sk_msg_md *msg, const struct pol_case *this, __u64 cookie, __u32 length)
{
	const __u8 *at = (const __u8 *)msg->data + POL_DNS_PREFIX;
	__u64 now = bpf_ktime_get_ns();
	struct pol_question_key key;
	struct pol_asked *asked;
	__u32 bytes = length - POL_DNS_HEADER;
	__u16 type;

	if (!this || length <= POL_DNS_HEADER || at + POL_DNS_HEADER > (const __u8 *)msg->data_end)
		return 0;
	pol_question_key_of_stream(this->question.subject, cookie, &key);
	__builtin_memcpy(&key.id, at, sizeof(key.id));
	asked = pol_asked_make(&key, now);
	at += POL_DNS_HEADER;
	if (bytes > POL_DNS_NAME)
		bytes = POL_DNS_NAME;
	/* The verifier of 6.1 wants a lower bound too. */
	bytes--;
	asm volatile("" : "+r"(bytes));
	bytes = (bytes & 0xff) + 1;
	if (!asked || bpf_probe_read_kernel(asked->name.text, bytes, at))
		return 0;
	bytes = pol_name_settle(&asked->name);
	if (!bytes || bpf_probe_read_kernel(&type, sizeof(type), at + bytes))
		return 0;
	pol_asked_wait(asked, bytes, bpf_ntohs(type), now);
	return 1;
}

/* May a query that is allowed leave? Not one whose answer names addresses that could not be learned. */
static __always_inline int pol_dns_leaves(struct sk_msg_md *msg, struct pol_case *this, const struct pol_socket *storage, __u32 length)
{
	if (!(this->verdict.flags & POL_FLAG_NAMING) || (storage->domain == POL_DOMAIN_DNS && pol_dns_message_note(msg, this, storage->cookie, length)))
		return 1;
	return pol_case_refuse(this, POL_CAUSE_TABLE_FULL);
}

/* One message, or what of it is there. `this->verdict`: of the connection. */
static __always_inline int pol_dns_message(struct sk_msg_md *msg, struct pol_case *this, struct pol_socket *storage)
{
	const struct tcp_sock *tcp = msg->sk ? bpf_skc_to_tcp_sock(msg->sk) : 0;
	__u32 length, needed;
	const __u8 *prefix;
	int outcome;

	/* Something left that was not decided here: where a message begins is not known any more. */
	if (!tcp || tcp->write_seq != storage->approved)
		return SK_DROP;
	if (msg->size < POL_DNS_PREFIX)
		return pol_dns_hold(msg, POL_DNS_PREFIX);
	if (bpf_msg_pull_data(msg, 0, POL_DNS_PREFIX, 0))
		return SK_DROP;
	prefix = msg->data;
	if (prefix + POL_DNS_PREFIX > (const __u8 *)msg->data_end)
		return SK_DROP;
	length = prefix[0] << 8 | prefix[1];
	needed = POL_DNS_PREFIX + (length > POL_DNS_WHOLE ? POL_DNS_BYTES : length);
	if (msg->size < needed)
		return pol_dns_hold(msg, needed);
	if (bpf_msg_pull_data(msg, 0, needed, 0))
		return SK_DROP;
	bpf_msg_apply_bytes(msg, POL_DNS_PREFIX + length);
	outcome = pol_dns_message_judge(msg, this, this->verdict.next, length);
	if (outcome == POL_DNS_ALLOWED && !pol_dns_leaves(msg, this, storage, length))
		outcome = POL_DNS_DENIED;
	if (outcome == POL_DNS_ALLOWED) {
		if (pol_dns_answer_due(tcp, storage))
			storage->pipelined = 1;
		storage->asked = 1;
		storage->mark = tcp->rcv_nxt;
		storage->approved += POL_DNS_PREFIX + length;
		return SK_PASS;
	}
	if (outcome == POL_DNS_DENIED && length <= POL_DNS_WHOLE && !pol_dns_answer_due(tcp, storage))
		return pol_dns_refuse(msg, storage->cookie);
	return SK_DROP;
}

SEC("sk_msg")
int pol_dns_send(struct sk_msg_md *msg)
{
	struct pol_generation now = pol_generation_read();
	struct pol_socket *storage;
	struct pol_case this = {};

	storage = msg->sk ? bpf_sk_storage_get(&sockets, msg->sk, 0, 0) : 0;
	if (!storage || !storage->inspected)
		return SK_DROP;
	/* The kernel takes what was asked for an earlier message for this one too. */
	bpf_msg_cork_bytes(msg, 0);
	pol_sender_decide(now, msg->sk, storage, &this.question, &this.peer, &this.verdict);
	/* Not read, so not approved either: a rule that comes later finds no beginning of a message. */
	if (this.verdict.action == POL_ACTION_ALLOW)
		return SK_PASS;
	if (this.verdict.action != POL_ACTION_INSPECT || this.verdict.domain != POL_DOMAIN_DNS)
		return SK_DROP;
	this.revision = now.revision;
	pol_dns_ends(msg, &this, storage);
	return pol_dns_message(msg, &this, storage);
}
