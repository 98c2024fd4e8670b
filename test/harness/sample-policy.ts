// Parts of policies, as 3-check makes them, for tests that say only what they are about.
import type { FieldTest, LineMatch } from '../../src/compiler/domains/domain.ts';
import { domains } from '../../src/compiler/domains/registry.ts';
import type { PolicySource, RuleSource, SourceTable } from '../../src/compiler/ir/bundle.ts';
import { policyId, ruleId } from '../../src/compiler/ir/ids.ts';
import type { NetworkRule, PeerSet, Policy, ProcessRule, Rule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { literal, type Pattern } from '../../src/compiler/space/pattern.ts';
import { anyTransport } from '../../src/compiler/space/transport.ts';
import type { WrittenRules } from '../../src/runtime/policy/parted-sources.ts';

/** As a bundle in parts answers. */
export const writtenIn = ({ policies, rules }: SourceTable): WrittenRules => ({
  rule: (id) => {
    const rule = rules[id];
    const policy = rule && policies[rule.policy];
    return rule && policy && { rule, policy };
  },
  policy: (id) => policies[id],
});

const span = { source: { path: 'sample.policy', text: '' }, start: 0, end: 0 };

export const nobody: PeerSet = { selectors: [], networks: [], anyNetworks: [], domains: [], entities: [] };
export const anybody: PeerSet = { ...nobody, entities: ['all'] };

/** A policy for every workload, without default deny. */
export const samplePolicy = (id: number, more: Partial<Policy> = {}): Policy => ({
  ...{ id: policyId(id), name: `p${id}`, span, subject: { workloads: [[]], host: false } },
  ...{ tier: 'normal', priority: 0, audit: false, annotations: [] },
  defaultDeny: { ingress: false, egress: false, process: [] },
  ...more,
});

const base = (id: number) =>
  ({
    ...{ id: ruleId(id), policy: policyId(0), span, text: `rule ${id}` },
    ...{ priority: 0, audit: false, require: [], annotations: [] },
  }) as const;
/** Allows everything in. */
export const networkRule = (id: number, more: Partial<NetworkRule> = {}): NetworkRule => ({
  ...base(id),
  ...{ action: 'allow', section: 'ingress', peers: anybody, transport: { points: anyTransport, named: [] } },
  ...more,
});
export const execRule = (id: number, more: Partial<ProcessRule> & { readonly path: Pattern }): ProcessRule => {
  const { path, ...rest } = more;
  return { ...base(id), action: 'allow', section: 'process', match: { domain: 'exec', lines: [[textTest('path', path)]] }, ...rest };
};

export const sampleUnit = (policies: readonly Policy[], rules: readonly Rule[]): TypedPolicy => ({
  ...{ domains, policies, rules },
  tests: [],
  invariants: [],
  services: [],
});

const textTest = (field: string, of: Pattern | string): FieldTest => ({
  ...{ field, every: false, orAbsent: false },
  values: { kind: 'text', pattern: typeof of === 'string' ? literal(of) : of },
});
/** A line of an http block. */
export const requestLine = (method?: Pattern | string, path?: Pattern | string): LineMatch => [
  ...(method === undefined ? [] : [textTest('method', method)]),
  ...(path === undefined ? [] : [textTest('path', path)]),
];

/** Entries of a source table. */
export const policySource = (name: string, file: string, line: number): PolicySource => ({
  ...{ name, file, line },
  ...{ tier: 'normal', priority: 0, audit: false, annotations: [] },
});
type RuleWords = Pick<RuleSource, 'file' | 'line' | 'action' | 'section' | 'text'> & Partial<RuleSource>;
export const ruleSource = (words: RuleWords): RuleSource => ({ policy: 0, priority: 0, audit: false, annotations: [], ...words });
