// A session gives what a compilation from nothing gives: findings, policies, rules and their ids, tests, invariants, after each of many
// random changes of random units of files that import from each other, with and without mistakes.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SourceText } from '../../src/compiler/base/source.ts';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { checkUnit, type Options, Session } from '../../src/compiler/pipeline.ts';
import { type Random, random, seedOf } from '../harness/random.ts';

const seed = seedOf('session', 20_261_121);
const names = ['a', 'b', 'c', 'd', 'e', 'f'];

type File = { readonly imports: readonly string[]; readonly items: readonly string[] };
type Unit = ReadonlyMap<string, File>;

/** Names of every kind; some of other files, some of none. */
const nameOf = (r: Random): string => `${r.pick(['w', 'net', 'dom', 'path', 'list', 'block', 'port', 'note'])}-${r.pick(names)}`;

/** Texts of declarations; what is declared under a name is nearly always of its kind. */
const declarations: readonly ((r: Random, owner: string) => string)[] = [
  (r, o) =>
    `workload w-${o} = ${r.pick([`{ app: "${r.pick(names)}pplication" }`, `w-${r.pick(names)} or { app: "x" }`, 'not { tier: "db" }'])}`,
  (r, o) => `private workload w-${o} = { app: "${r.pick(names)}", env: one of ["prod", "staging"] }`,
  (r, o) => `network net-${o} = [10.${r.int(3)}.0.0/16, net-${r.pick(names)}]`,
  (r, o) => `domain dom-${o} = ${r.pick(['"api.example"', '["**.example"]', `dom-${r.pick(names)} except "x.example"`])}`,
  (r, o) => `port port-${o} = tcp ${r.pick(['80', '[80, 443]', `list-${r.pick(names)}`])}`,
  (r, o) => `path path-${o} = under "/${r.pick(names)}"`,
  (r, o) => `list list-${o} = [${r.pick(['80, 443', '"GET"', 'GET, POST', '"/bin/sh"'])}]`,
  (r, o) => `annotation note-${o} = ${r.pick(['text', 'number', 'one of ["x", "y"]'])}`,
  (r, o) =>
    `rules block-${o}(who: peer, at-port: port) {\n  ingress { allow from [who, w-${r.pick(names)}] at at-port }\n  process { default deny exec\n    allow exec path-${r.pick(names)} }\n}`,
];

const rules: readonly ((r: Random) => string)[] = [
  (r) => `ingress { allow from ${nameOf(r)} at tcp ${80 + r.int(3)} }`,
  (r) => `ingress { allow from w-${r.pick(names)} at port-${r.pick(names)}\n allow from w-${r.pick(names)} at port-${r.pick(names)} }`,
  (r) => `ingress { deny from net-${r.pick(names)} at tcp 80 priority ${r.int(3)} }`,
  (r) => `egress { allow to dom-${r.pick(names)} at tcp 443\n allow to w-${r.pick(names)}.service at tcp 53 }`,
  (r) => `egress { allow to all at udp 53 dns { dom-${r.pick(names)} } @name("names") }`,
  (r) => `egress { allow to w-${r.pick(names)} at tcp 80 http { list-${r.pick(names)} "/x" } @until(2026-0${1 + r.int(9)}-01) }`,
  (r) => `process { kill exec under "/tmp"\n deny read path-${r.pick(names)} }`,
  (r) => `use block-${r.pick(names)}(${nameOf(r)}, port-${r.pick(names)})`,
];

/** Rules that need no names: as many as it takes to change the ids of those behind. */
const plainRules = (r: Random): string => {
  const lines = Array.from({ length: 1 + r.int(3) }, (_, i) => `allow from { app: "${r.pick(names)}" } at tcp ${9000 + i}`);
  return `ingress { ${lines.join('\n')} }`;
};

const others: readonly ((r: Random) => string)[] = [
  (r) =>
    `test "t" { w-${r.pick(names)} -> w-${r.pick(names)} tcp 80 is ${r.pick(['allowed', 'denied'])} by p-${r.int(9)}${r.pick(['', ' "names"'])} }`,
  (r) => `invariant "i" { no ${nameOf(r)} can reach w-${r.pick(names)} at tcp 80 }`,
  () => 'module shared',
  () => 'namespace "team"',
  () => '// a line more',
];

function policy(r: Random): string {
  const subject = r.pick([`w-${r.pick(names)}`, `{ app: "${r.pick(names)}pplicatoin" }`, 'all', '[host, { app: "x" }]']);
  const annotation = r.pick(['', '@owner("team") ', `@note-${r.pick(names)}("x") `, '@allow("check/duplicate-rule", "meant") ']);
  const isPlain = r.chance(0.4);
  if (isPlain) return `policy p-${r.int(90)} for ${r.pick(['all', '{ app: "a" }'])} { ${plainRules(r)} }`;
  const sections = [r.pick(rules)(r), ...(r.chance(0.4) ? [r.pick(rules)(r)] : [])];
  return `${annotation}policy p-${r.int(r.pick([9, 90]))} for ${subject} ${r.pick(['', 'tier admin ', 'mode audit '])}{ ${sections.join(' ')} }`;
}

function item(r: Random, owner: string): string {
  if (r.chance(0.04)) return r.pick(['workload = ', 'policy p { ingress { allow form x } }', 'port port-a = tcp 99999999', '"']);
  if (r.chance(0.15)) return r.pick(others)(r);
  return r.chance(0.5) ? policy(r) : r.pick(declarations)(r, r.chance(0.9) ? owner : r.pick(names));
}

const importOf = (r: Random, path: string): string =>
  `import ${[...new Set([nameOf(r), `w-${path[0]}`, ...r.some([`block-${path[0]}`, `port-${path[0]}`, `list-${path[0]}`], 0.5)])].join(', ')} from "./${path}"`;

function fileOf(r: Random, path: string): File {
  // Later files import from earlier ones, so that circles are few.
  const earlier = names.filter((name) => name < (path[0] ?? '') || r.chance(0.02));
  const imports = r.some(earlier, 0.5).map((name) => importOf(r, `${name}.policy`));
  return { imports, items: Array.from({ length: 1 + r.int(8) }, () => item(r, path[0] ?? '')) };
}

const unitOf = (r: Random): Unit => new Map(names.slice(0, 2 + r.int(5)).map((name) => [`${name}.policy`, fileOf(r, `${name}.policy`)]));

function edited(r: Random, unit: Unit): Unit {
  const path = r.pick([...unit.keys(), 'f.policy']);
  const file = unit.get(path);
  const next = new Map(unit);
  if (!file || r.chance(0.1)) return next.set(path, fileOf(r, path));
  if (r.chance(0.06) && unit.size > 1) {
    next.delete(path);
    return next;
  }
  const items = [...file.items];
  const at = r.int(items.length + 1);
  items.splice(at, r.int(2), ...(r.chance(0.7) ? [item(r, path[0] ?? '')] : []));
  const imports = r.chance(0.2) ? fileOf(r, path).imports : file.imports;
  return next.set(path, { imports, items });
}

const sourcesOf = (unit: Unit): readonly SourceText[] =>
  [...unit].map(([path, { imports, items }]) => ({ path, text: `${[...imports, ...items].join('\n')}\n` }));

/** Without the items at which something is wrong, and files that are wrong as a whole. */
function repaired(unit: Unit): Unit {
  const checked = checkUnit(sourcesOf(unit));
  if (checked.ok) return unit;
  const next = new Map(unit);
  for (const { span, severity } of checked.diagnostics) {
    const { path, text } = span.source;
    const file = unit.get(path);
    if (severity !== 'error' || !file) continue;
    const isAt = (line: string): boolean => text.indexOf(line) <= span.start && span.start <= text.indexOf(line) + line.length;
    const [imports, items] = [file.imports.filter((one) => !isAt(one)), file.items.filter((one) => !isAt(one))];
    if (imports.length + items.length < file.imports.length + file.items.length && items.length > 0)
      return repaired(next.set(path, { imports, items }));
    next.delete(path);
  }
  return next.size < unit.size ? repaired(next) : unit;
}

const isSpan = (value: object): value is { source: SourceText; start: number; end: number } => 'source' in value && 'start' in value;

const plain = (key: string, value: unknown): unknown => {
  if (key === 'domains' && Array.isArray(value) && value.some((one) => typeof one === 'object' && 'fields' in one)) return undefined;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'object' && value !== null && isSpan(value)) return `${value.source.path}:${value.start}-${value.end}`;
  return value instanceof Map || value instanceof Set ? [...value] : value;
};

type Told = { readonly ok: boolean; readonly text: string };
function told(sources: readonly SourceText[], options: Options): Told {
  const checked = checkUnit(sources, { asOf: '2026-06-15', ...options });
  const findings = renderDiagnostics(checked.diagnostics, { color: false });
  return { ok: checked.ok, text: `${findings}\n${checked.ok ? JSON.stringify(checked.value.typed, plain, 1) : ''}` };
}

const runs = Number(process.env['RUNS'] ?? 30);

test(`${runs} units, 25 changes each: the same as from nothing`, () => {
  const r = random(seed);
  let right = 0;
  for (let run = 0; run < runs; run++) {
    const session = new Session();
    const isCareful = r.chance(0.5);
    const meant = (written: Unit): Unit => (isCareful ? repaired(written) : written);
    let unit = meant(unitOf(r));
    for (let change = 0; change < 25; change++) {
      const sources = sourcesOf(unit);
      const inventory = r.chance(0.2) ? { inventory: [{ app: r.pick(names) }] } : {};
      const fresh = told(sources, inventory);
      assert.is(told(sources, { ...inventory, session }).text, fresh.text, `run ${run}, change ${change}`);
      right += Number(fresh.ok);
      unit = r.chance(0.05) ? new Map([...unit].reverse()) : meant(edited(r, unit));
    }
  }
  // Units without errors have to be among them, or ids are not compared.
  assert.ok(right > 4 * runs, `${right} units without errors`);
});

/** After each of the texts of a file, again and again, with another file that stays. */
function alternating(texts: readonly string[], other: string): void {
  const session = new Session();
  for (const text of [...texts, ...texts]) {
    const sources = [
      { path: 'a.policy', text: `${text}\n` },
      { path: 'b.policy', text: `${other}\n` },
    ];
    assert.is(told(sources, { session }).text, told(sources, {}).text, text);
  }
}

test('a circle of imports that is closed, changed and opened again', () => {
  const inCircle = [
    'workload w-a = w-b',
    'rules w-a() { ingress { deny at tcp 1 } }',
    'network w-a = 10.0.0.0/8',
    '// lower\nport w-a = tcp 80',
  ];
  const texts = ['workload w-a = { app: "a" }', ...inCircle.map((text) => `import w-b from "./b.policy"\n${text}`)];
  alternating(
    texts,
    'import w-a from "./a.policy"\nworkload w-b = w-a or { app: "b" }\npolicy p for w-b { ingress { allow from w-a at tcp 1 } }',
  );
});

test('a private name that nobody uses, and that another file asks for', () => {
  alternating(['module a', 'import w-b from "./b.policy"'], 'private workload w-b = { app: "b" }');
});

test('a name that another file begins and ceases to declare for others', () => {
  alternating(['module a', 'workload w-c = { app: "c" }', '// lower\nworkload w-c = { app: "c" }'], 'policy p for w-c { ingress {} }');
});

test.run();
