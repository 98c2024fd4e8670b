// The fast reading of lines says what the plain reading (JSON.parse) says, byte for byte: on every form of line, on lines that are
// mutated in one place or several, with other orders of members, doubled members, and texts that are no ASCII.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lineOfText } from '../../../src/compiler/flows/read-json.ts';
import { LineReader } from '../../../src/compiler/flows/scan-line.ts';
import { readLine } from '../../harness/flow-line.ts';
import { type Random, random, seedOf } from '../../harness/random.ts';
import { samples } from './samples.ts';

const seed = seedOf('scan-line', 4711);
const rounds = Number(process.env['ROUNDS'] ?? 20_000);

const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
/** The line in the middle of a larger text, as files are read. */
function read(reader: LineReader, line: string): unknown {
  const bytes = bytesOf(line);
  const text = `{"a\n${bytes}\n{"flow":`;
  reader.begin(text, Buffer.from(text, 'latin1'));
  return reader.read(4, 4 + bytes.length);
}

test('every form of line is read alike', () => {
  const reader = new LineReader();
  for (const again of [1, 2, 3]) {
    for (const [name, line] of Object.entries(samples)) assert.equal(read(reader, line), lineOfText(line), `${name}, time ${again}`);
  }
});

test('what the forms say', () => {
  const kinds = Object.fromEntries(Object.entries(samples).map(([name, line]) => [name, lineOfText(line)]));
  const { masked, toWorld, legacy, http, dns, kafka, icmp, aggregated, lost, status, process } = kinds;
  assert.is(masked?.kind === 'flow' && masked.flow.dropReason, 'POLICY_DENIED');
  assert.equal(toWorld?.kind === 'flow' && toWorld.flow.destinationNames, ['one.one.one.one']);
  assert.is(toWorld?.kind === 'flow' && toWorld.flow.time, Date.UTC(2023, 7, 21, 12, 12, 18) * 1000 + 510_175);
  assert.is(legacy?.kind === 'flow' && legacy.flow.subType, 133);
  assert.equal(http?.kind === 'flow' && http.flow.layer7?.kind, 'http');
  assert.equal(dns?.kind === 'flow' && dns.flow.layer7, { type: 'REQUEST', kind: 'dns', dns: { query: 'api.stripe.com.', types: ['A'] } });
  assert.is(kafka?.kind === 'flow' && kafka.flow.layer7?.kind, 'kafka');
  assert.is(icmp?.kind === 'flow' && icmp.flow.port, 8 * 256);
  assert.is(aggregated?.kind === 'flow' && aggregated.flow.count, 11);
  assert.equal(lost, { kind: 'lost', count: 42 });
  assert.equal(status, { kind: 'other' });
  assert.is(process?.kind === 'process' && process.process.user, 1000);
});

test('what is no line is bad, and says why', () => {
  const reasons = [
    '',
    '  ',
    'x',
    '[]',
    '3',
    '{"flow":7}',
    '{"flow":{"l4":{"TCP":{"destination_port":70000}}}}',
    '{"other":1}',
    '{"flow":{}',
  ].map((line) => {
    const found = lineOfText(line);
    return found.kind === 'bad' ? found.reason : found.kind;
  });
  assert.equal(reasons, [
    ...['blank', 'blank', 'not JSON', 'no JSON object', 'no JSON object', '`flow` is no object'],
    ...['`destination_port` is no port', 'neither a flow nor another record of Hubble', 'not JSON'],
  ]);
  const reader = new LineReader();
  const broken = Buffer.from([...Buffer.from('{"flow":{"verdict":"'), 0xff, ...Buffer.from('"}}')]).toString('latin1');
  assert.equal(readLine(reader, broken), { kind: 'bad', reason: 'not UTF-8' });
});

/** Members of one object, in another order, doubled or left out. */
function reordered(pick: Random, value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => reordered(pick, item)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).flatMap(([key, member]) => {
    const text = `${JSON.stringify(key)}:${pick.chance(0.03) ? pick.pick(oddValues) : reordered(pick, member)}`;
    return pick.chance(0.04) ? [] : pick.chance(0.03) ? [text, `${JSON.stringify(key)}:${pick.pick(oddValues)}`] : [text];
  });
  if (pick.chance(0.2)) members.sort(() => pick.int(3) - 1);
  return `{${members.join(pick.chance(0.1) ? ' , ' : ',')}}`;
}

const oddValues = [
  'null',
  '""',
  '0',
  '1',
  '-1',
  '1.5',
  '1e3',
  '01',
  'true',
  'false',
  '[]',
  '{}',
  '"\\u00e9"',
  '"é"',
  '"\\""',
  '"a\\u12"',
  '"133"',
  '"x"',
  '[1]',
  '["a","b"]',
];
const inserted = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  ' ',
  '\t',
  '\r',
  '0',
  'e',
  '-',
  '.',
  'é',
  '\u0001',
  '€',
  'null',
  '\\n',
  '"a":1,',
];

function mutated(pick: Random, line: string): string {
  let text = line;
  for (let times = 1 + pick.int(3); times > 0; times--) {
    const at = pick.int(text.length + 1);
    if (pick.chance(0.4)) text = text.slice(0, at) + pick.pick(inserted) + text.slice(at);
    else if (pick.chance(0.5)) text = text.slice(0, at) + text.slice(at + 1 + pick.int(4));
    else text = text.slice(0, at) + pick.pick(inserted) + text.slice(at + 1);
  }
  return text;
}

test('changed lines are read alike, whatever was read before', () => {
  const pick = random(seed);
  let reader = new LineReader();
  const lines = Object.values(samples);
  let bad = 0;
  for (let round = 0; round < rounds; round++) {
    if (round % 500 === 0) reader = new LineReader();
    const line = pick.pick(lines);
    const whole = pick.chance(0.5) ? reordered(pick, JSON.parse(line)) : line;
    const changed = (pick.chance(0.5) ? mutated(pick, whole) : whole).replaceAll('\n', ' ');
    const plain = lineOfText(changed);
    if (plain.kind === 'bad') bad++;
    assert.equal(read(reader, changed), plain, changed);
  }
  assert.ok(bad > rounds / 20 && bad < rounds * 0.8, `${bad} of ${rounds} lines are bad`);
});

test.run();
