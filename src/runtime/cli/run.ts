// `policyd run`: in the foreground until it is told to end. Enforcement stays on when it ends, and it says so.
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { parseListenAddress } from '../hubble/serve.ts';
import { counted, exitCode, log, milliseconds, UsageError } from './common.ts';

export type RunOptions = {
  readonly bundle: string;
  readonly inventory: string;
  readonly metrics: string;
  readonly pins: string;
  readonly state: string;
  readonly trust: readonly string[];
  readonly verifyEvery: string;
  readonly repair: boolean;
  readonly confirm?: string;
  readonly confirmations: string;
  readonly unloadOnExit: boolean;
  readonly observeHttp?: string;
  readonly observeDns?: string;
};

export async function run(options: RunOptions): Promise<number> {
  const metrics = parseListenAddress(options.metrics);
  if (!metrics) throw new UsageError(`--metrics: expected ADDRESS:PORT (\`127.0.0.1:9965\`, \`[::1]:9965\`), found \`${options.metrics}\``);
  const verifyEvery = milliseconds('--verify-every', options.verifyEvery);
  const confirm = options.confirm === undefined ? undefined : confirmTime(options.confirm);
  const observe = { http: portsOf('--observe-http', options.observeHttp), dns: portsOf('--observe-dns', options.observeDns) };
  const daemon = await startDaemon({ ...options, metrics, verifyEvery, confirm, observe, log });
  const stop = () => void daemon.stop(options.unloadOnExit);
  // Before it is said that it runs: who reads that may end it at once.
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', daemon.reload);
  for (const line of greeting(daemon)) log(line);
  const alive = setInterval(() => {}, 1 << 30);
  const { unloaded, unconfirmed } = await daemon.ended;
  clearInterval(alive);
  log(unloaded ? 'ended; enforcement is off, nothing is left in the kernel' : stays(options));
  return unconfirmed ? exitCode.refused : exitCode.ok;
}

/** `80,8080`; none where nothing is said. */
function portsOf(option: string, text: string | undefined): readonly number[] {
  if (text === undefined) return [];
  return text.split(',').map((word) => {
    const port = /^\d{1,5}$/.test(word) ? Number(word) : 0;
    if (port < 1 || port > 65_535) throw new UsageError(`${option}: expected ports (\`80,8080\`), found \`${word}\``);
    return port;
  });
}

/** Less is too little for a person, more is too long to be locked out. */
const confirmTimes = { least: 1000, most: 3_600_000 } as const;

/** A plain number is seconds. */
function confirmTime(text: string): number {
  const value = milliseconds('--confirm', /^\d+$/.test(text) ? `${text}s` : text);
  if (value < confirmTimes.least || value > confirmTimes.most)
    throw new UsageError(`--confirm: expected a time from \`1s\` to \`1h\`, found \`${text}\``);
  return value;
}

function greeting(daemon: Daemon): readonly string[] {
  const { bundle, revision, workloads, metrics, warnings } = daemon.status();
  const local = workloads.filter(({ place }) => place === 'local').length;
  return [
    `in force: ${counted(bundle.policies, 'policy', 'policies')} with ${counted(bundle.rules, 'rule')} for ${counted(local, 'local workload')} (build ${bundle.build.slice(0, 12)}, revision ${revision})`,
    `metrics at http://${metrics}/metrics`,
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
}

const stays = ({ pins }: RunOptions): string =>
  `ended; enforcement stays on (pinned under ${pins}): \`policyd unload\` ends it, \`policyd run\` takes it over`;
