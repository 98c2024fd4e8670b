// `policyd confirm`: the policies for the host that wait may stay. Said over the control socket, which no policy governs.
import { ask, connect } from '../daemon/client.ts';
import { refusal } from '../daemon/refusal.ts';
import { stateFolderAt } from '../daemon/state-folder.ts';
import { exitCode, log } from './common.ts';

export type ConfirmOptions = { readonly state: string };

export async function confirm({ state }: ConfirmOptions): Promise<number> {
  const connection = await connect(stateFolderAt(state));
  if (!connection)
    throw refusal(
      'no policyd runs with this state folder',
      'what nobody confirmed ends by itself; start it again: policyd run --confirm 60s',
    );
  await ask(connection, { op: 'confirm' });
  log('confirmed: the policies for the host stay in force');
  return exitCode.ok;
}
