// What `policyc test` says beside the outcomes when asked: which rules no line decides, and which changes of rules no
// line notices.
import { writeFileSync } from 'node:fs';
import type { Coverage } from '../analysis/coverage.ts';
import { deciderOf, eventWords, placeOf } from '../analysis/event-words.ts';
import { dropped } from '../analysis/mutants.ts';
import type { Mutation, Survivor } from '../analysis/mutation.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { Verdict } from '../ir/event.ts';
import { type CheckedUnit, coverUnit, mutateUnit } from '../pipeline.ts';
import { lcovOf } from './lcov.ts';
import { counted } from './output.ts';

export type ExtraOptions = {
  readonly coverage?: true;
  readonly coverageLcov?: string;
  readonly mutate?: true;
  readonly mutateSeconds: number;
};
/** `records` go into the JSON document; `message` says what could not be done. */
export type Extras = {
  readonly texts: readonly string[];
  readonly records: Readonly<Record<string, unknown>>;
  readonly diagnostics: readonly Diagnostic[];
  readonly message?: string;
};

/** `holds`: do all lines hold? Otherwise there is nothing that a mutant could be compared with. */
export function extrasOf(unit: CheckedUnit, options: ExtraOptions, holds: boolean): Extras {
  const covered = covering(unit, options);
  if (!options.mutate) return covered;
  if (!holds) return { ...covered, texts: [...covered.texts, 'mutants: not tried, because not every line holds'] };
  const mutation = mutateUnit(unit, { goOn: goingOn(options.mutateSeconds) });
  return {
    ...covered,
    texts: [...covered.texts, mutationText(mutation, options.mutateSeconds, unit.typed.domains)],
    records: { ...covered.records, mutation: mutationRecord(unit, mutation) },
  };
}

// --- coverage -------------------------------------------------------------------------------------------------------

function covering(unit: CheckedUnit, options: ExtraOptions): Extras {
  const none: Extras = { texts: [], records: {}, diagnostics: [] };
  if (!options.coverage && options.coverageLcov === undefined) return none;
  const outcome = coverUnit(unit);
  if (!outcome.ok) return { ...none, diagnostics: outcome.diagnostics };
  const message = options.coverageLcov === undefined ? undefined : written(options.coverageLcov, lcovOf(outcome.value));
  return {
    texts: options.coverage ? [coverageText(outcome.value)] : [],
    records: options.coverage ? { coverage: coverageRecord(outcome.value) } : {},
    diagnostics: [],
    ...(message !== undefined && { message }),
  };
}

/** What went wrong, if anything. */
function written(path: string, text: string): string | undefined {
  try {
    writeFileSync(path, text);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    return `cannot write \`${path}\`: ${code}`;
  }
}

function coverageText({ rules, defaults }: Coverage): string {
  const [missedRules, missedDefaults] = [rules.filter(({ lines }) => lines === 0), defaults.filter(({ lines }) => lines === 0)];
  const parts = [
    `${rules.length - missedRules.length} of ${counted(rules.length, 'rule')}`,
    `${defaults.length - missedDefaults.length} of ${counted(defaults.length, 'default deny', 'default denies')}`,
  ];
  const missed = [
    ...missedRules.map(({ rule }) => ({ ...placeOf(rule.span), text: rule.text })),
    ...missedDefaults.map(({ policy, section, domain }) => ({
      ...placeOf(policy.span),
      text: `default deny of ${domain ?? section} by ${policy.name}`,
    })),
  ].sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
  return [
    `coverage: test lines decide by ${parts.join(' and ')}`,
    ...(missed.length > 0 ? ['no test line decides by:'] : []),
    ...missed.map(({ file, line, text }) => `  ${file}:${line}: ${text}`),
  ].join('\n');
}

const coverageRecord = ({ rules, defaults }: Coverage) => ({
  rules: rules.map(({ rule, lines }) => ({ ...placeOf(rule.span), section: rule.section, text: rule.text, lines })),
  defaults: defaults.map(({ policy, section, domain, lines }) => ({
    ...placeOf(policy.span),
    policy: policy.name,
    section,
    ...(domain !== undefined && { domain }),
    lines,
  })),
});

// --- mutants --------------------------------------------------------------------------------------------------------

/** Ends after so many seconds; says on a terminal how far it is once it has taken longer than one. */
function goingOn(seconds: number): (done: number, total: number) => boolean {
  const start = performance.now();
  let shown = start + 1000;
  let open = false;
  return (done, total) => {
    const now = performance.now();
    const goes = now - start < seconds * 1000;
    if (process.stderr.isTTY && now >= shown) {
      process.stderr.write(`\rmutants: ${done} of ${total} tried`);
      shown = now + 200;
      open = true;
    }
    if (open && (!goes || done === total - 1)) process.stderr.write('\r\u001b[K');
    return goes;
  };
}

function mutationText(mutation: Mutation, seconds: number, domains: Domains): string {
  const { total, tried, noticed, equivalent, survivors } = mutation;
  const parts = [`${noticed} noticed`, `${survivors.length} not noticed`];
  if (equivalent > 0) parts.push(`${equivalent} change no verdict`);
  return [
    `mutants: ${tried} changes of rules tried, ${parts.join(', ')}`,
    ...(tried < total ? [`  ${total - tried} more were not tried, after ${counted(seconds, 'second')} (\`--mutate-seconds\`)`] : []),
    ...(survivors.length > 0 ? ['no test line and no invariant notices:'] : []),
    ...groupsOf(survivors).flatMap((group) => groupText(group, domains)),
  ].join('\n');
}

/** Survivors of one rule, or of one policy's defaults. */
function groupsOf(survivors: readonly Survivor[]): readonly (readonly Survivor[])[] {
  const groups = new Map<unknown, Survivor[]>();
  for (const one of survivors) groups.set(one.mutant.span, [...(groups.get(one.mutant.span) ?? []), one]);
  return [...groups.values()];
}

/** Where nobody notices that the rule is gone, its other changes are only counted. */
function groupText(group: readonly Survivor[], domains: Domains): readonly string[] {
  const [first] = group;
  if (!first) return [];
  const { file, line } = placeOf(first.mutant.span);
  const gone = group.find(({ mutant }) => mutant.what === dropped);
  const shown = gone ? [gone] : group;
  const more = group.length - shown.length;
  return [
    `  ${file}:${line}: ${first.mutant.rule?.text ?? `policy ${first.mutant.policy.name}`}`,
    ...shown.map((one) => `    ${one.mutant.what}${witnessText(one, domains)}`),
    ...(more > 0 ? [`    and ${counted(more, 'other change')} of it`] : []),
  ];
}

/** Allowed, and denied if everything in audit mode were enforced. */
const isAudited = ({ action, audit }: Verdict): boolean => action === 'allowed' && audit?.action === 'denied';

/** What the verdict would be; where only what audit says of it is another, that. */
function turnedWords({ before, after }: NonNullable<Survivor['witness']>): string {
  if (isAudited(after)) return 'audited';
  if (before.action !== after.action) return after.action;
  if (isAudited(before)) return 'allowed and not audited';
  return after.audit ? 'denied, and allowed with audit' : 'denied, and not allowed with audit';
}

const witnessText = ({ witness }: Survivor, domains: Domains): string =>
  witness
    ? `: ${eventWords(witness.event, domains)} would be ${turnedWords(witness)}`
    : ' (what it changes was not found within the limit)';

function mutationRecord({ typed }: CheckedUnit, { survivors, ...counts }: Mutation) {
  return {
    ...counts,
    survivors: survivors.map(({ mutant, witness }) => ({
      ...placeOf(mutant.span),
      policy: mutant.policy.name,
      section: mutant.section,
      ...(mutant.rule && { text: mutant.rule.text }),
      what: mutant.what,
      ...(witness && {
        event: eventWords(witness.event, typed.domains),
        before: deciderOf(typed, witness.before),
        after: isAudited(witness.after) ? 'audited' : witness.after.action,
      }),
    })),
  };
}
