// Files that get another path, by rename or by a hard link.
import { defineProcess, ofEvent, owner } from '../process.ts';
import { filePath } from '../types/paths.ts';

export const rename = defineProcess({
  name: 'rename',
  summary: 'a file gets another path',
  positional: ['path'],
  mayBeEmpty: false,
  ofClass: [ofEvent('path', 'the path that it has', filePath), ofEvent('to', 'the path that it gets', filePath), owner],
});
