// The status as people read it.
import type { OldSockets } from '../daemon/sockets.ts';
import type { Status, WorkloadStatus } from '../daemon/status.ts';
import { counted } from './common.ts';

const field = (name: string, value: string): string => `${`${name}:`.padEnd(12)}${value}`;

export function statusText(status: Status, sockets: OldSockets): string {
  const { bundle, lost } = status;
  return [
    field('policyd', `${status.version}, process ${status.pid}, since ${status.started}`),
    field(
      'bundle',
      `${bundle.directory}, build ${bundle.build.slice(0, 12)}${bundle.signer === undefined ? '' : `, signed by ${bundle.signer.slice(0, 16)}`}, ${counted(bundle.policies, 'policy', 'policies')}, ${counted(bundle.rules, 'rule')}`,
    ),
    field('inventory', status.inventory),
    field('in force', `revision ${status.revision}, pins under ${status.pins}`),
    field('verified', integrityText(status.integrity)),
    field('metrics', `http://${status.metrics}/metrics`),
    field('lost', `${lost.events} events in the kernel, ${lost.observers} for slow observers, ${lost.counters} counts`),
    ...nameLines(status.names),
    ...hostLines(status.host),
    '',
    'workloads:',
    ...(status.workloads.length === 0 ? ['  none'] : status.workloads.flatMap(workloadLines)),
    ...section(
      'changes that were refused',
      status.refused.flatMap(({ what, since, messages }) => messages.map((m) => `${what}, ${since}: ${m}`)),
    ),
    ...section('sockets older than their enforcement', socketLines(sockets)),
    ...section('warnings', status.warnings),
  ].join('\n');
}

const fillText = (what: string, { used, limit }: { readonly used: number; readonly limit: number }): string =>
  `${used} of ${limit} ${what}`;

function nameLines(names: Status['names']): readonly string[] {
  if (!names || names.tables.names.used === 0) return [];
  const { tables, counts } = names;
  const room = [
    fillText('names', tables.names),
    fillText('addresses of workloads', tables.addresses),
    fillText('open queries', tables.questions),
  ];
  const kept = counts.refused + counts.unreadable;
  const refused =
    kept === 0 ? '' : `; ${counted(kept, 'answer')} kept back: ${counts.unreadable} unreadable, ${counts.refused} without room`;
  return [field('names', `${room.join(', ')}${refused} (\`policyd names\` lists them)`)];
}

const hostStates: Readonly<Record<NonNullable<Status['host']>['state'], string>> = {
  confirmed: 'governed',
  waiting: 'governed',
  over: 'NOT GOVERNED: nobody confirmed it in time',
  former: 'GOVERNED AS BEFORE: nobody confirmed it in time',
};

/** First what a person has to do. */
function hostLines(host: Status['host']): readonly string[] {
  if (!host) return [];
  const by = `policies ${host.policies.join(', ')}`;
  const pending = host.pending
    ? `WAITS FOR \`policyd confirm\`: goes back in ${counted(host.pending.left, 'second')}, at ${host.pending.until}`
    : hostStates[host.state];
  return [field('host', `${pending}; ${by}; exempt: ${host.exempt.join(', ')}`)];
}

function integrityText({ questions, checked, drift, repairs }: Status['integrity']): string {
  const asked = `${counted(questions, 'question')} answered as the policy says`;
  const tables =
    drift.length === 0 ? 'tables as written' : `TABLES CHANGED by somebody else: ${drift.map(({ table }) => table).join(', ')}`;
  const seen = checked === undefined ? 'tables not yet looked at' : `${tables} at ${checked}`;
  return [asked, seen, ...(repairs > 0 ? [`${counted(repairs, 'repair')}`] : [])].join('; ');
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];

const stateOf = ({ place, attached }: WorkloadStatus): string => {
  if (place === 'remote') return 'remote';
  if (attached === undefined) return 'not running';
  return attached ? 'governed' : 'NOT GOVERNED';
};

function workloadLines(workload: WorkloadStatus): readonly string[] {
  const { name, place, cgroup, unit, interface: own, addresses, policies, origin } = workload;
  const where = [cgroup ?? unit, own, addresses.join(' ')].filter((text) => text !== undefined && text !== '').join(', ');
  const by = policies.length === 0 ? 'no policy selects it' : `policies ${policies.join(', ')}`;
  return [`  ${name}  ${stateOf(workload)}, ${where} (${origin})`, `      ${place === 'remote' ? '' : by}`.trimEnd()].filter(
    (line) => line !== '',
  );
}

function socketLines(sockets: OldSockets): readonly string[] {
  if (!sockets.checked) return [`not checked: ${sockets.reason}`];
  return sockets.found.map(
    ({ workload, pid, socket }) => `${workload}: process ${pid} has ${socket}, which policy does not see: restart it`,
  );
}
