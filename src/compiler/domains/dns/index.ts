// DNS queries. A query for the root has no name.
import { defineDomain } from '../define.ts';
import type { FieldSpec } from '../domain.ts';
import { domainName } from '../types/names.ts';
import { recordType } from './types.ts';

const one = { quantity: 'one', unstated: 'any', mayBeUndecidable: false } as const;
const fields: readonly FieldSpec[] = [
  { ...one, name: 'name', summary: 'the name that is asked for', type: domainName, always: false },
  { ...one, name: 'type', summary: 'the type of records that is asked for', type: recordType, always: true },
];

export const dns = defineDomain({
  name: 'dns',
  summary: 'DNS queries',
  form: 'request',
  over: ['udp', 'tcp', 'sctp'],
  encryptedPorts: [853],
  positional: ['name'],
  fields,
  mayBeEmpty: false,
});
