// Kernel modules that are loaded. The kernel takes `-` and `_` in their names for the same; the canonical form has `_`.
import { byteIn, repeat } from '../../space/pattern.ts';
import { defineProcess, ofEvent } from '../process.ts';
import { globText } from '../types/texts.ts';

const name = globText({
  noun: 'module',
  expected: 'the name of a module ("nf_tables")',
  possible: repeat(byteIn([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]), 1),
  mistake: (text) => (/[^-\w\0]/.test(text) ? { reason: 'a module has a name of letters, digits, `_` and `-`, not a path' } : undefined),
  fold: (text) => text.replaceAll('-', '_'),
});

export const kernelModule = defineProcess({
  name: 'module',
  summary: 'a kernel module is loaded',
  positional: ['name'],
  mayBeEmpty: true,
  ofClass: [ofEvent('name', 'its name, without `.ko`', name)],
});
