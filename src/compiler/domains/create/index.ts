// Files, folders, links, devices and sockets that are made.
import { defineProcess, ofEvent, owner } from '../process.ts';
import { filePath } from '../types/paths.ts';
import { wordType } from '../types/words.ts';

const kind = wordType({
  noun: 'kind of files',
  expected: 'a kind of files (`folder`)',
  words: ['file', 'folder', 'link', 'device', 'pipe', 'socket'],
});
/** The new file is of the user that acts; what is asked is whose folder it stands in. */
const folderOwner = { ...owner, summary: 'whose the folder is that it is made in' };

export const create = defineProcess({
  name: 'create',
  summary: 'a file is made',
  positional: ['path'],
  mayBeEmpty: false,
  ofClass: [ofEvent('path', 'the new file', filePath), ofEvent('kind', 'a file, a folder, a symbolic link ...', kind), folderOwner],
});
