// What all classes of process events have: who acts, as which user, inside or outside containers; and whose the file is.
import { defineDomain } from './define.ts';
import type { DomainData, DomainSpec, FieldSpec } from './domain.ts';
import { numberType } from './types/numbers.ts';
import { binaryPath } from './types/paths.ts';
import { wordType } from './types/words.ts';

/** The highest id is none (uapi: `(uid_t) -1`). */
const ids = { low: 0, high: 0xffff_fffe };
const one = { quantity: 'one', unstated: 'any' } as const;
const certain = { ...one, always: true, mayBeUndecidable: false } as const;

/** The program that acts. It is undecidable where its file has no path any more. */
const binary: FieldSpec = {
  ...one,
  name: 'binary',
  summary: 'the program that acts',
  type: binaryPath,
  always: true,
  mayBeUndecidable: true,
};
const conditions: readonly FieldSpec[] = [
  { ...one, name: 'parent', summary: "the program of the process's parent", type: binaryPath, always: false, mayBeUndecidable: true },
  { ...certain, name: 'user', summary: 'the effective user id', type: numberType('user', 'a user id (1000, 1000-1999)', ids) },
  { ...certain, name: 'group', summary: 'the effective group id', type: numberType('group', 'a group id (1000, 1000-1999)', ids) },
  {
    ...certain,
    name: 'scope',
    summary: 'inside a container, or on the host itself',
    type: wordType({ noun: 'scope', expected: '`container` or `host`', words: ['container', 'host'] }),
  },
  {
    ...certain,
    name: 'lineage',
    summary: 'descends from the first process of its container or of the host, or was put in from outside (`kubectl exec`, `nsenter`)',
    type: wordType({ noun: 'lineage', expected: '`init` or `entered`', words: ['init', 'entered'] }),
  },
];

/** Of classes about a file. */
export const owner: FieldSpec = {
  ...certain,
  name: 'owner',
  summary: 'whose it is: of the user that acts, or of another',
  type: wordType({ noun: 'owner', expected: '`self` or `other`', words: ['self', 'other'] }),
};

/** @param ofClass the fields of the class itself; `binary` is not for a class whose event is a program of its own */
export const defineProcess = (
  data: Pick<DomainData, 'name' | 'summary' | 'positional' | 'mayBeEmpty'> & { readonly ofClass: readonly FieldSpec[] },
  actor: 'binary' | 'none' = 'binary',
): DomainSpec => {
  const { ofClass, ...rest } = data;
  const fields = [...ofClass, ...(actor === 'binary' ? [binary] : []), ...conditions];
  return defineDomain({ ...rest, form: 'process', over: [], encryptedPorts: [], fields });
};

/** A field of the class that every event of it has. */
export const ofEvent = (name: string, summary: string, type: FieldSpec['type']): FieldSpec => ({ ...certain, name, summary, type });
/** A field that some events of the class lack. */
export const ofSomeEvents = (name: string, summary: string, type: FieldSpec['type']): FieldSpec => ({
  ...one,
  name,
  summary,
  type,
  always: false,
  mayBeUndecidable: false,
});
