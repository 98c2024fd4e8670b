/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Services: an address that nobody has becomes a backend's where a socket connects or sends, before policy is asked and
 * before there is a packet. What the socket called is remembered for as long as others are not called by more
 * sockets: `service_peers` forgets the eldest, and then a caller sees the backend's address instead. No verdict hangs on it.
 */
#pragma once
#include "owner.h"
#include "sockets.h"

struct pol_inner_services {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct pol_service_key));
	__uint(value_size, sizeof(struct pol_service));
};
struct pol_inner_service_slots {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
};
struct pol_inner_backends {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct pol_backend));
};
POL_GENERATION_TABLE(t_services, pol_inner_services);
POL_GENERATION_TABLE(t_service_slots, pol_inner_service_slots);
POL_GENERATION_TABLE(t_backends, pol_inner_backends);

/* An end of a call: IPv4 is mapped, the port in host order. */
struct pol_end {
	struct pol_address address;
	__u32 port;
};

struct pol_service_peer_key {
	__u64 socket; /* its cookie */
	struct pol_address address; /* of the backend */
	__u32 port;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, POL_LIMIT_SERVICE_PEERS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct pol_service_peer_key);
	__type(value, struct pol_end);
} service_peers SEC(".maps");

enum pol_translation { POL_NO_SERVICE, POL_TRANSLATED, POL_NOBODY_READY };

/* Each bit of the result depends on each of the value (the finaliser of MurmurHash3, public domain). */
static __always_inline __u32 pol_mixed(__u32 value)
{
	value = (value ^ (value >> 16)) * 0x85ebca6b;
	value = (value ^ (value >> 13)) * 0xc2b2ae35;
	return value ^ (value >> 16);
}

static __always_inline const struct pol_service *pol_service_find(__u32 slot, const struct pol_end *called, __u8 protocol)
{
	struct pol_service_key key = {.port = called->port, .protocol = protocol};
	void *table = bpf_map_lookup_elem(&t_services, &slot);

	__builtin_memcpy(key.address, &called->address, sizeof(key.address));
	return table ? bpf_map_lookup_elem(table, &key) : 0;
}

static __always_inline const struct pol_backend *pol_backend_at(__u32 slot, __u32 index)
{
	void *slots = bpf_map_lookup_elem(&t_service_slots, &slot);
	void *backends = bpf_map_lookup_elem(&t_backends, &slot);
	const __u32 *at = slots ? bpf_map_lookup_elem(slots, &index) : 0;
	__u32 place;

	if (!at || !backends)
		return 0;
	place = *at;
	return bpf_map_lookup_elem(backends, &place);
}

/*
 * Which slot of the service a socket gets: a client's own, or one for each connection; datagrams of one socket stay with
 * one backend.
 */
static __always_inline __u32 pol_service_draw(const struct pol_service *service, __u32 client, __u64 socket, int is_connection)
{
	__u32 number = pol_mixed((__u32)socket ^ service->salt);

	if (service->affinity)
		number = pol_mixed((client ? client : (__u32)socket) ^ service->salt);
	else if (is_connection)
		number = bpf_get_prandom_u32();
	return service->count ? number % service->count : 0;
}

/* Puts the backend in the place of the service that `called` is. `client`: endpoint id of the caller. */
POL_GLOBAL int pol_service_translate(struct pol_end *called, __u32 slot, __u64 socket, __u64 how)
{
	const struct pol_backend *backend;
	struct pol_service_peer_key key = {.socket = socket};
	const struct pol_service *service;
	struct pol_end wanted;
	__u32 client = how >> 32;

	if (!called)
		return POL_NO_SERVICE;
	wanted = *called;
	service = pol_service_find(slot, &wanted, how & 0xff);
	if (!service)
		return POL_NO_SERVICE;
	backend = service->count ? pol_backend_at(slot, service->first + pol_service_draw(service, client, socket, how >> 8 & 1)) : 0;
	if (!backend)
		return POL_NOBODY_READY;
	__builtin_memcpy(&called->address, backend->address, sizeof(called->address));
	called->port = backend->port;
	key.address = called->address;
	key.port = called->port;
	bpf_map_update_elem(&service_peers, &key, &wanted, BPF_ANY);
	return POL_TRANSLATED;
}

/* `how` of pol_service_translate. */
static __always_inline __u64 pol_call_of(__u32 client, __u8 protocol, int is_connection)
{
	return (__u64)client << 32 | (is_connection ? 1 << 8 : 0) | protocol;
}

/* What this socket called, where `end` is a backend that it was given; `end` is left alone where it was not. */
static __always_inline int pol_service_called(__u64 socket, struct pol_end *end)
{
	struct pol_service_peer_key key = {.socket = socket, .address = end->address, .port = end->port};
	const struct pol_end *called = bpf_map_lookup_elem(&service_peers, &key);

	if (called)
		*end = *called;
	return !!called;
}
