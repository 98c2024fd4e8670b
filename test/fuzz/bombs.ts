// Texts of at most 64 KiB that ask for much: each construct of the language, as often or as deep as fits.

const limit = 64 * 1024;

/** `one` for 0, 1, 2, ... between two texts, until the whole is `size` long. */
function filled(before: string, one: (i: number) => string, after = '', size = limit): string {
  const parts: string[] = [];
  let length = before.length + after.length;
  for (let i = 0; ; i++) {
    const part = one(i);
    if (length + part.length > size || i > size) break;
    parts.push(part);
    length += part.length;
  }
  return before + parts.join('') + after;
}
const nested = (open: string, inside: string, close: string, depth: number): string => open.repeat(depth) + inside + close.repeat(depth);

const a = 'workload a = { app: "a" }\n';
const ingress = (rules: string): string => `${a}policy p for a { ingress {\n${rules}\n} }`;
const egress = (rules: string): string => `${a}policy p for a { egress {\n${rules}\n} }`;
const process = (rules: string): string => `${a}policy p for a { process {\n${rules}\n} }`;
const inside = (wrap: (text: string) => string, one: (i: number) => string, size = limit): string => {
  const [before = '', after = ''] = wrap('\u0001').split('\u0001');
  return filled(before, one, after, size);
};
const exec = (pattern: string): string => process(`deny exec ${pattern}`);
const http = (line: string): string => ingress(`allow from all at tcp 80 http { ${line} }`);
const word = (i: number): string => i.toString(36);
const address = (i: number): string => `${10 + ((i >> 16) & 63)}.${(i >> 8) & 255}.${i & 255}.${(i * 7) & 255}`;
const sizes = [500, 5_000, limit] as const;
const ofSizes = (name: string, make: (size: number) => string): Readonly<Record<string, string>> =>
  Object.fromEntries(sizes.map((size) => [`${name}, ${size} bytes`, make(size)]));

const forms: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      '(',
      '[',
      '{',
      ')',
      ']',
      '}',
      '"',
      '\\',
      ':',
      '::',
      '-',
      '->',
      '.',
      '@',
      '=',
      ';',
      ',',
      '/',
      '//',
      '\n',
      '\r',
      '\t',
      '\ufeff',
      'é',
      '😀',
      '\u202e',
      '$',
      '1',
      '1.',
      '1/',
      'a',
      'a-',
      '_',
      '@a(',
      'not ',
      'policy ',
      'policy p for ',
      'in ',
      'and ',
      'use ',
      '0x',
      '1s',
    ].map((sign) => [`only ${JSON.stringify(sign)}`, sign.repeat(Math.floor(limit / Buffer.byteLength(sign)))]),
  ),
  'nested lists': `network n = ${nested('[', '10.0.0.1', ']', 30_000)}`,
  'nested parentheses': `workload a = ${nested('(', '{ app: "a" }', ')', 30_000)}`,
  'allowed depth of parentheses': `workload a = ${nested('not (', '{ app: "a" }', ')', 60)}`,
  'nested blocks': `policy p for all { ingress ${'{ x '.repeat(15_000)}`,
  not: `workload a = ${'not '.repeat(16_000)}{ app: "x" }`,
  'not of a pattern': exec(`${'not '.repeat(16_000)} "/x"`),
  annotations: filled('', (i) => `@owner("x${i}")\n`, 'policy p for all { ingress {} }'),
  'annotation operands': filled('@owner(', () => '"x", ', '"x") policy p for all { ingress {} }'),
  allowances: filled('', () => '@allow("check/unused", "x")\n', a),
  imports: filled('', (i) => `import a${i} from "./${i}.policy"\n`),
  'missing imports': filled('', (i) => `import a${i} from "./missing${i}.policy"\n`),
  'imported names': filled('import ', (i) => `a${i}, `, 'b from "./b.policy"'),
  modules: filled('', (i) => `module m${i}\n`),
  'unfinished policies': filled('', (i) => `policy p${i} for\n`),
  'empty policies': filled(a, (i) => `policy p${i} for a { ingress {} egress {} }\n`),
  'sections of one policy': filled(`${a}policy p for a {\n`, () => 'ingress {}\n', '}'),
  defaults: inside(process, () => 'default deny exec\n'),
  'attributes of a rule': ingress(`allow from a ${'priority 1 mode audit log "x" '.repeat(2_000)}`),
  comments: filled('', (i) => `// ${i}\n`, a),
  documentation: filled('', (i) => `/// ${i}\n`, a),
  'comments inside': inside(ingress, (i) => `allow from a // ${i}\n`),
  'a line of words': `workload a = ${'a '.repeat(30_000)}`,
  'a line of operands': exec('"/x" '.repeat(12_000)),
};

const names: Readonly<Record<string, string>> = {
  'declared names': filled('', (i) => `workload w${i} = { app: "${i}" }\n`),
  'same names': filled('', () => 'workload w = { app: "x" }\n'),
  'like names': filled('', (i) => `workload workload-of-team${i} = workload-of-taem${i}\n`),
  'unknown names': inside(ingress, (i) => `allow from unknown${i}\n`),
  'unknown words': inside(ingress, (i) => `alow${i} from a\n`),
  'unknown syscalls': filled(`${a}policy p for a { process { deny syscall [`, (i) => `reed${i}, `, '] } }'),
  'unknown methods': inside(http, (i) => `GETT${i} "/x"\n`),
  'unknown annotations': filled('', (i) => `@ownr${i}("x")\n`, a),
  'chain of names': filled('workload a0 = { app: "x" }\n', (i) => `workload a${i + 1} = a${i}\n`),
  'chain of names, last first': [...filled('workload a0 = { app: "x" }\n', (i) => `workload a${i + 1} = a${i}\n`).split('\n')]
    .reverse()
    .join('\n'),
  'circle of names': filled('workload a0 = a1000\n', (i) => `workload a${i + 1} = a${i}\n`),
  'circle of lists': filled('list l0 = [l500, 1]\n', (i) => `list l${i + 1} = [l${i}, ${i}]\n`),
  'doubled lists': filled('list l0 = [1, 2]\n', (i) => `list l${i + 1} = [l${i}, l${i}]\n`),
  'doubled lists that differ': filled('list l0 = ["x"]\n', (i) => `list l${i + 1} = [l${i}, "${i}", l${i}]\n`, '', 20_000),
  'doubled networks': filled('network n0 = 10.0.0.1\n', (i) => `network n${i + 1} = n${i} or n${i} or ${address(i)}\n`),
  'doubled workloads': filled(
    'workload w0 = { app: "x" }\n',
    (i) => `workload w${i + 1} = (w${i} and { k${i}: "x" }) or (w${i} and { l${i}: "y" })\n`,
  ),
  'squared workloads': filled('workload w0 = { a: "x" } or { b: "y" }\n', (i) => `workload w${i + 1} = w${i} and w${i}\n`),
  'negated unions': filled('workload w = not (', (i) => `{ k${i}: "x", l${i}: "y" } or `, '{ z: "z" })'),
  'both unions': filled('workload w = ', (i) => `({ k${i}: "x" } or { l${i}: "y" }) and `, '{ z: "z" }'),
  'doubled texts': filled('path p0 = under "/x"\n', (i) => `path p${i + 1} = p${i} or glob "/${i}/*" or p${i}\n`),
  'doubled negations': filled('path p0 = under "/x"\n', (i) => `path p${i + 1} = not p${i}\n`),
  'doubled ports': filled('port p0 = tcp 1\n', (i) => `port p${i + 1} = [p${i}, tcp ${i + 2}, p${i}]\n`),
};

const rules: Readonly<Record<string, string>> = {
  'rules with uses': filled(
    `${filled('rules r(x: peer) { ingress {\n', (i) => `allow from x at tcp ${i + 1}\n`, '} }\n', 30_000)}${a}policy p for a {\n`,
    () => 'use r(a)\n',
    '}',
  ),
  'uses in many policies': filled(
    `${filled('rules r() { ingress {\n', (i) => `allow from all at tcp ${i + 1}\n`, '} }\n', 20_000)}${a}`,
    (i) => `policy p${i} for a { use r() }\n`,
  ),
  'parameters of rules': filled('rules r(', (i) => `p${i}: peer, `, 'q: peer) { ingress { allow from q } }\n'),
  'arguments of a use': filled(
    'rules r(x: peer) { ingress { allow from x } }\npolicy p for all { use r(',
    (i) => `{ a: "${i}" }, `,
    'all) }',
  ),
  'many blocks of rules': filled(a, (i) => `rules r${i}(x: peer) { ingress { allow from x } }\npolicy p${i} for a { use r${i}(a) }\n`),
  ...ofSizes('ports', (size) => inside(ingress, (i) => `allow from a at tcp ${(i * 7919) % 65536}\n`, size)),
  ...ofSizes('port ranges', (size) => inside(ingress, (i) => `deny from a at tcp ${i}-${65535 - i * 3}\n`, size)),
  ...ofSizes('peers', (size) =>
    filled(a, (i) => `workload w${i} = { k${i}: "x" }\npolicy p${i} for w${i} { ingress { allow from w${i} at tcp 80 } }\n`, '', size),
  ),
  ...ofSizes('selectors of one policy', (size) => inside(ingress, (i) => `allow from { k${i}: "x" }\ndeny from { l${i}: absent }\n`, size)),
  ...ofSizes('values of one label', (size) => inside(ingress, (i) => `allow from { k: one of ["${i}", "${i + 1}"] }\n`, size)),
  ...ofSizes('networks of one policy', (size) => inside(ingress, (i) => `allow from ${address(i)}/${8 + (i % 25)}\n`, size)),
  ...ofSizes('networks of one list', (size) =>
    filled('network n = [', (i) => `${address(i)}/${8 + (i % 25)}, `, '10.0.0.0/8] except [10.0.0.1]\npolicy p for n { ingress {} }', size),
  ),
  ...ofSizes('like rules', (size) => inside(ingress, () => 'allow from a at tcp 80\n', size)),
  ...ofSizes('like policies', (size) => filled(a, (i) => `policy p${i} for a { ingress { allow from a at tcp 80 } }\n`, '', size)),
  ...ofSizes('passes', (size) =>
    filled(a, (i) => `policy p${i} for { k${i}: exists } tier admin { ingress { pass from { l${i}: "x" } at tcp 80 } }\n`, '', size),
  ),
  ...ofSizes('domains', (size) => inside(egress, (i) => `allow to "${word(i)}.com"\ndeny to "**.${word(i)}.com"\n`, size)),
  ...ofSizes('domains with stars', (size) => inside(egress, (i) => `allow to "**.${word(i)}.**"\n`, size)),
};

const patterns: Readonly<Record<string, string>> = {
  ...ofSizes('exec glob **', (size) => inside(process, (i) => `deny exec glob "/**/${word(i)}/**"\n`, size)),
  ...ofSizes('exec glob *', (size) => inside(process, (i) => `deny exec glob "/*${word(i)}*/x"\n`, size)),
  ...ofSizes('exec under', (size) => inside(process, (i) => `deny exec under "/${word(i)}"\n`, size)),
  ...ofSizes('http **', (size) => inside(http, (i) => `GET "/**/${word(i)}/**"\n`, size)),
  ...ofSizes('http paths', (size) => inside(http, (i) => `GET "/${word(i)}/{id}"\n`, size)),
  ...ofSizes('http headers', (size) => inside(http, (i) => `GET "/x" header "h${i}" = "*a*"\n`, size)),
  ...ofSizes('dns', (size) =>
    inside(
      (lines) => egress(`allow to all at udp 53 dns {\n${lines} }`),
      (i) => `"**.${word(i)}.*"\n`,
      size,
    ),
  ),
  ...ofSizes('syscalls', (size) =>
    inside(process, (i) => `deny syscall ${['read', 'write', 'openat', 'mount'][i % 4]} user ${i}-${i * 3}\n`, size),
  ),
  ...ofSizes('exec arguments', (size) => inside(process, (i) => `deny exec "/x" argument glob "*${word(i)}*" user ${i}\n`, size)),
  ...ofSizes('stars in one glob', (size) => exec(`glob "/${'**/a'.repeat(Math.floor(size / 4) - 20)}"`)),
  ...ofSizes('stars of a segment', (size) => exec(`glob "/${'*a'.repeat(Math.floor(size / 2) - 40)}"`)),
  ...ofSizes('dots of a domain', (size) => egress(`allow to "${'**.'.repeat(Math.floor(size / 3) - 40)}com"`)),
  ...ofSizes('segments of a path', (size) => http(`GET "${'/{x}'.repeat(Math.floor(size / 4) - 40)}"`)),
  ...ofSizes('alternatives of a regex', (size) => exec(`regex "${filled('/(', (i) => `${word(i)}|`, 'x)', size - 100)}"`)),
  ...ofSizes('groups of a regex', (size) => exec(`regex "/${'(a?'.repeat(size / 5)}${')'.repeat(size / 5)}"`)),
  'regex (a|b)*a(a|b){20}': exec('regex "/(a|b)*a(a|b){20}"'),
  'regex .*a.{18}': exec('regex ".*a.{18}"'),
  'regex nested repeats': exec('regex "/((((a{1,50}){1,50}){1,50}){1,50})"'),
  'regex large repeat': exec('regex "/a{1,100000}"'),
  'regex huge repeat': exec(`regex "/a{1,${'9'.repeat(400)}}"`),
  'regex (a*)*': exec(`regex "/${'('.repeat(40)}a${'*)*'.repeat(40)}"`),
  'regex a?^n a^n': exec(`regex "/${'a?'.repeat(200)}${'a'.repeat(200)}"`),
  'regex of wide classes': exec(`regex "/${'[^a][\\\\x00-\\\\xff]'.repeat(500)}"`),
  'regexes that multiply': inside(process, (i) => `deny exec regex "/.*${'ab'.charAt(i % 2)}.{${i % 9}}${word(i)}"\n`, 3_000),
  'regexes, both': `path p = ${Array.from({ length: 12 }, (_, i) => `regex "/(a{${i + 2}})*"`).join(' and ')}\n${process('deny read p')}`,
  'regexes, not': `path p = ${Array.from({ length: 12 }, (_, i) => `regex "/.*a.{${i}}"`).join(' except ')}\n${process('deny read p')}`,
  'globs, both': `path p = ${Array.from({ length: 200 }, (_, i) => `glob "/**/${word(i)}/**"`).join(' and ')}\n${process('deny read p')}`,
  'globs, not': `path p = not (${Array.from({ length: 200 }, (_, i) => `glob "/**/${word(i)}*"`).join(' or ')})\n${process('deny read p')}`,
  'headers of one line': http(filled('GET "/x" ', (i) => `header "h${i}" = "*a*b*" `, '', 60_000)),
  'queries of many lines': inside(http, (i) => `GET "/${word(i)}" query "*${word(i)}*" host "*.${word(i)}"\n`, 6_000),
};

const address6 = (i: number): string =>
  `2001:db8:${((i * 31) % 65536) | 0}::/${32 + (i % 90)}`.replace(/:(\d+):/, (_, n) => `:${Number(n).toString(16)}:`);

const questions: Readonly<Record<string, string>> = {
  'test lines': filled(`${a}test "t" {\n`, (i) => `a -> a tcp ${i % 65536} is denied\n`, '}'),
  'test lines on paths': filled(`${http('GET "/x/**"')}\ntest "t" {\n`, (i) => `a -> a tcp 80 GET "/x/${i}" is allowed\n`, '}'),
  tests: filled(a, (i) => `test "t${i}" { a -> a tcp 80 is allowed }\n`),
  'a test of a long path': `${http('GET "/**/a/**"')}\ntest "t" { a -> a tcp 80 GET "/${'x/'.repeat(20_000)}" is denied }`,
  ...ofSizes('test ends of many selectors', (size) =>
    filled(a, (i) => `workload w${i} = { k${i}: "x" }\ntest "t${i}" { w${i} -> a tcp 80 is allowed }\n`, '', size),
  ),
  ...ofSizes('invariants', (size) =>
    filled(ingress('allow from a at tcp 80'), (i) => `\ninvariant "i${i}" { no a can reach a at tcp ${i + 81} }`, '', size),
  ),
  ...ofSizes('invariants of many selectors', (size) =>
    filled(
      a,
      (i) =>
        `workload w${i} = { k${i}: "x" }\npolicy p${i} for w${i} { ingress { allow from w${i} at tcp ${i + 1} } }\ninvariant "i${i}" { only w${i} can reach w${i} at tcp ${i + 1} }\n`,
      '',
      size,
    ),
  ),
  ...ofSizes(
    'invariant of requests',
    (size) => `${inside(http, (i) => `GET "/**/${word(i)}/**"\n`, size)}\ninvariant "i" { no a can reach a at tcp 80 http { DELETE } }`,
  ),
  ...ofSizes(
    'invariant of programs',
    (size) => `${inside(process, (i) => `deny exec glob "/*${word(i)}*/x"\n`, size)}\ninvariant "i" { no a can exec under "/tmp" }`,
  ),
  ...ofSizes(
    'invariant of names',
    (size) => `${inside(egress, (i) => `deny to "**.${word(i)}.com"\n`, size)}\ninvariant "i" { no a can reach "x.com" at tcp 80 }`,
  ),
  ...ofSizes('wide networks', (size) => inside(ingress, (i) => `allow from [${address(i)}/${8 + (i % 25)}, ${address6(i)}]\n`, size)),
};

/** Every text, by what it asks for. */
export const bombs: Readonly<Record<string, string>> = { ...forms, ...names, ...rules, ...patterns, ...questions };
