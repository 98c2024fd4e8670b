// Two versions of a ClassBench list, compared by the compiler's diff and by the second engine.

import type { Decision } from '../../src/compiler/analysis/decide.ts';
import { type Difference, diff } from '../../src/compiler/analysis/diff.ts';
import { inCube } from '../../src/compiler/analysis/label-cube.ts';
import { ipv4Space } from '../../src/compiler/space/address.ts';
import { intersect } from '../../src/compiler/space/interval.ts';
import type { Labels } from '../../src/compiler/space/labels.ts';
import { transportPoints } from '../../src/compiler/space/transport.ts';
import { type BoxRule, portClasses, typedRules } from './classbench.ts';
import { type Box, IntervalDiagrams } from './interval-diagram.ts';
import type { Random } from './random.ts';

/** Edits of all kinds: a rule less, with the other action, or elsewhere, or another one's double with other ports. */
export function editedRules(pick: Random, rules: readonly BoxRule[], count: number): readonly BoxRule[] {
  const edited = [...rules];
  for (let edit = 0; edit < count; edit++) {
    const place = pick.int(edited.length);
    const [rule] = edited.slice(place, place + 1);
    if (!rule) continue;
    const other = rule.action === 'allow' ? 'deny' : 'allow';
    const kind = pick.int(4);
    if (kind === 0) edited.splice(place, 1);
    else if (kind === 1) edited[place] = { ...rule, action: other };
    else if (kind === 2) edited.splice(pick.int(edited.length), 0, ...edited.splice(place, 1));
    else edited.splice(place, 0, { ...rule, name: `new ${edit}`, action: other, points: [{ low: 0, high: 65535 }] });
  }
  return edited;
}

/** `before > after` -> how many of all events, which are label sets x source addresses x points. */
export type Counts = ReadonlyMap<string, bigint>;

/** Rules that say the same are one decider. */
const decider = ({ name: _, ...said }: BoxRule): string => JSON.stringify(said);
const nobody = 'default-deny';

/** By the second engine. */
export function countedByDiagrams(before: readonly BoxRule[], after: readonly BoxRule[]): Counts {
  const classes = portClasses([before, after]);
  const [nets, ports] = [258, classes.length + 2];
  const boxOf = (rule: BoxRule): Box => {
    const { destination, sourcePort, source, points } = rule;
    const isAnyNet = destination.low === 0 && destination.high === 255;
    const isAnyPort = sourcePort.low === 0 && sourcePort.high === 65535;
    const held = classes.flatMap((port, place) => (port >= sourcePort.low && port <= sourcePort.high ? [place] : []));
    return {
      name: decider(rule),
      ranges: [
        points,
        [isAnyNet ? { low: 0, high: nets - 1 } : destination],
        isAnyPort ? [{ low: 0, high: ports - 1 }] : held.map((place) => ({ low: place, high: place })),
        [source],
      ],
    };
  };
  const diagrams = new IntervalDiagrams([transportPoints, nets, ports, 2 ** 32]);
  const [old, now] = [before, after].map((rules) => diagrams.ofList(rules.map(boxOf), nobody));
  return old && now ? diagrams.differences(old, now) : new Map();
}

/** By the compiler. */
export function countedByDiff(
  before: readonly BoxRule[],
  after: readonly BoxRule[],
): { readonly counts: Counts; readonly differences: readonly Difference[] } {
  const classes = portClasses([before, after]);
  const differences = diff(typedRules(before, classes), typedRules(after, classes));
  const counts = new Map<string, bigint>();
  const names = new Map([...before, ...after].map((rule) => [`${rule.name} ${rule.action}`, decider(rule)]));
  const nameOf = (decision: Decision): string =>
    decision.kind === 'rule' ? (names.get(`${decision.owned.rule.text} ${decision.owned.rule.action}`) ?? 'nothing') : decision.kind;
  for (const one of differences) {
    const key = `${nameOf(one.before.enforced)} > ${nameOf(one.after.enforced)}`;
    counts.set(key, (counts.get(key) ?? 0n) + eventsIn(one, classes));
  }
  return { counts, differences };
}

function eventsIn({ cell }: Difference, classes: readonly number[]): bigint {
  const { source, destination, points } = cell;
  if (source.kind !== 'address' || destination.kind !== 'workload') throw new Error(`${source.kind} -> ${destination.kind}`);
  const addresses = intersect(source.addresses, ipv4Space).reduce((sum, { low, high }) => sum + high - low + 1n, 0n);
  const transport = points.reduce((sum, { low, high }) => sum + high - low + 1, 0);
  const inside = labelSets(classes).filter((labels) => inCube(destination.labels, labels)).length;
  return addresses * BigInt(transport) * BigInt(inside);
}

const known = new Map<string, readonly Labels[]>();

/** Every value that a rule names, one that none does, and none: of both labels. */
function labelSets(classes: readonly number[]): readonly Labels[] {
  const of = (key: string, values: readonly number[]): readonly Labels[] => [
    ...values.map((value) => ({ [key]: String(value) })),
    { [key]: 'other' },
    {},
  ];
  const nets = of(
    'net',
    Array.from({ length: 256 }, (_, value) => value),
  );
  const made = known.get(classes.join()) ?? of('port', classes).flatMap((port) => nets.map((net) => ({ ...net, ...port })));
  known.set(classes.join(), made);
  return made;
}
