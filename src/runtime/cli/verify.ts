// `policyd verify`: asks the running daemon to look whether the kernel decides as the bundle says and still holds what was put there.
import { ask, connect } from '../daemon/client.ts';
import { refusal } from '../daemon/refusal.ts';
import { stateFolderAt } from '../daemon/state-folder.ts';
import { counted, exitCode, print } from './common.ts';

export type VerifyOptions = { readonly json?: true; readonly repair?: true; readonly state: string };

export async function verify({ json, repair, state }: VerifyOptions): Promise<number> {
  const connection = await connect(stateFolderAt(state));
  if (!connection) throw refusal('no policyd runs with this state folder', 'start it: policyd run --bundle BUNDLE --inventory FILE');
  const { integrity } = await ask(connection, { op: 'verify', repair: repair === true });
  if (!integrity) throw refusal('the running policyd gave no answer: is it of another version?');
  const { questions, drift } = integrity;
  if (json) print(JSON.stringify(integrity));
  else {
    print(`${counted(questions, 'question')} of the bundle answered by the programs as the policy says`);
    if (drift.length === 0) print('every table in the kernel is as it was written');
    for (const { table, entries } of drift)
      print(`${table}: ${counted(entries, 'entry', 'entries')} not as written${repair ? ', written again' : ''}`);
  }
  return drift.length === 0 || repair ? exitCode.ok : exitCode.refused;
}
