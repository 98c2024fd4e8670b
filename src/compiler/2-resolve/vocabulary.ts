// The words of the language that are not grammar: what they mean, and which ones this version knows by name only, so
// that it refuses them by name.
import type { ProtocolWord } from '../ir/resolved.ts';
import { entityNames } from '../ir/typed.ts';
import { protocolNumber } from '../space/transport.ts';

export const sections = ['ingress', 'egress', 'process'] as const;
export const actions = ['allow', 'deny'] as const;
export const verdicts = ['allowed', 'denied'] as const;

const numbered = (kind: ProtocolWord['kind'], numbers: Readonly<Record<string, number>>): readonly ProtocolWord[] =>
  Object.entries(numbers).map(([name, number]) => ({ kind, name, number }));

const { tcp, udp, sctp, icmp, icmpv6 } = protocolNumber;
/** IANA protocol numbers; `any` and `protocol` have none. */
export const protocols: ReadonlyMap<string, ProtocolWord> = new Map(
  [
    ...numbered('ports', { tcp, udp, sctp }),
    ...numbered('icmp', { icmp, icmpv6 }),
    ...numbered('any', { any: -1 }),
    ...numbered('number', { protocol: -1 }),
    ...numbered('fixed', { igmp: 2, ipip: 4, dccp: 33, ipv6: 41, gre: 47, esp: 50, ah: 51, eigrp: 88, ospf: 89, pim: 103 }),
    ...numbered('fixed', { vrrp: 112, l2tp: 115, udplite: 136 }),
  ].map((word) => [word.name, word]),
);

/** Words that the grammar reserves (1-parse/tokens.ts; a test holds them equal). */
export const reservedWords: readonly string[] = [
  ...['module', 'namespace', 'import', 'private', 'workload', 'network', 'port', 'policy', 'test'],
  ...['from', 'to', 'at', 'for', 'in', 'is', 'by', 'and', 'or', 'not', 'except', 'default'],
];

/** What a name means that nobody may declare, or undefined. */
export function reservedMeaning(name: string): string | undefined {
  if (reservedWords.includes(name)) return 'a word of the grammar';
  if (entityNames.some((entity) => entity === name)) return 'an entity';
  return protocols.has(name) ? 'a protocol' : undefined;
}

/** Words of later versions, by the place they stand at. */
export const later = {
  item: ['domain', 'path', 'binary', 'list', 'rules', 'invariant', 'tier', 'cluster', 'service', 'annotation', 'target'],
  action: ['kill', 'drop', 'audit', 'pass'],
  attribute: ['tier', 'priority', 'mode', 'audit', 'enforce', 'log', 'require'],
  rule: ['priority', 'mode', 'audit', 'enforce', 'log', 'require', 'including', 'tier'],
  block: ['dns', 'tls', 'grpc', 'kafka'],
  class: [
    ...['read', 'write', 'create', 'delete', 'rename', 'syscall', 'capability', 'socket', 'ptrace', 'mount', 'module', 'bpf', 'setns'],
    ...['namespace', 'unshare', 'file', 'link', 'chmod', 'chown'],
  ],
  subject: ['host'],
  place: ['cluster'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Is `word` of a later version at this kind of place? */
export const isLater = (place: keyof typeof later, word: string): boolean => later[place].some((one) => one === word);
