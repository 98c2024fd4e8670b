// The kernel border: every struct, constant and table that compiler, runtime and C programs share. Stated here and
// nowhere else; `npm run generate` prints bpf/templates/include/abi.generated.h from it.
import { transportPoints } from '../space/transport.ts';
import { array, layout, scalar } from './layout.ts';

/** Version of the bundle format and of these layouts; both programs refuse another one. */
export const abiVersion = 2;

export const verdictAction = { absent: 0, allow: 1, deny: 2, inspect: 3 } as const;
/** Bits of an entry's flags. `silent`: of a denial that its caller is not told of. `audited`: it passes, and what is in audit mode would deny it. */
export const verdictFlag = { silent: 1, audited: 2 } as const;
/** Section of a row, and direction of events and counters. */
export const section = { ingress: 0, egress: 1, process: 2 } as const;
/** Numbers of Hubble's PolicyMatchType, and ours above it. */
export const matchType = { none: 0, 'l3-only': 1, 'l3-l4': 2, 'l4-only': 3, all: 4, 'l3-proto': 5, 'proto-only': 6, layer7: 7 } as const;
/** Numbers of Hubble's Verdict. */
export const hubbleVerdict = { forwarded: 1, dropped: 2, audit: 4, redirected: 5 } as const;
/** Protocol of events and counters: transport slots first. */
export const eventProtocol = { tcp: 0, udp: 1, sctp: 2, icmp: 3, icmpv6: 4, other: 5, http: 6, exec: 7 } as const;
export const eventDomain = { packet: 0, http: 1, exec: 2 } as const;
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
  firstDynamic: 16,
} as const;
/** The fields whose values, a blank between, are the text that a domain's automaton reads: all that the programs see of it. */
export const kernelFields: Readonly<Record<string, readonly string[]>> = { http: ['method', 'path'], exec: ['path'] };
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
} as const;
/** Endpoint ids that are the same on every machine; 0 = no endpoint, the address speaks. */
export const fixedEndpoint = { none: 0, host: 1, firstDynamic: 16 } as const;
/** Index into the `lost` table. */
export const lostReason = { ringFull: 0, countersFull: 1 } as const;

export const limits = {
  /** States and cells of one automaton table (`plan/automaton-too-large`). */
  automatonStates: 8192,
  automatonCells: 262144,
  /** Request, exec and port classes (`plan/too-many-classes`); u16 in tables. */
  classes: 65535,
  /** Bytes of an event's text; longer is cut. */
  eventText: 256,
  /** Generations that tables hold side by side. */
  slots: 2,
  ringBytes: 1 << 20,
  counters: 65536,
} as const;

/**
 * Most entries of an inner map of one generation. A template's inner map declares 1: real ones are made as large as their
 * content, and the kernel compares type, sizes and flags, not the number of entries (5.10; arrays: with BPF_F_INNER_MAP).
 */
export const innerEntries = {
  prefixes: 1 << 20,
  endpoints: 1 << 16,
  addresses: 1 << 20,
  cgroups: 1 << 16,
  rows: 1 << 20,
  verdicts: 1 << 24,
} as const;

/** The structs. `abi.generated.h` has them in this order. */
export const layouts = {
  config: layout('pol_config', 'one element; slot of every per-generation table = revision & 1; revision 0 = nothing loaded: fail closed', {
    revision: scalar('u32', 'raised by one with each generation'),
    reserved: scalar('u32', ''),
  }),
  endpoint: layout('pol_endpoint', 'classes of one endpoint in this generation', {
    subject_class: scalar('u32', '0 = no policy selects it: everything is allowed'),
    peer_class: scalar('u32', 'same numbers as the classes of the prefix table'),
  }),
  prefixKey: layout('pol_prefix_key', 'key of the LPM trie; IPv4 is mapped (length + 96)', {
    length: scalar('u32', 'bits'),
    address: array('u8', 16, 'network order'),
  }),
  rowKey: layout('pol_row_key', 'which row of verdicts: exec rows have peer_class 0', {
    subject_class: scalar('u32', ''),
    peer_class: scalar('u32', ''),
    section: scalar('u32', '0 ingress, 1 egress, 2 process (exec)'),
  }),
  verdict: layout('pol_verdict', 'entry of the verdict table at row base + class', {
    cause: scalar('u32', 'who decided; see fixed causes'),
    next: scalar('u32', 'action inspect: base of the request row, indexed by request class'),
    action: scalar('u8', '0 absent (fail closed), 1 allow, 2 deny, 3 inspect'),
    match: scalar('u8', 'PolicyMatchType'),
    domain: scalar('u8', 'action inspect: 1 http'),
    flags: scalar('u8', '1 silent denial; 2 only audited: cause and match are those of the denial'),
    reserved: scalar('u32', ''),
  }),
  ports: layout('pol_ports', 'transport point -> port class', {
    class: array('u16', transportPoints, 'index: slot * 65536 + value'),
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
  counterKey: layout('pol_counter_key', '', {
    cause: scalar('u32', ''),
    direction: scalar('u8', 'section'),
    protocol: scalar('u8', 'event protocol'),
    match: scalar('u8', 'PolicyMatchType'),
    verdict: scalar('u8', 'Hubble verdict'),
  }),
  event: layout('pol_event', 'one verdict, for people to look at', {
    time: scalar('u64', 'nanoseconds, CLOCK_MONOTONIC (bpf_ktime_get_ns)'),
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
    domain: scalar('u8', '0 packet, 1 http, 2 exec'),
    reason: scalar('u8', 'undecidable reason'),
    tcp_flags: scalar('u8', 'as on the wire'),
    reserved: scalar('u8', ''),
    pid: scalar('u32', 'exec, connect and sendmsg hooks; else 0'),
    uid: scalar('u32', 'exec, connect and sendmsg hooks; else 0'),
    text_length: scalar('u16', 'bytes of text, before it was cut'),
    reserved2: scalar('u16', ''),
    text: array('u8', limits.eventText, 'http: METHOD SP path; exec: path'),
  }),
} as const;
