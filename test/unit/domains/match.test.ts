// What lines of rules say of events, both as they are written in policies: every field of every domain.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { domains } from '../../../src/compiler/domains/registry.ts';
import { domainNamed, lineOf, succeeded, truth } from './lines.ts';

/** A line of a rule, events that it matches, and events that it does not. */
type Case = readonly [line: string, matching: readonly string[], others: readonly string[]];
const process: readonly Case[] = [
  ['user 0', ['user 0'], ['user 1']],
  ['user [0, 1000-1999]', ['user 0', 'user 1500', 'user 1999'], ['user 2000', 'user 1']],
  ['user not 0', ['user 1', 'user 4294967294'], ['user 0']],
  ['group 100', ['group 100'], ['group 101']],
  ['scope container', ['scope container'], ['scope host']],
  ['scope not container', ['scope host'], ['scope container']],
  ['lineage entered', ['lineage entered'], ['lineage init']],
  ['parent "/bin/sh"', ['parent "/bin/sh"'], ['parent "/bin/bash"', 'parent absent']],
  ['parent not ["/bin/sh", "/bin/bash"]', ['parent "/bin/ash"', 'parent absent'], ['parent "/bin/sh"']],
  ['parent exists', ['parent "/bin/sh"'], ['parent absent']],
  ['parent absent', ['parent absent'], ['parent "/bin/sh"']],
  ['parent @binary:/bin/sh', ['parent "/bin/sh"'], ['parent "/bin/bash"']],
  ['parent glob "/bin/*sh" user 0', ['parent "/bin/bash" user 0'], ['parent "/bin/bash" user 1', 'parent "/bin/ls" user 0']],
];
const paths: readonly Case[] = [
  ['"/etc/shadow"', ['"/etc/shadow"'], ['"/etc/shadow-"', '"/etc"']],
  ['path = "/etc/shadow"', ['path "/etc/shadow"'], ['"/etc/passwd"']],
  ['under "/tmp"', ['"/tmp/a"', '"/tmp/a/b"'], ['"/tmp"', '"/tmpx/a"', '"/var/tmp/a"']],
  ['not under ["/tmp", "/proc"]', ['"/tmp"', '"/x"'], ['"/tmp/a"', '"/proc/1"']],
  ['glob "/b/?"', ['"/b/a"'], ['"/b/ab"']],
  ['regex "/opt/v[0-9]+/run"', ['"/opt/v12/run"'], ['"/opt/v/run"', '"/x/opt/v1/run"']],
  ['[@path:/a, "/b"]', ['"/a"', '"/b"'], ['"/c"']],
  ['under "/a" path not under "/a/b"', ['"/a/c"'], ['"/a/b/c"', '"/c"']],
];
const files: readonly Case[] = [
  ...paths,
  ['binary "/bin/cp"', ['"/x" binary "/bin/cp"'], ['"/x" binary "/bin/mv"']],
  ['"/"', ['"/"'], ['"/a"']],
];

const cases: Readonly<Record<string, readonly Case[]>> = {
  http: [
    [
      'GET "/cart/{id}"',
      ['GET "/cart/42"', 'GET "/cart/a.b"', 'GET "/%63art/1?x"'],
      ['GET "/cart/"', 'GET "/cart/4/2"', 'HEAD "/cart/42"', 'GET "/cart"'],
    ],
    ['[GET, HEAD] "/static/**"', ['GET "/static/"', 'HEAD "/static/a/b"'], ['POST "/static/a"', 'GET "/static"']],
    ['"/health"', ['GET "/health"', 'PURGE "/health"'], ['GET "/healthz"']],
    ['POST', ['POST "/"', 'POST "/a/b"'], ['GET "/"']],
    ['method not [GET, HEAD]', ['POST "/"'], ['GET "/"']],
    ['GET "/*.png"', ['GET "/a.png"', 'GET "/.png"'], ['GET "/a/b.png"', 'GET "/apng"']],
    ['GET "/a\\*b\\{c\\}"', ['GET "/a*b{c}"'], ['GET "/axb{c}"']],
    ['GET "/caf\u00e9 %41%2b"', ['GET "/caf%C3%A9%20A+"'], ['GET "/caf%C3%A9"']],
    ['GET ["/a", "/b"]', ['GET "/a"', 'GET "/b"'], ['GET "/c"']],
    ['path regex "/v[0-9]+(/.*)?"', ['GET "/v1"', 'GET "/v12/a/b"'], ['GET "/v1a"', 'GET "/x/v1"']],
    ['host "shop.example"', ['GET "/" host "shop.example"', 'GET "/" host "SHOP.example."'], ['GET "/" host "a.shop.example"', 'GET "/"']],
    ['host not "shop.example"', ['GET "/" host "x.example"', 'GET "/"'], ['GET "/" host "shop.example"']],
    ['host @domain:a.example', ['GET "/" host "a.example"'], ['GET "/" host "b.example"']],
    ['query "a=*"', ['GET "/?a=1/2"', 'GET "/" query "a="'], ['GET "/?b=1"', 'GET "/"', 'GET "/?"']],
    ['query absent', ['GET "/"'], ['GET "/?"', 'GET "/?a"']],
    ['query exists', ['GET "/?"'], ['GET "/"']],
    [
      'header "Content-Type" = "application/*"',
      ['GET "/" header "content-type" = "application/json"', 'GET "/" header "content-type" ["application/a", "application/b"]'],
      ['GET "/" header "content-type" = "text/plain"', 'GET "/"', 'GET "/" header "accept" "application/json"'],
    ],
    ['header "x" not "1"', ['GET "/"', 'GET "/" header "x" "2"'], ['GET "/" header "x" "1"']],
    ['header "x" exists header "y" absent', ['GET "/" header "x" ""'], ['GET "/"', 'GET "/" header "x" "" header "y" ""']],
    ['header "a" regex "(?i)yes|on"', ['GET "/" header "a" "ON"'], ['GET "/" header "a" "no"']],
    ['target "/a*?b=*"', ['GET "/a?b=c"', 'GET "/a/x?b=/"'], ['GET "/aXb=c"']],
    ['target "/a?b=*"', ['GET "/a?b=c"', 'target "/a?b="', 'GET "/a?b=c/d"'], ['GET "/%61?b=c"', 'GET "/a"']],
    ['target "/%61**"', ['target "/%61?b/c"'], ['target "/a"']],
  ],
  dns: [
    ['"a.example"', ['"a.example"', '"A.Example."'], ['"b.a.example"', '"a.exampl"']],
    ['"*.a.example"', ['"b.a.example"'], ['"a.example"', '"c.b.a.example"']],
    ['"**.a.example"', ['"b.a.example"', '"c.b.a.example"'], ['"a.example"', '"xa.example"']],
    ['"_x*.EXAMPLE."', ['"_x.example"', '"_xy.example"'], ['"_x.y.example"']],
    ['regex "deb[0-9]+[.]debian[.]org"', ['"deb12.debian.org"'], ['"deb.debian.org"']],
    ['name not "a.example" type A', ['"b" type A', 'name absent type A'], ['"a.example" type A', '"b" type AAAA']],
    ['type [A, AAAA] "a.example"', ['"a.example" type AAAA'], ['"a.example" type MX']],
    ['type 65', ['type HTTPS', 'type 65', 'type TYPE65'], ['type A']],
    ['type 60-1000', ['type HTTPS', 'type 999', 'type CAA'], ['type A', 'type 1001']],
    ['type not A', ['type 4711'], ['type A']],
    ['@domain:a.example', ['"a.example"'], ['"b.example"']],
  ],
  tls: [
    ['"api.example"', ['"api.example"'], ['"example"', 'alpn "h2"']],
    [
      'sni "**.example" alpn ["h2", "http/1.1"]',
      ['"a.example" alpn ["h2", "http/1.1"]', '"a.example" alpn "h2"'],
      ['"a.example" alpn "h3"', '"a.example"'],
    ],
    ['sni absent', ['alpn "h2"'], ['"a.example"']],
    ['alpn not "h2"', ['"a" alpn "http/1.1"', '"a" alpn absent'], ['"a" alpn "h2"']],
  ],
  grpc: [
    ['"shop.v1.Cart" ["Get", "Add"]', ['"shop.v1.Cart" "Get"'], ['"shop.v1.Cart" "Drop"', '"shop.v2.Cart" "Get"']],
    ['"shop.*"', ['"shop.v1.Cart" "Get"'], ['"pay.v1.Card" "Get"']],
    ['method "Get*"', ['"a.B" "GetAll"'], ['"a.B" "Set"']],
    ['service regex "shop[.]v[12][.].*"', ['"shop.v2.X" "Y"'], ['"shop.v3.X" "Y"']],
  ],
  kafka: [
    [
      'produce topic "orders"',
      ['produce topic "orders"', 'produce topic ["orders", "orders"]'],
      ['fetch topic "orders"', 'produce topic "x"'],
    ],
    ['[fetch, metadata] topic glob "shop.*"', ['fetch topic ["shop.a", "shop.b"]'], ['fetch topic "pay.a"', 'produce topic "shop.a"']],
    ['key not produce', ['create-topics'], ['produce']],
    ['client "billing-*"', ['produce client "billing-1"'], ['produce client "x"', 'produce client absent']],
    ['topic absent', ['api-versions topic absent'], ['fetch topic "x"']],
  ],
  exec: [
    ...paths,
    [
      '@binary:/bin/sh argument "-c"',
      ['"/bin/sh" argument ["-c", "ls"]', '"/bin/sh" argument "-c" argument "ls"'],
      ['"/bin/sh" argument "x"', '"/bin/sh"'],
    ],
    ['"/usr/bin/node" argument "--inspect*"', ['"/usr/bin/node" argument "--inspect=/a/b"'], ['"/usr/bin/node" argument "a"']],
    ['"/a" argument absent', ['"/a"'], ['"/a" argument "x"']],
    ['"/usr/bin/["', ['"/usr/bin/["'], ['"/usr/bin/x"']],
    ['under "/"', ['"/a"', '"/a/b"'], []],
    [
      '"/a" caller "/bin/sh" owner other',
      ['"/a" caller "/bin/sh" owner other'],
      ['"/a" caller "/bin/sh" owner self', '"/a" caller "/bin/bash" owner other'],
    ],
  ],
  read: files,
  write: files,
  create: [...files, ['kind folder', ['"/a" kind folder'], ['"/a" kind file']]],
  delete: files,
  follow: files,
  load: files,
  rename: [
    ...paths.map(([line, a, b]): Case => [line, a, b]),
    ['under "/a" to not under "/a"', ['"/a/x" to "/b"'], ['"/a/x" to "/a/y"', '"/b" to "/c"']],
  ],
  syscall: [
    ['ptrace', ['ptrace'], ['mount']],
    ['[ptrace, mount, bpf, renameat]', ['bpf', 'renameat'], ['read']],
    ['not [read, write]', ['open'], ['read']],
    ['setuid argument 0 = 0', ['setuid argument 0 = 0'], ['setuid argument 0 = 1', 'setuid argument 1 = 0', 'setuid']],
    ['argument 2 not 1-5', ['read argument 2 = 6', 'read'], ['read argument 2 = 5']],
    ['name mseal', ['name mseal'], ['read']],
    ['unlink path under "/home"', ['unlink path "/home/a"'], ['unlink path "/a"', 'unlink path absent', 'rename path "/home/a"']],
  ],
  capability: [
    ['[sys_admin, net_raw]', ['sys_admin'], ['chown']],
    ['', ['sys_admin'], []],
  ],
  connect: [
    ['"10.1.0.0/16"', ['"10.1.255.1"', '"10.1.0.0"'], ['"10.2.0.0"', '"10.10.1.1"', '"::a01:1"']],
    ['"10.1.128.0/18"', ['"10.1.128.0"', '"10.1.191.255"'], ['"10.1.127.255"', '"10.1.192.0"']],
    ['["0.0.0.0/0", "192.0.2.1"]', ['"255.255.255.255"', '"0.0.0.0"'], ['"::"']],
    ['"::/0"', ['"::"', '"ffff::1"'], ['"1.2.3.4"']],
    ['"2001:db8:8000::/33"', ['"2001:db8:ffff::"'], ['"2001:db8:7fff::"', '"2001:db9:8000::"']],
    ['not ["127.0.0.0/8", "::1"]', ['"10.0.0.1"', '"::2"'], ['"127.9.9.9"', '"::1"']],
    ['remote-port 8000-8100 protocol tcp', ['"10.0.0.1" remote-port 8080 protocol tcp'], ['"10.0.0.1" remote-port 80 protocol tcp']],
    ['', ['"10.0.0.1"'], []],
  ],
  socket: [
    ['[raw, packet]', ['raw'], ['tcp', 'other']],
    ['not [tcp, udp, unix]', ['vsock'], ['tcp']],
    ['[icmp, raw] protocol 1', ['raw protocol 1'], ['raw protocol 6']],
    ['type raw', ['packet type raw'], ['packet type dgram']],
  ],
  ptrace: [
    ['"/bin/a"', ['"/bin/a"'], ['"/bin/b"']],
    ['target under "/bin"', ['"/bin/b"'], ['"/sbin/b"']],
  ],
  mount: [
    ['under "/mnt" type ["ext4", "xfs"]', ['"/mnt/a" type "xfs"'], ['"/mnt/a" type "nfs"', '"/a" type "xfs"', '"/mnt/a" type absent']],
    ['type "fuse*"', ['"/a" type "fuse.sshfs"'], ['"/a" type "ext4"']],
  ],
  module: [
    ['"nf-tables"', ['"nf_tables"', 'name "nf-tables"'], ['"nf"']],
    ['"nf_*"', ['"nf-nat"'], ['"xfs"']],
  ],
  bpf: [['[prog_load, map_create]', ['prog_load'], ['obj_get']]],
  namespace: [
    ['user', ['user'], ['net']],
    ['user user 0', ['user user 0'], ['user user 1', 'net user 0']],
    ['user 0', ['net user 0', 'user user 0'], ['net user 1']],
    ['user not 0', ['net user 1'], ['net user 0']],
    ['[user, net] scope container', ['net scope container'], ['net scope host', 'mnt scope container']],
  ],
};

test('every domain has cases', () => assert.equal(Object.keys(cases).sort(), domains.map(({ name }) => name).sort()));

/** An event of a class that says nothing of its own. */
const someEvent: Readonly<Record<string, string>> = {
  ...{ exec: '"/x" ', read: '"/x" ', write: '"/x" ', create: '"/x" ', delete: '"/x" ', rename: '"/x" ', follow: '"/x" ', load: '"/x" ' },
  ...{
    syscall: 'read ',
    capability: 'chown ',
    connect: '"10.0.0.1" ',
    socket: 'tcp ',
    ptrace: '"/x" ',
    mount: '"/x" ',
    module: '"x" ',
    bpf: 'obj_get ',
    namespace: 'net ',
  },
};
const casesOf = (name: string): readonly Case[] => {
  const prefix = someEvent[name];
  const shared = prefix === undefined ? [] : process;
  return [
    ...(cases[name] ?? []),
    ...shared.map(([line, a, b]): Case => [line, a.map((one) => prefix + one), b.map((one) => prefix + one)]),
  ];
};

for (const { name } of domains) {
  const domain = domainNamed(name);
  for (const [line, matching, others] of casesOf(name)) {
    test(`${name} ${line}`, () => {
      const match = succeeded(domain.match(lineOf(line)), line);
      const said = (event: string) => truth(match, succeeded(domain.content(lineOf(event)), event));
      assert.equal(
        matching.filter((event) => said(event) !== true),
        [],
        'should match',
      );
      assert.equal(
        others.filter((event) => said(event) !== false),
        [],
        'should not match',
      );
    });
  }
}

test('a mixture of values that have to pass all is undecidable', () => {
  for (const [name, line, event] of [
    ['http', 'header "x" "a"', 'GET "/" header "x" ["a", "b"]'],
    ['kafka', 'topic not "a"', 'fetch topic ["a", "b"]'],
    ['tls', 'alpn "h2"', 'alpn ["h2", "h3"]'],
  ] as const) {
    const domain = domainNamed(name);
    assert.is(truth(succeeded(domain.match(lineOf(line)), line), succeeded(domain.content(lineOf(event)), event)), 'undecidable', line);
  }
});

test('a class without a needed operand may be said alone', () => {
  for (const name of ['socket', 'ptrace', 'mount', 'module', 'bpf', 'namespace']) {
    assert.equal(domainNamed(name).match(lineOf('')), { ok: true, value: [] });
  }
});

test.run();
