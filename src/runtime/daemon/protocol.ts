// What goes over the control socket: one JSON object a line, in both directions. A request is answered by one line
// `Answer`; `observe` first by any number of records.
import { Ajv } from 'ajv';
import type { LostRecord, VerdictRecord } from '../hubble/flow.ts';
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
  | { readonly op: 'stop'; readonly unload: boolean }
  | { readonly op: 'unregister'; readonly name: string; readonly namespace?: string }
  | RegisterRequest
  | ObserveRequest;

export type Answer = { readonly ok: true; readonly status?: Status } | { readonly ok: false; readonly complaints: readonly Complaint[] };
/** One line from the daemon. */
export type Line = Answer | VerdictRecord | LostRecord;

const text = { type: 'string', minLength: 1 };
const request = (op: string, required: readonly string[], properties: object) => ({
  type: 'object',
  required: ['op', ...required],
  additionalProperties: false,
  properties: { op: { const: op }, ...properties },
});
const validate = new Ajv({ strict: false }).compile<Request>({
  oneOf: [
    request('status', [], {}),
    request('stop', ['unload'], { unload: { type: 'boolean' } }),
    request('unregister', ['name'], { name: text, namespace: text }),
    request('register', ['name', 'labels', 'cgroup', 'owner'], {
      name: text,
      namespace: text,
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      cgroup: text,
      owner: { type: 'integer' },
    }),
    request('observe', ['last', 'follow', 'verdicts'], {
      last: { type: 'integer', minimum: 0 },
      follow: { type: 'boolean' },
      verdicts: { type: 'array', items: { enum: verdictNames } },
    }),
  ],
});

/** A line from a client; undefined if it is no request of this version. */
export function parseRequest(line: string): Request | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return validate(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Feeds a stream's chunks in, gets whole lines out. */
export function lineReader(onLine: (line: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  };
}
