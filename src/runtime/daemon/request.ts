// What a client may ask, checked before it is believed.
import { Ajv } from 'ajv';
import { type Request, verdictNames } from './protocol.ts';

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
    request('names', [], { workload: text }),
    request('verify', ['repair'], { repair: { type: 'boolean' } }),
    request('confirm', [], {}),
    request('govern', ['unit'], { unit: text }),
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
