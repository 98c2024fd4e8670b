// The words of the language that are not grammar, and what they mean.
import type { ProtocolWord } from '../ir/resolved.ts';
import { type Action, entityNames, expectedVerdicts, type LiteralType, type Quantifier, type Section, tiers } from '../ir/typed.ts';
import { protocolNumber } from '../space/transport.ts';

export const sections = ['ingress', 'egress', 'process'] as const satisfies readonly Section[];
export const verdicts = expectedVerdicts;
export const quantifiers = ['no', 'every', 'only'] as const satisfies readonly Quantifier[];
export const modes = ['enforce', 'audit'] as const;
export const operators = ['under', 'glob', 'regex'] as const;
export { tiers };

type ActionWord = { readonly action: Action; readonly audit: boolean; readonly in: 'network' | 'process' | 'both' };
const networkAction = (action: Action): ActionWord => ({ action, audit: false, in: 'network' });
const processAction = (action: Action): ActionWord => ({ action, audit: false, in: 'process' });
const action = (name: Action): ActionWord => ({ action: name, audit: false, in: 'both' });
/** First words of rules. */
export const actionWords: ReadonlyMap<string, ActionWord> = new Map([
  ['allow', action('allow')],
  ['deny', action('deny')],
  ['drop', networkAction('drop')],
  ['kill', processAction('kill')],
  ['audit', { action: 'deny', audit: true, in: 'both' }],
  ['pass', action('pass')],
]);

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

/** What an annotation's values have to be. `choices`: the words or texts of a `one of`. */
export type AnnotationType = { readonly types: readonly LiteralType[]; readonly choices?: readonly string[] };
/** What an annotation can stand at. */
export type AnnotationTarget = 'rule' | 'policy' | 'declaration' | '`default`' | 'rules block' | 'file';
type BuiltIn = AnnotationType & { readonly at?: readonly AnnotationTarget[]; readonly once?: true };

/** `@allow` is told apart before. */
export const builtInAnnotations: ReadonlyMap<string, BuiltIn> = new Map<string, BuiltIn>([
  ['owner', { types: ['text'] }],
  ['ticket', { types: ['text'] }],
  ['reason', { types: ['text'] }],
  ['origin', { types: ['text'], at: ['policy', 'rule'] }],
  ['severity', { types: ['word'], choices: ['low', 'medium', 'high', 'critical'], once: true }],
  ['until', { types: ['date'], at: ['rule', 'policy'], once: true }],
  ['name', { types: ['text'], at: ['rule'], once: true }],
  ['allow', { types: ['text', 'text'] }],
]);

/** Words behind `annotation NAME =`. */
export const annotationTypes = ['text', 'number', 'date', 'duration', 'size', 'rate'] as const satisfies readonly LiteralType[];

/** Words that the grammar reserves (1-parse/tokens.ts; a test holds them equal). */
export const reservedWords: readonly string[] = [
  ...['module', 'namespace', 'import', 'private', 'workload', 'network', 'port', 'policy', 'test'],
  ...['from', 'to', 'at', 'for', 'in', 'is', 'by', 'and', 'or', 'not', 'except', 'default'],
];

const meanings: ReadonlyMap<string, string> = new Map([
  ...[...protocols.keys()].map((name) => [name, 'a protocol'] as const),
  ...entityNames.map((name) => [name, 'an entity'] as const),
  ...reservedWords.map((name) => [name, 'a word of the grammar'] as const),
]);

/** What a name means that nobody may declare, or undefined. */
export const reservedMeaning = (name: string): string | undefined => meanings.get(name);

/** `a`, `b` or `c`, each between backticks. */
export function oneOf(words: readonly string[]): string {
  const quoted = words.map((word) => `\`${word}\``);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}
