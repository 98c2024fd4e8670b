// The control socket's server. Only its owner (root) can open the socket; who can is trusted with everything it offers.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import type { History } from '../events/history.ts';
import { type LostRecord, type VerdictRecord, verdictOf } from '../hubble/flow.ts';
import type { Integrity } from './integrity.ts';
import type { WorkloadNames } from './known-names.ts';
import { type Answer, type Line, lineReader, type ObserveRequest, type RegisterRequest, type Request } from './protocol.ts';
import { errorText, Refusal } from './refusal.ts';
import { parseRequest } from './request.ts';
import type { Status } from './status.ts';

/** What the daemon does for its clients. */
export type Control = {
  readonly status: () => Status;
  readonly names: (workload: string | undefined) => readonly WorkloadNames[];
  readonly verify: (repair: boolean) => Integrity;
  readonly history: History<VerdictRecord>;
  /** Takes what the kernel has ready into the history. */
  readonly catchUp: () => void;
  readonly lostRecord: (count: number) => LostRecord;
  /** In force when it returns. */
  readonly register: (request: RegisterRequest) => void;
  readonly unregister: (name: { readonly name: string; readonly namespace?: string }) => void;
  /** In force for the service's cgroup when it returns. */
  readonly govern: (unit: string) => void;
  /** The policies for the host that wait may stay. */
  readonly confirm: () => void;
  /** Returns before the daemon has ended. */
  readonly stop: (unload: boolean) => void;
};

/** Bytes that may wait for a slow observer before it loses records. */
const backlog = 1 << 20;

/** Listens at `path`; the caller holds the lock of the state folder, so a socket found there is of a dead daemon. */
export function serveControl(path: string, control: Control): Promise<{ readonly close: () => void }> {
  rmSync(path, { force: true });
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    clients.add(socket);
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('close', () => clients.delete(socket));
    socket.on(
      'data',
      lineReader((line) => answer(line, socket, control)),
    );
  });
  const close = () => {
    server.close();
    for (const client of clients) client.destroySoon();
    rmSync(path, { force: true });
  };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve({ close });
    });
  });
}

const send = (socket: Socket, line: Line): boolean => socket.write(`${JSON.stringify(line)}\n`);

function answer(line: string, socket: Socket, control: Control): void {
  const request = parseRequest(line);
  if (!request) return void send(socket, refused('the running policyd does not know this request: is it of another version?'));
  try {
    if (request.op === 'observe') observe(request, socket, control);
    else send(socket, answerTo(request, control));
  } catch (error) {
    send(socket, error instanceof Refusal ? { ok: false, complaints: error.complaints } : refused(errorText(error)));
  }
}

const refused = (message: string): Answer => ({ ok: false, complaints: [{ message }] });

function answerTo(request: Exclude<Request, ObserveRequest>, control: Control): Answer {
  switch (request.op) {
    case 'status':
      return { ok: true, status: control.status() };
    case 'names':
      return { ok: true, names: control.names(request.workload) };
    case 'verify':
      return { ok: true, integrity: control.verify(request.repair) };
    case 'register':
      control.register(request);
      return { ok: true };
    case 'unregister':
      control.unregister(request);
      return { ok: true };
    case 'govern':
      control.govern(request.unit);
      return { ok: true };
    case 'confirm':
      control.confirm();
      return { ok: true };
    case 'stop':
      control.stop(request.unload);
      return { ok: true };
  }
}

function observe({ last, follow, verdicts }: ObserveRequest, socket: Socket, { history, lostRecord, catchUp }: Control): void {
  catchUp();
  const wanted = (record: VerdictRecord) => verdicts.length === 0 || verdicts.includes(verdictOf(record).verdict);
  if (last > 0) for (const record of history.last(Number.MAX_SAFE_INTEGER).filter(wanted).slice(-last)) send(socket, record);
  if (!follow) return void send(socket, { ok: true });
  const room = () => socket.writableLength < backlog;
  const stop = history.follow({
    offer: (record) => {
      if (!room()) return false;
      if (wanted(record)) send(socket, record);
      return true;
    },
    lost: (count) => {
      if (room()) send(socket, lostRecord(count));
      return room();
    },
  });
  socket.on('close', stop);
}
