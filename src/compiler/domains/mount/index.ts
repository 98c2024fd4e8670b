// File systems that are mounted, moved or bound somewhere.
import { byteIn, repeat } from '../../space/pattern.ts';
import { defineProcess, ofEvent, ofSomeEvents } from '../process.ts';
import { filePath } from '../types/paths.ts';
import { globText } from '../types/texts.ts';

/** As in /proc/filesystems. */
const type = globText({ noun: 'file system', expected: 'a file system ("tmpfs")', possible: repeat(byteIn([0x21, 0x7e]), 1) });

export const mount = defineProcess({
  name: 'mount',
  summary: 'a file system is mounted',
  positional: ['path'],
  mayBeEmpty: true,
  ofClass: [
    ofEvent('path', 'where it is mounted', filePath),
    ofSomeEvents('type', 'the type of the file system; a bind mount, a move and a remount have none', type),
  ],
});
