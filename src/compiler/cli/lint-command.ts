// `policyc lint`: arguments, options and help.
import type { Command } from 'commander';
import type { LintCommandOptions } from './lint.ts';
import { readSeconds, withCommon, withUnit } from './options.ts';
import type { Result } from './output.ts';

type Words = { readonly paths: string; readonly exitCodes: string };

export function addLint(program: Command, finish: (result: Result) => void, { paths, exitCodes }: Words): void {
  withUnit(
    withCommon(program.command('lint').description('find rules that change nothing, contradict or are one').argument('<path...>', paths), [
      'text',
      'json',
      'sarif',
    ]),
    'warn',
  )
    .option('--mutants', 'also changes of rules that no test line and no invariant notices')
    .option('--seconds <seconds>', 'how long rules are compared, and again how long changes are tried', readSeconds, 60)
    .addHelpText(
      'after',
      `
Each finding is proved over all events, none is guessed: a rule that never decides, and the rules that decide in its place; a
rule without which every verdict is the same; rules of a policy that are one; a rule that allows what another file denies
at the same place in the order; with invariants of the form \`every ...\`, a rule that allows more than they ask for. All
rules of the first two kinds can be taken out at once. What \`check\` finds is told, too.

A finding that is meant is silenced in the policy: \`@allow("lint/no-effect", "REASON")\`. To fail on findings: \`--fail-on\`.

Examples:
  policyc lint policies/
  policyc lint policies/ --fail-on lint/never-decides,lint/contradiction
  policyc lint policies/ --mutants --seconds 300
  policyc lint policies/ --format sarif > lint.sarif
${exitCodes}`,
    )
    .action(async (given: readonly string[], options: LintCommandOptions) => finish((await import('./lint.ts')).runLint(given, options)));
}
