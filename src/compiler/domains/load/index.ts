// Code that a running program takes in: files that are mapped to be executed. Libraries, and the images of programs themselves.
import { defineProcess, ofEvent, owner } from '../process.ts';
import { filePath } from '../types/paths.ts';

export const load = defineProcess({
  name: 'load',
  summary: 'a file is mapped to be executed',
  positional: ['path'],
  mayBeEmpty: true,
  ofClass: [ofEvent('path', 'the file', filePath), owner],
});
