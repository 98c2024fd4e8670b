// The policies of a bundle in parts: a few policies each, with their rules and everything that only they speak of, so that a change
// of one rule changes one part. INVARIANT: nothing in a part counts what other parts have: selectors and policies are numbered within
// it, ports and networks are told as points and blocks, lines stand beside it, and where a part ends depends on the name of the policy behind it alone.

import { hashOf } from '../base/hash.ts';
import type { PartContent, PartRule, ProgramRule } from '../ir/bundle.ts';
import { addressPieces, type Piece, type PortPieces, portPieces } from '../ir/class-pieces.ts';
import type { Emitted } from '../ir/emitted.ts';
import { formatPrefix, prefixesOf } from '../space/address.ts';
import { type IntervalSet, intervals } from '../space/interval.ts';
import type { Selector } from '../space/labels.ts';
import { transportPoints } from '../space/transport.ts';

/** Fewer make more files, more make a change of one dearer. */
const policiesOfPart = 32;

/** Its lower bits depend on all of a name. */
function spread(name: string): number {
  const hash = hashOf(name);
  return (hash ^ (hash >>> 15)) >>> 0;
}

type Peers = NonNullable<PartRule['peers']>;

/** Classes -> what they are made of. Equal lists are mostly one list, so what was found once is kept. */
class Sets {
  readonly #portsOf: readonly (readonly Piece<number>[])[];
  readonly #networksOf: readonly (readonly Piece<bigint>[])[];
  readonly #points = new Map<readonly number[], readonly number[]>();
  readonly #blocks = new Map<readonly number[], readonly string[]>();

  constructor({ images, program: { classes } }: Emitted) {
    const image = (table: string): Uint8Array => images.find((one) => one.table === table)?.bytes ?? new Uint8Array();
    this.#portsOf = byClass(listed(portPieces(image('ports'))), classes.ports);
    this.#networksOf = byClass(addressPieces(image('prefixes')), classes.networks);
  }

  /** First and last point of each range. */
  points(classes: readonly number[]): readonly number[] {
    const known = this.#points.get(classes) ?? unionOf(this.#portsOf, classes).flatMap(({ low, high }) => [low, high]);
    this.#points.set(classes, known);
    return known;
  }

  blocks(classes: readonly number[]): readonly string[] {
    const known = this.#blocks.get(classes) ?? prefixesOf(unionOf(this.#networksOf, classes)).map(formatPrefix);
    this.#blocks.set(classes, known);
    return known;
  }
}

const listed = ({ lows, classes }: PortPieces): readonly Piece<number>[] =>
  Array.from(lows, (low, i) => ({ low, high: (lows[i + 1] ?? transportPoints) - 1, class: classes[i] ?? 0 }));

function byClass<T extends number | bigint>(pieces: readonly Piece<T>[], classes: number): readonly (readonly Piece<T>[])[] {
  const found = Array.from({ length: classes }, (): Piece<T>[] => []);
  for (const piece of pieces) found[piece.class]?.push(piece);
  return found;
}

const unionOf = <T extends number | bigint>(pieces: readonly (readonly Piece<T>[])[], classes: readonly number[]): IntervalSet<T> =>
  intervals(classes.flatMap((number) => (pieces[number] ?? []).map(({ low, high }) => ({ low, high }))));

/** `lines`: of part-lines.ts. */
export type LinedPart = { readonly content: PartContent; readonly lines: readonly number[] };

/** One part as it grows. */
class Part {
  readonly #emitted: Emitted;
  readonly #sets: Sets;
  readonly #selectors = new Map<number, number>();
  readonly #policies: PartContent['policies'][number][] = [];
  readonly #rules: PartContent['rules'][number][] = [];
  readonly #lines = { policies: [] as number[], rules: [] as number[], uses: [] as number[] };

  constructor(emitted: Emitted, sets: Sets) {
    this.#emitted = emitted;
    this.#sets = sets;
  }

  get isEmpty(): boolean {
    return this.#policies.length === 0;
  }

  /** `rules`: of the policy, by RuleId. */
  add(policy: number, rules: readonly ProgramRule[]): void {
    const { program, sources } = this.#emitted;
    const [compiled, source] = [program.policies[policy], sources.policies[policy]];
    if (!compiled || !source) throw new Error(`policyc bug: no policy ${policy}`);
    const { line, ...unplaced } = source;
    this.#lines.policies.push(line);
    const number = this.#policies.push({ ...unplaced, ...compiled, subject: this.#selector(compiled.subject) }) - 1;
    for (const rule of rules) this.#rules.push(this.#rule(rule, number));
  }

  #rule({ rule, match, peers, ports, content }: ProgramRule, policy: number): PartContent['rules'][number] {
    const source = this.#emitted.sources.rules[rule];
    if (!source) throw new Error(`policyc bug: no rule ${rule}`);
    const { line, usedAt, ...unplaced } = source;
    this.#lines.rules.push(line);
    if (usedAt) this.#lines.uses.push(usedAt.line);
    return {
      ...unplaced,
      ...(usedAt && { usedIn: usedAt.file }),
      policy,
      match,
      ...(peers && { peers: this.#peers(peers) }),
      ...(ports && { ports: { points: this.#sets.points(ports.classes), named: ports.named } }),
      ...(content && { content }),
    };
  }

  #peers({ selectors, networkClasses, ...others }: NonNullable<ProgramRule['peers']>): Peers {
    const own = selectors.map((selector) => this.#selector(selector));
    return { selectors: own, networks: this.#sets.blocks(networkClasses), ...others };
  }

  #selector(number: number): number {
    const known = this.#selectors.get(number) ?? this.#selectors.size;
    this.#selectors.set(number, known);
    return known;
  }

  done(): LinedPart {
    const { selectors } = this.#emitted.program;
    const own = [...this.#selectors.keys()].map((number): Selector => selectors[number] ?? []);
    const { policies, rules, uses } = this.#lines;
    return { content: { selectors: own, policies: this.#policies, rules: this.#rules }, lines: [...policies, ...rules, ...uses] };
  }
}

/** By policy: its rules by RuleId. */
function rulesOf({ program, sources }: Emitted): readonly (readonly ProgramRule[])[] {
  const found = Array.from({ length: program.policies.length }, (): ProgramRule[] => []);
  const byId = [...program.rules].sort((a, b) => a.rule - b.rule);
  for (const rule of byId) found[sources.rules[rule.rule]?.policy ?? -1]?.push(rule);
  return found;
}

/** All policies, in the order of their numbers. `size`: policies of a part, more or less. */
export function partsOf(emitted: Emitted, size: number = policiesOfPart): readonly LinedPart[] {
  const sets = new Sets(emitted);
  const rules = rulesOf(emitted);
  const parts: LinedPart[] = [];
  let part = new Part(emitted, sets);
  emitted.sources.policies.forEach(({ name }, policy) => {
    if (!part.isEmpty && spread(name) % size === 0) {
      parts.push(part.done());
      part = new Part(emitted, sets);
    }
    part.add(policy, rules[policy] ?? []);
  });
  return part.isEmpty ? parts : [...parts, part.done()];
}
