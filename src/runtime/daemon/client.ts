// The other end of the control socket, for the commands.
import { createConnection, type Socket } from 'node:net';
import type { LostRecord, VerdictRecord } from '../hubble/flow.ts';
import { type Answer, type Line, lineReader, type ObserveRequest, type Request } from './protocol.ts';
import { Refusal, refusal } from './refusal.ts';
import type { StateFolder } from './state-folder.ts';

/** Connects; undefined if no daemon runs with this state folder. A socket that may not be opened is refused. */
export function connect({ socket }: StateFolder): Promise<Socket | undefined> {
  const connection = createConnection(socket);
  return new Promise((resolve, reject) => {
    connection.once('connect', () => resolve(connection));
    connection.once('error', (error) => {
      const code = 'code' in error ? String(error.code) : '';
      if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') resolve(undefined);
      else if (code === 'EACCES') reject(refusal(`may not open ${socket}`, 'run this command as root'));
      else reject(refusal(`cannot talk to the running policyd (${socket}): ${error.message}`));
    });
  });
}

const isAnswer = (line: Line): line is Answer => 'ok' in line;

/** Lines until the daemon closes or `onLine` says that it has enough. The daemon's text is trusted: only root can speak there. */
function exchange(connection: Socket, request: Request, onLine: (line: Line) => boolean): Promise<void> {
  connection.setEncoding('utf8');
  return new Promise((resolve) => {
    connection.on('error', () => connection.destroy());
    connection.on('close', () => resolve());
    connection.on(
      'data',
      lineReader((text) => {
        const line: Line = JSON.parse(text);
        if (onLine(line)) connection.end(() => connection.destroy());
      }),
    );
    connection.write(`${JSON.stringify(request)}\n`);
  });
}

/** One request, one answer. Throws the daemon's refusal. */
export async function ask(connection: Socket, request: Exclude<Request, ObserveRequest>): Promise<Extract<Answer, { readonly ok: true }>> {
  let answer: Answer | undefined;
  await exchange(connection, request, (line) => {
    if (isAnswer(line)) answer = line;
    return isAnswer(line);
  });
  if (!answer) throw refusal('the running policyd ended before it answered');
  if (!answer.ok) throw new Refusal(answer.complaints);
  return answer;
}

/** Records as they come, until the daemon has no more (or ends) or the connection is closed from here. */
export function observe(
  connection: Socket,
  request: ObserveRequest,
  onRecord: (record: VerdictRecord | LostRecord) => void,
): Promise<void> {
  return exchange(connection, request, (line) => {
    if (!isAnswer(line)) onRecord(line);
    return isAnswer(line);
  });
}
