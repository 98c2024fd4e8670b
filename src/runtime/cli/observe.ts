// `policyd observe`: what the running daemon saw, and sees.
import { connect, observe as observeRecords } from '../daemon/client.ts';
import { verdictNames } from '../daemon/protocol.ts';
import { refusal } from '../daemon/refusal.ts';
import { stateFolderAt } from '../daemon/state-folder.ts';
import { exitCode, print, UsageError } from './common.ts';
import { lineStyle, recordLine } from './observe-text.ts';

export type ObserveOptions = {
  readonly state: string;
  readonly json?: true;
  readonly follow?: true;
  readonly last?: string;
  readonly verdict: readonly string[];
};

/** Records of the past that are shown unless told otherwise (as Hubble does). */
const defaultLast = 20;

export async function observe(options: ObserveOptions): Promise<number> {
  const verdicts = options.verdict.map(verdictOf);
  const last = lastOf(options);
  const connection = await connect(stateFolderAt(options.state));
  if (!connection)
    throw refusal(
      `no policyd runs with state folder ${options.state}`,
      'start one with `policyd run`; counters of enforcement without it are kept and shown then',
    );
  process.once('SIGINT', () => connection.destroy());
  const style = lineStyle(process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined);
  const show = options.json ? JSON.stringify : (record: Parameters<typeof recordLine>[0]) => recordLine(record, style);
  await observeRecords(connection, { op: 'observe', last, follow: options.follow === true, verdicts }, (record) => print(show(record)));
  return exitCode.ok;
}

function lastOf({ last, follow }: ObserveOptions): number {
  if (last === undefined) return follow ? 0 : defaultLast;
  if (!/^\d+$/.test(last)) throw new UsageError(`--last: expected a number, found \`${last}\``);
  return Number(last);
}

function verdictOf(text: string): (typeof verdictNames)[number] {
  const found = verdictNames.find((name) => name === text.toUpperCase());
  if (!found) throw new UsageError(`--verdict: expected one of ${verdictNames.join(', ').toLowerCase()}, found \`${text}\``);
  return found;
}
