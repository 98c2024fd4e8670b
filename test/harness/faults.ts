// Mistakes that the differential tests have to find: each a change of one place in the source, and the comparison that meets it.
import type { HookName } from './packet-hooks.ts';

/** `tables`: events looked up in the tables of the compiler. A place of packets, or `requests`: what the programs say. */
export type FoundBy = 'tables' | HookName | 'requests';
/** In `file`, `from` stands once and becomes `to`. */
export type Fault = { readonly name: string; readonly file: string; readonly from: string; readonly to: string };
export type SeededFault = Fault & { readonly foundBy: FoundBy };

type Change = readonly [name: string, file: string, from: string, to: string];
const faults = (foundBy: FoundBy, folder: string, changes: readonly Change[]): readonly SeededFault[] =>
  changes.map(([name, file, from, to]) => ({ name, foundBy, file: `${folder}/${file}`, from, to }));

const inCompiler: readonly Change[] = [
  ['allow is asked before deny', 'ir/deciding-order.ts', '+ (actionPlaces.get(action) ?? 0)', '- (actionPlaces.get(action) ?? 0)'],
  ['priorities the wrong way', 'ir/deciding-order.ts', 'a.priority - b.priority', 'b.priority - a.priority'],
  ['a range without its last port', 'space/partition.ts', '(high + 1) * sets.length', 'high * sets.length'],
  ['ports by name are forgotten', '4-normalize/index.ts', 'named: distinctNamedPorts(named)', 'named: []'],
  [
    'audit policies deny by default',
    '4-normalize/index.ts',
    '{ audit, defaultDeny }, i) => ({ subject: this.#subjects[i] ?? 0, audit,',
    '{ defaultDeny }, i) => ({ subject: this.#subjects[i] ?? 0, audit: false,',
  ],
  [
    'an entity with what it excepts',
    '4-normalize/index.ts',
    '...(reserved && { reserved }) }',
    'entities: reserved ? [...peers.entities, "cluster"] : peers.entities }',
  ],
  ['what refuses asks as what allows', '4-normalize/requests.ts', 'refuses: matchesUndecidable(rule.action),', 'refuses: false,'],
  ['lines that differ elsewhere are one', '4-normalize/requests.ts', 'const key = JSON.stringify(split.rest);', "const key = '';"],
  ['no value is never what is asked', '4-normalize/field-classes.ts', '(test.orAbsent ? [0] : [])', '(test.orAbsent ? [] : [])'],
  ['all values are as some', '4-normalize/field-classes.ts', '=> every && !refuses;', '=> every && refuses;'],
  ['a request without a field cannot be', '4-normalize/combinations.ts', 'number === 0 && !mayBeAbsent', 'number === 0'],
  [
    'what is asked beside is overlooked',
    '4-normalize/overshadowed.ts',
    'whole.isSure && isSubset(whole.tests, part.tests)',
    'whole.isSure',
  ],
  [
    'peers that are not hidden',
    '4-normalize/cover.ts',
    '(!whole.peers || !part.peers || peersCover(whole.peers, part.peers, this.#ipv6))',
    'part.section.length > 0',
  ],
  [
    'rules of another tier are hidden',
    '4-normalize/cover.ts',
    '(whole.tier === part.tier || (whole.isSure && !whole.isPass))',
    'whole.section === part.section',
  ],
  [
    'a block without its last port',
    'ir/class-pieces.ts',
    'piece * record, start.low, true',
    'piece * record, Math.max(0, start.low - 1), true',
  ],
  [
    'single addresses as their neighbours',
    '6-emit/images.ts',
    '{ length, address: addressBytes(address) }',
    '{ length: Math.min(length, 127), address: addressBytes(address) }',
  ],
  [
    'classes of programs beyond the fourth',
    '6-emit/images.ts',
    'accept: Uint16Array.from(accept)',
    'accept: Uint16Array.from(accept, (number) => Math.min(number, 3))',
  ],
  ['of several values the last', '6-emit/request-image.ts', 'table.values[slot] = values;', 'table.values[slot] = 0;'],
];

const inPackets: readonly Change[] = [
  ['networks as endpoints', 'include/verdict.h', '(peer >= memory->addresses)', '(peer > memory->addresses)'],
  ['a half of each block of choices', 'include/memory.h', 'asked % POL_LIMIT_CHOICE_BLOCK <<', 'asked % (POL_LIMIT_CHOICE_BLOCK / 2) <<'],
  ['addresses end after 64 bits', 'include/memory.h', 'high = high << width | low >> (64 - width);', 'high = high << width;'],
  ['the code of a message', 'include/parse.h', 'header.type << 8 | header.code', 'header.type << 8'],
  ['sctp as another protocol', 'include/parse.h', 'return POL_PROTOCOL_SCTP;', 'return POL_PROTOCOL_OTHER;'],
  [
    'silent drops are told to the sender',
    'net/cgroup_skb.bpf.c',
    'this.verdict.flags & POL_FLAG_SILENT ?',
    'this.verdict.flags & POL_FLAG_AUDITED ?',
  ],
  [
    'the host is nobody',
    'include/owner.h',
    'if (!governed->exempt)\n\t\treturn POL_ENDPOINT_HOST;',
    'if (!governed->exempt)\n\t\treturn POL_ENDPOINT_NONE;',
  ],
];

const atInterfaces: readonly Change[] = [
  [
    'the verdict of the other direction',
    'net/tc.bpf.c',
    'this->question.section = this->direction;',
    'this->question.section = POL_SECTION_INGRESS;',
  ],
  [
    'what audit would deny is as allowed',
    'include/verdict.h',
    'if (verdict->flags & POL_FLAG_AUDITED)',
    'if (verdict->flags & POL_FLAG_SILENT)',
  ],
];

const early: readonly Change[] = [
  ['replies are dropped early', 'net/xdp.bpf.c', 'if (pol_icmp_kind_of(packet) != POL_ICMP_REQUEST)', 'if (0)'],
  ['endpoints are dropped early', 'net/xdp.bpf.c', '&this->peer.address) != POL_ENDPOINT_NONE)', '&this->peer.address) == 0xffffffff)'],
];

const inRequests: readonly Change[] = [
  ['the last value of a header decides', 'l7/requests.h', 'if (!values)\n\t\treturn class;', 'if (1)\n\t\treturn class;'],
  ['names of hosts as they are written', 'l7/http-values.h', "if (byte - 'A' < 26)\n\t\tbyte |= 0x20;", ''],
  [
    'what is encoded stays encoded',
    'l7/http-target.h',
    "if (byte > 0x20 && byte < 0x7f && byte != '?'",
    "if (byte > 0x40 && byte < 0x7f && byte != '?'",
  ],
  [
    'header lines are known by their first words',
    'l7/http-known.h',
    'if (i + POL_PLAIN_WORD > length)\n\t\t\tbreak;',
    'if (i >= 2 * POL_PLAIN_WORD || i + POL_PLAIN_WORD > length)\n\t\t\tbreak;',
  ],
  ['what lines say of bodies is forgotten', 'l7/http-known.h', 'http->flags |= known->flags;', 'http->flags |= 0;'],
];

export const seededFaults: readonly SeededFault[] = [
  ...faults('tables', 'src/compiler', inCompiler),
  ...faults('cgroup', 'bpf/templates', inPackets),
  ...faults('interface', 'bpf/templates', atInterfaces),
  ...faults('early', 'bpf/templates', early),
  ...faults('requests', 'bpf/templates', inRequests),
];
