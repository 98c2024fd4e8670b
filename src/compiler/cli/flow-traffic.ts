// Reads recorded traffic into what adds it up, and shows how far it is.
import type { Traffic } from '../flows/traffic.ts';
import { readFlows } from './flow-lines.ts';
import type { FlowProgress } from './flow-progress.ts';

/** `path`: a file, a folder, `-`. @throws UsageError for what cannot be read */
export async function readTraffic(path: string, traffic: Traffic, progress: FlowProgress): Promise<void> {
  let lines = 0;
  await readFlows(path, {
    line: (line, place) => {
      lines++;
      traffic.add(line, place);
    },
    progress: (done) => progress.show(done, lines),
  });
}
