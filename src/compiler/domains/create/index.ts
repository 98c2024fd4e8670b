// Files, folders, links, devices and sockets that are made.
import { defineProcess, ofEvent } from '../process.ts';
import { filePath } from '../types/paths.ts';

export const create = defineProcess({
  name: 'create',
  summary: 'a file is made',
  positional: ['path'],
  mayBeEmpty: false,
  ofClass: [ofEvent('path', 'the new file', filePath)],
});
