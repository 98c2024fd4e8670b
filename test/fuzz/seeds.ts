// Where inputs begin: every policy text of the project, its items one by one, and random policies of the whole language.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

const filesBelow = (folder: string, ending: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));

const fenced = (document: string): readonly string[] =>
  [...readFileSync(join(root, document), 'utf8').matchAll(/^```policy\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);

/** Whole files. */
export const files: readonly string[] = [
  ...filesBelow('policies', '.policy'),
  ...filesBelow('test/golden', '.policy'),
  ...filesBelow('grammar/corpus', '.txt').flatMap((text) => text.split(/^==== .*\n/m).map((part) => part.split('---- tree\n')[0] ?? '')),
  ...filesBelow('docs/codes', '.md').flatMap((text) => [...text.matchAll(/^```policy\n([\s\S]*?)^```$/gm)].map(([, one = '']) => one)),
  ...fenced('README.md'),
  ...fenced('grammar/README.md'),
]
  // One of them is there because it asks for too much: it would take most of a run.
  .filter((text) => text.trim() !== '' && !text.includes('part11'));

/** Files of a size that a million inputs can have. */
export const small: readonly string[] = files.filter(({ length }) => length < 1500);

const beginsItem =
  /^(?=(?:@|\/\/\/|private |workload |network |port |domain |path |binary |list |rules |annotation |policy |test |invariant |module |namespace |cluster |import ))/m;
/** Single items of all files. */
export const items: readonly string[] = [...new Set(files.flatMap((text) => text.split(beginsItem)))].filter(
  ({ length }) => 0 < length && length < 2000,
);

/** A text, a word, blanks, or a sign. */
export const pieceOf = /"(?:[^"\\\n]|\\.)*"|[\w/:.-]+|\s+|[^\s\w]/g;

/** Every word, text and sign that the project's policies have. */
export const vocabulary: readonly string[] = [...new Set(files.flatMap((text) => text.match(pieceOf) ?? []))].filter(
  (piece) => piece.trim() !== '' && piece.length < 80,
);
