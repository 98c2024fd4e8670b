// What the bytes of a client say about its TLS connection: the definition that the kernel's walker is held to.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { helloLimit, readClient } from '../../../src/compiler/domains/tls/hello.ts';
import { extensionKind, hello, noHellos, secondHellos, tlsEvasions } from '../../harness/tls-hellos.ts';

const fields = (sni: string | undefined, ...alpn: readonly string[]) => ({
  kind: 'fields',
  fields: { ...(sni !== undefined && { sni: [sni] }), ...(alpn.length > 0 && { alpn }) },
});

test('names and protocols', () => {
  const cases = [
    [hello({ name: 'api.example', protocols: ['h2', 'http/1.1'] }), fields('api.example', 'h2', 'http/1.1')],
    [hello({ name: 'API.Example' }), fields('api.example')],
    [hello({ name: '4.example', protocols: ['h2'] }), fields('4.example', 'h2')],
    [hello({ name: 'localhost', session: 0 }), fields('localhost')],
    [hello({ name: `${'a.'.repeat(122)}k.example`.slice(-253) }), fields(`${'a.'.repeat(122)}k.example`.slice(-253))],
    [hello({}), fields(undefined)],
    [hello({ noExtensions: true }), fields(undefined)],
    [hello({ name: 'a.example', protocols: ['\x0a\x0a', 'h2', 'ZZ'] }), fields('a.example', 'h2')],
    [hello({ name: 'a.example', protocols: ['\xfa\xfa'] }), fields('a.example')],
    [hello({ protocols: ['h2'], name: 'a.example', padding: 10_000 }), fields('a.example', 'h2')],
  ] as const;
  for (const [bytes, content] of cases) assert.equal(readClient(bytes), { hellos: [content], end: 'open' });
});

test('records of any size', () => {
  const whole = readClient(hello({ name: 'a.example', protocols: ['h2'] }));
  for (let most = 1; most < 120; most++) assert.equal(readClient(hello({ name: 'a.example', protocols: ['h2'] }, most)), whole);
});

test('what ends early is not there yet', () => {
  const bytes = hello({ name: 'a.example', protocols: ['h2'] }, 50);
  for (let end = 0; end < bytes.length; end++) assert.equal(readClient(bytes.subarray(0, end)), { hellos: [], end: 'open' });
});

for (const [trick, [bytes, reason]] of Object.entries(tlsEvasions))
  test(`evasion: ${trick}`, () => assert.equal(readClient(bytes).hellos[0], { kind: 'undecidable', reason }));

for (const [place, bytes] of Object.entries(secondHellos({ name: 'no.example', protocols: ['h2'] })))
  test(`a second hello ${place}`, () => {
    const { hellos } = readClient(bytes);
    const last = hellos.at(-1);
    const isRead = last?.kind === 'undecidable' ? last.reason === 'malformedHello' : last?.fields['sni']?.[0] === 'no.example';
    assert.ok(isRead && hellos.length > 1, JSON.stringify(hellos));
  });

for (const [what, bytes] of Object.entries(noHellos))
  test(`no hello: ${what}`, () => {
    const first = hello({ name: 'ok.example' });
    assert.equal(readClient(Buffer.concat([first, bytes, hello({ name: 'no.example' })])), {
      hellos: [fields('ok.example')],
      end: 'passes',
    });
  });

test('a second hello is as long as a first one may be', () => {
  const early = hello({ name: 'ok.example', more: [[extensionKind.early, new Uint8Array()]] });
  const { hellos, end } = readClient(Buffer.concat([early, hello({ name: 'ok.example', padding: helloLimit })]));
  assert.equal([hellos.at(-1), end], [{ kind: 'undecidable', reason: 'helloTooLong' }, 'lost']);
});

test.run();
