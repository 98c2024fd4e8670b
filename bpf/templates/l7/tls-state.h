/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What is known of a connection whose ClientHello is read: who speaks, where the reader stands between two bytes, and what the hello
 * says. The names are kept as they were sent: under other tables they are asked again.
 */
#pragma once
#include "../include/case.h"
#include "../include/response.h"

enum {
	POL_TLS_LIMIT = 16384, /* bytes of a hello with the headers of its records; as helloLimit in domains/tls/hello.ts */
	POL_TLS_TEXT = 512, /* bytes of its names, each with two more; as namesLimit */
	POL_TLS_NAME_LIMIT = 253, /* bytes of a server name */
	POL_TLS_SESSION_LIMIT = 32, /* bytes of a session's number */
	POL_TLS_RECORD_LIMIT = 16384,
	POL_TLS_HEADER = 5, /* bytes of the header of a record */
};

/* Slots of the fields, as kernelFields in ir/abi.ts; in `text` they are the kinds of names. */
enum { POL_TLS_SERVER_NAME, POL_TLS_PROTOCOL, POL_TLS_FIELDS };

/* What the next byte belongs to. Behind FIXED it is one of the hello; from EXTENSION on one of an extension. */
enum {
	POL_TLS_AT_BETWEEN, /* a record that begins no hello, or the header of the next */
	POL_TLS_AT_TYPE,
	POL_TLS_AT_LENGTH,
	POL_TLS_AT_FIXED, /* version, random */
	POL_TLS_AT_SESSION_LENGTH,
	POL_TLS_AT_SESSION,
	POL_TLS_AT_CIPHERS_LENGTH,
	POL_TLS_AT_CIPHERS,
	POL_TLS_AT_METHODS_LENGTH,
	POL_TLS_AT_METHODS,
	POL_TLS_AT_BLOCK_LENGTH,
	POL_TLS_AT_EXTENSION_KIND,
	POL_TLS_AT_EXTENSION_LENGTH,
	POL_TLS_AT_EXTENSION,
	POL_TLS_AT_NAMES_LENGTH,
	POL_TLS_AT_NAME_KIND,
	POL_TLS_AT_NAME_LENGTH,
	POL_TLS_AT_NAME,
	POL_TLS_AT_PROTOCOLS_LENGTH,
	POL_TLS_AT_PROTOCOL_LENGTH,
	POL_TLS_AT_PROTOCOL,
};

/* A client's stream as TLS: record by record, and in them one message. All that the reader knows, so that every byte begins anew. */
struct pol_tls {
	__u32 total; /* bytes of the hello so far, the headers of its records too */
	__u32 record; /* bytes of the record at hand that are to come */
	__u32 message; /* of the hello */
	__u32 extension; /* of its extension */
	__u32 skip; /* bytes that nobody looks at */
	__u32 number; /* that is being read */
	__u32 kind; /* of the extension */
	__u16 text_length;
	__u8 header; /* bytes of the record's header that were read */
	__u8 type; /* of the record */
	__u8 digits; /* of the number: bytes that are to come */
	__u8 phase; /* POL_TLS_AT_* */
	__u8 left; /* of the name: bytes that are to come */
	__u8 entry; /* its length */
	__u8 label; /* POL_TLS_LABEL_* */
	__u8 flags; /* POL_TLS_* */
	__u8 reason;
	__u8 odd; /* the protocol has a byte that no protocol has */
	__u8 text[POL_TLS_TEXT]; /* names: kind, length, bytes; as they came, the server name in lower case */
};

/* How far a connection has come. */
enum {
	POL_TLS_READING, /* its first hello is not whole */
	POL_TLS_WALKING, /* that one passed; another one may come */
	POL_TLS_PASSES, /* nothing more of it is looked at */
	POL_TLS_ENDED, /* nothing more of its client passes */
	POL_TLS_CUT, /* nor of its server: it was allowed once, and is not by the policy in force */
};

struct pol_tls_connection {
	struct pol_case this; /* `verdict`: of the last hello */
	struct pol_tls hello;
	__u32 row; /* number of the first verdict of its hellos */
	__u32 held; /* egress: bytes that were read and are held back until there are more */
	__u32 state; /* of the automaton that reads a name */
	__u16 class[POL_TLS_FIELDS]; /* 0: no value */
	__u8 action; /* of the connection */
	__u8 stage; /* POL_TLS_READING ... */
	__u8 event; /* what the last byte that was read brought about */
	__u8 kind; /* of the name that the automaton reads */
	__u8 left; /* bytes of it that are to come */
	__u8 place; /* in the entry: its kind, its length, its bytes */
	__u8 reserved[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POL_RESPONSE_CONNECTIONS);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u64); /* socket cookie */
	__type(value, struct pol_tls_connection);
} tls_connections SEC(".maps");

#define POL_TLS_SOCKETS(name)                                   \
	struct {                                                \
		__uint(type, BPF_MAP_TYPE_SOCKHASH);            \
		__uint(max_entries, POL_RESPONSE_CONNECTIONS);  \
		__uint(pinning, LIBBPF_PIN_BY_NAME);            \
		__type(key, __u64); /* socket cookie */         \
		__uint(value_size, sizeof(__u64));              \
	} name SEC(".maps")

/* Connections that workloads accept, and those that they open. */
POL_TLS_SOCKETS(tls_sockets);
POL_TLS_SOCKETS(tls_senders);

/* Does nothing of the connection pass any more, whoever sends it? */
static __always_inline int pol_tls_is_cut(__u64 cookie)
{
	const struct pol_tls_connection *connection = bpf_map_lookup_elem(&tls_connections, &cookie);

	return connection && connection->stage == POL_TLS_CUT;
}
