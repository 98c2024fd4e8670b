// The commands, their options and their help. A command's own code is loaded when it runs, so that `--version` and
// `--help` start at once.
import { Argument, Command, Option } from 'commander';
import { readBudget } from './budget.ts';
import type { BuildCommandOptions } from './build.ts';
import type { CheckOptions } from './check.ts';
import { addList, addQuery } from './connection-commands.ts';
import { addDiff, addMergeCheck } from './diff-command.ts';
import { withDocuments } from './document-options.ts';
import { exitCodes } from './exit-codes.ts';
import type { ExplainOptions } from './explain.ts';
import type { ExportOptions } from './export.ts';
import { addFlowCommands } from './flow-commands.ts';
import type { FormatCommandOptions } from './format.ts';
import type { ImportCommandOptions } from './import.ts';
import { addLint } from './lint-command.ts';
import { readSeconds, withCommon, withUnit } from './options.ts';
import type { Result } from './output.ts';
import type { TestOptions } from './test.ts';

const formats = ['text', 'json'];
const paths = 'files, or folders with *.policy files and YAML of Kubernetes at any depth; `-` is standard input; imports are read too';
/** `finish` is told each command's result. */
export function policyc(version: string, finish: (result: Result) => void): Command {
  const program = new Command('policyc')
    .description('Checks, tests, compares, explains, formats and compiles network and process policies.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .showHelpAfterError('(`policyc --help` shows the commands, `policyc COMMAND --help` one of them)')
    .addHelpText(
      'after',
      `
Examples:
  policyc check policies/                     every mistake at once, with its place
  policyc test policies/                      the \`test\` blocks, over every label set they stand for
  policyc diff main/policies policies         what a change newly allows and newly denies
  policyc lint policies/                      rules that change nothing, contradict or are one, each proved
  policyc explain policies/ --event 'web -> cart tcp 80'    why an event is allowed or denied
  policyc list k8s/                           which workloads may connect to which
  policyc query policies/ --to 'app: "db"'    who can reach it
  policyc replay flows.json policies/         which recorded flows the policies would break
  policyc import k8s/ -o policies             policies that are there in YAML, as policy text
  policyc export policies/ --to tetragon      a policy as documents of another tool
  policyc fmt --check policies/               which files are not in canonical form
  policyc build policies/ -o shop.bundle      a folder that \`policyd run --bundle\` loads
  policyc help check/host-bits                what a finding means, and what to do about it
${exitCodes}

Results go to standard output, findings to standard error. Colours are for terminals; NO_COLOR turns them off, FORCE_COLOR
on.`,
    );
  addCheck(program, finish);
  addBuild(program, finish);
  addKeygen(program, finish);
  addTest(program, finish);
  addLint(program, finish, { paths, exitCodes });
  addDiff(program, finish);
  addMergeCheck(program, finish);
  addImport(program, finish);
  addExport(program, finish);
  addFormat(program, finish);
  addExplain(program, finish);
  addList(program, { finish, paths, exitCodes });
  addQuery(program, { finish, paths, exitCodes });
  addFlowCommands(program, finish, exitCodes);
  addHelp(program, finish);
  addCompletion(program);
  return program;
}

type Finish = (result: Result) => void;

function addCheck(program: Command, finish: Finish): void {
  withUnit(
    withCommon(program.command('check').description('find everything that is wrong with a policy').argument('<path...>', paths), [
      ...formats,
      'sarif',
    ]),
    'warn',
  )
    .addOption(new Option('--target <target>', 'say also what this target cannot enforce').choices(['native']))
    .option('-w, --watch', 'go on, and check again after every change of a file')
    .addHelpText(
      'after',
      `
All files together are one unit: a name may be imported from any of them. \`--format sarif\` is for code scanning services.

Examples:
  policyc check shop.policy
  policyc check policies/ lib/ --format json
  policyc check policies/ --inventory inventory.yaml --fail-on check/unknown-label,check/expired
  policyc check policies/ --watch
${exitCodes}`,
    )
    .action(async (given: readonly string[], options: CheckOptions) => finish(await (await import('./check.ts')).runCheck(given, options)));
}

function addBuild(program: Command, finish: Finish): void {
  withUnit(
    withCommon(program.command('build').description('compile a policy into a bundle for policyd').argument('<path...>', paths)),
    'fail',
  )
    .requiredOption('-o, --output <dir>', 'the bundle: a folder, made or replaced as a whole')
    .option('--explain', 'print how verdicts are looked up, how large that is, and which rules ask for most of it')
    .option(
      '--budget <limit>',
      'refuse to build what costs more: `bytes=4m`, `entries=100k`, `instructions=60k`, `program-instructions=8k`, `program-stack=512`; may be repeated',
      readBudget,
    )
    .option('--config <file>', 'configuration with `budgets` (default: `policyc.yaml` here, if there is one)')
    .option('--no-tests', 'do not hold the `test` and `invariant` blocks first')
    .option('--sign <key>', 'sign it with this private key, made by `policyc keygen`')
    .addHelpText(
      'after',
      `
The same sources give the same bytes. Nothing is written when the policy is wrong, a test or an invariant fails, or a rule is
past its \`@until\`. A folder that is not a bundle is never replaced. Neither clang nor a kernel is needed.

Example:
  policyc build policies/ -o shop.bundle && sudo policyd run --bundle shop.bundle --inventory inventory.yaml
${exitCodes}`,
    )
    .action(async (given: readonly string[], options: BuildCommandOptions) =>
      finish((await import('./build.ts')).runBuild(given, options)),
    );
}

function addKeygen(program: Command, finish: Finish): void {
  program
    .command('keygen')
    .description('make a pair of keys that sign bundles')
    .argument('<name>', 'writes NAME.key, which signs, and NAME.pub, which is trusted')
    .addHelpText(
      'after',
      `
Ed25519, in PEM, without a passphrase: keep the private key where builds are signed, and nowhere else.

Example:
  policyc keygen release && policyc build policies/ -o shop.bundle --sign release.key
  sudo policyd run --bundle shop.bundle --inventory inventory.yaml --trust release.pub
${exitCodes}`,
    )
    .action(async (name: string) => finish((await import('./keygen.ts')).runKeygen(name)));
}

function addTest(program: Command, finish: Finish): void {
  withUnit(
    withCommon(program.command('test').description('hold the `test` and `invariant` blocks of a policy').argument('<path...>', paths), [
      ...formats,
      'junit',
    ]),
    'warn',
  )
    .option('-w, --watch', 'go on, and test again after every change of a file')
    .option('--coverage', 'say which rules and default denies no line decides by')
    .option('--coverage-lcov <file>', 'write that as LCOV, for coverage viewers')
    .option('--mutate', 'change the rules, one change at a time, and say which changes no line and no statement notices')
    .addOption(new Option('--mutate-seconds <seconds>', 'stop trying changes after this time').argParser(readSeconds).default(60))
    .addHelpText(
      'after',
      `
A line about workloads stands for every label set that their selectors select. It fails with a counterexample and the
rule that decided it. An invariant is proved for all events, or refuted with one of them.

Coverage and changes that no line notices do not make a test fail: the exit code is that of the lines. A change drops or
turns a rule, widens or narrows its peers, ports, requests or programs, or takes a default deny away; it comes with an
event that a test line could be about.

Examples:
  policyc test policies/
  policyc test policies/ --format junit > policies.xml
  policyc test policies/ --coverage --coverage-lcov policies.lcov
  policyc test policies/ --mutate
${exitCodes}`,
    )
    .action(async (given: readonly string[], options: TestOptions) => finish(await (await import('./test.ts')).runTest(given, options)));
}

function addExplain(program: Command, finish: Finish): void {
  withUnit(withCommon(program.command('explain').description('say why an event is allowed or denied').argument('<path...>', paths)), 'warn')
    .requiredOption('-e, --event <event>', 'a test line without `is ...`')
    .addHelpText(
      'after',
      `
Both sides of a flow are explained: every rule that matches, in deciding order, and why it decides or does not; where no
rule decides, the nearest rules and what of the event they do not match. An event over workloads stands for every label
set that their selectors select: each verdict that occurs is explained with one example.

An end is a workload by its name (declared, or that of a manifest: \`web\`, \`shop-web\` with its namespace), a selector, an
entity that is one endpoint (host, remote-node, ...), or an address:
  A -> B tcp 8080                                 a new connection
  A -> B tcp 8080 GET "/cart/42"                  a request on it
  { app: "a" } in namespace "n" -> 10.0.0.1 icmp echo-request
  A -> 192.0.2.1 named "api.example.com" tcp 443  an address, and the name it was looked up by
  A exec "/bin/sh" user 0                         the start of a program
  host read "/etc/shadow"                         what the machine itself does

Examples:
  policyc explain policies/ --event 'storefront -> cart tcp 8080 GET "/cart/42"'
  policyc explain policies/ --event 'cart exec "/bin/sh"' --format json
  kustomize build overlays/prod | policyc explain - --event 'web -> cart tcp 8080'
${exitCodes}

The exit code says nothing of the verdict: \`policyc test\` is for that.`,
    )
    .action(async (given: readonly string[], options: ExplainOptions) => finish((await import('./explain.ts')).runExplain(given, options)));
}

function addImport(program: Command, finish: Finish): void {
  withDocuments(
    withCommon(
      program
        .command('import')
        .description('write policies of Kubernetes, Cilium, Tetragon and KubeArmor as policy text')
        .argument('<path...>', 'YAML or JSON files, or folders with such files at any depth; `-` is standard input'),
    ),
  )
    .option('-o, --output <dir>', 'write a *.policy file for each file that has policies, instead of printing them')
    .addHelpText(
      'after',
      `
All files together are one unit: namespaces, workloads, services and groups of addresses are read from them, too. The text
means what \`check\`, \`test\`, \`explain\`, \`diff\` and \`build\` take the documents for when they are given them as they are. Each
policy says which object it was. What cannot be said is an error at its place, and then nothing is written. A file that is
there is never written over.

Examples:
  policyc import networkpolicy.yaml
  kustomize build overlays/prod | policyc import -
  policyc import k8s/ --agent cluster-name=east --agent enable-policy=always
${exitCodes}`,
    )
    .action(async (given: readonly string[], options: ImportCommandOptions) =>
      finish((await import('./import.ts')).runImport(given, options)),
    );
}

function addExport(program: Command, finish: Finish): void {
  withUnit(
    withCommon(program.command('export').description('write a policy as documents of another tool').argument('<path...>', paths)),
    'warn',
  )
    .addOption(new Option('--to <target>', 'the tool').choices(['cilium', 'kubernetes', 'tetragon']).makeOptionMandatory())
    .addOption(new Option('--lossy <what>', 'what the tool cannot say is left out, and listed').choices(['report']))
    .addHelpText(
      'after',
      `
The documents mean what the policy means, each with the name of its policy and of its file. What the tool cannot say is an error at
the rule, and then nothing is written; with \`--lossy report\` the rest is.

Examples:
  policyc export policies/ --to tetragon > tracing-policies.yaml
  policyc export policies/ --to kubernetes --agent allow-localhost=policy
${exitCodes}`,
    )
    .action(async (given: readonly string[], options: ExportOptions) => finish((await import('./export.ts')).runExport(given, options)));
}

function addFormat(program: Command, finish: Finish): void {
  withCommon(
    program
      .command('fmt')
      .description('write policy files in their canonical form')
      .argument('<path...>', 'files, or folders with *.policy files at any depth; `-` is standard input, to standard output'),
  )
    .option('--check', 'write nothing; list the files that differ, and exit with 1 if there are any')
    .option('--stdout', 'print the text instead of writing it')
    .addHelpText(
      'after',
      `
Prints the names of the files that it changed. Comments are kept, and the meaning never changes. A file with syntax
errors is reported and left as it is; names are not looked up, so that one file can be formatted alone.

Examples:
  policyc fmt policies/
  policyc fmt --check policies/
  policyc fmt - < shop.policy
${exitCodes}`,
    )
    .action(async (given: readonly string[], options: FormatCommandOptions) =>
      finish((await import('./format.ts')).runFormat(given, options)),
    );
}

function addHelp(program: Command, finish: Finish): void {
  program
    .command('help')
    .description('explain a command, or the code of a finding')
    .argument('[topic]', 'a command, a code (`check/host-bits`, or `host-bits`), or `codes` for their list')
    .addHelpText(
      'after',
      `
Examples:
  policyc help check
  policyc help check/host-bits
  policyc help codes`,
    )
    .action(async (topic: string | undefined) => {
      const command = program.commands.find((one) => one.name() === topic);
      if (topic === undefined || command) (command ?? program).outputHelp();
      else
        finish(
          (await import('./help.ts')).runHelp(
            topic,
            program.commands.map((one) => one.name()),
          ),
        );
    });
}

function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands and options')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  policyc completion bash > ~/.local/share/bash-completion/completions/policyc
  policyc completion zsh > ~/.zfunc/_policyc          # with \`fpath+=~/.zfunc\` before \`compinit\`
  policyc completion fish > ~/.config/fish/completions/policyc.fish`,
    )
    .action(async (shell: string) => (await import('./completion.ts')).printCompletion(program, shell));
}
