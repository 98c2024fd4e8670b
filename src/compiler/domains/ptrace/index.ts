// Processes that are traced, or whose memory is read or written, by another.
import { defineProcess } from '../process.ts';
import { binaryPath } from '../types/paths.ts';

export const ptrace = defineProcess({
  name: 'ptrace',
  summary: 'another process is traced',
  positional: ['target'],
  mayBeEmpty: true,
  ofClass: [
    {
      name: 'target',
      summary: 'the program of the traced process',
      type: binaryPath,
      quantity: 'one',
      unstated: 'any',
      always: true,
      // Its file may have no path any more.
      mayBeUndecidable: true,
    },
  ],
});
