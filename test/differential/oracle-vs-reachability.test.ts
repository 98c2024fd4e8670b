// Connections between concrete ends against the oracle: on random policies, what is listed as allowed is what the oracle allows, for
// every pair of ends and every port of a small world; where all requests are said to be allowed, the oracle allows every one.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addressUnknown, inEnd, reservedNames } from '../../src/compiler/analysis/cell.ts';
import { AnalysisLimit } from '../../src/compiler/analysis/limit.ts';
import { type Asked, askedBy, cubeOf, type Node, outsideNodes, workloadNodes } from '../../src/compiler/analysis/nodes.ts';
import { verdictOf } from '../../src/compiler/analysis/oracle.ts';
import { Reachability, ReachabilityMemory } from '../../src/compiler/analysis/reachability.ts';
import type { Endpoint, FlowEvent } from '../../src/compiler/ir/event.ts';
import { includes } from '../../src/compiler/space/interval.ts';
import { random, seedOf } from '../harness/random.ts';
import { everyEvent, randomWorld, typedWorld } from '../harness/small-world.ts';

const seed = seedOf('oracle-vs-reachability', 20_261_121);
const flows = everyEvent().filter((event): event is FlowEvent => event.kind === 'flow');

function nodeOf(asked: Asked, outside: readonly Node[], endpoint: Endpoint): Node | undefined {
  switch (endpoint.kind) {
    case 'workload': {
      const { labels, address, namedPorts = [] } = endpoint;
      const addresses = address === undefined ? [] : [address];
      return workloadNodes(asked, [{ name: endpoint.id, labels, namedPorts, addresses, onHostNetwork: false }])[0];
    }
    case 'reserved': {
      const { entities, labels = {}, address } = endpoint;
      const names = new Map(reservedNames.map((name) => [name, entities.includes(name)]));
      const addresses = address === undefined ? addressUnknown : [{ low: address, high: address }];
      const end = { kind: 'reserved', names, labels: cubeOf(asked.keys, labels), addresses } as const;
      return { kind: 'entity', name: entities.join(), end, namedPorts: [] };
    }
    case 'address':
      return outside.find(({ end }) => inEnd(end, endpoint));
  }
}

test('every flow of a small world', () => {
  let asked = 0;
  for (let round = 0; round < 25; round++) {
    const typed = typedWorld(randomWorld(random(seed + round)));
    try {
      asked += compared(typed, round);
    } catch (error) {
      if (!(error instanceof AnalysisLimit)) throw error;
    }
  }
  assert.ok(asked > 40_000, `only ${asked} flows were compared`);
});

function compared(typed: ReturnType<typeof typedWorld>, round: number): number {
  const asked = askedBy([typed]);
  const outside = outsideNodes(asked);
  const reachability = new Reachability(new ReachabilityMemory(typed));
  const nodes = new Map<Endpoint, Node | undefined>();
  const node = (endpoint: Endpoint): Node | undefined => {
    if (!nodes.has(endpoint)) nodes.set(endpoint, nodeOf(asked, outside, endpoint));
    return nodes.get(endpoint);
  };
  const known = new Map<Node, Map<Node, ReturnType<Reachability['between']>>>();
  let count = 0;
  for (const event of flows) {
    const [source, destination] = [node(event.source), node(event.destination)];
    // There is one host, and what it sends to itself is not asked; an API server outside is no node.
    if (!source || !destination || [source, destination].every(({ end }) => end.kind === 'reserved' && end.names.get('host'))) continue;
    const ofSource = known.get(source) ?? new Map<Node, ReturnType<Reachability['between']>>();
    known.set(source, ofSource);
    const parts = ofSource.get(destination) ?? reachability.between(source, destination);
    ofSource.set(destination, parts);
    const part = parts.find(({ points }) => includes(points, event.point));
    const isAllowed = verdictOf(typed, event).action === 'allowed';
    const place = () =>
      `seed ${seed + round}: ${JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`;
    if (event.request === undefined) assert.is(part !== undefined, isAllowed, place());
    else if (isAllowed) assert.ok(part, place());
    else assert.ok(!part || part.requests, place());
    count++;
  }
  return count;
}

test.run();
