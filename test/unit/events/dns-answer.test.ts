// The bytes of an answer that an event shows: what people read of them, whole or cut, and never an exception.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../../src/compiler/space/address.ts';
import { dnsAnswer } from '../../../src/runtime/events/dns-answer.ts';
import { answerBytes, asked } from '../../harness/dns-answers.ts';
import { random } from '../../harness/random.ts';

const chain = answerBytes({
  name: 'WWW.ok.example',
  records: [
    { name: asked, alias: 'edge.Example', seconds: 300 },
    { name: 'edge.example', address: '192.0.2.1', seconds: 20 },
    { name: 'edge.example', address: '2001:db8:0:0:0:0:0:1', seconds: 90 },
    { name: asked, alias: asked + 4 },
  ],
});

test('question, aliases, addresses, types, and the shortest time', () => {
  const { question, answer } = dnsAnswer(chain);
  assert.equal(question, { name: 'www.ok.example', type: 1 });
  assert.equal(answer.addresses.map(formatAddress), ['192.0.2.1', '2001:db8::1']);
  assert.equal(
    { ...answer, addresses: [] },
    { code: 0, addresses: [], aliases: ['edge.example', 'ok.example'], types: [5, 1, 28], seconds: 20 },
  );
});

test('an error has a code and no records', () => {
  const { answer } = dnsAnswer(answerBytes({ name: 'no.example', flags: 0x8183 }));
  assert.equal(answer, { code: 3, addresses: [], aliases: [], types: [] });
});

test('what is cut, or written over, has fewer records', () => {
  const made = random(3);
  for (let length = 0; length <= chain.length; length++)
    for (const changed of [false, true]) {
      const bytes = chain.slice(0, length);
      if (changed && length > 0) bytes[made.int(length)] = made.int(256);
      assert.ok(dnsAnswer(bytes).answer.addresses.length <= 3);
    }
  assert.equal(dnsAnswer(chain.subarray(0, chain.length - 1)).answer.aliases, ['edge.example']);
});

test.run();
