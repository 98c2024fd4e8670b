// The registry as a whole: every field can be said, its possible and familiar values agree with its readers, and the
// vocabularies are those of the kernel.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { typeNumbers } from '../../../src/compiler/base/record-types.ts';
import { bpfCommands } from '../../../src/compiler/domains/bpf/index.ts';
import { capabilities } from '../../../src/compiler/domains/capability/index.ts';
import type { FieldSpec } from '../../../src/compiler/domains/domain.ts';
import { apiKeys } from '../../../src/compiler/domains/kafka/api-keys.ts';
import { domains } from '../../../src/compiler/domains/registry.ts';
import { syscallNumbers } from '../../../src/compiler/domains/syscall/table.generated.ts';
import { isEmpty, language, shortestText, subtract } from '../../../src/compiler/space/automaton.ts';
import { isIn, lineOf, shown, succeeded } from './lines.ts';

const everyField = domains.flatMap((domain) => domain.fields.map((field) => ({ domain, field, title: `${domain.name} ${field.name}` })));

/** A value of the field as an operand is written. */
function written({ type }: FieldSpec): string {
  const [word] = type.words;
  if (word !== undefined) return word;
  const text = new TextDecoder().decode(shortestText(language(type.familiar), 1));
  return type.kind === 'number' ? text : `"${text}"`;
}

test('names are given once', () => {
  const names = domains.map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  for (const { name, fields, positional } of domains) {
    assert.is(new Set(fields.map((field) => field.name)).size, fields.length, name);
    for (const one of positional)
      assert.ok(
        fields.some((field) => field.name === one),
        `${name} ${one}`,
      );
  }
});

/** Some key: headers have names, arguments places. */
const keyOf = ({ type }: FieldSpec): string => (type.kind === 'number' ? '0' : '"x"');

for (const { domain, field, title } of everyField) {
  test(`${title} can be said by its name, in rules and tests`, () => {
    const line = `${field.name} ${field.key ? `${keyOf(field)} = ` : ''}${written(field)}`;
    const match = succeeded(domain.match(lineOf(line)), line);
    assert.equal(
      match.map((one) => [one.field.split(' ')[0], one.every, one.orAbsent]),
      [[field.name, field.quantity === 'every', false]],
    );
    const content = succeeded(domain.content(lineOf(line)), line);
    assert.ok(content.kind === 'fields' && Object.keys(content.fields).some((name) => name.split(' ')[0] === field.name));
    assert.ok(content.kind !== 'fields' || !content.open.includes(field.name));
  });

  test(`${title}: familiar values are possible ones, and read as themselves`, () => {
    const possible = language(field.type.possible);
    const familiar = language(field.type.familiar);
    assert.not.ok(isEmpty(familiar));
    assert.ok(isEmpty(subtract(familiar, possible)));
    const operand = lineOf(written(field)).operands[0];
    assert.ok(operand);
    const value = operand && field.type.value(operand);
    assert.ok(value?.ok && isIn(field.type.possible, value.value));
    const values = operand && field.type.values(operand, undefined);
    if (value?.ok && values?.ok && values.value.kind === 'text') assert.ok(isIn(values.value.pattern, value.value));
    assert.is(field.type.kind === 'number', field.type.range !== undefined);
  });

  test(`${title}: every word is possible, a typing error is answered with it`, () => {
    for (const word of field.type.words) assert.ok(isIn(field.type.possible, word), word);
    const [word] = field.type.words;
    if (word === undefined) return;
    const [mistyped] = lineOf(`${word}x`).operands;
    const read = mistyped && field.type.values(mistyped, undefined);
    assert.ok(read && !read.ok && read.faults.every((fault) => fault.kind === 'unknown' && fault.what === field.type.noun));
  });

  test(`${title}: operators that it does not take are refused`, () => {
    for (const operator of ['under', 'glob', 'regex'] as const) {
      const line = `${field.name} ${field.key ? `${keyOf(field)} ` : ''}${operator} ${written(field)}`;
      const read = domain.match(lineOf(line));
      if (field.type.operators.includes(operator)) continue;
      assert.equal(read.ok ? [] : read.faults.map(shown), [`expected | ${operator} | ${field.type.expected}; found \`${operator}\``]);
    }
  });
}

test('first operands are told apart by their kinds', () => {
  for (const { positional, fields, match } of domains) {
    const specs = positional.flatMap((name) => fields.filter((field) => field.name === name));
    const line = specs.map(written).join(' ');
    assert.equal(
      succeeded(match(lineOf(line)), line).map(({ field }) => field),
      positional,
    );
  }
});

test('requests are carried by something, processes by nothing', () => {
  for (const { form, over, encryptedPorts } of domains) {
    assert.is(over.length > 0, form === 'request');
    if (form === 'process') assert.is(encryptedPorts.length, 0);
  }
});

test('vocabularies have the numbers of their protocols', () => {
  assert.is(capabilities.indexOf('sys_admin'), 21);
  assert.is(capabilities.indexOf('checkpoint_restore'), 40);
  assert.is(capabilities.length, 41);
  assert.is(bpfCommands.indexOf('prog_bind_map'), 35);
  assert.is(bpfCommands.indexOf('link_create'), 28);
  assert.is(bpfCommands.length, 38);
  assert.is(apiKeys.indexOf('alter-partition'), 56);
  assert.is(apiKeys.indexOf('update-raft-voter'), 82);
  assert.is(apiKeys.length, 83);
  assert.is(typeNumbers.get('HTTPS'), 65);
  assert.is(new Set(typeNumbers.values()).size, typeNumbers.size);
  assert.is(syscallNumbers.x86_64['bpf'], 321);
  assert.is(syscallNumbers.arm64['bpf'], 280);
  assert.is(syscallNumbers.arm64['open'], undefined);
  assert.is(syscallNumbers.arm64['mseal'], 462);
  for (const table of Object.values(syscallNumbers)) assert.is(new Set(Object.values(table)).size, Object.keys(table).length);
});

test.run();
