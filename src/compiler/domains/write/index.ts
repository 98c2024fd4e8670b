// Files that are opened to write, and changes of their length, owner and mode.
import { defineProcess, ofEvent, owner } from '../process.ts';
import { filePath } from '../types/paths.ts';

export const write = defineProcess({
  name: 'write',
  summary: 'a file is opened to write, or its length, owner or mode is changed',
  positional: ['path'],
  mayBeEmpty: false,
  ofClass: [ofEvent('path', 'the file', filePath), owner],
});
