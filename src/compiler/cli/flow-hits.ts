// `policyc diff --flows`: how many recorded flows each change would have hit.
import type { Difference } from '../analysis/diff.ts';
import { type Hits, hitsOf } from '../flows/hits.ts';
import { type Policies, Replay } from '../flows/replay.ts';
import type { Tally } from '../flows/traffic.ts';
import { readFlows } from './flow-lines.ts';
import { FlowProgress } from './flow-progress.ts';

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
  let lines = 0;
  await readFlows(flows, {
    line: (line, place) => {
      lines++;
      replay.traffic.add(line, place);
    },
    progress: (done) => progress.show(done, lines),
  });
  progress.step('asking which flows changes are about');
  const hits = hitsOf(replay, policies, differences);
  progress.end();
  return { hits, tally: replay.tally() };
}
