// Random policy files that use every form of the grammar, whatever they mean: names need not be declared, words need not exist.
import fc from 'fast-check';

type Text = fc.Arbitrary<string>;
const word = fc.constantFrom(
  'a',
  'b-c',
  'web',
  'domain',
  'path',
  'list',
  'rules',
  'use',
  'including',
  'code',
  'tier',
  'cluster',
  'cafe',
  'x1',
);
const text = fc.constantFrom('"x"', '"a b"', '"/cart/{id}"', '"**.example.com"', '"\\\\ \\" // \\*"', '"é"', '""');
const number = fc.constantFrom('0', '80', '-5', '8000-8100');
const literal = fc.constantFrom('10.0.0.0/8', '::1', '2001:db8::/32', '192.0.2.1', '2026-12-31', '30s', '4KiB', '10/s');

/** The parts in order, one blank between; an empty one leaves none. */
const sequence = (...parts: readonly (string | Text)[]): Text =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((all) => all.filter((one) => one !== '').join(' '));
const optional = (part: Text): Text => fc.option(part, { nil: '' });
const many = (part: Text, separator: string, minLength = 0, maxLength = 3): Text =>
  fc.array(part, { minLength, maxLength }).map((all) => all.join(separator));
const lines = (line: Text, maxLength = 3): Text => fc.array(line, { maxLength }).map((all) => ['{', ...all, '}'].join('\n'));
const list = (item: Text): Text => many(item, ', ', 0).map((items) => `[${items}]`);

const operand: Text = fc.letrec<{ operand: string }>((tie) => ({
  operand: fc.oneof(
    { depthSize: 'small' },
    word,
    text,
    number,
    literal,
    fc.constantFrom('=', 'not', 'module', 'namespace'),
    list(
      fc.oneof({ arbitrary: tie('operand'), weight: 3 }, sequence(fc.constantFrom('under', 'glob', 'regex'), fc.oneof(text, list(text)))),
    ),
  ),
})).operand;
const annotation = fc.oneof(
  word.map((name) => `@${name}`),
  fc.tuple(word, many(operand, ', ')).map(([name, values]) => `@${name}(${values})`),
);
const annotationLines = fc.array(fc.tuple(annotation, fc.constantFrom(' ', '\n')), { maxLength: 2 }).map((all) => all.flat().join(''));

const labelValue = (value: Text): Text => sequence(fc.constantFrom('', 'not', 'one of', 'not one of'), fc.oneof(text, number, list(value)));
const labelTest = sequence(
  fc.oneof(word, text, fc.constant('port')).map((key) => `${key}:`),
  fc.oneof(labelValue(text), fc.constantFrom('exists', 'absent')),
);
const labels = many(labelTest, ', ').map((tests) => `{ ${tests} }`);
const place = sequence('in', fc.constantFrom('namespace', 'cluster'), fc.oneof(labelValue(text), labels));
const selector = sequence(labels, many(place, ' ', 0, 2));
const matched = sequence(fc.constantFrom('under', 'glob', 'regex'), fc.oneof(text, list(text)));
const reference = fc.oneof(
  word,
  word.map((name) => `${name}.service`),
);
const transport = fc.oneof(
  sequence(fc.constantFrom('tcp', 'udp', 'any'), fc.oneof(number, text, list(number))),
  sequence('icmp', fc.oneof(number, fc.constant('echo-request')), optional(fc.constant('code 0'))),
  fc.constantFrom('tcp', 'gre', 'tcp web-ports'),
);

const expression: Text = fc.letrec<{ expression: string; unary: string; primary: string }>((tie) => ({
  primary: fc.oneof(
    { depthSize: 'small' },
    reference,
    text,
    literal,
    number,
    selector,
    matched,
    transport,
    list(tie('expression')),
    sequence('(', tie('expression'), ')'),
  ),
  unary: sequence(fc.constantFrom('', '', 'not', 'not not'), tie('primary')),
  expression: sequence(
    fc.constantFrom('and', 'or', 'except').chain((operator) => many(tie('unary'), ` ${operator} `, 1)),
    optional(fc.constant('including workloads')),
  ),
})).expression;

const lineOperand = fc.oneof(operand, fc.constantFrom('is', 'at', 'to', 'for', 'default'));
const line = sequence(fc.oneof(word, text, fc.constantFrom('GET', '[GET, HEAD]')), many(lineOperand, ' '));
const block = sequence(
  fc.constantFrom('http', 'dns'),
  fc.oneof(
    lines(line),
    many(line, '; ', 1).map((all) => `{ ${all} }`),
  ),
);
const attribute = fc.constantFrom('priority -5', 'mode audit', 'log "x" rate 10/s', 'require [both]', 'errno EPERM');
const end = (part: Text): Text => fc.tuple(part, fc.array(annotation, { maxLength: 2 })).map(([one, behind]) => [one, ...behind].join(' '));

const networkRule = end(
  sequence(
    fc.constantFrom('allow', 'deny', 'pass'),
    optional(sequence(fc.constantFrom('from', 'to', '\n from'), expression)),
    optional(sequence(fc.constantFrom('at', '\n  at'), fc.oneof(transport, list(transport)))),
    optional(block),
    many(attribute, ' ', 0, 2),
  ),
);
const processRule = end(
  sequence(fc.constantFrom('allow exec', 'kill rename under', 'deny namespace'), many(operand, ' '), optional(fc.constant('to "/b"'))),
);
const entry = (rule: Text): Text =>
  fc.oneof(
    { arbitrary: sequence(annotationLines, rule), weight: 4 },
    { arbitrary: fc.constantFrom('default allow', 'default deny exec'), weight: 1 },
  );
const section = fc.oneof(
  sequence(fc.constantFrom('ingress', 'egress'), lines(entry(networkRule))),
  sequence('process', lines(entry(processRule))),
);
const use = fc.tuple(word, many(expression, ', ')).map(([name, values]) => `use ${name}(${values})`);
const policy = sequence(
  sequence(annotationLines, 'policy', word, 'for', expression),
  many(fc.oneof(annotation, attribute, fc.constant('tier admin')), ' ', 0, 2),
  lines(fc.oneof(section, use, sequence(annotationLines, section))),
);

const declaration = sequence(
  sequence(
    annotationLines,
    fc.constantFrom('', 'private'),
    fc.constantFrom('workload', 'network', 'port', 'domain', 'path', 'binary', 'list'),
  ),
  sequence(word, '=', expression),
);
const parameter = sequence(
  word.map((name) => `${name}:`),
  fc.constantFrom('peer', 'port', 'workload', 'binary'),
);
const rules = fc
  .tuple(annotationLines, fc.constantFrom('', 'private '), word, many(parameter, ', '), lines(section))
  .map(([before, isPrivate, name, parameters, body]) => `${before}${isPrivate}rules ${name}(${parameters}) ${body}`);
const annotationType = sequence('annotation', word, '=', fc.constantFrom('text', 'one of ["a", "b"]', 'rate'));

const ending = sequence(fc.oneof(reference, text, literal, selector), optional(sequence('named', fc.oneof(text, list(text)))));
const point = fc.constantFrom('tcp 80', 'udp "dns"', 'icmp echo-request code 0', 'pg');
const flow = sequence(ending, '->', ending, point);
const did = sequence(ending, fc.constantFrom('exec', 'rename', 'namespace'));
const eventOperand = fc.oneof(operand, fc.constant('to'));
const verdict = fc.constantFrom('is allowed', 'is denied by default', 'is killed by p "name"');
const test = sequence('test', text, lines(sequence(fc.oneof(flow, did), many(eventOperand, ' '), verdict)));
const reach = sequence('can reach', expression, optional(sequence('at', fc.oneof(transport, list(transport)))), optional(block));
const can = sequence('can', fc.constantFrom('exec', 'rename', 'namespace'), many(eventOperand, ' '));
const statement = sequence(
  fc.constantFrom('no', 'every', 'only'),
  fc.oneof(expression, fc.constant('workload except web')),
  fc.oneof(reach, can),
);
const invariant = sequence('invariant', text, lines(statement));

const item = fc.oneof(declaration, declaration, rules, annotationType, policy, policy, test, invariant);
const head = fc.constantFrom(
  '',
  'module m',
  'module m\nnamespace "n"\ncluster "c"\nimport a, b from "./x.policy"',
  '@allow("a/b", "c") @x\nmodule m',
);

/** The text of a whole file; it has the form of one, and nothing more is promised. */
export const programText: Text = fc.tuple(head, fc.array(item, { maxLength: 4 })).map((all) => `${all.flat().join('\n')}\n`);
