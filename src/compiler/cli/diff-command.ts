// `policyc diff` and `policyc merge-check`: arguments, options and help.
import { type Command, Option } from 'commander';
import type { DiffOptions } from './diff.ts';
import { withDocuments } from './document-options.ts';
import { exitCodes } from './exit-codes.ts';
import { readGates } from './fail-on.ts';
import type { MergeCheckOptions } from './merge-check.ts';
import { withCommon } from './options.ts';
import type { Result } from './output.ts';

const formats = ['text', 'markdown', 'json', 'sarif', 'html'];
const failOn = new Option('--fail-on <what>', 'exit with 1 if there is such a change: see below')
  .default([], 'nothing')
  .argParser(readGates);

const diffHelp = `
Exact over all events that the language can tell apart: all labels, addresses, ports, requests and programs, also those
that no workload has yet. Each change comes with one event of it, and with who decided before and after.

OLD and NEW are files, folders, bundles (compared by the text that they were built from), or REVISION:PATH. Of revisions
the PATHs are compared (without any: this folder), imports included, as they were committed; a single REVISION with the
files as they are now, \`A..B\` the one with the other, \`A...B\` what B changed since it left A.

What --fail-on takes, with commas between: newly-allowed, newly-denied, newly-audited, no-longer-audited, each also with
:world (addresses outside), :namespace (another one), :host (nodes), :process, :flows (that recorded flows would have hit);
low, medium, high (that severity or more); any. Severity: high is what opens to the world, or opens a subject of
\`@severity(high)\` or \`critical\`.

Examples:
  policyc diff shop.policy shop-new.policy
  policyc diff HEAD                       what is not committed yet
  policyc diff main...HEAD -- policies    what this branch changes
  policyc diff shop.bundle policies       what a build would change
  policyc diff origin/main policies --fail-on newly-allowed:world,high
  policyc diff main...HEAD --format markdown -o report.html -o report.sarif
${exitCodes}
  3  what some rules change is past the limit of an exact answer: they are named`;

export function addDiff(program: Command, finish: (result: Result) => void): void {
  withDocuments(
    withCommon(
      program
        .command('diff')
        .description('show what a change newly allows and newly denies')
        .argument('<what...>', 'two files, folders or bundles; or revisions of git (`main..HEAD`, `HEAD`), and paths')
        .usage('[options] OLD NEW\n       policyc diff [options] REVISION [REVISION] [-- PATH...]'),
      formats,
    ),
  )
    .addOption(
      new Option(
        '-o, --output <file>',
        'write a report, too, in the form that the name ends in: .md, .json, .sarif, .html, .txt; may be given again',
      )
        .argParser((file: string, before: readonly string[]) => [...before, file])
        .default([], 'none'),
    )
    .option('--exit-code', 'exit with 1 if any verdict changes')
    .addOption(failOn)
    .option('--inventory <file>', 'name the workloads of an inventory that a change affects, beside those that manifests state')
    .option('--flows <path>', 'say how many recorded flows each change would have hit: as `policyc replay` reads them')
    .option('--all', 'list also what changes no verdict')
    .option('--no-cost', 'do not say what it costs in the kernel: bytes and entries of tables, instructions of programs')
    .addHelpText('after', diffHelp)
    .action(async (given: readonly string[], options: DiffOptions) =>
      finish(await (await import('./diff.ts')).runDiff(aroundDashes(given), options)),
    );
}

export function addMergeCheck(program: Command, finish: (result: Result) => void): void {
  withDocuments(
    withCommon(
      program
        .command('merge-check')
        .description('show what two changes do together that neither does alone')
        .argument('<change...>', 'two files or folders; or two revisions of git, and paths')
        .usage('[options] A B --base C\n       policyc merge-check [options] REVISION REVISION [-- PATH...]'),
    ),
  )
    .option('--base <what>', 'where both changes began: a file, a folder or a revision; of two revisions the commit where they parted')
    .addHelpText(
      'after',
      `
Both changes are merged as \`git merge\` does it, and the result is compared with the base and with each of them, exactly over
all events. Two kinds of events are told: those that the merge newly allows or denies although neither change does, and those
that one change newly allows or denies and the merge does not. The work tree is not touched.

Examples:
  policyc merge-check feature-a feature-b -- policies
  policyc merge-check main HEAD
  policyc merge-check a/policies b/policies --base policies
${exitCodes}
  3  what some rules do together is past the limit of an exact answer: they are named`,
    )
    .action(async (given: readonly string[], options: MergeCheckOptions) =>
      finish((await import('./merge-check.ts')).runMergeCheck(aroundDashes(given), options)),
    );
}

/** Commander leaves `--` out; only what the program was called with has it. */
function aroundDashes(given: readonly string[]): { readonly words: readonly string[]; readonly paths: readonly string[] | undefined } {
  const dashes = process.argv.indexOf('--');
  const count = dashes < 0 ? 0 : process.argv.length - dashes - 1;
  return { words: given.slice(0, given.length - count), paths: dashes < 0 ? undefined : given.slice(given.length - count) };
}
