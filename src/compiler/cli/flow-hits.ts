// `policyc diff --flows`: how many recorded flows each change would have hit.
import type { Difference } from '../analysis/diff.ts';
import { type Hits, hitsOf } from '../flows/hits.ts';
import { type Policies, Replay } from '../flows/replay.ts';
import type { Tally } from '../flows/traffic.ts';
import { FlowProgress } from './flow-progress.ts';
import { readTraffic } from './flow-traffic.ts';

/** `tally`: what was read, and what could not be judged. */
export type FlowHits = { readonly hits: ReadonlyMap<Difference, Hits>; readonly tally: Tally };

/**
 * Hits of each difference of two policies; reads the flows once.
 * @param flows as of `policyc replay`: a file, a folder, `-`
 * @throws UsageError for what cannot be read
 */
export async function flowHits(policies: Required<Policies>, differences: readonly Difference[], flows: string): Promise<FlowHits> {
  const replay = new Replay(policies);
  const progress = new FlowProgress();
  await readTraffic(flows, replay.traffic, progress);
  progress.step('asking which flows changes are about');
  const hits = hitsOf(replay, policies, differences);
  progress.end();
  return { hits, tally: replay.tally() };
}
