// `policyd names`: which addresses workloads know by which names, from the answers of their servers.
import { ask, connect } from '../daemon/client.ts';
import type { KnownName, WorkloadNames } from '../daemon/known-names.ts';
import { refusal } from '../daemon/refusal.ts';
import { stateFolderAt } from '../daemon/state-folder.ts';
import { counted, exitCode, print } from './common.ts';

export type NamesOptions = { readonly json?: true; readonly state: string };

/** `workload`: this one alone. */
export async function names(workload: string | undefined, { json, state }: NamesOptions): Promise<number> {
  const connection = await connect(stateFolderAt(state));
  if (!connection) throw refusal('no policyd runs with this state folder', 'start it: policyd run --bundle BUNDLE --inventory FILE');
  const { names: found } = await ask(connection, { op: 'names', ...(workload !== undefined && { workload }) });
  if (!found) throw refusal('the running policyd gave no answer: is it of another version?');
  if (json) print(JSON.stringify({ workloads: found }, undefined, 2));
  else print(found.length === 0 ? 'no address has a name' : found.flatMap(workloadLines).join('\n'));
  return exitCode.ok;
}

const workloadLines = ({ workload, names: known }: WorkloadNames): readonly string[] => {
  const addresses = new Set(known.flatMap((name) => name.addresses.map(({ address }) => address)));
  return [`${workload}: ${counted(known.length, 'name')}, ${counted(addresses.size, 'address', 'addresses')}`, ...known.flatMap(nameLines)];
};

const nameLines = ({ name, addresses }: KnownName): readonly string[] =>
  addresses.map(({ address, seconds }) => `  ${name}  ${address}  ${seconds === 0 ? 'over' : counted(seconds, 'second')}`);
