// A request is told when it is decided, its status when that comes: the two find each other by number, whatever lies between.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventDomain, eventProtocol, hubbleVerdict, layouts } from '../../../src/compiler/ir/abi.ts';
import { encode } from '../../../src/compiler/ir/layout.ts';
import { AnsweredRequests } from '../../../src/runtime/events/answered-requests.ts';

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer);
const asked = (connection: bigint, request: number, text: string, verdict: keyof typeof hubbleVerdict = 'forwarded'): DataView => {
  const bytes = new TextEncoder().encode(text);
  return viewOf(
    encode(layouts.event, {
      ...{ time: 5n, connection, request, source_port: 40_000, destination_port: 80, cause: 300 },
      ...{ protocol: eventProtocol.http, domain: eventDomain.http, verdict: hubbleVerdict[verdict] },
      ...{ text_length: bytes.length, text: bytes },
    }),
  );
};
const answered = (connection: bigint, request: number, status: number): DataView =>
  viewOf(encode(layouts.responseEvent, { time: 9n, connection, request, status, latency: 4n }));

test('the response of a request says what the request said, the other way round', () => {
  const requests = new AnsweredRequests();
  const first = requests.eventOf(asked(7n, 0, 'GET /a'));
  requests.eventOf(asked(7n, 1, 'GET /b'));
  requests.eventOf(asked(8n, 0, 'GET /c'));
  assert.is(first?.response, undefined);
  const told = requests.eventOf(answered(7n, 0, 204));
  assert.equal(
    [told?.text, told?.cause, told?.time, told?.sourcePort, told?.destinationPort, told?.response],
    ['GET /a', 300, 9n, 80, 40_000, { status: 204, latency: 4n }],
  );
  assert.is(requests.eventOf(answered(8n, 0, 200))?.text, 'GET /c');
  assert.is(requests.eventOf(answered(7n, 1, 200))?.text, 'GET /b');
});

test('a status is told once, and only of a request that was told and passed', () => {
  const requests = new AnsweredRequests();
  requests.eventOf(asked(7n, 0, 'GET /a', 'dropped'));
  assert.is(requests.eventOf(answered(7n, 0, 200)), undefined);
  assert.is(requests.eventOf(answered(9n, 0, 200)), undefined);
  requests.eventOf(asked(7n, 1, 'GET /a', 'audit'));
  assert.is(requests.eventOf(answered(7n, 1, 200))?.verdict, 'audit');
  assert.is(requests.eventOf(answered(7n, 1, 200)), undefined);
  assert.is(requests.unmatched, 3);
});

test('of requests that wait without end the oldest is forgotten', () => {
  const requests = new AnsweredRequests(2);
  for (const request of [0, 1, 2]) requests.eventOf(asked(7n, request, `GET /${request}`));
  assert.is(requests.eventOf(answered(7n, 0, 200)), undefined);
  assert.is(requests.eventOf(answered(7n, 2, 200))?.text, 'GET /2');
  assert.is(requests.eventOf(answered(7n, 1, 200))?.text, 'GET /1');
});

test.run();
