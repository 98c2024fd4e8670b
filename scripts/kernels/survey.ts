// What a kernel can do, asked by doing it: every probe of the runtime, and every program of every template loaded and
// attached to a cgroup of its own or to the machine.
import { readdirSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { attachCgroup, attachMachine, detachCgroup } from '../../src/runtime/kernel/attach.ts';
import { failureText, type Result } from '../../src/runtime/kernel/failure.ts';
import { probe, probeNames } from '../../src/runtime/kernel/features.ts';
import { type Loaded, loadObjects } from '../../src/runtime/kernel/load.ts';
import { privateCgroup, privatePins, templateNames, templateObject } from '../../test/harness/kernel.ts';

/** Name -> `yes`, or what was found instead, in a few words. */
export type Survey = {
  readonly release: string;
  readonly features: Readonly<Record<string, string>>;
  readonly programs: Readonly<Record<string, string>>;
};

/** What is found where everything is as it should be. */
export const found = { feature: 'yes', attached: 'attached', loaded: 'loaded' } as const;

const shorter = (text: string): string => text.replaceAll('|', '/').split('\n')[0]?.slice(0, 120) ?? '';
const refusal = (result: Result<unknown>): string =>
  result.ok ? '' : shorter(result.failures.map((failure) => failureText(failure).message).join('; '));

const linked = ({ pins }: Loaded): ReadonlySet<string> =>
  new Set(readdirSync(pins.links).flatMap((target) => readdirSync(join(pins.links, target))));

/** Attaches what can be attached of a loaded template; program -> what became of it. */
function attached(loaded: Loaded): Readonly<Record<string, string>> {
  const cgroup = attachCgroup(loaded, privateCgroup('survey').path);
  const machine = attachMachine(loaded);
  const links = linked(loaded);
  const outcome = (program: string): string => {
    if (links.has(program)) return found.attached;
    return [cgroup, machine].map(refusal).find((text) => text.includes(program)) ?? found.loaded;
  };
  const outcomes = Object.fromEntries([...loaded.programs.keys()].map((program) => [program, outcome(program)]));
  if (cgroup.ok) detachCgroup(loaded.pins, cgroup.value);
  return outcomes;
}

function programsOf(template: string): Readonly<Record<string, string>> {
  const result = loadObjects([templateObject(template)], privatePins());
  if (!result.ok) return { [template]: refusal(result) };
  const outcomes = attached(result.value);
  result.value.close();
  return outcomes;
}

export const survey = (): Survey => ({
  release: release(),
  features: Object.fromEntries(probeNames.map((name) => [name, probe(name)?.reason ?? found.feature])),
  programs: Object.assign({}, ...templateNames().map(programsOf)),
});
