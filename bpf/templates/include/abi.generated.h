/* SPDX-License-Identifier: Apache-2.0 */
/* Generated from src/compiler/ir/abi.ts by `npm run generate`; do not edit. */
#pragma once
#include <linux/types.h>

#define POL_ABI_VERSION 19

enum {
	POL_ACTION_ABSENT = 0,
	POL_ACTION_ALLOW = 1,
	POL_ACTION_DENY = 2,
	POL_ACTION_INSPECT = 3,
};

enum {
	POL_FLAG_SILENT = 1,
	POL_FLAG_AUDITED = 2,
	POL_FLAG_NAMING = 4,
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
	POL_PROTOCOL_DNS = 8,
	POL_PROTOCOL_TLS = 9,
};

enum {
	POL_DOMAIN_PACKET = 0,
	POL_DOMAIN_HTTP = 1,
	POL_DOMAIN_EXEC = 2,
	POL_DOMAIN_DNS = 3,
	POL_DOMAIN_TLS = 4,
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
	POL_CAUSE_SHARED_PORT = 11,
	POL_CAUSE_UNREADABLE_ANSWER = 12,
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
	POL_REASON_MALFORMED_QUERY = 14,
	POL_REASON_AMBIGUOUS_QUERY = 15,
	POL_REASON_NO_QUERY = 16,
	POL_REASON_AMBIGUOUS_METHOD = 17,
	POL_REASON_NOT_TLS = 18,
	POL_REASON_MALFORMED_HELLO = 19,
	POL_REASON_AMBIGUOUS_HELLO = 20,
	POL_REASON_ENCRYPTED_HELLO = 21,
	POL_REASON_HELLO_TOO_LONG = 22,
};

enum {
	POL_METHOD_OTHER = 0,
	POL_METHOD_GET = 1,
	POL_METHOD_HEAD = 2,
	POL_METHOD_POST = 3,
	POL_METHOD_PUT = 4,
	POL_METHOD_PATCH = 5,
	POL_METHOD_DELETE = 6,
	POL_METHOD_OPTIONS = 7,
};

enum {
	POL_ENDPOINT_NONE = 0,
	POL_ENDPOINT_HOST = 1,
	POL_ENDPOINT_FIRST_DYNAMIC = 16,
};

enum {
	POL_NAMES_LEARNED = 0,
	POL_NAMES_EXPIRED = 1,
	POL_NAMES_REFUSED = 2,
	POL_NAMES_UNREADABLE = 3,
};

enum {
	POL_LOST_RING_FULL = 0,
	POL_LOST_COUNTERS_FULL = 1,
};

enum {
	POL_LIMIT_AUTOMATON_STATES = 8192,
	POL_LIMIT_AUTOMATON_CELLS = 262144,
	POL_LIMIT_REQUEST_FIELDS = 32,
	POL_LIMIT_NAMES_SLOT = 31,
	POL_LIMIT_REQUEST_STATES = 65535,
	POL_LIMIT_REQUEST_CELLS = 1048576,
	POL_LIMIT_NEAR_CELLS = 32768,
	POL_LIMIT_PAGE_CELLS = 2048,
	POL_LIMIT_CLASSES = 65535,
	POL_LIMIT_EVENT_TEXT = 256,
	POL_LIMIT_SLOTS = 2,
	POL_LIMIT_RING_BYTES = 1048576,
	POL_LIMIT_COUNTERS = 65536,
	POL_LIMIT_COUNTER_CELLS = 4096,
	POL_LIMIT_REQUEST_COUNTERS = 4096,
	POL_LIMIT_REQUEST_METHODS = 8,
	POL_LIMIT_DURATION_BUCKETS = 12,
	POL_LIMIT_QUERY_TYPES = 512,
	POL_LIMIT_ANSWER_COUNTERS = 4096,
	POL_LIMIT_NAMES_OF_ADDRESS = 32,
	POL_LIMIT_PROBES = 32,
	POL_LIMIT_SERVICE_PEERS = 65536,
	POL_LIMIT_MEMORY_PAGE = 262144,
	POL_LIMIT_MEMORY_PAGES = 512,
	POL_LIMIT_PORT_BLOCK = 64,
	POL_LIMIT_CHOICE_BLOCK = 16,
	POL_LIMIT_CHOICE_GROUP = 4,
	POL_LIMIT_CHOICE_UNIT = 8,
	POL_LIMIT_ADDRESS_STEPS = 40,
};

enum {
	POL_VERDICT_SHIFT_MATCH = 2,
	POL_VERDICT_SHIFT_FLAGS = 5,
	POL_VERDICT_SHIFT_NUMBER = 8,
	POL_VERDICT_SHIFT_DOMAIN = 28,
};

enum {
	POL_CHOICE_BYTES = 0,
	POL_CHOICE_WIDE = 1,
	POL_CHOICE_GROUPED_BYTES = 2,
	POL_CHOICE_GROUPED_NIBBLES = 3,
};

enum {
	POL_ROW_OWN_BASES = 2147483648,
	POL_ROW_BY_NAME = 1073741824,
};

enum {
	POL_NODE_CLASS = 0,
	POL_NODE_ENDPOINT = 1,
	POL_NODE_BRANCH = 2,
	POL_NODE_SKIP = 3,
};

#define POL_NODE_MISSING 0xffffffffu
#define POL_SUBJECT_NONE 0xffffffffu

enum {
	POL_INNER_ENTRIES_PREFIXES = 1048576,
	POL_INNER_ENTRIES_ENDPOINTS = 1048576,
	POL_INNER_ENTRIES_ADDRESSES = 1048576,
	POL_INNER_ENTRIES_CGROUPS = 65536,
	POL_INNER_ENTRIES_SERVICES = 262144,
	POL_INNER_ENTRIES_SERVICE_SLOTS = 4194304,
	POL_INNER_ENTRIES_BACKENDS = 1048576,
	POL_INNER_ENTRIES_PAGES = 496,
};

/* one element; slot of every per-generation table = revision & 1; revision 0 = nothing loaded: fail closed */
struct pol_config {
	__u32 revision; /* raised by one with each generation */
	__u32 former; /* the revision that is in force again from `until` on; its slot is left alone until then */
	__u64 until; /* nanoseconds, CLOCK_MONOTONIC: nobody has confirmed `revision`; 0 = it stays */
};
_Static_assert(sizeof(struct pol_config) == 16, "pol_config");

/* one element; whom policies for the host are about: sockets outside of every workload */
struct pol_host {
	__u64 until; /* nanoseconds, CLOCK_MONOTONIC: from then on nobody; 0 = for good */
	__u64 exempt; /* number of a cgroup that is not governed; 0 = none */
	__u32 network; /* inode of their network namespace; 0 = no policy governs the host */
	__u32 since; /* revision from which on `until` counts: those before were confirmed */
};
_Static_assert(sizeof(struct pol_host) == 24, "pol_host");

/* first bytes of the decision memory; addresses are bytes from its beginning */
struct pol_memory {
	__u32 endpoints; /* address of a pol_endpoint for each id */
	__u32 endpoint_count;
	__u32 subjects; /* address of three pol_section for each subject class: ingress, egress, process */
	__u32 subject_count;
	__u32 port_classes; /* address of blocks of port classes, u16 */
	__u32 blocks; /* address of blocks of choices; what begins there is all 0 */
	__u32 groups; /* address of groups: for each of its blocks where it begins, in units of 8 bytes */
	__u32 wide_groups; /* 0: these are u16; 1: u32 */
	__u32 cell_bits; /* lowest bits of a cell: its 16 classes (grouped: 64); above the number of their block, or group */
	__u32 addresses; /* peer classes below are of addresses, the others of endpoints */
	__u32 names; /* peer class of class 0 of names; 0 = no rule is about names */
	__u32 ipv4; /* address node */
	__u32 ipv6; /* address node */
	__u32 verdicts; /* address of verdicts, a word each; what is called the number of a verdict counts from here */
	__u32 verdict_count;
	__u32 inspections; /* address of pol_inspection */
	__u32 inspection_count;
	__u16 port_block[5124]; /* transport point / 64 -> block of port classes */
};
_Static_assert(sizeof(struct pol_memory) == 10316, "pol_memory");

/* classes of one endpoint in this generation */
struct pol_endpoint {
	__u32 subject_class; /* 0 = no policy selects it: everything is allowed; all ones = there is no such endpoint */
	__u32 peer_class; /* same numbers as the classes of addresses */
};
_Static_assert(sizeof(struct pol_endpoint) == 8, "pol_endpoint");

/* one section of a subject: which row of verdicts a port class chooses */
struct pol_section {
	__u32 cells; /* address of cells: at [port class / 16] (grouped: / 64) its own, or one of others: then its choices are 0. Lowest two bits: choice form. Wide: two blocks, a choice is u16 */
	__u32 rows; /* address of a pol_row for each choice */
	__u32 starts; /* process: number of the verdict of the first class of program starts */
	__u32 bases; /* number of the verdict of choice 0, of a network; that of an endpoint is the next */
};
_Static_assert(sizeof(struct pol_section) == 16, "pol_section");

/* which verdict a peer class chooses */
struct pol_row {
	__u32 cells; /* as in pol_section, of peer classes */
	__u32 verdicts; /* number of the verdict of choice 1, less one. Highest bit: the two before choice 1 are bases of its own. The next: of what an address and its names choose the lowest but 0 holds */
};
_Static_assert(sizeof(struct pol_row) == 8, "pol_row");

/* address node: bits that all of its blocks have in common */
struct pol_skip {
	__u32 length; /* 1..32 */
	__u32 bits;
	__u32 match; /* address node where they are equal */
	__u32 otherwise; /* address node where they are not */
};
_Static_assert(sizeof(struct pol_skip) == 16, "pol_skip");

/* a network block of a bundle; IPv4 is mapped (length + 96) */
struct pol_prefix_key {
	__u32 length; /* bits */
	__u8 address[16]; /* network order */
};
_Static_assert(sizeof(struct pol_prefix_key) == 20, "pol_prefix_key");

/* what a question comes to */
struct pol_verdict {
	__u32 cause; /* who decided; see fixed causes */
	__u32 next; /* action inspect: number of the first verdict of the request row, indexed by request class */
	__u8 action; /* 0 absent (fail closed), 1 allow, 2 deny, 3 inspect */
	__u8 match; /* PolicyMatchType */
	__u8 domain; /* action inspect: 1 http, 3 dns, 4 tls */
	__u8 flags; /* 1 silent denial; 2 only audited: cause and match are of the denial; 4 the answer to this query names addresses */
	__u32 reserved;
};
_Static_assert(sizeof(struct pol_verdict) == 16, "pol_verdict");

/* what is known of a verdict that is to read requests */
struct pol_inspection {
	__u32 cause; /* of a connection before its first request */
	__u32 next; /* number of the first verdict of the request row; in the highest four bits what is read: 1 http, 3 dns */
};
_Static_assert(sizeof(struct pol_inspection) == 8, "pol_inspection");

/* points from here up to the next piece are of one port class, as it stands in a bundle */
struct pol_port_piece {
	__u32 low; /* transport point: slot * 65536 + value */
	__u32 class;
};
_Static_assert(sizeof(struct pol_port_piece) == 8, "pol_port_piece");

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

/* one request domain: an automaton for each field (slot) that is asked, over cells; class 0 of a field: it has no value */
struct pol_requests {
	__u32 identity; /* of these tables: states and classes of others mean nothing here */
	__u32 asked; /* bit for each slot that a rule asks for */
	__u32 start; /* state before the first slot */
	__u32 classes; /* request classes; 0 = undecidable */
	__u32 next[32]; /* cell next[state * width + byte_class[byte]]: state; 0 is the dead one */
	__u32 accept[32]; /* cell accept[state]: class of the value that ends there, 0 = none can */
	__u32 fold[32]; /* cell fold[class * values + class of one value more]: class; values = 0: there is one value */
	__u32 combine[32]; /* cell combine[state * folded + class]: state at the next slot */
	__u32 live[32]; /* states at this slot; a higher one less this is the request class */
	__u16 width[32]; /* byte classes */
	__u16 begin[32]; /* state before the first byte */
	__u16 values[32]; /* classes of one value, with class 0 */
	__u16 folded[32]; /* classes of all values together, with class 0 */
	__u8 byte_class[8192]; /* byte_class[slot * 256 + byte] */
	__u16 near[32768]; /* the first cells; no others of the struct stand behind them */
};
_Static_assert(sizeof(struct pol_requests) == 74640, "pol_requests");

/* cells of one request domain, behind those in pol_requests */
struct pol_page {
	__u16 cell[2048];
};
_Static_assert(sizeof(struct pol_page) == 4096, "pol_page");

/* a question to pol_verify; a pol_verdict follows */
struct pol_probe {
	__u32 subject; /* endpoint id */
	__u32 peer; /* endpoint id; 0 = the address speaks */
	__u32 section;
	__u32 point; /* transport point */
	__u8 address[16]; /* of the peer; network order, IPv4 is mapped */
};
_Static_assert(sizeof(struct pol_probe) == 32, "pol_probe");

/* what clients of a service name */
struct pol_service_key {
	__u8 address[16]; /* network order; IPv4 is mapped */
	__u16 port; /* host order */
	__u8 protocol; /* transport slot: tcp or udp */
	__u8 reserved;
};
_Static_assert(sizeof(struct pol_service_key) == 20, "pol_service_key");

/* the slots of a service: numbers of backends */
struct pol_service {
	__u32 first;
	__u32 count; /* 0 = nobody is ready */
	__u32 salt; /* makes the choices of different services independent */
	__u32 affinity; /* 1 = a client has a slot for good; else one is drawn */
};
_Static_assert(sizeof(struct pol_service) == 16, "pol_service");

struct pol_backend {
	__u8 address[16]; /* network order; IPv4 is mapped */
	__u16 port; /* host order */
	__u16 reserved;
};
_Static_assert(sizeof(struct pol_backend) == 20, "pol_backend");

/* a DNS name */
struct pol_name {
	__u8 text[256]; /* as on the wire, in lower case: labels behind their lengths; zeros behind */
};
_Static_assert(sizeof(struct pol_name) == 256, "pol_name");

/* a name of peers, by its number */
struct pol_named {
	__u64 class; /* identity of tables << 32 | class under them; of other tables it is asked again */
	__u8 text[256]; /* as in pol_name */
};
_Static_assert(sizeof(struct pol_named) == 264, "pol_named");

/* an address as a workload knows it */
struct pol_named_key {
	__u8 address[16]; /* network order; IPv4 is mapped */
	__u32 subject; /* endpoint id */
	__u32 reserved;
};
_Static_assert(sizeof(struct pol_named_key) == 24, "pol_named_key");

/* the names of an address */
struct pol_names_of {
	__u64 name[32]; /* number of a name << 32 | until when it is known (seconds, CLOCK_BOOTTIME); 0 = free */
};
_Static_assert(sizeof(struct pol_names_of) == 256, "pol_names_of");

/* whose the packets of an interface are; key: its number in the network namespace of policyd */
struct pol_interface {
	__u32 endpoint; /* 0 = nobody has it yet; all ones = of several, their addresses say whose */
	__u16 before; /* bytes of a packet before its IP header */
	__u8 has_cgroup; /* 1 = its sockets are governed by the programs of a cgroup as well, which read requests */
	__u8 reserved;
};
_Static_assert(sizeof(struct pol_interface) == 8, "pol_interface");

struct pol_counter_key {
	__u32 cause;
	__u8 direction; /* section */
	__u8 protocol; /* event protocol */
	__u8 match; /* PolicyMatchType */
	__u8 verdict; /* Hubble verdict */
};
_Static_assert(sizeof(struct pol_counter_key) == 8, "pol_counter_key");

/* a counter of one CPU that stands at the place of its key; all 0 = of none yet */
struct pol_counter_cell {
	__u64 key; /* a pol_counter_key: its verdict is never 0 */
	__u64 count;
};
_Static_assert(sizeof(struct pol_counter_cell) == 16, "pol_counter_cell");

/* requests of inspected connections */
struct pol_request_key {
	__u8 section; /* of the requests */
	__u8 method; /* request method */
	__u8 version; /* 0 HTTP/1.1, 1 HTTP/1.0 */
	__u8 reserved;
	__u32 status; /* of the response; 0 = it was not seen */
};
_Static_assert(sizeof(struct pol_request_key) == 8, "pol_request_key");

/* from a request that passed to the first byte of its response */
struct pol_durations {
	__u64 sum; /* nanoseconds */
	__u64 bucket[12]; /* how many took so long, and no less; the last one has no end */
};
_Static_assert(sizeof(struct pol_durations) == 104, "pol_durations");

/* what a request that was told was answered */
struct pol_response_event {
	__u64 time; /* nanoseconds, CLOCK_MONOTONIC */
	__u64 connection; /* as in the pol_event of the request */
	__u64 latency; /* nanoseconds from the request to the status */
	__u32 request; /* its number in the connection */
	__u32 status;
};
_Static_assert(sizeof(struct pol_response_event) == 32, "pol_response_event");

/* one verdict, for people to look at */
struct pol_event {
	__u64 time; /* nanoseconds, CLOCK_MONOTONIC (bpf_ktime_get_ns) */
	__u64 connection; /* http: its socket, as in pol_response_event; else 0 */
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
	__u8 domain; /* 0 packet, 1 http, 2 exec, 3 dns, 4 tls */
	__u8 reason; /* undecidable reason */
	__u8 tcp_flags; /* as on the wire */
	__u8 carrier; /* dns: protocol that carried the query */
	__u32 pid; /* exec, connect and sendmsg hooks; else 0 */
	__u32 uid; /* exec, connect and sendmsg hooks; else 0 */
	__u32 request; /* http: its number in the connection */
	__u32 reserved;
	__u16 text_length; /* bytes of text, before it was cut */
	__u16 is_answer; /* dns: 1 an answer */
	__u8 text[256]; /* http: METHOD SP path; exec: path; dns: the question as it was sent, or the answer from its header on; tls: names, each a kind, a length and its bytes */
};
_Static_assert(sizeof(struct pol_event) == 352, "pol_event");
