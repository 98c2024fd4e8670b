// policyd under load for long: connections and datagrams without end, another policy every second, and policyd killed every ten. Every
// verdict event is judged again by the oracle of its revision's policy, nothing stays uncounted, and nothing grows.
//
//   npm run soak -- --minutes 30       (SEED=n for other policies)
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventProtocol, fixedCause, section } from '../../src/compiler/ir/abi.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { ask, connect } from '../../src/runtime/daemon/client.ts';
import { openIdentities } from '../../src/runtime/daemon/identities.ts';
import { pinnedMaps } from '../../src/runtime/daemon/pinned.ts';
import { stateFolderAt } from '../../src/runtime/daemon/state-folder.ts';
import { AnsweredRequests } from '../../src/runtime/events/answered-requests.ts';
import type { VerdictEvent } from '../../src/runtime/events/verdict-event.ts';
import { names, pinsAt } from '../../src/runtime/kernel/bpffs.ts';
import { readCounters, readLost } from '../../src/runtime/kernel/counters.ts';
import { typedPolicy } from '../harness/compile.ts';
import { kernelTest, privateCgroup } from '../harness/kernel.ts';
import { endChildren, type Running, until, world } from '../harness/policyd.ts';
import { random, seedOf } from '../harness/random.ts';
import { watchRing } from '../harness/ring-watcher.ts';
import { judgedOf, SoakJudge, type SoakWorld } from '../harness/soak-judge.ts';
import {
  clientNames,
  kernelBytes,
  mixTables,
  residentBytes,
  soakPolicy,
  soakPorts,
  startClient,
  startServer,
  workloadOf,
} from '../harness/soak-world.ts';

const given = process.argv.indexOf('--minutes');
const minutes = Number(given < 0 ? (process.env['MINUTES'] ?? 0.4) : process.argv[given + 1]);
const killedEvery = 10;
const variants = 12;

type Policies = { readonly texts: readonly string[]; readonly typed: readonly TypedPolicy[] };

function madePolicies(seed: number): Policies {
  const source = random(seed);
  const texts = Array.from({ length: variants }, (_, number) => soakPolicy(source, number));
  return { texts, typed: texts.map((text) => typedPolicy(text)) };
}

/** The world of policyd, the load below it, and who sees what is told. */
async function makeScene(policies: Policies) {
  const here = world();
  const cgroups = { server: privateCgroup('server'), clients: clientNames.map((name) => privateCgroup(name)) };
  const entry = (name: string, path: string): string => `  - { name: ${name}, labels: { app: ${name} }, cgroup: "${path}" }\n`;
  here.inventoryText(
    `workloads:\n${entry('server', cgroups.server.path)}${clientNames.map((name, i) => entry(name, cgroups.clients[i]?.path ?? '')).join('')}`,
  );
  const variantOf = new Map<string, number>();
  const change = (variant: number): void => {
    here.policy(policies.texts[variant] ?? '');
    const manifest: { readonly build: string } = JSON.parse(readFileSync(join(here.bundle, 'manifest.json'), 'utf8'));
    variantOf.set(manifest.build, variant);
  };
  change(0);
  const state = stateFolderAt(join(here.folder, 'state'));
  /** The revision in force, and what it is made of; undefined while nobody says so. */
  const inForce = async (): Promise<{ readonly revision: number; readonly variant: number } | undefined> => {
    const connection = await connect(state).catch(() => undefined);
    const answer = connection && (await ask(connection, { op: 'status' }).catch(() => undefined));
    const variant = answer?.status && variantOf.get(answer.status.bundle.build);
    return answer?.status && variant !== undefined ? { revision: answer.status.revision, variant } : undefined;
  };
  const server = await startServer(cgroups.server);
  const startClients = () => Promise.all(cgroups.clients.map((cgroup, place) => startClient(cgroup, place, server)));
  return { here, change, state, inForce, server, startClients };
}
type Scene = Awaited<ReturnType<typeof makeScene>>;

type Sent = { readonly tcp: number; readonly udp: number; readonly again: number };
const sum = (all: readonly Sent[], what: keyof Sent): number => all.reduce((total, one) => total + one[what], 0);

/** Of a connection that has begun already: a change of policy came, and its next segment was decided again. A call has no flags. */
const isLater = ({ domain, protocol, direction, tcpFlags }: VerdictEvent): boolean =>
  domain === 'packet' && protocol === 'tcp' && direction === 'egress' && tcpFlags !== 0 && (tcpFlags & 0x12) !== 0x02;

/** Watches the ring into a judge. */
function watched(fd: number) {
  const requests = new AnsweredRequests();
  const [ring, seen] = [watchRing(fd), { judge: new SoakJudge(), events: 0, unowned: 0, others: 0, later: 0 }];
  const look = (): void =>
    ring.look((record) => {
      seen.events++;
      const event = requests.eventOf(record);
      if (!event || event.response) return;
      const judged = judgedOf(event, soakPorts);
      if (isLater(event)) seen.later++;
      // A segment of a socket that is gone has no sender.
      if (event.cause === fixedCause.unknownSender && event.verdict === 'dropped') seen.unowned++;
      else if (judged) seen.judge.add(judged);
      else seen.others++;
    });
  const timer = setInterval(look, 20);
  return {
    seen,
    look,
    stop: () => {
      clearInterval(timer);
      ring.close();
    },
  };
}

/** Another policy every second, and another policyd every ten. */
async function changes(scene: Scene, first: Running, each: (pid: number) => Promise<void>): Promise<Running> {
  const source = random(7);
  let daemon = first;
  await each(daemon.child.pid ?? 0);
  const end = performance.now() + minutes * 60_000;
  for (let second = 1; performance.now() < end; second++) {
    const begun = performance.now();
    scene.change(source.int(variants));
    if (second % killedEvery === 0) {
      await sleep(source.int(60));
      await daemon.end('SIGKILL');
      daemon = await scene.here.run();
    }
    await sleep(Math.max(200, 1000 - (performance.now() - begun)));
    await each(daemon.child.pid ?? 0);
  }
  return daemon;
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const highest = (all: readonly number[]): number => all.reduce((most, one) => Math.max(most, one), 0);

/** Figures of each second. */
type Figures = { readonly memory: number[]; readonly resident: number[] };
/** Of the last quarter, beyond the first half. */
function growth(all: readonly number[]): number {
  const quarter = Math.ceil(all.length / 4);
  return highest(all.slice(-quarter)) - highest(all.slice(0, 2 * quarter));
}

/** All sent is counted, all counted was told, and all told is what the oracle says. */
function assertExact({ judged, watch, maps }: Looking, sent: readonly Sent[]): void {
  const counters = readCounters(maps);
  const all = counters.reduce((total, { count }) => total + Number(count), 0);
  const [tcp = 0, udp = 0] = (['tcp', 'udp'] as const).map((protocol) =>
    counters
      .filter((one) => one.protocol === eventProtocol[protocol] && one.direction === section.egress)
      .reduce((total, { count }) => total + Number(count), 0),
  );
  const lost = readLost(maps.get('lost') ?? -1);
  const { seen } = watch;
  const { events, revisions, known, differences } = seen.judge.judge(judged);
  console.log(
    [
      `soak of ${minutes} minutes: ${events} verdicts of ${revisions} revisions (${known} told by policyd), ${differences.length} differences, ${seen.unowned} without a sender`,
      `sent ${sum(sent, 'tcp')} tcp and ${sum(sent, 'udp')} udp, counted ${tcp} and ${udp} (${seen.later} tcp decided again, ${sum(sent, 'again')} perhaps sent again); events ${seen.events}, counts ${all}, lost ${lost.ringFull} events and ${lost.countersFull} counts`,
    ].join('\n'),
  );
  assert.equal(differences, []);
  assert.is(seen.others, 0, 'events of something else');
  assert.ok(events > minutes * 60 * 50, 'there was load');
  assert.is(all, seen.events + Number(lost.ringFull), 'what was counted is what was told');
  assert.is(udp, sum(sent, 'udp'), 'what was sent was counted');
  const twice = tcp - seen.later - sum(sent, 'tcp');
  assert.ok(0 <= twice && twice <= sum(sent, 'again'), `connections that were counted and not sent: ${twice}`);
  assert.is(Number(lost.countersFull), 0);
}

function assertFlat({ memory, resident }: Figures): void {
  console.log(
    `kernel ${mebibytes(highest(memory))}, grown by ${growth(memory)} bytes; policyd ${mebibytes(highest(resident))}, grown by ${mebibytes(growth(resident))}`,
  );
  assert.ok(growth(memory) <= 0, `kernel memory: ${memory.join()}`);
  assert.ok(growth(resident) < 32 << 20, `policyd: ${resident.join()}`);
}

/** What judges, when all is over and every cause is known. */
function soakWorld({ typed }: Policies, { state }: Scene): SoakWorld {
  const { causes } = openIdentities(state, []);
  return {
    policies: typed,
    clients: clientNames.map(workloadOf),
    server: workloadOf('server'),
    causeOf: (cause) => causes.recordOf(cause),
  };
}

kernelTest('every verdict is its revision`s, all are counted, nothing grows, whoever dies', async () => {
  const policies = madePolicies(seedOf('soak', 20_261_123));
  const scene = await makeScene(policies);
  const first = await scene.here.run();
  const maps = pinnedMaps(scene.here.pins);
  const watch = watched(maps.get('events') ?? -1);
  try {
    await soak({ watch, maps }, policies, { scene, first });
  } finally {
    // Who fails ends, too: it must not watch for ever.
    watch.stop();
    maps.close();
  }
});

type Watching = { readonly watch: ReturnType<typeof watched>; readonly maps: ReturnType<typeof pinnedMaps> };

async function soak(watching: Watching, policies: Policies, { scene, first }: { readonly scene: Scene; readonly first: Running }) {
  const { watch, maps } = watching;
  const mapNames = names(pinsAt(scene.here.pins).maps);
  const figures: Figures = { memory: [], resident: [] };
  const clients = await scene.startClients();
  const daemon = await changes(scene, first, async (pid) => {
    const now = await scene.inForce();
    if (now) watch.seen.judge.learn(now.revision, now.variant);
    figures.memory.push(kernelBytes(maps, mapNames));
    figures.resident.push(residentBytes(pid));
  });
  const sent = (await Promise.all(clients.map((client) => client.end()))).map((said): Sent => JSON.parse(said));
  await sleep(300);
  watch.look();
  const looking: Looking = { ...watching, judged: soakWorld(policies, scene) };
  assertExact(looking, sent);
  assertFlat(figures);
  await caughtMixture(scene, looking);
  await daemon.end();
  await scene.server.end();
}

type Looking = Watching & { readonly judged: SoakWorld };

/** Tables of one policy under the revision of another: the judge sees it. */
async function caughtMixture(scene: Scene, { judged, watch, maps }: Looking): Promise<void> {
  for (const variant of [1, 2]) {
    scene.change(variant);
    await until(`policy ${variant}`, async () => (await scene.inForce())?.variant === variant);
  }
  const now = await scene.inForce();
  mixTables(maps);
  watch.seen.judge = new SoakJudge();
  if (now) watch.seen.judge.learn(now.revision, now.variant);
  const clients = await scene.startClients();
  await sleep(1500);
  for (const client of clients) await client.end();
  watch.look();
  const { events, differences } = watch.seen.judge.judge(judged);
  console.log(`a planted mixture: ${differences.length} differences in ${events} verdicts`);
  assert.ok(differences.length > 0, 'the planted mixture was not seen');
}

test.after(endChildren);
test.run();
