// The commands about recorded traffic, with their options and their help.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { closest } from '../base/closest.ts';
import { type Generalization, generalizations, usualGeneralizations } from '../flows/suggest/generalization.ts';
import { withDocuments } from './document-options.ts';
import { withCommon } from './options.ts';
import type { Result } from './output.ts';
import type { ReplayOptions } from './replay.ts';
import { type ReplayGate, replayGates } from './replay-gates.ts';
import type { SuggestOptions } from './suggest.ts';

type Finish = (result: Result) => void;

function readReplayGates(text: string, before: readonly ReplayGate[]): readonly ReplayGate[] {
  const given = text.split(',').map((word) => {
    const gate = replayGates.find((one) => one === word.trim());
    if (gate) return gate;
    const suggestion = closest(word.trim(), replayGates);
    throw new InvalidArgumentError(
      suggestion === undefined
        ? `expected some of ${replayGates.join(', ')}`
        : `there is no \`${word.trim()}\`, did you mean \`${suggestion}\`?`,
    );
  });
  return [...before, ...given];
}

const flowsText =
  'lines of `hubble observe -o json`, of its exporter, or of `policyd observe --json`; a folder of such files; `-` is standard input';

/** `exitCodes`: what the help of every command ends with. */
export function addFlowCommands(program: Command, finish: Finish, exitCodes: string): void {
  addReplay(program, finish, exitCodes);
  addSuggest(program, finish, exitCodes);
}

/** `none`, `all`, or words with commas between. */
function readGeneralizations(text: string): readonly Generalization[] {
  if (text === 'none') return [];
  if (text === 'all') return generalizations;
  return text.split(',').map((word) => {
    const found = generalizations.find((one) => one === word.trim());
    if (found) return found;
    const suggestion = closest(word.trim(), [...generalizations, 'none', 'all']);
    throw new InvalidArgumentError(
      suggestion === undefined
        ? `expected none, all, or some of ${generalizations.join(', ')}`
        : `there is no \`${word.trim()}\`, did you mean \`${suggestion}\`?`,
    );
  });
}

function addSuggest(program: Command, finish: Finish, exitCodes: string): void {
  program
    .command('suggest')
    .description('write the least policies that allow what was recorded')
    .argument('<flows>', flowsText)
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addOption(
      new Option(
        '--generalize <what>',
        `what may stand more widely than recorded: none, all, or some of ${generalizations.join(', ')}; commas between`,
      )
        .argParser(readGeneralizations)
        .default(usualGeneralizations, usualGeneralizations.join(',')),
    )
    .addHelpText(
      'after',
      `
One policy for each workload that was recorded, with an ingress and an egress section: what was not recorded as allowed is denied to
it. Every rule says how many flows it is for, and when the first and the last of them were; whatever is more than was
recorded is said beside it. With \`--generalize none\` workloads are selected by all their labels, and requests, names and
addresses stand as they were. The text is in canonical form, has no finding, and allows every flow that it is for: that
is checked before it is printed. The same flows give the same text, in whatever order they were recorded.

Examples:
  policyc suggest flows.json > suggested.policy
  hubble observe --namespace shop --last 100000 -o json | policyc suggest - --generalize labels,paths
  policyc suggest flows.json --generalize none
${exitCodes}`,
    )
    .action(async (flows: string, options: SuggestOptions) => finish(await (await import('./suggest.ts')).runSuggest(flows, options)));
}

function addReplay(program: Command, finish: Finish, exitCodes: string): void {
  withDocuments(
    withCommon(
      program
        .command('replay')
        .description('hold recorded traffic against policies, or against a change of them')
        .argument('<flows>', flowsText)
        .argument('[policy...]', 'files, or folders with *.policy files and YAML of Kubernetes at any depth')
        .usage('[options] FLOWS POLICY...\n       policyc replay [options] FLOWS --diff OLD NEW'),
    ),
  )
    .option(
      '--diff <states...>',
      'what the new policies change for the flows: two files, folders, bundles or revisions, as of `policyc diff`',
    )
    .addOption(
      new Option('--fail-on <what>', `exit with 1 if there are such flows: ${replayGates.join(', ')}; commas between`)
        .argParser(readReplayGates)
        .default([], 'none'),
    )
    .option('--all', 'list every group, however many there are')
    .addHelpText(
      'after',
      `
Every recorded flow is decided by the policies as \`policyc test\` would decide it. Against policies, the changes are beside what was
recorded: flows that were allowed and would be denied, and the other way round. With \`--diff\` they are beside what the old
policies say, and where those and the record differ stands apart. Replies are no events. What the record does not say
(labels, names of ports, fields of requests) is never guessed: such flows are counted, by what is missing, and lines
that cannot be read are named. Files may be compressed by gzip. Memory grows with the number of different flows alone.

Examples:
  policyc replay flows.json policies/
  hubble observe --last 10000 -o json | policyc replay - policies/ --fail-on newly-denied
  policyc replay /var/run/cilium/hubble --diff main..HEAD
  policyc replay flows.json.gz --diff main/policies policies --format json
${exitCodes}`,
    )
    .action(async (flows: string, policies: readonly string[], options: ReplayOptions) =>
      finish(await (await import('./replay.ts')).runReplay(flows, policies, options)),
    );
}
