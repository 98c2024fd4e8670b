// policyd's command line: what there is, what it means, and with which status it ends. A command's code is loaded when
// it is asked for: `policyd exec` stands before every start of a program.
import { Command, CommanderError } from 'commander';
import { exitCode, guarded, guardProcess, log, UsageError } from './cli/common.ts';
import type { ConfirmOptions } from './cli/confirm.ts';
import type { ExecOptions } from './cli/exec.ts';
import type { NamesOptions } from './cli/names.ts';
import type { ObserveOptions } from './cli/observe.ts';
import type { RunOptions } from './cli/run.ts';
import type { StatusOptions } from './cli/status.ts';
import type { GateOptions, InstallOptions, UnitsOptions } from './cli/systemd.ts';
import type { UnloadOptions } from './cli/unload.ts';
import type { VerifyOptions } from './cli/verify.ts';
import { defaultConfirmations } from './daemon/confirmations.ts';
import { defaultState } from './daemon/state-folder.ts';
import { defaultPins } from './kernel/bpffs.ts';
import { unitFolders } from './systemd/drop-in.ts';
import { version } from './version.ts';

const another = (value: string, all: readonly string[]): readonly string[] => [...all, value];
const collect = (value: string, all: readonly string[]): readonly string[] => [...all, ...value.split(',')];
const state = ['--state <folder>', 'lock, control socket and what must outlive a restart', defaultState] as const;
const pins = ['--pins <folder>', 'where programs and tables are pinned (on bpffs)', defaultPins] as const;

/** The exit code comes out through `done`: commander's own actions return nothing. */
function programOf(done: (code: Promise<number>) => void): Command {
  const program = new Command('policyd')
    .description(
      'Enforces policy bundles made by `policyc build` on this machine: packets, HTTP requests and programs of workloads in cgroups.',
    )
    .version(version)
    .enablePositionalOptions()
    .showHelpAfterError('(policyd --help, policyd COMMAND --help)')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`policyd: ${text}`) })
    .addHelpText('after', overview);
  addRun(program, done);
  addExec(program, done);
  addObserve(program, done);
  addNames(program, done);
  addSystemd(program, done);
  program
    .command('status')
    .description('say what is in force, for whom, and what enforcement does not see')
    .option('--json', 'one JSON object')
    .option(...state)
    .option(...pins)
    .addHelpText('after', '\nExit status 1 if nothing is enforced. Without a running policyd, what is pinned is shown.')
    .action((options: StatusOptions) => done(guarded(async () => (await import('./cli/status.ts')).status(options))));
  program
    .command('verify')
    .description('ask the programs the questions of the bundle, and look whether the tables in the kernel are as they were written')
    .option('--json', 'one JSON object')
    .option('--repair', 'write tables again that somebody changed')
    .option(...state)
    .addHelpText(
      'after',
      '\nExit status 1 if a table was changed and not repaired, or an answer is wrong. `policyd run --verify-every` looks by itself.',
    )
    .action((options: VerifyOptions) => done(guarded(async () => (await import('./cli/verify.ts')).verify(options))));
  program
    .command('confirm')
    .description('keep the policies for the host that `policyd run --confirm` has put in force for a time')
    .option(...state)
    .addHelpText('after', '\nExit status 1 if nothing waits. `policyd status` says how much time is left.')
    .action((options: ConfirmOptions) => done(guarded(async () => (await import('./cli/confirm.ts')).confirm(options))));
  program
    .command('unload')
    .description('take everything out of the kernel; ends a running policyd first')
    .option(...state)
    .option(...pins)
    .addHelpText('after', '\nNeeds neither bundle nor inventory. Workloads keep running, nothing is enforced for them any more.')
    .action((options: UnloadOptions) => done(guarded(async () => (await import('./cli/unload.ts')).unload(options))));
  return program;
}

function addRun(program: Command, done: (code: Promise<number>) => void): void {
  program
    .command('run')
    .description('put a bundle in force for the workloads of an inventory, and follow changes of both')
    .requiredOption('--bundle <folder>', 'bundle made by `policyc build`')
    .requiredOption('--inventory <file>', 'YAML: which workloads there are, with labels, cgroups and addresses')
    .option('--metrics <address:port>', 'where /metrics and /healthz are served', '127.0.0.1:9965')
    .option(...pins)
    .option(...state)
    .option('--trust <key>', 'public key: only bundles that it signed are put in force (may be given several times)', another, [])
    .option('--verify-every <duration>', 'look at the tables in the kernel so often (`30s`, `5m`); `0` = only when asked', '60s')
    .option('--repair', 'write tables again that somebody changed', false)
    .option(
      '--confirm <duration>',
      'a policy for the host that is new here goes back after this time, unless `policyd confirm` is said (`60s`)',
    )
    .option('--confirmations <folder>', 'keeps, over reboots too, which policy for the host was confirmed', defaultConfirmations)
    .option(
      '--observe-http <ports>',
      'tell the HTTP requests that workloads receive at these ports (`80,8080`), or send to them, also where no rule asks for them',
    )
    .option(
      '--observe-dns <ports>',
      'tell the DNS queries over UDP that workloads send to these ports (`53`), or are asked at, and the answers',
    )
    .option('--unload-on-exit', 'end enforcement when this command ends', false)
    .addHelpText('after', runHelp)
    .action((options: RunOptions) => done(guarded(async () => (await import('./cli/run.ts')).run(options))));
}

function addExec(program: Command, done: (code: Promise<number>) => void): void {
  program
    .command('exec')
    .description('run a command as a workload of its own, governed from its first instruction')
    .requiredOption('--name <name>', 'name of the workload')
    .option('--namespace <namespace>', 'namespace of the workload')
    .option('--labels <key=value,...>', 'labels that selectors match (may be given several times)', collect, [])
    .option(...state)
    .argument('<command...>', 'the command and its arguments, after `--`')
    .passThroughOptions()
    .addHelpText('after', execHelp)
    .action((command: readonly string[], options: ExecOptions) =>
      done(guarded(async () => (await import('./cli/exec.ts')).exec(command, options))),
    );
}

function addObserve(program: Command, done: (code: Promise<number>) => void): void {
  program
    .command('observe')
    .description('show verdicts: who to whom, what became of it, and the rule that said so')
    .option('--json', "one JSON record a line, in the form of Hubble's flows")
    .option('-f, --follow', 'go on with what comes')
    .option('--last <count>', 'so many of the past (20; with --follow: none)')
    .option('--verdict <verdict,...>', 'only these: forwarded, dropped, redirected (to be read: HTTP, DNS, TLS), audit', collect, [])
    .option(...state)
    .addHelpText('after', observeHelp)
    .action((options: ObserveOptions) => done(guarded(async () => (await import('./cli/observe.ts')).observe(options))));
}

function addNames(program: Command, done: (code: Promise<number>) => void): void {
  program
    .command('names')
    .description('list the addresses that workloads know by DNS names, and for how long')
    .argument('[workload]', 'as `policyd status` shows it (`shop/cart`); all of them unless given')
    .option('--json', 'one JSON object')
    .option(...state)
    .action((workload: string | undefined, options: NamesOptions) =>
      done(guarded(async () => (await import('./cli/names.ts')).names(workload, options))),
    );
}

function addSystemd(program: Command, done: (code: Promise<number>) => void): void {
  const systemd = program
    .command('systemd')
    .description('services of systemd that the inventory names (`unit: cart.service`), governed from their first packet')
    .addHelpText('after', systemdHelp);
  const code = () => import('./cli/systemd.ts');
  const inventory = ['--inventory <file>', 'YAML: which workloads there are'] as const;
  const folder = ['--folder <folder>', 'where drop-ins are written', unitFolders[0]] as const;
  const wait = ['--wait <duration>', 'how long a policyd that is not there yet is waited for', '10s'] as const;
  systemd
    .command('install')
    .description('let the services of the inventory start when policyd governs them, and not at all without')
    .requiredOption(...inventory)
    .option(...folder)
    .option(...state)
    .option(...wait)
    .action((options: InstallOptions) => done(guarded(async () => (await code()).install(options))));
  systemd
    .command('remove')
    .description('take the drop-ins away: services start without policyd again')
    .option(...folder)
    .action((options: UnitsOptions) => done(guarded(async () => (await code()).remove(options))));
  systemd
    .command('status')
    .description('say which services of the inventory may start before they are governed')
    .requiredOption(...inventory)
    .action((options: UnitsOptions) => done(guarded(async () => (await code()).status(options))));
  systemd
    .command('gate')
    .description('what a drop-in runs: ends with 0 when the service that starts is governed')
    .argument('<unit>')
    .option(...state)
    .option(...wait)
    .action((unit: string, options: GateOptions) =>
      done(guarded(async () => (await code()).gate(unit, options)).then(async (status) => (await code()).gateStatus(status))),
    );
}

const overview = `
A first run:
  policyc build policies/ -o bundle/
  policyd run --bundle bundle/ --inventory inventory.yaml
  policyd exec --name web --labels app=web -- nginx -g 'daemon off;'
  policyd observe --follow

Enforcement lives in the kernel: it goes on when policyd ends or crashes, until \`policyd unload\`.
Exit status: 0 done, 1 refused or nothing in force, 2 wrong command line.`;

const runHelp = `
inventory.yaml:
  workloads:
    - name: cart
      namespace: shop
      labels: { app: cart }
      cgroup: /system.slice/cart.service     # or  pid: 1234
      ports: { metrics: tcp 9100 }
    - name: postgres                         # no cgroup: a remote workload
      labels: { app: postgres }
      addresses: [10.0.0.7, 2001:db8::7]
  entities: { kube-apiserver: [10.0.0.1] }

Both are followed: a changed inventory or a rebuilt bundle is in force at once and whole, or refused whole.
SIGHUP looks again, SIGINT and SIGTERM end policyd; enforcement stays on unless --unload-on-exit.`;

const systemdHelp = `
  policyd systemd install --inventory inventory.yaml
  systemctl restart cart.service

The drop-in runs \`policyd systemd gate\` as the service's ExecCondition=, before anything of the service itself: the service fails to
start where no policyd runs, or where it cannot be governed. \`status\` and \`install\` end with status 1 if a service has a condition of its own before that.`;

const execHelp = `
  policyd exec --name cart --namespace shop --labels app=cart,env=prod -- ./cart --port 8080

The exit status is the command's (128 + N if signal N ended it; 137 when policy killed it). Signals are passed on.
What the command leaves running is ended with it.`;

const observeHelp = `
  policyd observe --follow --verdict dropped
  policyd observe --json --last 1000 | jq -r '.flow.extensions.rule.text'

Counters (/metrics) are exact; what is shown here are samples: a full ring leaves some out and counts them.`;

/** Runs one command line and returns its exit code. */
export async function main(parameters: readonly string[]): Promise<number> {
  let code: Promise<number> | undefined;
  try {
    programOf((promise) => {
      code = promise;
    }).parse(parameters, { from: 'user' });
    return (await code) ?? exitCode.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    if (!(error instanceof UsageError)) throw error;
    log(`error: ${error.message}`);
    return exitCode.usage;
  }
}

guardProcess();
process.exitCode = await main(process.argv.slice(2));
