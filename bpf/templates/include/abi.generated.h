/* SPDX-License-Identifier: Apache-2.0 */
/* Generated from src/compiler/ir/abi.ts by `npm run generate`; do not edit. */
#pragma once
#include <linux/types.h>

#define POL_ABI_VERSION 2

enum {
	POL_ACTION_ABSENT = 0,
	POL_ACTION_ALLOW = 1,
	POL_ACTION_DENY = 2,
	POL_ACTION_INSPECT = 3,
};

enum {
	POL_FLAG_SILENT = 1,
	POL_FLAG_AUDITED = 2,
};

enum {
	POL_SECTION_INGRESS = 0,
	POL_SECTION_EGRESS = 1,
	POL_SECTION_PROCESS = 2,
};

enum {
	POL_MATCH_NONE = 0,
	POL_MATCH_L3_ONLY = 1,
	POL_MATCH_L3_L4 = 2,
	POL_MATCH_L4_ONLY = 3,
	POL_MATCH_ALL = 4,
	POL_MATCH_L3_PROTO = 5,
	POL_MATCH_PROTO_ONLY = 6,
	POL_MATCH_LAYER7 = 7,
};

enum {
	POL_VERDICT_FORWARDED = 1,
	POL_VERDICT_DROPPED = 2,
	POL_VERDICT_AUDIT = 4,
	POL_VERDICT_REDIRECTED = 5,
};

enum {
	POL_PROTOCOL_TCP = 0,
	POL_PROTOCOL_UDP = 1,
	POL_PROTOCOL_SCTP = 2,
	POL_PROTOCOL_ICMP = 3,
	POL_PROTOCOL_ICMPV6 = 4,
	POL_PROTOCOL_OTHER = 5,
	POL_PROTOCOL_HTTP = 6,
	POL_PROTOCOL_EXEC = 7,
};

enum {
	POL_DOMAIN_PACKET = 0,
	POL_DOMAIN_HTTP = 1,
	POL_DOMAIN_EXEC = 2,
};

enum {
	POL_CAUSE_DEFAULT_ALLOW = 0,
	POL_CAUSE_SELF = 1,
	POL_CAUSE_INTERNAL = 2,
	POL_CAUSE_UNINSPECTABLE = 3,
	POL_CAUSE_TABLE_FULL = 4,
	POL_CAUSE_MALFORMED = 5,
	POL_CAUSE_FRAGMENT = 6,
	POL_CAUSE_UNSUPPORTED_FAMILY = 7,
	POL_CAUSE_PACKET_SOCKET = 8,
	POL_CAUSE_UNKNOWN_SENDER = 9,
	POL_CAUSE_FORGED_SOURCE = 10,
	POL_CAUSE_FIRST_DYNAMIC = 16,
};

enum {
	POL_REASON_NONE = 0,
	POL_REASON_MALFORMED_REQUEST = 1,
	POL_REASON_AMBIGUOUS_TARGET = 2,
	POL_REASON_AMBIGUOUS_LENGTH = 3,
	POL_REASON_HEAD_TOO_LONG = 4,
	POL_REASON_NOT_HTTP = 5,
	POL_REASON_UNKNOWN_STREAM_POSITION = 6,
	POL_REASON_NOT_INSPECTABLE = 7,
	POL_REASON_PATH_TOO_LONG = 8,
	POL_REASON_UNNAMED_FILE = 9,
	POL_REASON_UNREADABLE_PATH = 10,
	POL_REASON_UNRESOLVED_SCRIPT = 11,
	POL_REASON_POISONED_CONNECTION = 12,
	POL_REASON_FOREIGN_MOUNTS = 13,
};

enum {
	POL_ENDPOINT_NONE = 0,
	POL_ENDPOINT_HOST = 1,
	POL_ENDPOINT_FIRST_DYNAMIC = 16,
};

enum {
	POL_LOST_RING_FULL = 0,
	POL_LOST_COUNTERS_FULL = 1,
};

enum {
	POL_LIMIT_AUTOMATON_STATES = 8192,
	POL_LIMIT_AUTOMATON_CELLS = 262144,
	POL_LIMIT_CLASSES = 65535,
	POL_LIMIT_EVENT_TEXT = 256,
	POL_LIMIT_SLOTS = 2,
	POL_LIMIT_RING_BYTES = 1048576,
	POL_LIMIT_COUNTERS = 65536,
};

enum {
	POL_INNER_ENTRIES_PREFIXES = 1048576,
	POL_INNER_ENTRIES_ENDPOINTS = 65536,
	POL_INNER_ENTRIES_ADDRESSES = 1048576,
	POL_INNER_ENTRIES_CGROUPS = 65536,
	POL_INNER_ENTRIES_ROWS = 1048576,
	POL_INNER_ENTRIES_VERDICTS = 16777216,
};

/* one element; slot of every per-generation table = revision & 1; revision 0 = nothing loaded: fail closed */
struct pol_config {
	__u32 revision; /* raised by one with each generation */
	__u32 reserved;
};
_Static_assert(sizeof(struct pol_config) == 8, "pol_config");

/* classes of one endpoint in this generation */
struct pol_endpoint {
	__u32 subject_class; /* 0 = no policy selects it: everything is allowed */
	__u32 peer_class; /* same numbers as the classes of the prefix table */
};
_Static_assert(sizeof(struct pol_endpoint) == 8, "pol_endpoint");

/* key of the LPM trie; IPv4 is mapped (length + 96) */
struct pol_prefix_key {
	__u32 length; /* bits */
	__u8 address[16]; /* network order */
};
_Static_assert(sizeof(struct pol_prefix_key) == 20, "pol_prefix_key");

/* which row of verdicts: exec rows have peer_class 0 */
struct pol_row_key {
	__u32 subject_class;
	__u32 peer_class;
	__u32 section; /* 0 ingress, 1 egress, 2 process (exec) */
};
_Static_assert(sizeof(struct pol_row_key) == 12, "pol_row_key");

/* entry of the verdict table at row base + class */
struct pol_verdict {
	__u32 cause; /* who decided; see fixed causes */
	__u32 next; /* action inspect: base of the request row, indexed by request class */
	__u8 action; /* 0 absent (fail closed), 1 allow, 2 deny, 3 inspect */
	__u8 match; /* PolicyMatchType */
	__u8 domain; /* action inspect: 1 http */
	__u8 flags; /* 1 silent denial; 2 only audited: cause and match are those of the denial */
	__u32 reserved;
};
_Static_assert(sizeof(struct pol_verdict) == 16, "pol_verdict");

/* transport point -> port class */
struct pol_ports {
	__u16 class[327936]; /* index: slot * 65536 + value */
};
_Static_assert(sizeof(struct pol_ports) == 655872, "pol_ports");

/* minimal DFA; class of a text = accept[state after its last byte]; class 0 = undecidable, or no text that can be */
struct pol_automaton {
	__u32 states; /* state 0 is the dead state; 0 states = no rule of this domain */
	__u32 classes; /* byte classes: the stride of next */
	__u32 start;
	__u32 reserved;
	__u8 byte_class[256]; /* byte -> column of next */
	__u16 accept[8192]; /* state -> request class */
	__u16 next[262144]; /* next[state * classes + byte_class[byte]] */
};
_Static_assert(sizeof(struct pol_automaton) == 540944, "pol_automaton");

struct pol_counter_key {
	__u32 cause;
	__u8 direction; /* section */
	__u8 protocol; /* event protocol */
	__u8 match; /* PolicyMatchType */
	__u8 verdict; /* Hubble verdict */
};
_Static_assert(sizeof(struct pol_counter_key) == 8, "pol_counter_key");

/* one verdict, for people to look at */
struct pol_event {
	__u64 time; /* nanoseconds, CLOCK_MONOTONIC (bpf_ktime_get_ns) */
	__u32 cause;
	__u32 revision;
	__u32 subject; /* endpoint id */
	__u32 peer; /* endpoint id; 0 = the address alone */
	__u8 source[16];
	__u8 destination[16];
	__u16 source_port; /* host order */
	__u16 destination_port; /* host order; icmp: type * 256 + code; other: protocol number */
	__u8 direction; /* section */
	__u8 protocol; /* event protocol */
	__u8 match; /* PolicyMatchType */
	__u8 verdict; /* Hubble verdict */
	__u8 domain; /* 0 packet, 1 http, 2 exec */
	__u8 reason; /* undecidable reason */
	__u8 tcp_flags; /* as on the wire */
	__u8 reserved;
	__u32 pid; /* exec, connect and sendmsg hooks; else 0 */
	__u32 uid; /* exec, connect and sendmsg hooks; else 0 */
	__u16 text_length; /* bytes of text, before it was cut */
	__u16 reserved2;
	__u8 text[256]; /* http: METHOD SP path; exec: path */
};
_Static_assert(sizeof(struct pol_event) == 336, "pol_event");
