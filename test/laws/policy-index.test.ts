// A runtime that follows a policy from change to change has what one has that starts with the last: an index that took parts in and
// out decides as the program of the compiler does, and as a fresh index of the same parts does, also where names of ports and
// endpoints change beside it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type LinedPart, partsOf } from '../../src/compiler/7-build/parts.ts';
import type { Emitted } from '../../src/compiler/ir/emitted.ts';
import { placed } from '../../src/compiler/ir/part-lines.ts';
import { parseAddress } from '../../src/compiler/space/address.ts';
import type { Labels } from '../../src/compiler/space/labels.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { ClassSpace } from '../../src/runtime/policy/class-space.ts';
import type { InventoryEndpoint } from '../../src/runtime/policy/generation.ts';
import { followParts, type KnownParts, noParts, sharedEnds } from '../../src/runtime/policy/known-parts.ts';
import { lookupOf, type Peer } from '../../src/runtime/policy/lookup.ts';
import { materialize } from '../../src/runtime/policy/materialize.ts';
import { PartedSources } from '../../src/runtime/policy/parted-sources.ts';
import { PolicyIndex, type PolicySet, policySetOf } from '../../src/runtime/policy/policy-index.ts';
import { contentEnds } from '../../src/runtime/policy/program-check.ts';
import { editedPolicy, randomPolicy, randomUniverse, type Universe } from '../harness/arbitrary.ts';
import { typedPolicy } from '../harness/compile.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { emitted, imageOf, plainCauses } from '../harness/tables.ts';

const sequences = 6;
const changes = 8;
const policiesOfPart = 2;

/** Files that come, go and are edited; each with policies of its own name. */
class Files {
  readonly #source: Random;
  readonly #texts = new Map<string, string>();
  #serial = 0;

  constructor(source: Random) {
    this.#source = source;
    for (let i = 0; i < 4; i++) this.#add();
  }

  #add(): void {
    const name = `m${this.#serial++}`;
    const text = randomPolicy(this.#source, { native: true }).replace(/^policy (\w)-policy/gm, `policy ${name}-$1`);
    this.#texts.set(name, `module ${name}\n\n${text.replace(/^(workload|network|ports) /gm, 'private $1 ')}`);
  }

  change(): void {
    const [names, edit] = [[...this.#texts.keys()], this.#source.int(5)];
    const name = this.#source.pick(names);
    const text = this.#texts.get(name) ?? '';
    if (edit === 0) this.#add();
    else if (edit === 1 && names.length > 1) this.#texts.delete(name);
    else if (edit === 2) this.#texts.set(name, text.replace('\n', '\n\n'));
    else this.#texts.set(name, editedPolicy(this.#source, text));
  }

  emitted(): Emitted {
    return emitted(typedPolicy([...this.#texts].map(([name, text]) => ({ path: `${name}.policy`, text }))));
  }
}

const endpointsOf = ({ workloads, reserved }: Universe): readonly InventoryEndpoint[] => [
  ...workloads.map(
    ({ labels, namespace, ports }, i): InventoryEndpoint => ({
      id: 16 + i,
      kind: 'workload',
      labels: { ...labels, ...(namespace !== undefined && { '@namespace': namespace }) },
      namedPorts: ports,
      local: true,
    }),
  ),
  ...reserved.map(({ entities }, i): InventoryEndpoint => ({ id: 100 + i, kind: 'reserved', entities })),
];

const points = [80, 443, 8080, 9000, 22, 1023, 1024, 65535].map((port) => transportPoint('tcp', port));
const asked = [
  ...points,
  transportPoint('udp', 53),
  transportPoint('udp', 1000),
  transportPoint('icmp', 8 * 256),
  transportPoint('other', 47),
];
const addresses = ['203.0.113.7', '10.0.0.1', '192.0.2.200', '8.8.8.8', '2001:db8::1', 'fd00::9'].map((text) => parseAddress(text) ?? 0n);

/** Every answer, in the order of the questions. */
function answers(policy: Emitted, policies: PolicySet, endpoints: readonly InventoryEndpoint[]): readonly string[] {
  const causes = plainCauses();
  const tables = materialize({ policies, ports: imageOf(policy, 'ports'), endpoints, causes });
  const images = {
    prefixes: imageOf(policy, 'prefixes'),
    http: imageOf(policy, 'http'),
    dns: imageOf(policy, 'dns'),
    tls: imageOf(policy, 'tls'),
    exec: imageOf(policy, 'exec'),
  };
  const lookup = lookupOf(tables, images);
  const peers: readonly Peer[] = [
    ...endpoints.map(({ id }): Peer => ({ kind: 'endpoint', id })),
    ...addresses.map((address): Peer => ({ kind: 'address', address })),
  ];
  const subjects = endpoints.filter(({ kind }) => kind === 'workload');
  const network = subjects.flatMap(({ id: subject }) =>
    peers.flatMap((peer) =>
      asked.flatMap((point) =>
        (['ingress', 'egress'] as const).map((direction) => {
          const { action, cause, match, flags, next } = lookup.network({ subject, peer, direction, point });
          return JSON.stringify([subject, peer.kind, direction, point, action, causes.read(cause), match, flags, next > 0]);
        }),
      ),
    ),
  );
  const paths = ['/usr/bin/node', '/bin/sh', '/usr/bin/curl', ''];
  const exec = subjects.flatMap(({ id }) =>
    paths.map((text) => {
      const { action, cause, flags } = lookup.exec(id, { kind: 'text', text });
      return JSON.stringify([id, text, action, causes.read(cause), flags]);
    }),
  );
  return [...network, ...exec];
}

/** Parts as they are read behind `before`: `isNew` is told of those that are not known. */
function read(linedParts: readonly LinedPart[], before: KnownParts, isNew: () => void): KnownParts {
  const contents = new Map(linedParts.map(({ content, lines }) => [JSON.stringify(content), { content, count: lines.length }]));
  const names = [...contents.keys()];
  const lines = Uint32Array.from(linedParts.flatMap((part) => part.lines));
  const found = followParts(before, { names, lines, shared: sharedEnds(before.names, names) }, (name) => {
    isNew();
    const one = contents.get(name);
    if (!one) throw new Error('a name that was not asked for');
    const { content, count } = one;
    return { count, ends: contentEnds(content), placed: (own) => placed(JSON.parse(name), name, own) };
  });
  if (!found) throw new Error('lines are not those of all');
  return found;
}

/** Policies whose subject matches, one after the other. */
function selecting({ program }: Emitted, labels: Labels): readonly number[] {
  const matching = new Set(policySetOf(program).matching(labels));
  return program.policies.flatMap(({ subject }, number) => (matching.has(subject) ? [number] : []));
}

const sections = ['ingress', 'egress', 'process'] as const;

/** By what policies call the state of an endpoint: its rules and default denies, whose names are of their parts' contents. */
class States {
  readonly #meant = new Map<string, string>();
  same = 0;
  other = 0;

  see(policies: PolicySet, endpoints: readonly InventoryEndpoint[]): void {
    for (const endpoint of endpoints)
      for (const section of endpoint.kind === 'workload' ? sections : []) {
        const selectors = endpoint.kind === 'workload' ? policies.matching(endpoint.labels) : [];
        const rules = policies.rulesFor(selectors, section).map(({ rule }) => policies.ruleName(rule));
        const meant = JSON.stringify([section, rules, policies.bringing(selectors, section).map(({ audit }) => audit)]);
        const state = `${section} ${policies.stateOf(selectors, section)}`;
        const before = this.#meant.get(state);
        if (before === undefined) this.other++;
        else if (rules.length > 0) this.same++;
        assert.is(meant, before ?? meant, state);
        this.#meant.set(state, meant);
      }
  }
}

test('following changes gives what starting with the last gives', () => {
  const source = random(seedOf('policy-index', 20261121));
  let [kept, made, elsewhere, denied, all, stayed, changed] = [0, 0, 0, 0, 0, 0, 0];
  for (let sequence = 0; sequence < sequences; sequence++) {
    const [files, index, states] = [new Files(source), new PolicyIndex(), new States()];
    let known = noParts;
    for (let change = 0; change < changes; change++) {
      const policy = files.emitted();
      const before = new Map(known.parts.map((part) => [part.content, part]));
      const linedParts = partsOf(policy, policiesOfPart);
      let unknown = 0;
      known = read(linedParts, known, () => unknown++);
      const { parts } = known;
      assert.equal(
        known,
        read(linedParts, noParts, () => {}),
      );
      elsewhere += parts.filter((part) => (before.get(part.content) ?? part) !== part).length;
      assert.equal(new PartedSources(parts).table(), policy.sources);
      made += unknown;
      kept += parts.length - unknown;
      // A part under another name, and under its own again, is as if it had stayed.
      const renamed = source.int(parts.length);
      index.change(parts.map((part, place) => (place === renamed ? { ...part, content: '' } : part)));
      index.change(parts);
      const fresh = new PolicyIndex();
      fresh.change(parts);
      const space = new ClassSpace({ ports: imageOf(policy, 'ports'), prefixes: imageOf(policy, 'prefixes') });
      const { classes, ipv6Networks } = policy.program;
      const endpoints = endpointsOf(randomUniverse(source));
      const followed = answers(policy, index.setOf({ classes, ipv6Networks }, space), endpoints);
      assert.equal(followed, answers(policy, fresh.setOf({ classes, ipv6Networks }, space), endpoints));
      assert.equal(followed, answers(policy, policySetOf(policy.program), endpoints));
      for (const endpoint of endpoints)
        if (endpoint.kind === 'workload') assert.equal(index.policiesFor(endpoint.labels), selecting(policy, endpoint.labels));
      states.see(index.setOf({ classes, ipv6Networks }, space), endpoints);
      denied += followed.filter((one) => one.includes('"kind":"rule"')).length;
      all += followed.length;
      files.change();
    }
    [stayed, changed] = [stayed + states.same, changed + states.other];
  }
  console.log(
    `${sequences * changes} states, ${made} parts made and ${kept} kept, ${elsewhere} of them elsewhere in their file, ${all} answers, ${denied} by rules`,
  );
  assert.ok(kept > 50 && elsewhere > 5 && denied > all / 20 && stayed > 50 && changed > 50, `${stayed} ${changed}`);
});

test.run();
