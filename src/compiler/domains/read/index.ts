// Files and folders that are opened to read.
import { defineProcess, ofEvent, owner } from '../process.ts';
import { filePath } from '../types/paths.ts';

export const read = defineProcess({
  name: 'read',
  summary: 'a file is opened to read',
  positional: ['path'],
  mayBeEmpty: false,
  ofClass: [ofEvent('path', 'the file', filePath), owner],
});
