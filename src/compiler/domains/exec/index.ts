// Starts of programs: each file that the kernel executes, script first, then interpreter, decided by itself.
import { byteIn, repeat } from '../../space/pattern.ts';
import { defineProcess, ofEvent, owner } from '../process.ts';
import { binaryPath } from '../types/paths.ts';
import { globText } from '../types/texts.ts';

/** Any bytes but NUL. */
const argument = globText({ noun: 'argument', expected: 'an argument ("--inspect*")', possible: repeat(byteIn([1, 0xff]), 0) });

export const exec = defineProcess(
  {
    name: 'exec',
    summary: 'a file is executed',
    positional: ['path'],
    mayBeEmpty: false,
    ofClass: [
      ofEvent('path', 'the file', binaryPath),
      {
        name: 'argument',
        summary: 'some argument, the name of the program left out',
        type: argument,
        quantity: 'some',
        unstated: 'absent',
        mayBeUndecidable: true,
        always: false,
      },
      {
        name: 'caller',
        summary: 'the program that executes it: what the process ran before',
        type: binaryPath,
        quantity: 'one',
        unstated: 'any',
        mayBeUndecidable: true,
        always: true,
      },
      owner,
    ],
  },
  'none',
);
