// The demo: a shop of real servers, clients and programs in cgroups and network namespaces of its own, under the
// policies of policies/shop. Ends with 0 only if every attempt came out as expected and was decided by whom it should
// be. With POLICYC_DEMO_UNLOAD=1 the programs are removed before the first attempt: then it must fail.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, startAgent } from './demo/agents.ts';
import { attempt, attemptAll } from './demo/attempts.ts';
import { cases, changedRequest } from './demo/cases.ts';
import { makeChange } from './demo/change.ts';
import { leftovers, type Machine, makeMachine, removeMachine } from './demo/machine.ts';
import { call, freePort, type Running, root, startPolicyd, until } from './demo/programs.ts';
import { Records } from './demo/records.ts';
import { heading, printTable, type Row, step } from './demo/table.ts';
import { addresses, inventoryText, members, places } from './demo/world.ts';

/** The sample, below the folder that a build runs in: the same file names in every build, whoever asks. */
const shop = join('policies', 'shop');

type Demo = {
  readonly machine: Machine;
  readonly bundle: string;
  readonly inventory: string;
  readonly metrics: string;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly records: Records;
};

/** policyc must have said yes; its words are the error otherwise. */
function build(folder: string, bundle: string): void {
  const { status, text } = call('policyc', ['build', shop, '-o', bundle], folder);
  if (status !== 0) throw new Error(`policyc build failed:\n${text}`);
}

async function prepare(): Promise<Demo> {
  for (const id of leftovers()) {
    step(`taking away what an earlier run left behind (${id})`);
    removeMachine(id);
  }
  step(`network namespaces and cgroups: ${places.map(({ name }) => name).join(', ')}`);
  const machine = makeMachine(places, ['policyd', ...members.map(({ name }) => name)]);
  process.on('exit', () => {
    step('taking everything away');
    removeMachine(machine.id);
  });
  const agents = await Promise.all(members.map((member) => startAgent(machine, member)));
  step(
    `servers and clients: ${members.map(({ name, servers }) => `${name}${servers.length > 0 ? ` (${servers.join(' ')})` : ''}`).join(', ')}`,
  );
  const inventory = join(machine.folder, 'inventory.yaml');
  writeFileSync(inventory, inventoryText(machine));
  return {
    machine,
    bundle: join(machine.folder, 'bundle'),
    inventory,
    metrics: `127.0.0.1:${await freePort()}`,
    agents: new Map(agents.map((agent) => [agent.name, agent])),
    records: new Records(),
  };
}

const state = ({ machine }: Demo) => ['--state', join(machine.folder, 'state')];
const folders = (demo: Demo) => ['--pins', demo.machine.pins, ...state(demo)];

const metricsText = async ({ metrics }: Demo): Promise<string | undefined> => {
  const answer = await fetch(`http://${metrics}/metrics`).catch(() => undefined);
  return answer?.ok ? await answer.text() : undefined;
};

/** Starts policyd and somebody who watches its verdicts. */
async function load(demo: Demo): Promise<Running> {
  const { machine, bundle, inventory, metrics } = demo;
  const daemon = startPolicyd(machine, ['run', '--bundle', bundle, '--inventory', inventory, '--metrics', metrics, ...folders(demo)]);
  const ready = await until(20, async () => (daemon.ended() ? 'ended' : (await metricsText(demo)) === undefined ? undefined : 'ready'));
  if (ready !== 'ready') throw new Error(`policyd is not ready:\n${daemon.words()}`);
  const observer = startPolicyd(machine, ['observe', '--json', '--follow', ...state(demo)], demo.records.add);
  // A name is asked for until its verdict is seen: then all verdicts are.
  const seen = await until(20, async () => {
    await demo.agents.get('cart')?.attempt({ kind: 'udp', host: addresses.resolver.v4, port: 53 });
    return demo.records.position > 0 ? true : undefined;
  });
  if (!seen) throw new Error(`policyd observe shows nothing:\n${observer.words()}`);
  return daemon;
}

/** What the demo's own test asks for: no programs in the kernel, so that nothing can come out as expected. */
function unload(demo: Demo, daemon: Running): void {
  step('POLICYC_DEMO_UNLOAD=1: the programs are removed, everything below must fail');
  demo.records.patience = 0;
  daemon.child.kill('SIGKILL');
  const { status, text } = call('policyd', ['unload', ...folders(demo)]);
  if (status !== 0) throw new Error(`policyd unload failed:\n${text}`);
}

/** Milliseconds from now until the kernel lets the new request through; undefined after five seconds. */
async function timeToForce({ agents }: Demo): Promise<number | undefined> {
  const start = performance.now();
  const { agent, attempt } = changedRequest(true);
  return until(5, async () => {
    const [outcome] = (await agents.get(agent)?.attempt(attempt)) ?? [];
    return outcome?.outcome === '200' ? performance.now() - start : undefined;
  });
}

/** The review before the merge, then the change itself, in force without a restart. */
async function change(demo: Demo): Promise<readonly Row[]> {
  const { machine, bundle, agents, records } = demo;
  const [before, after] = [join(machine.folder, 'before'), join(machine.folder, 'after')];
  heading(`one line more in shop.policy: ${makeChange(join(root, shop), join(before, shop), join(after, shop))}`);
  const { status, text } = call('policyc', ['diff', join('before', shop), join('after', shop)], machine.folder);
  console.log(`policyc diff before after\n${text.trimEnd()}\n`);
  if (status > 1) throw new Error('policyc diff failed');
  const rows = await attempt(changedRequest(false), agents, records);
  build(after, bundle);
  const time = await timeToForce(demo);
  step(
    time === undefined
      ? 'the change is not in force after 5 s'
      : `in force ${Math.round(time)} ms after the build ended, without a restart`,
  );
  return [...rows, ...(await attempt(changedRequest(true), agents, records))];
}

/** Hubble's metrics, and the rules that were hit. */
async function printMetrics(demo: Demo): Promise<void> {
  const lines = ((await metricsText(demo)) ?? '').split('\n');
  const rules = lines.filter((line) => line.startsWith('policyc_rule_verdicts_total{'));
  const hit = rules.filter((line) => !line.endsWith(' 0'));
  heading(`http://${demo.metrics}/metrics`);
  for (const line of [...lines.filter((text) => text.startsWith('hubble_')), ...hit]) console.log(line);
  console.log(`(${rules.length - hit.length} rules without a hit are there too)\n`);
}

/** `unload` leaves nothing behind. */
function takeDown(demo: Demo, daemon: Running): boolean {
  daemon.child.kill('SIGTERM');
  const { status, text } = call('policyd', ['unload', ...folders(demo)]);
  const left = existsSync(demo.machine.pins) ? readdirSync(demo.machine.pins) : [];
  const good = status === 0 && left.length === 0;
  step(good ? 'policyd unload: nothing is left in the kernel' : `policyd unload left ${left.join(', ')}: ${text.trim()}`);
  return good;
}

async function demonstrate(): Promise<boolean> {
  const demo = await prepare();
  build(root, demo.bundle);
  step('policyc built policies/shop');
  const daemon = await load(demo);
  step(`policyd enforces it, metrics at http://${demo.metrics}/metrics`);
  const unloaded = process.env['POLICYC_DEMO_UNLOAD'] === '1';
  if (unloaded) unload(demo, daemon);
  // A program in a place where none may start; the policy says /tmp, wherever temporary files are otherwise.
  const foreign = join(demo.machine.folder, 'miner');
  copyFileSync('/usr/bin/id', foreign);
  step('traffic and program starts');
  const rows = await attemptAll(cases(foreign), demo.agents, demo.records);
  printTable(rows);
  const changed = unloaded ? [] : await change(demo);
  if (changed.length > 0) printTable(changed);
  if (!unloaded) await printMetrics(demo);
  const clean = unloaded || takeDown(demo, daemon);
  const wrong = [...rows, ...changed].filter(({ good }) => !good).length;
  step(
    wrong === 0 ? `all ${rows.length + changed.length} attempts came out as expected` : `${wrong} attempts did not come out as expected`,
  );
  return wrong === 0 && clean;
}

if (process.getuid?.() !== 0) {
  step('namespaces, cgroups and kernel programs need root: asking sudo');
  const { status, error } = spawnSync('sudo', ['-E', process.execPath, ...process.execArgv, import.meta.filename], { stdio: 'inherit' });
  if (error) console.error('there is no sudo: run the demo as root');
  process.exit(status ?? 1);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
try {
  process.exit((await demonstrate()) ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
