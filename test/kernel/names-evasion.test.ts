// What names nothing: answers to what this workload did not ask, from others than it asked, and such as cannot be read.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { typedPolicy } from '../harness/compile.ts';
import { queryBytes } from '../harness/dns-messages.ts';
import { kernelTest } from '../harness/kernel.ts';
import * as socket from '../harness/libc-socket.ts';
import { answerTricks } from '../harness/names-tricks.ts';
import { allowing, client, exchanged, fresh, reaches, record, replied, world } from '../harness/names-world.ts';

for (const [trick, { answer, arrives }] of Object.entries(answerTricks))
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
