/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Calls that policy denies fail at once with EPERM: connect (TCP, UDP) and sendto on an unconnected UDP socket. These
 * hooks only refuse what cgroup_skb would certainly refuse too; what they are not sure of, and what is to be dropped
 * without a word, passes on to it, and what passes is counted there, with its first packet.
 */
#include "../include/case.h"
#include "../include/datagram.h"
#include "../include/service.h"
#include "../include/shared-port.h"
#include "../include/sockets.h"
#include "../include/translated.h"

enum {
	POL_NUMBER_UDPLITE = 136,
	/* Data of such a socket leaves through shared memory or RDMA once it is connected: no packet to decide. */
	POL_NUMBER_SMC = 256,
};
enum pol_call { POL_CALL_CONNECT, POL_CALL_SEND };

/* Transport of the flow that the call would begin; 0 where the hook cannot know it. */
static __always_inline int pol_call_transport(struct pol_packet *packet, __u32 protocol, __u16 port)
{
	packet->destination_port = port;
	packet->number = protocol;
	if (protocol == POL_NUMBER_TCP) {
		packet->protocol = POL_PROTOCOL_TCP;
	} else if (protocol == POL_NUMBER_UDP) {
		packet->protocol = POL_PROTOCOL_UDP;
	} else if (protocol == POL_NUMBER_UDPLITE) {
		packet->protocol = POL_PROTOCOL_OTHER;
		packet->destination_port = protocol;
	} else {
		return 0;
	}
	packet->point = packet->protocol * 65536 + packet->destination_port;
	return 1;
}

/*
 * An unspecified destination is this machine (RFC 1122 forbids it on the wire): the socket's own address if it has one,
 * else loopback. Afterwards IPv4 is mapped, whichever family the call came in.
 */
static __always_inline void pol_call_destination(struct pol_case *this, int ipv4)
{
	struct pol_address *to = &this->packet.destination;

	if (ipv4 && to->word[3] == 0)
		to->word[3] = this->packet.source.word[3] ? this->packet.source.word[3] : bpf_htonl(0x7f000001);
	if (!ipv4 && !to->word[0] && !to->word[1] && !to->word[2] && !to->word[3])
		to->word[3] = bpf_htonl(1);
}

/* Is this a reply, or the next packet of a flow? Then cgroup_skb knows what to do. */
static __always_inline int pol_call_continues(const struct pol_case *this)
{
	struct pol_flow_key key;

	if (this->packet.protocol == POL_PROTOCOL_TCP || (this->packet.protocol == POL_PROTOCOL_UDP && !pol_case_local_port(this)))
		return 0;
	pol_flow_key_of(this, POL_ICMP_MESSAGE, &key);
	return !!pol_flow_find(&key, bpf_ktime_get_ns());
}

/* Is the socket bound to the called address itself? One bound to all addresses may be a namesake of the one called. */
static __always_inline int pol_socket_has_address(const struct bpf_sock *sk, const struct pol_address *address)
{
	/* All fields first (volatile: they stay there): clang joins loads in branches into one through a chosen pointer. */
	const volatile struct bpf_sock *fields = sk;
	__u32 ipv4 = fields->src_ip4;
	struct pol_address ipv6 = {.word = {fields->src_ip6[0], fields->src_ip6[1], fields->src_ip6[2], fields->src_ip6[3]}};

	return sk->family == POL_FAMILY_IPV4 ? ipv4 == address->word[3] : pol_address_equal(&ipv6, address);
}

enum pol_certainty { POL_PEER_CERTAIN, POL_PEER_EITHER, POL_PEER_UNTOLD };

/*
 * Who is called. Over loopback and on the host's addresses the socket says it, on a workload's own address the address.
 * An address in no list may be in the world, or one that workloads of this network namespace share: then, if there is a
 * socket with that port here, it is either, and `*other` is the other one.
 */
static __always_inline int pol_call_peer(void *context, struct pol_case *this, __u32 *other)
{
	struct bpf_sock *sk = pol_peer_socket(context, this);
	__u32 owner;
	int exact, mixed;

	this->peer.endpoint = pol_endpoint_of_address(this->question.slot, &this->peer.address);
	/*
	 * Sockets bound to a device are not found from here, but by the packet on it. For a datagram that is soon enough, its
	 * sender still gets EPERM. A connect would time out, on each closed port: so what nobody listens on is the host's.
	 */
	if (!sk)
		return this->peer.endpoint == POL_ENDPOINT_HOST && this->packet.protocol != POL_PROTOCOL_TCP ? POL_PEER_UNTOLD :
													       POL_PEER_CERTAIN;
	exact = pol_socket_has_address(sk, &this->peer.address);
	owner = pol_found_owner(pol_case_generation(this), sk);
	/* Which of them it will be, the source port decides. */
	mixed = pol_port_is_mixed((__u64)pol_socket_address(sk));
	bpf_sk_release(sk);
	if (owner == POL_OWNER_UNKNOWN || mixed)
		return POL_PEER_UNTOLD;
	if (exact || this->peer.endpoint == POL_ENDPOINT_HOST) {
		this->peer.endpoint = owner;
		return POL_PEER_CERTAIN;
	}
	*other = owner;
	return this->peer.endpoint == POL_ENDPOINT_NONE ? POL_PEER_EITHER : POL_PEER_CERTAIN;
}

static __always_inline int pol_call_decide(void *context, struct pol_case *this)
{
	__u32 other = 0;
	int certainty = pol_call_peer(context, this, &other);

	if (certainty == POL_PEER_UNTOLD)
		return POL_ACTION_ALLOW;
	if (certainty == POL_PEER_EITHER) {
		this->peer.endpoint = other;
		if (pol_verdict_decide(&this->question, &this->peer, &this->verdict) != POL_ACTION_DENY)
			return POL_ACTION_ALLOW;
		this->peer.endpoint = POL_ENDPOINT_NONE;
	}
	return pol_verdict_decide(&this->question, &this->peer, &this->verdict);
}

/* 1 pass, 0 EPERM. `this` has the addresses and local port. */
static __always_inline int pol_call_judge(struct bpf_sock_addr *context, struct pol_case *this)
{
	struct pol_generation now = pol_generation_read();
	struct bpf_sock *sk = context->sk;
	struct pol_socket *storage;

	this->revision = now.revision;
	this->question.slot = now.slot;
	this->pid = bpf_get_current_pid_tgid() >> 32;
	pol_case_orient(this, POL_SECTION_EGRESS);
	if (!sk || !now.revision)
		return pol_case_refuse(this, POL_CAUSE_INTERNAL);
	storage = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	this->question.subject = pol_socket_owner(now, sk, storage);
	if (this->question.subject == POL_ENDPOINT_NONE)
		return 1;
	if (this->question.subject == POL_OWNER_UNKNOWN) {
		this->question.subject = POL_ENDPOINT_NONE;
		return pol_case_refuse(this, POL_CAUSE_INTERNAL);
	}
	this->network = pol_network_kept(sk, storage);
	if ((storage && pol_datagram_is_called(this, storage)) || pol_call_continues(this) || pol_call_decide(context, this) != POL_ACTION_DENY) {
		pol_called_keep(storage, this);
		return 1;
	}
	return this->verdict.flags & POL_FLAG_SILENT ? 1 : pol_case_deny(this);
}

enum { POL_ERROR_CONNECTION_REFUSED = 111 };

/* A call of a service goes to a backend from here on: `called` is the backend then. */
static __always_inline enum pol_translation pol_call_translate(struct bpf_sock_addr *context, struct pol_end *called, enum pol_call call)
{
	__u8 protocol = context->protocol == POL_NUMBER_TCP ? POL_PROTOCOL_TCP : POL_PROTOCOL_UDP;
	struct pol_generation now = pol_generation_read();
	struct bpf_sock *sk = context->sk;
	struct pol_socket *storage;
	__u32 client;

	if (!now.revision || !sk || (protocol == POL_PROTOCOL_UDP && context->protocol != POL_NUMBER_UDP))
		return POL_NO_SERVICE;
	if (!pol_service_find(now.slot, called, protocol))
		return POL_NO_SERVICE;
	storage = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	client = pol_socket_owner(now, sk, storage);
	/* What is outside of every workload calls services by itself, whether a policy governs it or not. */
	if (client == POL_ENDPOINT_HOST)
		return POL_NO_SERVICE;
	return pol_service_translate(called, now.slot, bpf_get_socket_cookie(context), pol_call_of(client, protocol, call == POL_CALL_CONNECT));
}

/* What a service without a backend answers: a reset, as a port that nobody listens on. */
static __always_inline int pol_call_unanswered(void)
{
	bpf_set_retval(-POL_ERROR_CONNECTION_REFUSED);
	return 0;
}

static __always_inline int pol_call_ipv4(struct bpf_sock_addr *context, enum pol_call call)
{
	struct pol_end called = {.port = bpf_ntohs(context->user_port)};
	struct pol_case this = {};
	enum pol_translation found;

	pol_address_mapped(&called.address, context->user_ip4);
	found = pol_call_translate(context, &called, call);
	if (found == POL_NOBODY_READY)
		return pol_call_unanswered();
	if (found == POL_TRANSLATED) {
		context->user_ip4 = called.address.word[3];
		context->user_port = bpf_htons(called.port);
	}
	if (!pol_call_transport(&this.packet, context->protocol, called.port))
		return 1;
	this.packet.destination = called.address;
	if (call == POL_CALL_SEND)
		pol_address_mapped(&this.packet.source, context->msg_src_ip4);
	else
		pol_address_mapped(&this.packet.source, context->sk ? context->sk->src_ip4 : 0);
	this.packet.source_port = context->sk ? context->sk->src_port : 0;
	pol_call_destination(&this, 1);
	return pol_call_judge(context, &this) != 0;
}

static __always_inline int pol_call_ipv6(struct bpf_sock_addr *context, enum pol_call call)
{
	struct pol_end called = {.port = bpf_ntohs(context->user_port)};
	struct pol_case this = {};
	struct bpf_sock *sk = context->sk;
	struct pol_address *to = &this.packet.destination;
	struct pol_address *from = &this.packet.source;
	enum pol_translation found;

	called.address.word[0] = context->user_ip6[0];
	called.address.word[1] = context->user_ip6[1];
	called.address.word[2] = context->user_ip6[2];
	called.address.word[3] = context->user_ip6[3];
	found = pol_call_translate(context, &called, call);
	if (found == POL_NOBODY_READY)
		return pol_call_unanswered();
	if (found == POL_TRANSLATED) {
		context->user_ip6[0] = called.address.word[0];
		context->user_ip6[1] = called.address.word[1];
		context->user_ip6[2] = called.address.word[2];
		context->user_ip6[3] = called.address.word[3];
		context->user_port = bpf_htons(called.port);
	}
	if (!pol_call_transport(&this.packet, context->protocol, called.port))
		return 1;
	*to = called.address;
	if (call == POL_CALL_SEND) {
		from->word[0] = context->msg_src_ip6[0];
		from->word[1] = context->msg_src_ip6[1];
		from->word[2] = context->msg_src_ip6[2];
		from->word[3] = context->msg_src_ip6[3];
	} else if (sk) {
		from->word[0] = sk->src_ip6[0];
		from->word[1] = sk->src_ip6[1];
		from->word[2] = sk->src_ip6[2];
		from->word[3] = sk->src_ip6[3];
	}
	this.packet.source_port = sk ? sk->src_port : 0;
	pol_call_destination(&this, to->word[0] == 0 && to->word[1] == 0 && to->word[2] == bpf_htonl(0xffff));
	return pol_call_judge(context, &this) != 0;
}

SEC("cgroup/connect4")
int pol_connect4(struct bpf_sock_addr *context)
{
	return pol_call_ipv4(context, POL_CALL_CONNECT);
}

SEC("cgroup/connect6")
int pol_connect6(struct bpf_sock_addr *context)
{
	return pol_call_ipv6(context, POL_CALL_CONNECT);
}

SEC("cgroup/sendmsg4")
int pol_sendmsg4(struct bpf_sock_addr *context)
{
	return pol_call_ipv4(context, POL_CALL_SEND);
}

SEC("cgroup/sendmsg6")
int pol_sendmsg6(struct bpf_sock_addr *context)
{
	return pol_call_ipv6(context, POL_CALL_SEND);
}

/*
 * Sockets that walk past every hook above, refused to whoever a policy selects. The kernel calls this for AF_INET and
 * AF_INET6 only; packet, XDP and vsock sockets do not come by (bpf/README.md says what that leaves open).
 */
SEC("cgroup/sock_create")
int pol_sock_create(struct bpf_sock *sk)
{
	struct pol_generation now = pol_generation_read();
	const struct pol_endpoint *subject;
	struct pol_case this = {};

	if (sk->protocol != POL_NUMBER_SMC)
		return 1;
	this.revision = now.revision;
	this.pid = bpf_get_current_pid_tgid() >> 32;
	this.packet.protocol = POL_PROTOCOL_OTHER;
	this.question.slot = now.slot;
	this.question.section = POL_SECTION_EGRESS;
	if (!now.revision)
		return pol_case_refuse(&this, POL_CAUSE_INTERNAL) != 0;
	this.question.subject = pol_owner_of_current(now.slot);
	if (this.question.subject == POL_ENDPOINT_NONE)
		return 1;
	subject = pol_endpoint_find(now.slot, this.question.subject);
	if (subject && subject->subject_class == 0)
		return 1;
	return pol_case_refuse(&this, POL_CAUSE_PACKET_SOCKET) != 0;
}

/* Numbers of the kernel's interface (include/uapi/linux/in.h, in6.h, tcp.h, asm-generic/socket.h). */
enum {
	POL_LEVEL_IP = 0,
	POL_LEVEL_SOCKET = 1,
	POL_LEVEL_TCP = 6,
	POL_LEVEL_IPV6 = 41,
	POL_IP_FREEBIND = 15,
	POL_IP_TRANSPARENT = 19,
	POL_IPV6_TRANSPARENT = 75,
	POL_IPV6_FREEBIND = 78,
	POL_SO_RCVLOWAT = 18,
	POL_TCP_ULP = 31,
};

/* Why this option is not for workloads that a policy selects, or 0. */
static __always_inline __u32 pol_option_cause(int level, int name)
{
	/* A socket with a foreign address, that others would be told apart by. */
	if (level == POL_LEVEL_IP && (name == POL_IP_FREEBIND || name == POL_IP_TRANSPARENT))
		return POL_CAUSE_FORGED_SOURCE;
	if (level == POL_LEVEL_IPV6 && (name == POL_IPV6_FREEBIND || name == POL_IPV6_TRANSPARENT))
		return POL_CAUSE_FORGED_SOURCE;
	/* Data that is not told of when it comes never meets the stream program, but splice(2) reads it. */
	if ((level == POL_LEVEL_SOCKET && name == POL_SO_RCVLOWAT) || (level == POL_LEVEL_TCP && name == POL_TCP_ULP))
		return POL_CAUSE_UNINSPECTABLE;
	return 0;
}

/* The value that the kernel will see: an int, or one byte for those who pass less. */
static __always_inline int pol_option_value(struct bpf_sockopt *context)
{
	__u8 *value = context->optval;
	__u8 *end = context->optval_end;

	if (value + sizeof(int) <= end && context->optlen >= (int)sizeof(int))
		return *(int *)value;
	return value + 1 <= end ? *value : 0;
}

SEC("cgroup/setsockopt")
int pol_setsockopt(struct bpf_sockopt *context)
{
	__u32 cause = pol_option_cause(context->level, context->optname);
	struct pol_generation now = pol_generation_read();
	struct bpf_sock *sk = context->sk;
	const struct pol_endpoint *subject;
	struct pol_case this = {};
	struct pol_socket *storage;
	int value;

	if (!cause) {
		/* As the caller has it, be it longer than the page that a program is shown. */
		context->optlen = 0;
		return 1;
	}
	value = pol_option_value(context);
	/* Not the caller's memory, in which another thread may write: what was looked at here. */
	if ((cause == POL_CAUSE_FORGED_SOURCE || context->level == POL_LEVEL_SOCKET) && context->optlen > (int)sizeof(int))
		context->optlen = sizeof(int);
	if (cause == POL_CAUSE_FORGED_SOURCE && !value)
		return 1;
	if (cause == POL_CAUSE_UNINSPECTABLE && context->optname == POL_SO_RCVLOWAT && (value == 0 || value == 1))
		return 1;
	this.revision = now.revision;
	this.packet.protocol = POL_PROTOCOL_OTHER;
	this.question.slot = now.slot;
	this.question.section = POL_SECTION_EGRESS;
	if (!sk || !now.revision)
		return pol_case_refuse(&this, POL_CAUSE_INTERNAL) != 0;
	storage = bpf_sk_storage_get(&sockets, sk, 0, 0);
	/* Only of a connection that is read: on its listener the option is seen by the packet programs. */
	if (cause == POL_CAUSE_UNINSPECTABLE && !(storage && storage->inspected == POL_SOCKET_INSPECTED))
		return 1;
	this.question.subject = pol_socket_owner(now, sk, storage);
	/* The host's own programs may listen on addresses that come later; nobody is told apart from the host by them. */
	if (this.question.subject == POL_ENDPOINT_NONE || this.question.subject == POL_ENDPOINT_HOST)
		return 1;
	subject = pol_endpoint_find(now.slot, this.question.subject);
	if (subject && subject->subject_class == 0)
		return 1;
	return pol_case_refuse(&this, cause) != 0;
}
