// The kernel border: every struct, constant and table that compiler, runtime and C programs share. Stated here and
// nowhere else; `npm run generate` prints bpf/templates/include/abi.generated.h from it.
import { transportPoints } from '../space/transport.ts';
import { array, layout, scalar } from './layout.ts';
import { limits } from './limits.ts';

export { limits };

/** Version of the bundle format and of these layouts; both programs refuse another one. */
export const abiVersion = 19;

export const verdictAction = { absent: 0, allow: 1, deny: 2, inspect: 3 } as const;
/**
 * Bits of an entry's flags. `silent`: of a denial that its caller is not told of. `audited`: it passes, and what is in audit mode would
 * deny it. `naming`: of a query, that the answer names addresses.
 */
export const verdictFlag = { silent: 1, audited: 2, naming: 4 } as const;
/** Section of a row, and direction of events and counters. */
export const section = { ingress: 0, egress: 1, process: 2 } as const;
/** Numbers of Hubble's PolicyMatchType, and ours above it. */
export const matchType = { none: 0, 'l3-only': 1, 'l3-l4': 2, 'l4-only': 3, all: 4, 'l3-proto': 5, 'proto-only': 6, layer7: 7 } as const;
/** Numbers of Hubble's Verdict. */
export const hubbleVerdict = { forwarded: 1, dropped: 2, audit: 4, redirected: 5 } as const;
/** Protocol of events and counters: transport slots first. */
export const eventProtocol = { tcp: 0, udp: 1, sctp: 2, icmp: 3, icmpv6: 4, other: 5, http: 6, exec: 7, dns: 8, tls: 9 } as const;
export const eventDomain = { packet: 0, http: 1, exec: 2, dns: 3, tls: 4 } as const;
/** Domains whose requests are read, each with tables of its own; a connection is read as one of them. */
export const requestDomains = ['http', 'dns', 'tls'] as const;
export type RequestDomain = (typeof requestDomains)[number];
/** Causes below `firstDynamic` are the same on every machine; the runtime hands out all others and never reuses one. */
export const fixedCause = {
  defaultAllow: 0,
  self: 1,
  internal: 2,
  uninspectable: 3,
  tableFull: 4,
  malformed: 5,
  fragment: 6,
  unsupportedFamily: 7,
  packetSocket: 8,
  unknownSender: 9,
  /** A sender's own fault: the source is another's, or the socket was to be given a foreign address. */
  forgedSource: 10,
  /** Several workloads share a port, and the packet came to another of them than its sender was told of. */
  sharedPort: 11,
  /** A DNS answer that would name addresses, and cannot be read. */
  unreadableAnswer: 12,
  firstDynamic: 16,
} as const;
/**
 * The fields of a domain's content that the programs see. `exec`: the text that its one automaton reads. Requests: an automaton
 * each, in the order in which they are combined; the last of `http` has a key and takes every slot that is left.
 */
export const kernelFields: Readonly<Record<string, readonly string[]>> = {
  http: ['method', 'path', 'query', 'target', 'host', 'header'],
  dns: ['name', 'type'],
  tls: ['sni', 'alpn'],
  exec: ['path'],
};
/** Why a condition was undecidable, or a packet refused by the program itself; 0 = neither. */
export const undecidableReason = {
  none: 0,
  malformedRequest: 1,
  ambiguousTarget: 2,
  ambiguousLength: 3,
  headTooLong: 4,
  notHttp: 5,
  unknownStreamPosition: 6,
  notInspectable: 7,
  pathTooLong: 8,
  unnamedFile: 9,
  unreadablePath: 10,
  unresolvedScript: 11,
  /** The connection passes nothing more; where its client cannot tell, policyd ends it. */
  poisonedConnection: 12,
  /** The process's mount namespace belongs to a user namespace of somebody: who made that decides what stands at a path. */
  foreignMounts: 13,
  /** DNS: no query can be read out of it. */
  malformedQuery: 14,
  /** Servers may read it in different ways: several questions, a pointer in its name, records or bytes behind it. */
  ambiguousQuery: 15,
  /** An answer, another operation (update, notify), or a class other than IN. */
  noQuery: 16,
  /** HTTP: a header bids the server to take another method than that of the request line. */
  ambiguousMethod: 17,
  /** TLS: what a connection begins with is no ClientHello of it. */
  notTls: 18,
  malformedHello: 19,
  /** Servers may read it in different ways: two names, a name that is none, bytes behind it. */
  ambiguousHello: 20,
  /** The name that counts may be encrypted (ECH). */
  encryptedHello: 21,
  helloTooLong: 22,
} as const;
/** Methods that requests are counted by; any other is 0. */
export const requestMethod = { other: 0, GET: 1, HEAD: 2, POST: 3, PUT: 4, PATCH: 5, DELETE: 6, OPTIONS: 7 } as const;
/** Endpoint ids that are the same on every machine; 0 = no endpoint, the address speaks. */
export const fixedEndpoint = { none: 0, host: 1, firstDynamic: 16 } as const;
/** Index into the `name_counts` table. */
export const nameCount = { learned: 0, expired: 1, refused: 2, unreadable: 3 } as const;
/** Index into the `lost` table. */
export const lostReason = { ringFull: 0, countersFull: 1 } as const;

/**
 * A verdict in the decision memory is one word: action in the lowest bits, then from these bits on the match, the flags, and a number: the
 * cause, or of the action inspect that of a pol_inspection. Of whose word `next` the domain has the upper bits.
 */
export const verdictShift = { match: 2, flags: 5, number: 8, domain: 28 } as const;
/** Lowest two bits of the address of cells: what they choose is found so. */
export const choiceForm = { bytes: 0, wide: 1, groupedBytes: 2, groupedNibbles: 3 } as const;
/** Highest bits of `pol_row.verdicts`. `byName`: the names of an address choose too. */
export const rowFlag = { ownBases: 0x8000_0000, byName: 0x4000_0000 } as const;
/**
 * Words of an address tree: the kind in the top two bits. `class` and `endpoint` end the search with a number; `branch` has
 * its width less one in the next four bits and the address / 16 of its words; `skip` the address / 16 of a pol_skip.
 */
export const addressNode = { class: 0, endpoint: 1, branch: 2, skip: 3 } as const;
/** An address node where nothing is known of an address; the subject class of a number that no endpoint has. */
export const nothing = { nodeMissing: 0xffffffff, subjectNone: 0xffffffff } as const;

/**
 * Most entries of an inner map of one generation. A template's inner map declares 1: real ones are made as large as their
 * content, and the kernel compares type, sizes and flags, not the number of entries (5.10; arrays: with BPF_F_INNER_MAP).
 */
export const innerEntries = {
  prefixes: 1 << 20,
  endpoints: 1 << 20,
  addresses: 1 << 20,
  cgroups: 1 << 16,
  services: 1 << 18,
  serviceSlots: 1 << 22,
  backends: 1 << 20,
  pages: (limits.requestCells - limits.nearCells) / limits.pageCells,
} as const;

/** The structs. `abi.generated.h` has them in this order. */
export const layouts = {
  config: layout('pol_config', 'one element; slot of every per-generation table = revision & 1; revision 0 = nothing loaded: fail closed', {
    revision: scalar('u32', 'raised by one with each generation'),
    former: scalar('u32', 'the revision that is in force again from `until` on; its slot is left alone until then'),
    until: scalar('u64', 'nanoseconds, CLOCK_MONOTONIC: nobody has confirmed `revision`; 0 = it stays'),
  }),
  host: layout('pol_host', 'one element; whom policies for the host are about: sockets outside of every workload', {
    until: scalar('u64', 'nanoseconds, CLOCK_MONOTONIC: from then on nobody; 0 = for good'),
    exempt: scalar('u64', 'number of a cgroup that is not governed; 0 = none'),
    network: scalar('u32', 'inode of their network namespace; 0 = no policy governs the host'),
    since: scalar('u32', 'revision from which on `until` counts: those before were confirmed'),
  }),
  memory: layout('pol_memory', 'first bytes of the decision memory; addresses are bytes from its beginning', {
    endpoints: scalar('u32', 'address of a pol_endpoint for each id'),
    endpoint_count: scalar('u32', ''),
    subjects: scalar('u32', 'address of three pol_section for each subject class: ingress, egress, process'),
    subject_count: scalar('u32', ''),
    port_classes: scalar('u32', 'address of blocks of port classes, u16'),
    blocks: scalar('u32', 'address of blocks of choices; what begins there is all 0'),
    groups: scalar('u32', 'address of groups: for each of its blocks where it begins, in units of 8 bytes'),
    wide_groups: scalar('u32', '0: these are u16; 1: u32'),
    cell_bits: scalar('u32', 'lowest bits of a cell: its 16 classes (grouped: 64); above the number of their block, or group'),
    addresses: scalar('u32', 'peer classes below are of addresses, the others of endpoints'),
    names: scalar('u32', 'peer class of class 0 of names; 0 = no rule is about names'),
    ipv4: scalar('u32', 'address node'),
    ipv6: scalar('u32', 'address node'),
    verdicts: scalar('u32', 'address of verdicts, a word each; what is called the number of a verdict counts from here'),
    verdict_count: scalar('u32', ''),
    inspections: scalar('u32', 'address of pol_inspection'),
    inspection_count: scalar('u32', ''),
    port_block: array('u16', Math.ceil(transportPoints / limits.portBlock), 'transport point / 64 -> block of port classes'),
  }),
  endpoint: layout('pol_endpoint', 'classes of one endpoint in this generation', {
    subject_class: scalar('u32', '0 = no policy selects it: everything is allowed; all ones = there is no such endpoint'),
    peer_class: scalar('u32', 'same numbers as the classes of addresses'),
  }),
  section: layout('pol_section', 'one section of a subject: which row of verdicts a port class chooses', {
    cells: scalar(
      'u32',
      'address of cells: at [port class / 16] (grouped: / 64) its own, or one of others: then its choices are 0. Lowest two bits: choice form. Wide: two blocks, a choice is u16',
    ),
    rows: scalar('u32', 'address of a pol_row for each choice'),
    starts: scalar('u32', 'process: number of the verdict of the first class of program starts'),
    bases: scalar('u32', 'number of the verdict of choice 0, of a network; that of an endpoint is the next'),
  }),
  row: layout('pol_row', 'which verdict a peer class chooses', {
    cells: scalar('u32', 'as in pol_section, of peer classes'),
    verdicts: scalar(
      'u32',
      'number of the verdict of choice 1, less one. Highest bit: the two before choice 1 are bases of its own. The next: of what an address and its names choose the lowest but 0 holds',
    ),
  }),
  skip: layout('pol_skip', 'address node: bits that all of its blocks have in common', {
    length: scalar('u32', '1..32'),
    bits: scalar('u32', ''),
    match: scalar('u32', 'address node where they are equal'),
    otherwise: scalar('u32', 'address node where they are not'),
  }),
  prefixKey: layout('pol_prefix_key', 'a network block of a bundle; IPv4 is mapped (length + 96)', {
    length: scalar('u32', 'bits'),
    address: array('u8', 16, 'network order'),
  }),
  verdict: layout('pol_verdict', 'what a question comes to', {
    cause: scalar('u32', 'who decided; see fixed causes'),
    next: scalar('u32', 'action inspect: number of the first verdict of the request row, indexed by request class'),
    action: scalar('u8', '0 absent (fail closed), 1 allow, 2 deny, 3 inspect'),
    match: scalar('u8', 'PolicyMatchType'),
    domain: scalar('u8', 'action inspect: 1 http, 3 dns, 4 tls'),
    flags: scalar('u8', '1 silent denial; 2 only audited: cause and match are of the denial; 4 the answer to this query names addresses'),
    reserved: scalar('u32', ''),
  }),
  inspection: layout('pol_inspection', 'what is known of a verdict that is to read requests', {
    cause: scalar('u32', 'of a connection before its first request'),
    next: scalar('u32', 'number of the first verdict of the request row; in the highest four bits what is read: 1 http, 3 dns'),
  }),
  portPiece: layout('pol_port_piece', 'points from here up to the next piece are of one port class, as it stands in a bundle', {
    low: scalar('u32', 'transport point: slot * 65536 + value'),
    class: scalar('u32', ''),
  }),
  automaton: layout(
    'pol_automaton',
    'minimal DFA; class of a text = accept[state after its last byte]; class 0 = undecidable, or no text that can be',
    {
      states: scalar('u32', 'state 0 is the dead state; 0 states = no rule of this domain'),
      classes: scalar('u32', 'byte classes: the stride of next'),
      start: scalar('u32', ''),
      reserved: scalar('u32', ''),
      byte_class: array('u8', 256, 'byte -> column of next'),
      accept: array('u16', limits.automatonStates, 'state -> request class'),
      next: array('u16', limits.automatonCells, 'next[state * classes + byte_class[byte]]'),
    },
  ),
  requests: layout(
    'pol_requests',
    'one request domain: an automaton for each field (slot) that is asked, over cells; class 0 of a field: it has no value',
    {
      identity: scalar('u32', 'of these tables: states and classes of others mean nothing here'),
      asked: scalar('u32', 'bit for each slot that a rule asks for'),
      start: scalar('u32', 'state before the first slot'),
      classes: scalar('u32', 'request classes; 0 = undecidable'),
      next: array('u32', limits.requestFields, 'cell next[state * width + byte_class[byte]]: state; 0 is the dead one'),
      accept: array('u32', limits.requestFields, 'cell accept[state]: class of the value that ends there, 0 = none can'),
      fold: array(
        'u32',
        limits.requestFields,
        'cell fold[class * values + class of one value more]: class; values = 0: there is one value',
      ),
      combine: array('u32', limits.requestFields, 'cell combine[state * folded + class]: state at the next slot'),
      live: array('u32', limits.requestFields, 'states at this slot; a higher one less this is the request class'),
      width: array('u16', limits.requestFields, 'byte classes'),
      begin: array('u16', limits.requestFields, 'state before the first byte'),
      values: array('u16', limits.requestFields, 'classes of one value, with class 0'),
      folded: array('u16', limits.requestFields, 'classes of all values together, with class 0'),
      byte_class: array('u8', limits.requestFields * 256, 'byte_class[slot * 256 + byte]'),
      near: array('u16', limits.nearCells, 'the first cells; no others of the struct stand behind them'),
    },
  ),
  page: layout('pol_page', 'cells of one request domain, behind those in pol_requests', {
    cell: array('u16', limits.pageCells, ''),
  }),
  probe: layout('pol_probe', 'a question to pol_verify; a pol_verdict follows', {
    subject: scalar('u32', 'endpoint id'),
    peer: scalar('u32', 'endpoint id; 0 = the address speaks'),
    section: scalar('u32', ''),
    point: scalar('u32', 'transport point'),
    address: array('u8', 16, 'of the peer; network order, IPv4 is mapped'),
  }),
  serviceKey: layout('pol_service_key', 'what clients of a service name', {
    address: array('u8', 16, 'network order; IPv4 is mapped'),
    port: scalar('u16', 'host order'),
    protocol: scalar('u8', 'transport slot: tcp or udp'),
    reserved: scalar('u8', ''),
  }),
  service: layout('pol_service', 'the slots of a service: numbers of backends', {
    first: scalar('u32', ''),
    count: scalar('u32', '0 = nobody is ready'),
    salt: scalar('u32', 'makes the choices of different services independent'),
    affinity: scalar('u32', '1 = a client has a slot for good; else one is drawn'),
  }),
  backend: layout('pol_backend', '', {
    address: array('u8', 16, 'network order; IPv4 is mapped'),
    port: scalar('u16', 'host order'),
    reserved: scalar('u16', ''),
  }),
  name: layout('pol_name', 'a DNS name', {
    text: array('u8', 256, 'as on the wire, in lower case: labels behind their lengths; zeros behind'),
  }),
  named: layout('pol_named', 'a name of peers, by its number', {
    class: scalar('u64', 'identity of tables << 32 | class under them; of other tables it is asked again'),
    text: array('u8', 256, 'as in pol_name'),
  }),
  namedKey: layout('pol_named_key', 'an address as a workload knows it', {
    address: array('u8', 16, 'network order; IPv4 is mapped'),
    subject: scalar('u32', 'endpoint id'),
    reserved: scalar('u32', ''),
  }),
  namesOf: layout('pol_names_of', 'the names of an address', {
    name: array('u64', limits.namesOfAddress, 'number of a name << 32 | until when it is known (seconds, CLOCK_BOOTTIME); 0 = free'),
  }),
  interface: layout('pol_interface', 'whose the packets of an interface are; key: its number in the network namespace of policyd', {
    endpoint: scalar('u32', '0 = nobody has it yet; all ones = of several, their addresses say whose'),
    before: scalar('u16', 'bytes of a packet before its IP header'),
    has_cgroup: scalar('u8', '1 = its sockets are governed by the programs of a cgroup as well, which read requests'),
    reserved: scalar('u8', ''),
  }),
  counterKey: layout('pol_counter_key', '', {
    cause: scalar('u32', ''),
    direction: scalar('u8', 'section'),
    protocol: scalar('u8', 'event protocol'),
    match: scalar('u8', 'PolicyMatchType'),
    verdict: scalar('u8', 'Hubble verdict'),
  }),
  counterCell: layout('pol_counter_cell', 'a counter of one CPU that stands at the place of its key; all 0 = of none yet', {
    key: scalar('u64', 'a pol_counter_key: its verdict is never 0'),
    count: scalar('u64', ''),
  }),
  requestKey: layout('pol_request_key', 'requests of inspected connections', {
    section: scalar('u8', 'of the requests'),
    method: scalar('u8', 'request method'),
    version: scalar('u8', '0 HTTP/1.1, 1 HTTP/1.0'),
    reserved: scalar('u8', ''),
    status: scalar('u32', 'of the response; 0 = it was not seen'),
  }),
  durations: layout('pol_durations', 'from a request that passed to the first byte of its response', {
    sum: scalar('u64', 'nanoseconds'),
    bucket: array('u64', limits.durationBuckets, 'how many took so long, and no less; the last one has no end'),
  }),
  responseEvent: layout('pol_response_event', 'what a request that was told was answered', {
    time: scalar('u64', 'nanoseconds, CLOCK_MONOTONIC'),
    connection: scalar('u64', 'as in the pol_event of the request'),
    latency: scalar('u64', 'nanoseconds from the request to the status'),
    request: scalar('u32', 'its number in the connection'),
    status: scalar('u32', ''),
  }),
  event: layout('pol_event', 'one verdict, for people to look at', {
    time: scalar('u64', 'nanoseconds, CLOCK_MONOTONIC (bpf_ktime_get_ns)'),
    connection: scalar('u64', 'http: its socket, as in pol_response_event; else 0'),
    cause: scalar('u32', ''),
    revision: scalar('u32', ''),
    subject: scalar('u32', 'endpoint id'),
    peer: scalar('u32', 'endpoint id; 0 = the address alone'),
    source: array('u8', 16, ''),
    destination: array('u8', 16, ''),
    source_port: scalar('u16', 'host order'),
    destination_port: scalar('u16', 'host order; icmp: type * 256 + code; other: protocol number'),
    direction: scalar('u8', 'section'),
    protocol: scalar('u8', 'event protocol'),
    match: scalar('u8', 'PolicyMatchType'),
    verdict: scalar('u8', 'Hubble verdict'),
    domain: scalar('u8', '0 packet, 1 http, 2 exec, 3 dns, 4 tls'),
    reason: scalar('u8', 'undecidable reason'),
    tcp_flags: scalar('u8', 'as on the wire'),
    carrier: scalar('u8', 'dns: protocol that carried the query'),
    pid: scalar('u32', 'exec, connect and sendmsg hooks; else 0'),
    uid: scalar('u32', 'exec, connect and sendmsg hooks; else 0'),
    request: scalar('u32', 'http: its number in the connection'),
    reserved: scalar('u32', ''),
    text_length: scalar('u16', 'bytes of text, before it was cut'),
    is_answer: scalar('u16', 'dns: 1 an answer'),
    text: array(
      'u8',
      limits.eventText,
      'http: METHOD SP path; exec: path; dns: the question as it was sent, or the answer from its header on; tls: names, each a kind, a length and its bytes',
    ),
  }),
} as const;
