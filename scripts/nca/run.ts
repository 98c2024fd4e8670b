// All scheme files of the collection: each query answered, and held against what it should answer.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { compareOutput } from './expected-output.ts';
import { type Compiled, SetCompiler } from './policy-set.ts';
import { answer } from './queries.ts';
import { type Query, readScheme, type Scheme } from './scheme.ts';
import { type Named, World } from './world.ts';

/** `reason`: why it failed or was skipped. */
export type Outcome = {
  readonly scheme: string;
  readonly query: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly reason?: string;
};
/** `milliseconds` of this process, the least of `rounds`; `recorded`: seconds that the other tool took, if it was written down. */
export type SchemeTime = { readonly scheme: string; readonly milliseconds: number; readonly recorded?: number };
export type Run = { readonly outcomes: readonly Outcome[]; readonly times: readonly SchemeTime[] };

/**
 * `tests`: the folder of the collection with its schemes. Each is answered `rounds` times: other work of the machine, and of the
 * engine that warms up, is not to be measured.
 */
export function runSchemes(tests: string, rounds = 8): Run {
  const recorded = recordedTimes(tests);
  const paths = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((path) => /-scheme(?:-demo)?\.yaml$/.test(path))
    .sort();
  const measured = paths.map((path) => ({ path, ...measuredScheme(join(tests, path), tests) }));
  const least = new Map(measured.map(({ path, milliseconds }) => [path, milliseconds]));
  for (let round = 1; round < rounds; round++)
    for (const path of paths) least.set(path, Math.min(least.get(path) ?? 0, measuredScheme(join(tests, path), tests).milliseconds));
  const times = measured.map(({ path, outcomes }): SchemeTime => {
    const seconds = outcomes.some(({ outcome }) => outcome !== 'skipped') ? recorded.get(path) : undefined;
    return { scheme: path, milliseconds: least.get(path) ?? 0, ...(seconds !== undefined && { recorded: seconds }) };
  });
  return { outcomes: measured.flatMap(({ outcomes }) => outcomes), times };
}

function measuredScheme(path: string, tests: string): { readonly outcomes: readonly Outcome[]; readonly milliseconds: number } {
  const before = process.cpuUsage();
  const outcomes = runScheme(path, tests);
  const { user, system } = process.cpuUsage(before);
  return { outcomes, milliseconds: (user + system) / 1000 };
}

function recordedTimes(tests: string): ReadonlyMap<string, number> {
  const path = join(tests, 'expected_runtime', 'k8s_tests_expected_runtime.csv');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(',')), Number(line.slice(line.lastIndexOf(',') + 1))]));
}

function runScheme(path: string, tests: string): readonly Outcome[] {
  const scheme = readScheme(path);
  const compiler = new SetCompiler(scheme, tests);
  const used = new Set(scheme.queries.flatMap((query) => query.sets.map((name) => name.split('/')[0])));
  const wanted = scheme.sets.filter(({ name, expectedError }) => used.has(name) || expectedError !== undefined);
  const sets = new Map(wanted.map((set) => [set.name, compiler.compile(set)]));
  const world = new World([...sets.values()].flatMap(({ set }) => set ?? []));
  const head = { scheme: relative(tests, path) };
  return [
    ...errorOutcomes(scheme, sets).map((one) => ({ ...head, ...one })),
    ...scheme.queries.map((query) => ({ ...head, query: `${query.name} (${query.kind})`, ...outcomeOf(query, sets, world) })),
  ];
}

/** Sets of which it is said whether they can be read. */
const errorOutcomes = ({ sets }: Scheme, compiled: ReadonlyMap<string, Compiled>): readonly Omit<Outcome, 'scheme'>[] =>
  sets.flatMap(({ name, expectedError }) => {
    if (expectedError === undefined) return [];
    const { missing, wrong } = compiled.get(name) ?? {};
    const query = `${name} (expectedError)`;
    if (missing !== undefined) return [{ query, outcome: 'skipped', reason: notThere(missing) }];
    const isAsExpected = (wrong !== undefined) === expectedError > 0;
    return [
      {
        query,
        ...(isAsExpected
          ? passed
          : failed(expectedError > 0 ? 'an error was expected, and there is none' : `no error was expected: ${wrong}`)),
      },
    ];
  });

type Result = Pick<Outcome, 'outcome' | 'reason'>;
const passed: Result = { outcome: 'passed' };
const failed = (reason: string): Result => ({ outcome: 'failed', reason });
const skipped = (reason: string): Result => ({ outcome: 'skipped', reason });
const notThere = (path: string): string => `\`${path}\` is not among the files of the collection`;

function outcomeOf(query: Query, sets: ReadonlyMap<string, Compiled>, world: World): Result {
  const used = query.sets.map((name) => ({ name, compiled: sets.get(name.split('/')[0] ?? '') ?? {} }));
  for (const { name, compiled } of used) {
    if (compiled.missing !== undefined) return skipped(notThere(compiled.missing));
    const kinds = name.includes('/') ? [] : (compiled.set?.otherKinds ?? []);
    if (kinds.length > 0)
      return skipped(`\`${name}\` has documents of kind ${kinds.join(', ')}, which say of connections what no network policy says`);
    if (!compiled.set) return failed(`\`${name}\` cannot be read: ${compiled.wrong ?? 'there is no such set'}`);
  }
  const named = used.flatMap(({ name, compiled }): readonly Named[] => (compiled.set ? [world.named(name, compiled.set)] : []));
  return held(query, named);
}

function held(query: Query, named: readonly Named[]): Result {
  const { expected, expectedNotExecuted = 0, expectedOutput } = query;
  const empty = named.find(({ name, situation }) => name.includes('/') && situation.policies.length === 0);
  if (empty) return failed(`there is no policy \`${empty.name}\``);
  const found = answer(query.kind, named);
  if (!found) return skipped(`there is no kind of query \`${query.kind}\``);
  if (expected !== undefined && found.result !== expected) return failed(`${expected} was expected, and it is ${found.result}`);
  if (found.notExecuted !== expectedNotExecuted)
    return failed(`${expectedNotExecuted} sets were not to be asked about, and it is ${found.notExecuted}`);
  if (expectedOutput === undefined) return expected === undefined && expectedNotExecuted === 0 ? passedWithoutExpectation : passed;
  if (!existsSync(expectedOutput)) return skipped(notThere(expectedOutput));
  const difference = compareOutput(query, named, readFileSync(expectedOutput, 'utf8'));
  return difference === undefined ? passed : failed(difference);
}

const passedWithoutExpectation: Result = skipped('it says no answer to be held against');
