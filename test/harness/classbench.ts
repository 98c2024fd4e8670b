// ClassBench rule sets as policies: of each rule the source is the peer, the destination's first byte and the class of the source
// port are labels of the subject, protocol and destination port the transport. The first rule that matches decides.
import { readFileSync } from 'node:fs';
import { policyId, ruleId } from '../../src/compiler/ir/ids.ts';
import type { Policy, Rule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { parsePrefix, prefixInterval } from '../../src/compiler/space/address.ts';
import type { Requirement } from '../../src/compiler/space/labels.ts';
import { anyTransport, type TransportSet, transportPoint } from '../../src/compiler/space/transport.ts';
import { smallDomains } from './small-domains.ts';

/** Inclusive; addresses as 32-bit numbers, points on the transport line. */
type Range = { readonly low: number; readonly high: number };
export type BoxRule = {
  /** The first byte of the destination. */
  readonly destination: Range;
  readonly source: Range;
  readonly sourcePort: Range;
  readonly points: readonly Range[];
  readonly action: 'allow' | 'deny';
  /** Names the rule in all versions of a list. */
  readonly name: string;
};

export const classbench = new URL('../../../shared/corpora/classbench/', import.meta.url);

const form = /^@(\S+)\s+(\S+)\s+(\d+) : (\d+)\s+(\d+) : (\d+)\s+0x(..)\/0x(..)/;

/** The rules of a file, with an action each. */
export function readRules(file: string, actionOf: (place: number) => BoxRule['action']): readonly BoxRule[] {
  const lines = readFileSync(new URL(file, classbench), 'utf8').trimEnd().split('\n');
  return lines.map((line, place): BoxRule => {
    const [, source = '', destination = '', from, to, low, high, protocol = '', mask = ''] = form.exec(line) ?? [];
    const target = addressRange(destination);
    return {
      destination: { low: target.low >>> 24, high: target.high >>> 24 },
      source: addressRange(source),
      sourcePort: { low: Number(from), high: Number(to) },
      points: pointsOf({ low: Number(low), high: Number(high) }, mask === '00' ? undefined : Number.parseInt(protocol, 16)),
      action: actionOf(place),
      name: `rule ${place}`,
    };
  });
}

function addressRange(text: string): Range {
  const prefix = parsePrefix(text);
  if (!prefix) throw new Error(`not a prefix: ${text}`);
  const { low, high } = prefixInterval(prefix);
  return { low: Number(low & 0xffffffffn), high: Number(high & 0xffffffffn) };
}

/** Ports are asked of TCP and UDP; of other protocols, and of any protocol, they are not. */
function pointsOf({ low, high }: Range, protocol: number | undefined): readonly Range[] {
  const portsOf = (name: 'tcp' | 'udp'): Range => ({ low: transportPoint(name, low), high: transportPoint(name, high) });
  if (protocol === undefined) return low === 0 && high === 65535 ? anyTransport : [portsOf('tcp'), portsOf('udp')];
  if (protocol === 6) return [portsOf('tcp')];
  if (protocol === 17) return [portsOf('udp')];
  if (protocol === 1) return [{ low: transportPoint('icmp', 0), high: transportPoint('icmp', 65535) }];
  return [{ low: transportPoint('other', protocol), high: transportPoint('other', protocol) }];
}

const v4 = (value: number): bigint => (0xffffn << 32n) | BigInt(value);
const wholeByte: Range = { low: 0, high: 255 };
const wholePort: Range = { low: 0, high: 65535 };
const isWhole = (range: Range, whole: Range): boolean => range.low === whole.low && range.high === whole.high;
const span = { source: { path: 'classbench.policy', text: '' }, start: 0, end: 0 };

/** Where the source ports of some lists begin to differ: the classes by which a label tells them. */
export const portClasses = (lists: readonly (readonly BoxRule[])[]): readonly number[] =>
  [...new Set([0, ...lists.flat().flatMap(({ sourcePort }) => [sourcePort.low, sourcePort.high + 1])])]
    .filter((port) => port < 65536)
    .sort((a, b) => a - b);

const valuesIn = ({ low, high }: Range): readonly number[] => Array.from({ length: high - low + 1 }, (_, i) => low + i);

function subjectOf({ destination, sourcePort }: BoxRule, classes: readonly number[]): readonly Requirement[] {
  const ports = classes.filter((port) => port >= sourcePort.low && port <= sourcePort.high);
  const oneOf = (key: string, values: readonly number[]): Requirement => ({ kind: 'one-of', key, values: values.map(String) });
  return [
    ...(isWhole(destination, wholeByte) ? [] : [oneOf('net', valuesIn(destination))]),
    ...(isWhole(sourcePort, wholePort) ? [] : [oneOf('port', ports)]),
  ];
}

/** The list as a policy: one policy for each subject, the place in the list as priority; nothing else is allowed. */
export function typedRules(list: readonly BoxRule[], classes: readonly number[]): TypedPolicy {
  const policies: Policy[] = [];
  const byKey = new Map<string, Policy>();
  const policyOf = (workloads: readonly Requirement[]): Policy => {
    const name = JSON.stringify(workloads);
    const known = byKey.get(name);
    if (known) return known;
    const defaultDeny = { ingress: true, egress: false, process: [] };
    const subject = { workloads: [workloads], host: false, reserved: [] };
    const made: Policy = {
      ...{ id: policyId(policies.length), name, span, subject, tier: 'normal', priority: 0, audit: false, defaultDeny, annotations: [] },
    };
    policies.push(made);
    byKey.set(name, made);
    return made;
  };
  policyOf([]);
  const owned = list.map((rule, priority) => ({ rule, priority, policy: policyOf(subjectOf(rule, classes)) }));
  const rules = owned
    .sort((a, b) => a.policy.id - b.policy.id || a.priority - b.priority)
    .map(({ rule, priority, policy }, id) => ruleIn(rule, { id, priority, policy }));
  return { domains: smallDomains, policies, rules, tests: [], invariants: [], services: [] };
}

type Stands = { readonly id: number; readonly priority: number; readonly policy: Policy };

function ruleIn({ action, name, source, points }: BoxRule, { id, priority, policy }: Stands): Rule {
  const networks = [{ low: v4(source.low), high: v4(source.high) }];
  const transport: TransportSet = points;
  return {
    ...{ id: ruleId(id), policy: policy.id, span, text: name, action, priority, audit: false, require: [], annotations: [] },
    section: 'ingress',
    peers: { selectors: [], networks, anyNetworks: [], domains: [], entities: [] },
    transport: { points: transport, named: [] },
  };
}
