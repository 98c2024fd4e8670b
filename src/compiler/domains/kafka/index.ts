// Kafka requests by API key, topics and client id.
import { byteIn, repeat } from '../../space/pattern.ts';
import { defineDomain } from '../define.ts';
import { globText } from '../types/texts.ts';
import { wordType } from '../types/words.ts';
import { apiKeys } from './api-keys.ts';

/** org.apache.kafka.common.internals.Topic: legal characters. */
const topic = globText({
  noun: 'topic',
  expected: 'a topic ("orders")',
  possible: repeat(byteIn([0x2d, 0x2e], [0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]), 1),
  mistake: (text) => (/^$|[^-.\w\0]/.test(text) ? { reason: 'a topic has letters, digits, `.`, `_` and `-`' } : undefined),
});
const client = globText({ noun: 'client id', expected: 'a client id ("billing-*")', possible: repeat(byteIn([0, 0xff]), 0) });

const certain = { unstated: 'any', mayBeUndecidable: false } as const;

export const kafka = defineDomain({
  name: 'kafka',
  summary: 'Kafka requests',
  form: 'request',
  over: ['tcp'],
  encryptedPorts: [9093],
  positional: ['key'],
  fields: [
    {
      ...certain,
      name: 'key',
      summary: 'what is asked (the API key)',
      type: wordType({ noun: 'Kafka API key', expected: 'an API key (`produce`)', words: apiKeys }),
      quantity: 'one',
      always: true,
    },
    { ...certain, name: 'topic', summary: 'the topics of the request', type: topic, quantity: 'every', always: false },
    { ...certain, name: 'client', summary: 'the client id', type: client, quantity: 'one', always: false },
  ],
  mayBeEmpty: false,
});
