// The ends of connections of a scheme: the pods of all of its sets, and the addresses that any of their policies tells apart, so that
// the answers about different sets can be compared end by end.
import { type Asked, askedBy, type Node, outsideNodes, workloadNodes } from '../../src/compiler/analysis/nodes.ts';
import { isOutside, ReachabilityMemory } from '../../src/compiler/analysis/reachability.ts';
import { Situation } from '../../src/compiler/analysis/workload-findings.ts';
import type { Policy, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import type { Workload } from '../../src/compiler/ir/workload.ts';
import { ipv6Space } from '../../src/compiler/space/address.ts';
import { intersect, isEmpty } from '../../src/compiler/space/interval.ts';
import { type CompiledSet, policiesOf } from './policy-set.ts';

/** A set, or one policy of it, among the ends. `usesIpv6`: some policy has a block of that family. */
export type Named = {
  readonly world: World;
  readonly name: string;
  readonly set: CompiledSet;
  readonly situation: Situation;
  readonly usesIpv6: boolean;
};

export class World {
  readonly #asked: Asked;
  readonly #outside: readonly Node[];
  readonly #pods = new Map<string, Node>();
  readonly #nodes = new Map<CompiledSet, readonly Node[]>();
  readonly #ends = new Map<string, readonly Node[]>();
  readonly #memories = new Map<TypedPolicy, ReachabilityMemory>();
  readonly #named = new Map<string, Named>();

  constructor(sets: readonly CompiledSet[]) {
    this.#asked = askedBy(sets.map(({ typed }) => typed));
    this.#outside = outsideNodes(this.#asked);
  }

  /** `np1`, `np1/NAMESPACE/NAME`. */
  named(name: string, set: CompiledSet): Named {
    const known = this.#named.get(name);
    if (known) return known;
    const [, only] = /^[^/]*\/(.*)$/.exec(name) ?? [];
    const policies = policiesOf(set, only);
    const memory = this.#memories.get(set.typed) ?? new ReachabilityMemory(set.typed);
    this.#memories.set(set.typed, memory);
    const nodes = this.#nodes.get(set) ?? [...set.pods.map((pod) => this.#pod(pod)), ...this.#outside];
    this.#nodes.set(set, nodes);
    const made: Named = {
      world: this,
      name,
      set,
      situation: new Situation(set.typed, nodes, { memory, policies }),
      usesIpv6: policies.some((one) => usesIpv6(set, one)),
    };
    this.#named.set(name, made);
    return made;
  }

  /** The ends that queries about these sets are about: IPv6 only where a policy speaks of it. */
  endsOf(sets: readonly Named[]): readonly Node[] {
    const ipv6 = sets.some((set) => set.usesIpv6);
    const key = [ipv6, ...new Set(sets.map(({ set }) => set.name))].join();
    const known =
      this.#ends.get(key) ?? [...new Set(sets.flatMap(({ situation }) => situation.nodes))].filter((node) => ipv6 || !isIpv6(node));
    this.#ends.set(key, known);
    return known;
  }

  #pod(pod: Workload): Node {
    const key = JSON.stringify([pod.namespace, pod.name, pod.kind, Object.entries(pod.labels).sort(), pod.namedPorts]);
    const known = this.#pods.get(key) ?? workloadNodes(this.#asked, [{ ...pod, addresses: [] }])[0];
    if (!known) throw new Error('a pod is a node');
    this.#pods.set(key, known);
    return known;
  }
}

const isIpv6 = (node: Node): boolean => isOutside(node) && !isEmpty(intersect(node.ranges ?? [], ipv6Space));

const usesIpv6 = ({ typed }: CompiledSet, policy: Policy): boolean =>
  typed.rules.some(
    (rule) => rule.policy === policy.id && rule.section !== 'process' && !isEmpty(intersect(rule.peers.networks, ipv6Space)),
  );

export const podsOf = ({ situation }: Named): readonly Node[] => situation.nodes.filter(({ kind }) => kind === 'workload');
/** The ends that a query about these sets is about. */
export const endsOf = (sets: readonly [Named, ...Named[]]): readonly Node[] => sets[0].world.endsOf(sets);
