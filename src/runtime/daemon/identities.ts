// The numbers that pinned kernel tables speak in — causes and endpoint ids — with their place on disk. They are saved
// before a generation that uses new ones is in force, so that no counter is ever raised for a number nobody can read.
import { Ajv } from 'ajv';
import { CauseTable, type SavedCauses } from '../events/causes.ts';
import { EndpointIds } from '../inventory/endpoints.ts';
import type { Identities } from './enforcement.ts';
import { loadSaved, type StateFolder, save } from './state-folder.ts';

const text = { type: 'string' };
const line = { type: 'integer' };
const rule = {
  type: 'object',
  required: ['kind', 'policy', 'file', 'line', 'action', 'section', 'text'],
  properties: { kind: { const: 'rule' }, policy: text, file: text, line, action: text, section: text, text },
};
const policy = { type: 'object', required: ['name', 'file', 'line'], properties: { name: text, file: text, line } };
const defaultDeny = {
  type: 'object',
  required: ['kind', 'policies'],
  properties: { kind: { const: 'default-deny' }, policies: { type: 'array', items: policy } },
};
const pair = (first: object, second: object) => ({ type: 'array', items: [first, second], minItems: 2, maxItems: 2 });

const ajv = new Ajv({ strict: false });
const areCauses = ajv.compile<SavedCauses>({ type: 'array', items: pair(line, { oneOf: [rule, defaultDeny] }) });
const areEndpoints = ajv.compile<readonly (readonly [string, number])[]>({ type: 'array', items: pair(text, line) });

/** Takes up what an earlier run saved. `used`: causes in pinned counters; none of them is handed out again even if the file is lost. */
export function openIdentities(folder: StateFolder, used: readonly number[]): Identities {
  const savedCauses = loadSaved(folder, 'causes');
  const savedEndpoints = loadSaved(folder, 'endpoints');
  const causes = new CauseTable(areCauses(savedCauses) ? savedCauses : [], used);
  const ids = new EndpointIds(areEndpoints(savedEndpoints) ? savedEndpoints : []);
  let known = '';
  const saveNew = () => {
    const now = `${causes.size} ${ids.size}`;
    if (now === known) return;
    save(folder, 'causes', causes.saved());
    save(folder, 'endpoints', ids.saved());
    known = now;
  };
  return { causes, ids, save: saveNew };
}
