// What goes over the control socket: one JSON object a line, in both directions. A request is answered by one line
// `Answer`; `observe` first by any number of records.
import type { LostRecord, VerdictRecord } from '../hubble/flow.ts';
import type { Integrity } from './integrity.ts';
import type { WorkloadNames } from './known-names.ts';
import type { Complaint } from './refusal.ts';
import type { Status } from './status.ts';

export const verdictNames = ['FORWARDED', 'DROPPED', 'AUDIT', 'REDIRECTED'] as const;

/** `cgroup`: path of an existing cgroup. `owner`: the process that will unregister it; if it dies first, the workload goes when its cgroup is empty. */
export type RegisterRequest = {
  readonly op: 'register';
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cgroup: string;
  readonly owner: number;
};
/** `last`: so many records of the past first. `verdicts`: only these; [] = all. */
export type ObserveRequest = {
  readonly op: 'observe';
  readonly last: number;
  readonly follow: boolean;
  readonly verdicts: readonly (typeof verdictNames)[number][];
};
export type Request =
  | { readonly op: 'status' }
  /** `workload`: as it is shown (`shop/cart`); absent: all. */
  | { readonly op: 'names'; readonly workload?: string }
  | { readonly op: 'verify'; readonly repair: boolean }
  | { readonly op: 'confirm' }
  /** Answered when the service of systemd, whose cgroup was just made, is governed. */
  | { readonly op: 'govern'; readonly unit: string }
  | { readonly op: 'stop'; readonly unload: boolean }
  | { readonly op: 'unregister'; readonly name: string; readonly namespace?: string }
  | RegisterRequest
  | ObserveRequest;

export type Answer =
  | { readonly ok: true; readonly status?: Status; readonly integrity?: Integrity; readonly names?: readonly WorkloadNames[] }
  | { readonly ok: false; readonly complaints: readonly Complaint[] };
/** One line from the daemon. */
export type Line = Answer | VerdictRecord | LostRecord;

/** Feeds a stream's chunks in, gets whole lines out. */
export function lineReader(onLine: (line: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  };
}
