// Namespaces that are made (clone, unshare) or entered (setns): namespaces(7).
import { defineProcess, ofEvent } from '../process.ts';
import { wordType } from '../types/words.ts';

export const namespaceKinds: readonly string[] = ['user', 'net', 'mnt', 'pid', 'ipc', 'uts', 'cgroup', 'time'];

export const namespace = defineProcess({
  name: 'namespace',
  summary: 'a namespace is made or entered',
  positional: ['kind'],
  mayBeEmpty: true,
  ofClass: [
    ofEvent('kind', 'its kind', wordType({ noun: 'kind of namespaces', expected: 'a kind of namespaces (`user`)', words: namespaceKinds })),
  ],
});
