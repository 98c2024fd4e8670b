// TLS rules on real connections, to a workload and from it: what of a denied hello arrives (nothing that a server could answer), what its
// client reads, and what passes behind an allowed one.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { decideHellosAgain } from '../../src/runtime/kernel/hellos.ts';
import { typedPolicy } from '../harness/compile.ts';
import { families } from '../harness/dns-world.ts';
import { kernelTest } from '../harness/kernel.ts';
import { alertDenied, hello, noHellos, secondHellos, tlsEvasions } from '../harness/tls-hellos.ts';
import { connected, type Direction, directions, hellosOf, type TlsWorld, tlsWorld } from '../harness/tls-world.ts';

let made: TlsWorld | undefined;
const world = (): TlsWorld => {
  made ??= tlsWorld();
  made.events();
  return made;
};

const policyOf = (rules: string): TypedPolicy => typedPolicy(`policy p for { app: "web" } { ingress { ${rules} } egress { ${rules} } }`);
const allowing = policyOf('allow at tcp tls { sni "ok.example" }\n allow at tcp tls { "*.h2.example" alpn "h2" }');
const good = hello({ name: 'ok.example', protocols: ['h2', 'http/1.1'] });
const bad = hello({ name: 'no.example', protocols: ['h2', 'http/1.1'] });
/** More than one packet, and bytes that look like a hello. */
const data = new Uint8Array(Buffer.concat([Buffer.from([23, 3, 3, 0x40, 0]), Buffer.alloc(16384, 0x16), hello({ name: 'no.example' })]));

/** A denied client: on the way in what it sends is dropped, on the way out its writes fail. */
const failure: Readonly<Record<Direction, string>> = { ingress: '', egress: 'EACCES' };

for (const direction of directions) {
  for (const family of families)
    kernelTest(`${direction}, ${family}: an allowed hello, and everything behind it`, async () => {
      const here = world();
      here.install(allowing);
      const line = await connected(here, direction, family);
      assert.is(line.send(good, data), '');
      assert.equal(await line.arrived(good.length + data.length), Buffer.concat([good, data]));
      line.answer(data);
      assert.equal(await line.read(data.length), Buffer.from(data));
      assert.equal(
        hellosOf(here.events()).map(({ verdict, text, protocols, match, direction: told, reason }) => [
          verdict,
          text,
          protocols,
          match,
          told,
          reason,
        ]),
        [['forwarded', 'ok.example', ['h2', 'http/1.1'], 'layer7', direction, 'none']],
      );
      line.close();
    });

  kernelTest(`${direction}: a denied hello reads an alert, and nothing more passes`, async () => {
    const here = world();
    here.install(allowing);
    const line = await connected(here, direction);
    assert.is(line.send(bad), '');
    const answer = await line.read(bad.length);
    assert.is(answer.length, bad.length);
    assert.equal(answer.subarray(0, alertDenied.length), Buffer.from(alertDenied));
    assert.is(line.send(good), failure[direction]);
    assert.equal(await line.arrived(0), Buffer.alloc(0));
    assert.equal(
      hellosOf(here.events()).map(({ verdict, text, reason }) => [verdict, text, reason]),
      [['dropped', 'no.example', 'none']],
    );
    line.close();
  });

  kernelTest(`${direction}: a hello may be cut at every byte`, async () => {
    const here = world();
    here.install(allowing);
    for (let at = 1; at < good.length; at++) {
      const passing = await connected(here, direction);
      assert.is(passing.send(good.subarray(0, at), good.subarray(at)), '', `allowed, cut at ${at}`);
      assert.equal(await passing.arrived(good.length), Buffer.from(good), `allowed, cut at ${at}`);
      passing.close();
      const denied = await connected(here, direction);
      denied.send(bad.subarray(0, at), bad.subarray(at));
      const arrived = await denied.arrived(0);
      assert.ok(
        arrived.length < bad.length && (direction === 'ingress' || arrived.length === 0),
        `denied, cut at ${at}: ${arrived.length} bytes`,
      );
      denied.close();
    }
    const told = hellosOf(here.events()).map(({ verdict, text }) => `${verdict} ${text}`);
    assert.is(told.filter((one) => one === 'forwarded ok.example').length, good.length - 1);
    assert.is(told.filter((one) => one === 'dropped no.example').length, good.length - 1);
  });

  kernelTest(`${direction}: a hello in single bytes, and in records of single bytes`, async () => {
    const here = world();
    here.install(allowing);
    for (const most of [16384, 1]) {
      const [passes, isDenied] = [hello({ name: 'ok.example' }, most), hello({ name: 'no.example' }, most)];
      const passing = await connected(here, direction);
      assert.is(passing.send(...[...passes].map((byte) => Uint8Array.of(byte))), '');
      assert.equal(await passing.arrived(passes.length), Buffer.from(passes));
      passing.close();
      const denied = await connected(here, direction);
      denied.send(...[...isDenied].map((byte) => Uint8Array.of(byte)));
      assert.ok((await denied.arrived(0)).length < isDenied.length);
      denied.close();
    }
  });

  kernelTest(`${direction}: a hello as long as it may be`, async () => {
    const here = world();
    here.install(allowing);
    const long = hello({ name: 'ok.example', padding: 16_200 });
    const line = await connected(here, direction);
    assert.is(line.send(long), '');
    assert.equal(await line.arrived(long.length), Buffer.from(long));
    line.close();
  });

  for (const [trick, [bytes, reason]] of Object.entries(tlsEvasions))
    kernelTest(`${direction}, evasion: ${trick}`, async () => {
      const here = world();
      here.install(allowing);
      const line = await connected(here, direction);
      line.send(bytes);
      const arrived = await line.arrived(0);
      // What is too long is known to be when as much has gone by, on the way in.
      assert.ok(
        arrived.length === 0 || (direction === 'ingress' && reason === 'helloTooLong' && arrived.length < bytes.length),
        `${arrived.length} bytes`,
      );
      assert.is(line.send(good), failure[direction], 'nothing more passes');
      assert.is((await line.arrived(0)).length, arrived.length, 'nothing more passes');
      assert.equal(
        hellosOf(here.events()).map((event) => [event.verdict, event.reason]),
        [['dropped', reason]],
      );
      line.close();
    });

  for (const [place, bytes] of Object.entries(secondHellos({ name: 'no.example', protocols: ['h2'] })))
    kernelTest(`${direction}, evasion: a second hello ${place}`, async () => {
      const here = world();
      here.install(allowing);
      const whole = await connected(here, direction);
      whole.send(bytes);
      assert.equal(await whole.arrived(0), Buffer.alloc(0), 'in one packet');
      whole.close();
      const cut = await connected(here, direction);
      cut.send(bytes.subarray(0, bytes.length - 10), bytes.subarray(bytes.length - 10));
      assert.ok((await cut.arrived(0)).length < bytes.length, 'in two');
      cut.close();
      assert.ok(hellosOf(here.events()).some(({ verdict }) => verdict === 'dropped'));
    });

  for (const [what, bytes] of Object.entries(noHellos))
    kernelTest(`${direction}: behind a hello, ${what} passes, and all that follows`, async () => {
      const here = world();
      here.install(allowing);
      const line = await connected(here, direction);
      assert.is(line.send(good, bytes, data, bad), '');
      const all = Buffer.concat([good, bytes, data, bad]);
      assert.equal(await line.arrived(all.length), all);
      line.close();
    });

  kernelTest(`${direction}: where everything else is allowed, only what a rule denies is not`, async () => {
    const here = world();
    here.install(policyOf('deny at tcp tls { sni "no.example" }\n allow at tcp'));
    for (const [name, passes] of [
      ['ok.example', true],
      ['no.example', false],
      ['NO.example', false],
    ] as const) {
      const line = await connected(here, direction);
      const bytes = hello({ name });
      line.send(bytes);
      assert.is((await line.arrived(passes ? bytes.length : 0)).length, passes ? bytes.length : 0, name);
      line.close();
    }
    const plain = await connected(here, direction);
    plain.send(Buffer.from('no TLS at all'));
    assert.is((await plain.arrived(0)).length, 0, 'a deny rule matches what is undecidable');
    plain.close();
  });

  kernelTest(`${direction}: what is undecidable passes where a rule without a block comes before every one that denies`, async () => {
    const here = world();
    here.install(
      policyOf('allow at tcp tls { sni "ok.example" }\n allow at tcp priority 1\n deny at tcp tls { sni "no.example" } priority 2'),
    );
    const line = await connected(here, direction);
    const bytes = Buffer.concat([Buffer.from('no TLS at all'), bad]);
    assert.is(line.send(bytes, bad), '');
    assert.equal(await line.arrived(bytes.length + bad.length), Buffer.concat([bytes, bad]));
    assert.equal(
      hellosOf(here.events()).map(({ verdict, reason }) => [verdict, reason]),
      [['forwarded', 'notTls']],
    );
    line.close();
  });

  kernelTest(`${direction}: a connection lives on under a new policy that allows its hello, and ends under one that does not`, async () => {
    const here = world();
    here.install(allowing);
    const line = await connected(here, direction);
    assert.is(line.send(good), '');
    here.install(policyOf('allow at tcp tls { sni "*.example" alpn ["h2", "http/1.1"] }'));
    assert.is(line.send(data), '');
    assert.equal(await line.arrived(good.length + data.length), Buffer.concat([good, data]));
    here.install(policyOf('allow at tcp tls { sni "other.example" }'));
    line.send(data);
    assert.is(line.send(data), failure[direction]);
    assert.is((await line.arrived(0)).length, good.length + data.length);
    line.close();
  });

  kernelTest(`${direction}: by a change of policy, what its server sends passes or not, without a word of the client`, async () => {
    const here = world();
    const change = (rule: string): void => {
      here.install(policyOf(rule));
      decideHellosAgain(here.loaded);
    };
    here.install(allowing);
    const line = await connected(here, direction);
    line.send(good);
    await line.arrived(good.length);
    change('allow at tcp tls { sni "*.example" alpn ["h2", "http/1.1"] }');
    line.answer(data);
    assert.is((await line.read(data.length)).length, data.length);
    here.events();
    change('allow at tcp tls { sni "other.example" }');
    // What is left of connections of tests before may come in now, and is told without a reason.
    const told = here.events().filter(({ reason }) => reason !== 'none');
    assert.equal(
      told.map(({ reason, direction: of }) => [reason, of]),
      [['poisonedConnection', direction]],
    );
    line.answer(data);
    assert.is((await line.read(0)).length, data.length);
    change('allow at tcp tls { sni "*.example" }');
    line.answer(data);
    assert.is((await line.read(0)).length, data.length, 'for good');
    line.close();
  });

  kernelTest(`${direction}: a connection that is older than the rule passes nothing more`, async () => {
    const here = world();
    here.install(policyOf('allow at tcp'));
    const line = await connected(here, direction);
    assert.is(line.send(good), '');
    assert.equal(await line.arrived(good.length), Buffer.from(good));
    here.install(allowing);
    line.send(good);
    assert.is((await line.arrived(0)).length, good.length);
    line.close();
  });
}

test.run();
