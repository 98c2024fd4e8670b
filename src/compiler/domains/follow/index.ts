// Symbolic links that are followed on the way to a file.
import { defineProcess, ofEvent, owner } from '../process.ts';
import { filePath } from '../types/paths.ts';

export const follow = defineProcess({
  name: 'follow',
  summary: 'a symbolic link is followed',
  positional: ['path'],
  mayBeEmpty: true,
  ofClass: [ofEvent('path', 'the link', filePath), owner],
});
