// What names nothing: answers to what this workload did not ask, from others than it asked, and such as cannot be read.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { typedPolicy } from '../harness/compile.ts';
import { type Answer, asked } from '../harness/dns-answers.ts';
import { queryBytes } from '../harness/dns-messages.ts';
import { kernelTest } from '../harness/kernel.ts';
import * as socket from '../harness/libc-socket.ts';
import { allowing, client, exchanged, fresh, reaches, record, replied, world } from '../harness/names-world.ts';

const txt = { name: asked, type: 'TXT', data: Uint8Array.of(2, 104, 105) } as const;
/** Tricks: what comes as the answer to a question for `ok.example`, and whether it may reach who asked. */
const tricks: Readonly<Record<string, { readonly answer: (address: string) => Partial<Answer>; readonly arrives: boolean }>> = {
  'a wrong id': { answer: (address) => ({ id: 0xffff, records: [record(address)] }), arrives: true },
  'another question': { answer: (address) => ({ name: 'no.example', records: [record(address)] }), arrives: true },
  'another type': { answer: (address) => ({ type: 'AAAA', records: [record(address)] }), arrives: true },
  'no answer but a query': { answer: (address) => ({ flags: 0x0100, records: [record(address)] }), arrives: true },
  'two questions': { answer: (address) => ({ counts: [2, 1, 0, 0], records: [record(address)] }), arrives: true },
  'an address of a name that was not asked': { answer: (address) => ({ records: [record(address, 'no.example')] }), arrives: false },
  'an alias of a name that was not asked': {
    answer: (address) => ({ records: [{ name: 'no.example', alias: 'ok.example' }, record(address, 'no.example')] }),
    arrives: false,
  },
  'an address behind an alias that stands later': {
    answer: (address) => ({ records: [record(address, 'cdn.example'), { name: asked, alias: 'cdn.example' }] }),
    arrives: false,
  },
  'an owner that points to itself': { answer: (address) => ({ records: [record(address, 28)] }), arrives: false },
  'an owner that points ahead': { answer: (address) => ({ records: [record(address, 44)] }), arrives: false },
  'an owner in the header': { answer: (address) => ({ records: [record(address, 2)] }), arrives: false },
  'an alias that goes round': { answer: (address) => ({ records: [{ name: asked, alias: 40 }, record(address)] }), arrives: false },
  'fewer records than the header says': { answer: (address) => ({ counts: [1, 2, 0, 0], records: [record(address)] }), arrives: false },
  'more records than are read': {
    answer: (address) => ({ records: [...Array.from({ length: 128 }, () => txt), record(address)] }),
    arrives: false,
  },
  'an address that is cut off': {
    answer: (address) => ({
      counts: [1, 2, 0, 0],
      records: [record(address)],
      behind: Uint8Array.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2),
    }),
    arrives: false,
  },
  'an address of three bytes': {
    answer: (address) => ({ records: [{ name: asked, type: 'A', data: Uint8Array.of(198, 18, 0) }, record(address)] }),
    arrives: false,
  },
  'another class': { answer: (address) => ({ records: [{ ...record(address), class: 3 }] }), arrives: false },
  'an address in the additional section': { answer: (address) => ({ counts: [1, 0, 0, 1], records: [record(address)] }), arrives: true },
  'no such name': { answer: () => ({ flags: 0x8183 }), arrives: true },
  'a chain that is too long': {
    answer: (address) => ({
      records: [
        { name: asked, alias: 'n0.example' },
        ...Array.from({ length: 20 }, (_, i) => ({ name: `n${i}.example`, alias: `n${i + 1}.example` })),
        record(address, 'n20.example'),
      ],
    }),
    arrives: false,
  },
};
for (const [trick, { answer, arrives }] of Object.entries(tricks))
  kernelTest(`evasion: ${trick}`, () => {
    world().install(allowing);
    const address = fresh();
    assert.is(exchanged({ asks: 'ok.example', answer: answer(address) }), arrives);
    assert.not.ok(reaches(address));
  });

kernelTest('evasion: another server, the right id and question', () => {
  world().install(allowing);
  const address = fresh();
  exchanged({ asks: 'ok.example', answer: { records: [record(address)] }, from: world().other });
  assert.not.ok(reaches(address));
});

kernelTest('evasion: an answer without a question, and a second one to the same question', () => {
  world().install(allowing);
  const [first, second] = [fresh(), fresh()];
  const unasked = client();
  replied(world().server, unasked, { id: 77, name: 'ok.example', records: [record(first)] });
  socket.close(unasked);
  assert.not.ok(reaches(first));
  const fd = client();
  socket.sendBytes(fd, queryBytes({ name: 'ok.example', type: 'A', id: 77 }));
  replied(world().server, fd, { id: 77, name: 'ok.example', records: [record(first)] });
  assert.ok(reaches(first));
  replied(world().server, fd, { id: 77, name: 'ok.example', records: [record(second)] });
  assert.not.ok(reaches(second));
  socket.sendBytes(fd, queryBytes({ name: 'ok.example', type: 'A', id: 77 }));
  replied(world().server, fd, { id: 77, name: 'ok.example', records: [record(second)] });
  assert.ok(reaches(second), 'asked again, answered again');
  socket.close(fd);
});

kernelTest('a server that no `dns` rule allows names nothing', () => {
  world().install(
    typedPolicy('policy p for { app: "web" } { egress {\n allow to host at udp 1024-65535\n allow to "ok.example" at udp 443\n} }'),
  );
  const address = fresh();
  exchanged({ asks: 'ok.example', answer: { records: [record(address)] } });
  assert.not.ok(reaches(address));
});

test.run();
