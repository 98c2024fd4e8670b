// One case: its policies are read as any others, and the oracle is asked about each side of each flow.
import { readingsOf, type SideQuestion, verdictIn } from '../../src/compiler/analysis/oracle.ts';
import { collector, type Diagnostic, isError } from '../../src/compiler/diagnostics/diagnostic.ts';
import { defaultImportOptions, importSources } from '../../src/compiler/interchange/index.ts';
import type { Endpoint } from '../../src/compiler/ir/event.ts';
import type { NetworkRule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { checkUnit } from '../../src/compiler/pipeline.ts';
import { authenticationMistake } from './authentication.ts';
import type { Case, CaseFlow, Expected, Side } from './format.ts';
import { refusalMistake } from './refusals.ts';
import { requestMistake } from './requests.ts';
import { optionsOf } from './settings.ts';
import { endpointsOf, pointOf } from './world.ts';

export type Mistake = { readonly flow?: CaseFlow; readonly text: string };
export type CaseResult = {
  readonly passed: number;
  readonly mistakes: readonly Mistake[];
  /** Reason -> flows. */
  readonly skipped: ReadonlyMap<string, number>;
  /** What became of the policies, as policy text. */
  readonly texts: readonly string[];
};

type Compiled = { readonly typed: TypedPolicy | undefined; readonly found: readonly Diagnostic[]; readonly texts: readonly string[] };

/** Documents of kinds that the engine does not know are none of its policies, though they are of ours. */
function known({ policies, ignored = [] }: Case): string {
  const isIgnored = (text: string): boolean => ignored.some((one) => new RegExp(`^kind: ${one.split('/')[0]}$`, 'm').test(text));
  return ignored.length === 0
    ? policies
    : policies
        .split(/^---$/m)
        .filter((text) => !isIgnored(text))
        .join('---');
}

/** Documents that are refused are left out; the others hold. */
function compile(one: Case): Compiled {
  const log = collector();
  const options = { ...defaultImportOptions, ...optionsOf(one) };
  const { sources } = importSources([{ path: `${one.name}.yaml`, text: known(one) }], options, log.report);
  const texts = sources.map(({ text }) => text);
  const checked = checkUnit(sources.map((source) => ({ ...source, path: `${source.path}.policy` })));
  const typed = checked.ok ? checked.value.typed : undefined;
  return { typed, texts, found: [...log.all(), ...(checked.ok ? [] : checked.diagnostics)].filter(isError) };
}

export function runCase(one: Case): CaseResult {
  const { typed, found, texts } = compile(one);
  const mistakes: Mistake[] = [];
  const skipped = new Map<string, number>();
  const refusal = refusalMistake(one, known(one), found);
  if (refusal !== undefined) mistakes.push({ text: refusal });
  let passed = refusal === undefined && found.length > 0 ? 1 : 0;
  const endpoints = endpointsOf(one);
  const conflicts = found.some(({ code }) => code === 'import/conflict');
  for (const flow of one.flows) {
    const result = judged(flow, { typed, endpoints, conflicts });
    if (result === 'passed') passed++;
    else if ('skip' in result) skipped.set(result.skip, (skipped.get(result.skip) ?? 0) + 1);
    else mistakes.push({ flow, text: result.wrong });
  }
  return { passed, mistakes, skipped, texts };
}

export type World = {
  readonly typed: TypedPolicy | undefined;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  /** Are there policies that no endpoint can have together? */
  readonly conflicts: boolean;
};

/** A flow that cannot be asked about keeps no other from being judged. */
function judged(flow: CaseFlow, world: World): FlowResult {
  try {
    return flowResult(flow, world);
  } catch (error) {
    return { wrong: `cannot be judged: ${error instanceof Error ? error.message : String(error)}` };
  }
}

type Judged = { readonly side: Side; readonly expected: Exclude<Expected, 'n/a'> };
type FlowResult = 'passed' | { readonly skip: string } | { readonly wrong: string };

function flowResult(flow: CaseFlow, world: World): FlowResult {
  const sides = (['egress', 'ingress'] as const).flatMap((side): readonly Judged[] => {
    const expected = flow[side];
    return expected === undefined || expected === 'n/a' ? [] : [{ side, expected }];
  });
  const judged = [...sides, ...bothSides(flow)];
  if (judged.length === 0 && flow.verdict === undefined) return { skip: 'neither end has a policy of its own' };
  const wrong = judged.map((one) => sideMistake(flow, one, world)).find((text) => text !== undefined);
  if (wrong !== undefined) return { wrong };
  const together = flow.verdict === undefined ? undefined : togetherMistake(flow, world);
  return together === undefined ? 'passed' : { wrong: together };
}

/** Where a source gives only one verdict for both sides, an allowed flow is allowed on each. */
const bothSides = ({ verdict }: CaseFlow): readonly Judged[] =>
  verdict === 'allowed' ? (['egress', 'ingress'] as const).map((side) => ({ side, expected: 'allowed' })) : [];

function togetherMistake(flow: CaseFlow, world: World): string | undefined {
  if (flow.verdict !== 'denied' || !world.typed) return undefined;
  const { typed } = world;
  const actions = (['egress', 'ingress'] as const).map((side) => verdictIn(typed, side, questionOf(flow, side, world)).action);
  return actions.includes('denied') ? undefined : 'expected denied, found allowed on both sides';
}

export function questionOf(flow: CaseFlow, side: Side, { endpoints }: World): SideQuestion {
  const ends = [endpoints.get(flow.from), endpoints.get(flow.to)];
  const [source, destination] = ends;
  if (!source || !destination) throw new Error(`an endpoint that is not known: ${flow.from} or ${flow.to}`);
  const [subject, peer] = side === 'egress' ? [source, destination] : [destination, source];
  return { subject, peer, point: pointOf(flow) };
}

function sideMistake(flow: CaseFlow, { side, expected }: Judged, world: World): string | undefined {
  const { typed, conflicts } = world;
  if (expected === 'error') return conflicts ? undefined : `${side}: expected a conflict`;
  if (!typed) return 'the policies were not compiled';
  const question = questionOf(flow, side, world);
  const { action, cause } = verdictIn(typed, side, question);
  if (action !== expected) {
    const why = cause.kind === 'rule' ? `by \`${typed.rules[cause.rule]?.text}\`` : `by ${cause.kind}`;
    return `${side}: expected ${expected}, found ${action} ${why}`;
  }
  if (action === 'denied') return undefined;
  const rules = concerned(typed, side, question);
  const request = requestMistake(typed, { side, question, rules, expected: flow.l7?.[side] });
  if (request !== undefined) return `${side}: ${request}`;
  const allowing = rules.filter((rule) => rule.action === 'allow');
  const found = flow.authUnstable ? undefined : authenticationMistake(allowing, flow.auth?.[side]);
  return found === undefined ? undefined : `${side}: ${found}`;
}

/** Rules that concern a connection, in deciding order. */
function concerned(typed: TypedPolicy, side: Side, { subject, peer, point }: SideQuestion): readonly NetworkRule[] {
  const [source, destination] = side === 'egress' ? [subject, peer] : [peer, subject];
  return readingsOf(typed, side, { kind: 'flow', source, destination, point }).flatMap((reading) =>
    reading.peer && reading.transport && reading.rule.section !== 'process' ? [reading.rule] : [],
  );
}
