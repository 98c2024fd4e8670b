// Server and client of the control socket, over a real socket.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, connect, observe } from '../../../src/runtime/daemon/client.ts';
import { type Control, serveControl } from '../../../src/runtime/daemon/control.ts';
import { lineReader } from '../../../src/runtime/daemon/protocol.ts';
import { Refusal, refusal } from '../../../src/runtime/daemon/refusal.ts';
import { stateFolderAt } from '../../../src/runtime/daemon/state-folder.ts';
import { History } from '../../../src/runtime/events/history.ts';
import type { LostRecord, VerdictRecord } from '../../../src/runtime/hubble/flow.ts';
import type { VerdictName } from '../../../src/runtime/hubble/names.ts';

const folder = mkdtempSync(join(tmpdir(), 'policyc-control-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const state = stateFolderAt(folder);

const record = (binary: string, verdict: VerdictName = 'FORWARDED'): VerdictRecord => ({
  process: {
    time: '2026-01-01T00:00:00.000000000Z',
    uuid: binary,
    verdict,
    source: { labels: [] },
    process: { pid: 1, uid: 0, binary },
    node_name: 'n',
    extensions: { '@type': 'type.googleapis.com/policyc.Attribution', decided: 'default-allow', policies: [] },
    Summary: '',
  },
  node_name: 'n',
  time: '2026-01-01T00:00:00.000000000Z',
});
const lostRecord = (count: number): LostRecord => ({
  lost_events: { source: 'OBSERVER_EVENTS_QUEUE', num_events_lost: String(count) },
  node_name: 'n',
  time: '2026-01-01T00:00:00.000000000Z',
});
const nameOf = (item: VerdictRecord | LostRecord): string =>
  'process' in item ? item.process.process.binary : 'flow' in item ? item.flow.Summary : `lost ${item.lost_events.num_events_lost}`;

async function serving(parts: Partial<Control> = {}) {
  const history = new History<VerdictRecord>(100);
  const done: string[] = [];
  const control: Control = {
    status: () => {
      throw new Error('not in this test');
    },
    names: () => [],
    verify: (repair) => ({ questions: 3, drift: [{ table: 't_cgroups', entries: 1 }], repairs: repair ? 1 : 0 }),
    history,
    catchUp: () => {},
    lostRecord,
    register: ({ name }) => void done.push(`register ${name}`),
    unregister: ({ name }) => void done.push(`unregister ${name}`),
    govern: (unit) => void done.push(`govern ${unit}`),
    confirm: () => void done.push('confirm'),
    stop: (unload) => void done.push(`stop ${unload}`),
    ...parts,
  };
  const server = await serveControl(state.socket, control);
  const connection = async () => {
    const socket = await connect(state);
    if (!socket) throw new Error('no daemon');
    return socket;
  };
  return { server, history, done, connection };
}

test('without a daemon there is no connection; the socket is for its owner alone', async () => {
  assert.is(await connect(state), undefined);
  const { server } = await serving();
  assert.is(statSync(state.socket).mode & 0o777, 0o600);
  server.close();
  assert.is(await connect(state), undefined);
});

test('requests are answered, refusals come through', async () => {
  const { server, done, connection } = await serving({
    register: () => {
      throw refusal('workload `a` is already there', 'take another name');
    },
  });
  await ask(await connection(), { op: 'unregister', name: 'a' });
  await ask(await connection(), { op: 'govern', unit: 'a.service' });
  await ask(await connection(), { op: 'stop', unload: true });
  assert.equal(done, ['unregister a', 'govern a.service', 'stop true']);
  try {
    await ask(await connection(), { op: 'register', name: 'a', labels: {}, cgroup: '/a', owner: 1 });
    assert.unreachable();
  } catch (error) {
    assert.equal(error instanceof Refusal && error.complaints, [{ message: 'workload `a` is already there', help: 'take another name' }]);
  }
  server.close();
});

test('what is no request is refused, and the connection lives on', async () => {
  const { server } = await serving();
  const socket = createConnection(state.socket);
  const lines: string[] = [];
  socket.setEncoding('utf8').on(
    'data',
    lineReader((line) => void lines.push(line)),
  );
  socket.write('{"op":"fly"}\nnot json\n{"op":"observe","last":"x"}\n{"op":"unregister","name":"a"}\n');
  for (let tries = 0; tries < 100 && lines.length < 4; tries++) await sleep(5);
  assert.equal(
    lines.map((line) => line.includes('does not know this request')),
    [true, true, true, false],
  );
  socket.destroy();
  server.close();
});

test('observe: the past, filtered', async () => {
  const { server, history, connection } = await serving();
  for (const name of ['a', 'b', 'c', 'd']) history.add(record(name, name < 'c' ? 'DROPPED' : 'FORWARDED'));
  const seen: string[] = [];
  const get = async (last: number, verdicts: readonly 'DROPPED'[]) => {
    seen.length = 0;
    await observe(await connection(), { op: 'observe', last, follow: false, verdicts }, (item) => void seen.push(nameOf(item)));
    return seen.join(' ');
  };
  assert.is(await get(2, []), 'c d');
  assert.is(await get(1, ['DROPPED']), 'b');
  assert.is(await get(0, []), '');
  server.close();
});

test('observe: what comes, until the daemon ends', async () => {
  const { server, history, connection } = await serving();
  history.add(record('old'));
  const seen: string[] = [];
  const following = observe(
    await connection(),
    { op: 'observe', last: 1, follow: true, verdicts: [] },
    (item) => void seen.push(nameOf(item)),
  );
  for (let tries = 0; tries < 100 && seen.length < 1; tries++) await sleep(5);
  history.add(record('new'));
  for (let tries = 0; tries < 100 && seen.length < 2; tries++) await sleep(5);
  server.close();
  await following;
  assert.equal(seen, ['old', 'new']);
});

test('an observer that does not read loses records, is told how many, and the daemon does not grow', async () => {
  const { server, history } = await serving();
  const socket = createConnection(state.socket);
  const lines: string[] = [];
  socket.setEncoding('utf8').on(
    'data',
    lineReader((line) => void lines.push(line)),
  );
  socket.write('{"op":"observe","last":0,"follow":true,"verdicts":[]}\n');
  await sleep(50);
  socket.pause();
  const big = 'x'.repeat(100_000);
  for (let i = 0; i < 100; i++) history.add(record(big));
  assert.ok(history.lost > 50, `${history.lost} lost`);
  socket.resume();
  for (let tries = 0; tries < 200 && lines.length < 100 - history.lost; tries++) await sleep(5);
  await sleep(50);
  const lost = history.lost;
  history.add(record('after'));
  for (let tries = 0; tries < 200 && !lines.some((line) => line.includes('after')); tries++) await sleep(5);
  assert.ok(lines.some((line) => line.includes(`"num_events_lost":"${lost}"`)));
  assert.ok(lines.at(-1)?.includes('after'));
  socket.destroy();
  server.close();
});

test.run();
