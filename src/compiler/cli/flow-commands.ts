// The commands about recorded traffic, with their options and their help.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { closest } from '../base/closest.ts';
import { withDocuments } from './document-options.ts';
import { withCommon } from './options.ts';
import type { Result } from './output.ts';
import type { ReplayOptions } from './replay.ts';
import { type ReplayGate, replayGates } from './replay-gates.ts';

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
