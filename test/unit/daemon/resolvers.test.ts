// Who answers questions for names without a packet, by what stands in a file system.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resolverWarnings, silentResolvers } from '../../../src/runtime/daemon/resolvers.ts';

const made: string[] = [];
function machine(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'policyc-resolver-'));
  made.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}
const socket = { 'run/systemd/resolve/io.systemd.Resolve': '' };
const namesIn = (files: Readonly<Record<string, string>>): string =>
  silentResolvers(machine(files))
    .map(({ name }) => name)
    .join();

test('nss-resolve with its socket', () => {
  const asks = 'passwd: files\nhosts: files resolve [!UNAVAIL=return] dns # as ever\n';
  assert.is(namesIn({ 'etc/nsswitch.conf': asks, ...socket }), 'systemd-resolved');
  assert.is(namesIn({ 'etc/nsswitch.conf': asks, 'run/dbus/system_bus_socket': '' }), 'systemd-resolved');
  assert.is(namesIn({ 'etc/nsswitch.conf': asks }), '', 'nobody answers there: dns comes next');
  assert.is(namesIn({ 'etc/nsswitch.conf': 'hosts: files dns # resolve\n', ...socket }), '');
  assert.is(namesIn({ 'etc/nsswitch.conf': 'hosts: files dns [!UNAVAIL=resolve]\n', ...socket }), '');
  assert.is(namesIn({ 'etc/nsswitch.conf': '#hosts: resolve\nnetworks: resolve\n', ...socket }), '');
  assert.is(namesIn(socket), '', 'no file: dns');
});

test('nscd', () => {
  assert.is(namesIn({ 'var/run/nscd/socket': '' }), 'nscd');
  assert.is(namesIn({}), '');
});

test('workloads are told by name, those alike together', () => {
  const [silent, plain] = [machine({ 'etc/nsswitch.conf': 'hosts: resolve', ...socket }), machine({})];
  const workload = (name: string) => ({ name, labels: {}, local: true, addresses: [], ports: [], origin: 'test' });
  const said = resolverWarnings(['a', 'b', 'c'].map(workload), ({ name }) => (name === 'c' ? plain : silent));
  assert.is(said.length, 1);
  assert.match(
    said[0] ?? '',
    /^`a`, `b` may ask systemd-resolved \(`resolve` in \/etc\/nsswitch.conf\) for names, over a socket and not in packets/,
  );
});

test.after(() => made.forEach((root) => rmSync(root, { recursive: true })));
test.run();
