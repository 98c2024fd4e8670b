// Who may import whom, as one array: layers.test.ts holds every import of src/ against it, and the table in
// ARCHITECTURE.md is printed from it. A path is a folder (ends in `/`) or a file under src/.

export type Layer = {
  /** The first layer whose path is a prefix of a file's path is that file's layer. */
  readonly path: string;
  /** Beside itself: everything under these paths. */
  readonly may: readonly string[];
  /** Types alone (`import type`). */
  readonly types?: readonly string[];
  /** npm packages. */
  readonly packages?: readonly string[];
  /** May it touch the machine (`node:*`)? */
  readonly node?: boolean;
};

const base = 'compiler/base/';
const space = 'compiler/space/';
const ir = 'compiler/ir/';
const diagnostics = 'compiler/diagnostics/';
const domain = 'compiler/domains/domain.ts';
const phases = ['1-parse', '2-resolve', '3-check', '4-normalize', '5-plan', '6-emit'].map((name) => `compiler/${name}/`);
const [parse = '', resolve = '', check = '', ...laterPhases] = phases;
const ofPhases = { may: [base, space, ir, diagnostics], types: [domain] };
/** What the two programs share: the bundle format, and the small pure pieces that give it its meaning. */
export const shared: readonly string[] = [
  ir,
  base,
  `${space}labels.ts`,
  `${space}transport.ts`,
  `${space}address.ts`,
  `${space}interval.ts`,
];

export const layers: readonly Layer[] = [
  { path: base, may: [] },
  { path: diagnostics, may: [base] },
  { path: space, may: [base] },
  { path: 'compiler/domains/', may: [base, space] },
  { path: ir, may: [base, space], types: [domain] },
  { path: parse, ...ofPhases, packages: ['chevrotain'] },
  { path: resolve, ...ofPhases },
  // The texts of `domain`, `path` and `binary` declarations are read as fields of those types read theirs.
  { path: check, ...ofPhases, may: [...ofPhases.may, 'compiler/domains/types/'] },
  ...laterPhases.map((path) => ({ path, ...ofPhases })),
  { path: 'compiler/7-build/', ...ofPhases, packages: ['ajv'], node: true },
  { path: 'compiler/analysis/', ...ofPhases },
  // Recorded traffic: it is read as events, whose content domains give its form.
  {
    path: 'compiler/flows/',
    may: [base, space, ir, 'compiler/analysis/', 'compiler/domains/http/', 'compiler/domains/kafka/'],
    types: [domain],
  },
  // Readers and writers of other people's policies. `documents/` is their only way to YAML and to schemas.
  {
    path: 'compiler/interchange/documents/',
    ...ofPhases,
    types: [domain, 'compiler/interchange/importer.ts'],
    packages: ['js-yaml', 'ajv'],
  },
  // Numbers that its documents write for words.
  {
    path: 'compiler/interchange/tetragon/',
    ...ofPhases,
    may: [...ofPhases.may, 'compiler/interchange/', 'compiler/domains/bpf/', 'compiler/domains/capability/', 'compiler/domains/types/'],
  },
  { path: 'compiler/interchange/', ...ofPhases, may: [...ofPhases.may, 'compiler/interchange/'] },
  { path: 'compiler/format/', may: [parse, base, diagnostics, ir] },
  { path: 'compiler/event-text.ts', may: [diagnostics, ir, base], types: [domain] },
  { path: 'compiler/question-text.ts', may: [diagnostics, ir, base] },
  { path: 'compiler/stated-names.ts', may: [diagnostics, ir, base, `${space}labels.ts`] },
  {
    path: 'compiler/session.ts',
    may: [parse, resolve, check, 'compiler/analysis/', diagnostics, ir, base],
    types: ['compiler/interchange/'],
  },
  {
    path: 'compiler/pipeline.ts',
    may: [
      ...phases,
      'compiler/event-text.ts',
      'compiler/question-text.ts',
      'compiler/session.ts',
      'compiler/stated-names.ts',
      'compiler/domains/',
      'compiler/interchange/',
      `${space}labels.ts`,
      'compiler/analysis/',
      diagnostics,
      ir,
      base,
    ],
  },
  { path: 'compiler/index.ts', may: ['compiler/pipeline.ts', 'compiler/7-build/', 'compiler/analysis/', diagnostics, ir, base] },
  {
    path: 'compiler/cli',
    may: [
      'compiler/pipeline.ts',
      'compiler/7-build/',
      'compiler/analysis/',
      'compiler/flows/',
      'compiler/format/',
      `${space}labels.ts`,
      diagnostics,
      ir,
      base,
    ],
    types: [domain],
    packages: ['commander', 'picocolors', 'js-yaml'],
    node: true,
  },
  // What answers in the HTML report: it runs in a browser.
  { path: 'report/', may: [] },
  { path: 'runtime/ffi/', may: [base], packages: ['koffi'], node: true },
  { path: 'runtime/policy/bundle.ts', may: [...shared, 'runtime/policy/'], packages: ['ajv'], node: true },
  { path: 'runtime/policy/trust.ts', may: shared, node: true },
  { path: 'runtime/policy/', may: shared },
  { path: 'runtime/inventory/', may: [...shared, 'runtime/policy/'], packages: ['ajv', 'js-yaml'], node: true },
  { path: 'runtime/kernel/', may: [...shared, 'runtime/ffi/', 'runtime/policy/', 'runtime/inventory/'], node: true },
  { path: 'runtime/events/', may: [...shared, 'runtime/ffi/', 'runtime/policy/'], node: true },
  { path: 'runtime/hubble/', may: [...shared, 'runtime/events/', 'runtime/policy/'], packages: ['prom-client', 'picocolors'], node: true },
  {
    path: 'runtime/',
    may: [...shared, 'runtime/'],
    packages: ['ajv', 'commander', 'picocolors'],
    node: true,
  },
];
