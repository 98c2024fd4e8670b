// Files and folders that are removed.
import { defineProcess, ofEvent, owner } from '../process.ts';
import { filePath } from '../types/paths.ts';

export const remove = defineProcess({
  name: 'delete',
  summary: 'a file is removed',
  positional: ['path'],
  mayBeEmpty: false,
  ofClass: [ofEvent('path', 'the file', filePath), owner],
});
