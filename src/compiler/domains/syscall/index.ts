// System calls, by their names on x86-64 and arm64. Those of other entries (32 bits, x32) are undecidable.
import { type FieldSpec, read } from '../domain.ts';
import { defineProcess, ofEvent, ofSomeEvents } from '../process.ts';
import { numberType, readRange } from '../types/numbers.ts';
import { filePath } from '../types/paths.ts';
import { wordType } from '../types/words.ts';
import { syscallNumbers } from './table.generated.ts';

/** A name means the call on every architecture that has it. */
const names = [...new Set([...Object.keys(syscallNumbers.x86_64), ...Object.keys(syscallNumbers.arm64)])].sort();
const familiar = ['execve', 'mount', 'openat', 'ptrace', 'read', 'socket', 'write'];

/** Arguments are counted from 0. */
const place: FieldSpec['key'] = {
  expected: 'the place of an argument (0-5)',
  read: (operand) => {
    const found = readRange(operand, 'the place of an argument (0-5)', { low: 0, high: 5 });
    return found.ok ? read(String(found.value.low)) : found;
  },
};

export const syscall = defineProcess({
  name: 'syscall',
  summary: 'a system call',
  positional: ['name'],
  mayBeEmpty: true,
  ofClass: [
    ofEvent('name', 'its name', wordType({ noun: 'system call', expected: 'a system call (`ptrace`)', words: names, familiar })),
    ofSomeEvents('path', 'the file that its first path argument leads to', filePath),
    {
      ...ofSomeEvents('argument', 'an argument, as a number of 32 bits', numberType('number', 'a number', { low: 0, high: 0xffff_ffff })),
      key: place,
    },
  ],
});
