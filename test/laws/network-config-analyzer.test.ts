// The queries of network-config-analyzer's own tests, answered: what differs is explained, no more than one of twenty differs, and it
// takes a fraction of the time that was recorded for that tool. And what compares outputs finds what is another in them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isOfReading, ncaReport } from '../../scripts/corpora-nca.ts';
import { explanationOf } from '../../scripts/nca/differences.ts';
import { compareOutput } from '../../scripts/nca/expected-output.ts';
import { SetCompiler } from '../../scripts/nca/policy-set.ts';
import { runSchemes } from '../../scripts/nca/run.ts';
import { readScheme } from '../../scripts/nca/scheme.ts';
import { type Named, World } from '../../scripts/nca/world.ts';

const tests = join(import.meta.dirname, '..', '..', '..', 'shared', 'corpora', 'network-config-analyzer', 'tests');
const isThere = existsSync(tests);
const skip = (what: string): void => console.log(`SKIP ${what}: there is no ../shared/corpora/network-config-analyzer`);

test('queries', () => {
  if (!isThere) return skip('queries of network-config-analyzer');
  const run = runSchemes(tests, 2);
  const failed = run.outcomes.filter(({ outcome }) => outcome === 'failed');
  assert.equal(
    failed.filter(({ scheme, query }) => explanationOf(scheme, query) === undefined),
    [],
  );
  const queries = run.outcomes.filter((one) => !isOfReading(one));
  const count = (outcome: string): number => queries.filter((one) => one.outcome === outcome).length;
  assert.ok(count('passed') >= 228, ncaReport(run));
  assert.ok(count('passed') >= 19 * count('failed'), ncaReport(run));
  const known = run.times.filter(({ recorded }) => recorded !== undefined);
  const [own, other] = [known.map((one) => one.milliseconds / 1000), known.map((one) => one.recorded ?? 0)].map((all) =>
    all.reduce((a, b) => a + b, 0),
  );
  assert.ok((other ?? 0) >= 20 * (own ?? 0), ncaReport(run));
});

test('a change of an expected output is found', () => {
  if (!isThere) return skip('expected outputs of network-config-analyzer');
  const cases: readonly (readonly [scheme: string, query: string, from: string | RegExp, to: string])[] = [
    ['online_boutique/connectivity-scheme.yaml', 'new_online_boutique_connectivity_map', 'dst_ports:7070', 'dst_ports:7071'],
    [
      'online_boutique/connectivity-scheme.yaml',
      'semantic_diff_online_boutique_new_vs_synthesized_new',
      'dst_pods: [loadgenerator]',
      'dst_pods: [frontend]',
    ],
    [
      'onlineboutique-test-connectivity-wo-fw-rules/test-no-fw-rules-scheme.yaml',
      'onlineboutique-conn-graph-no-fw-rules',
      /^default\/frontend.*\n/m,
      '',
    ],
    ['ipblockstest/test-scheme.yaml', 'ipblocktest-conn-graph-no-fw-rules', '0.0.0.0-9.255.255.255 =>', '0.0.0.0-9.255.255.254 =>'],
    [
      'testcase11-forbids-permits/testcase11-scheme.yaml',
      'forbids_empty_impl_default_spec_all_examples',
      "'default/cog-agents-qr8gp', ",
      '',
    ],
    [
      'testcase11-forbids-permits/testcase11-scheme.yaml',
      'permits_partly_default_impl_default_spec_print_all_pairs_json',
      '"default/cog-agents-js4qc",',
      '',
    ],
    ['emptinessTests/emptinessTests-scheme.yaml', 'emptiness', 'rules indexes: 1', 'rules indexes: 2'],
    ['demo/sanity/sanity-scheme.yaml', 'redundancy_test_on_misconception_podSelector-namespaceSelector_yaml', "- '2'", "- '3'"],
  ];
  for (const [path, name, from, to] of cases) {
    const scheme = readScheme(join(tests, 'k8s_testcases', 'example_policies', path));
    const query = scheme.queries.find((one) => one.name === name);
    assert.ok(query?.expectedOutput, name);
    const compiler = new SetCompiler(scheme, tests);
    const sets = query.sets.flatMap((set) => scheme.sets.flatMap((one) => (one.name === set ? (compiler.compile(one).set ?? []) : [])));
    const world = new World(sets);
    const named: readonly Named[] = sets.map((set) => world.named(set.name, set));
    const text = readFileSync(query.expectedOutput, 'utf8');
    assert.is(compareOutput(query, named, text), undefined, name);
    assert.type(compareOutput(query, named, text.replace(from, to)), 'string', name);
  }
});

test.run();
