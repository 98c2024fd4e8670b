// What policies of KubeArmor and Tetragon mean, by verdicts: each document with test lines that hold of it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { renderDiagnostics } from '../../../src/compiler/diagnostics/render.ts';
import { checkUnit, testUnit } from '../../../src/compiler/pipeline.ts';

/** Compiles a document with test lines; gives the lines that do not hold. */
function failing(document: string, lines: readonly string[]): readonly string[] {
  const text = `test "lines" {\n${lines.map((line) => `  ${line}`).join('\n')}\n}\n`;
  const checked = checkUnit([
    { path: 'document.yaml', text: document },
    { path: 'lines.policy', text },
  ]);
  assert.ok(checked.ok, renderDiagnostics(checked.diagnostics, { color: false }));
  if (!checked.ok) return [];
  const tested = testUnit(checked.value);
  assert.ok(tested.ok);
  if (!tested.ok) return [];
  const outcomes = tested.value.filter(({ counterexample }) => counterexample !== undefined);
  return outcomes.map((outcome) => lines[lineOf(outcome.test.span)] ?? '?');
}

const lineOf = ({ source, start }: { readonly source: { readonly text: string }; readonly start: number }): number =>
  source.text.slice(0, start).split('\n').length - 2;

const holds = (title: string, document: string, lines: readonly string[]): void => {
  test(title, () => assert.equal(failing(document, lines), []));
};

const cart = '{ app: "cart" } in namespace "shop"';
const armor = (spec: string): string => `
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: { name: p, namespace: shop }
spec:
  selector: { matchLabels: { app: cart } }
${spec}`;

holds(
  'KubeArmor: what is blocked is; everything else, and everybody else, is not',
  armor('  process: { matchPaths: [{ path: /usr/bin/apt }], matchDirectories: [{ dir: /opt/ }, { dir: /tmp/, recursive: true }] }'),
  [
    `${cart} exec "/usr/bin/apt" is denied`,
    `${cart} exec "/usr/bin/apt-get" is allowed`,
    `${cart} exec "/opt/a" is denied`,
    `${cart} exec "/opt/a/b" is allowed`,
    `${cart} exec "/tmp/a/b" is denied`,
    '{ app: "cart" } in namespace "other" exec "/usr/bin/apt" is allowed',
    'host exec "/usr/bin/apt" is allowed',
  ],
);

holds(
  'KubeArmor: patterns are those of AppArmor',
  armor('  process: { matchPatterns: [{ pattern: "/usr/bin/p{y,ython}[23]*" }, { pattern: "/**/nc" }] }'),
  [
    `${cart} exec "/usr/bin/py2" is denied`,
    `${cart} exec "/usr/bin/python3.11" is denied`,
    `${cart} exec "/usr/bin/python4" is allowed`,
    `${cart} exec "/usr/bin/python3/x" is allowed`,
    `${cart} exec "/a/b/nc" is denied`,
    `${cart} exec "/nc" is allowed`,
  ],
);

holds(
  'KubeArmor: readOnly refuses changes, ownerOnly everybody else',
  armor('  file: { matchPaths: [{ path: /etc/hosts, readOnly: true }, { path: /srv/mine, ownerOnly: true }] }'),
  [
    `${cart} read "/etc/hosts" is allowed`,
    `${cart} write "/etc/hosts" is denied`,
    `${cart} rename "/x" to "/etc/hosts" is denied`,
    `${cart} delete "/etc/hosts" is denied`,
    `${cart} read "/srv/mine" owner self is allowed`,
    `${cart} read "/srv/mine" owner other is denied`,
    `${cart} write "/srv/mine" owner self is allowed`,
  ],
);

holds(
  'KubeArmor: an allow-list reports, unless its namespace refuses; Block wins',
  `${armor('  action: Allow\n  process: { matchPaths: [{ path: /bin/node }, { path: /bin/sh, action: Block }] }\n  network: { matchProtocols: [{ protocol: tcp }] }')}
---
apiVersion: v1
kind: Namespace
metadata: { name: shop, annotations: { kubearmor-file-posture: block } }
`,
  [
    `${cart} exec "/bin/node" is allowed`,
    `${cart} exec "/bin/ls" is denied by default`,
    `${cart} exec "/bin/sh" is denied`,
    `${cart} socket tcp is allowed`,
    `${cart} socket udp is audited`,
    `${cart} read "/etc/hosts" is allowed`,
  ],
);

holds(
  'KubeArmor: where something is done from, and what is only reported',
  armor(
    '  action: Audit\n  file: { matchPaths: [{ path: /etc/shadow, fromSource: [{ path: /bin/cat }] }] }\n  process: { matchPaths: [{ path: /bin/sleep, fromSource: [{ path: /bin/bash }], action: Block }] }',
  ),
  [
    `${cart} read "/etc/shadow" binary "/bin/cat" is audited`,
    `${cart} read "/etc/shadow" binary "/bin/less" is allowed`,
    `${cart} exec "/bin/sleep" parent "/bin/bash" is denied`,
    `${cart} exec "/bin/sleep" parent "/bin/dash" is allowed`,
  ],
);

holds(
  'KubeArmor: raw sockets of ICMP are of ICMP, and of no other protocol',
  armor('  network: { matchProtocols: [{ protocol: icmp }] }'),
  [
    `${cart} socket raw protocol 1 is denied`,
    `${cart} socket icmp protocol 1 is denied`,
    `${cart} socket raw protocol 6 is allowed`,
    `${cart} socket tcp protocol 6 is allowed`,
  ],
);

const tracing = (spec: string): string => `
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: { name: p }
spec:
${spec}`;

holds(
  'Tetragon: of all workloads and of the host',
  tracing(
    '  kprobes: [{ call: security_file_open, syscall: false, selectors: [{ matchArgs: [{ index: 0, operator: Prefix, values: [/etc/s] }], matchActions: [{ action: Sigkill }] }] }]',
  ),
  [
    `${cart} read "/etc/shadow" is killed`,
    'host write "/etc/ssl/x" is killed',
    `${cart} read "/etc/passwd" is allowed`,
    `${cart} delete "/etc/shadow" is allowed`,
  ],
);

holds(
  'Tetragon: the first selector that matches decides',
  tracing(`  kprobes:
    - call: security_socket_connect
      syscall: false
      args: [{ index: 1, type: sockaddr }]
      selectors:
        - matchArgs: [{ index: 1, operator: SAddr, values: [10.0.0.0/8] }, { index: 1, operator: SPort, values: ["443"] }]
        - matchActions: [{ action: Override, argError: -1 }]`),
  [
    `${cart} connect 10.1.2.3 remote-port 443 is audited`,
    `${cart} connect 10.1.2.3 remote-port 80 is denied`,
    `${cart} connect 192.0.2.1 remote-port 443 is denied`,
  ],
);

holds(
  'Tetragon: NotIn, Postfix, who was put into a container',
  tracing(`  lsmhooks:
    - hook: bprm_check_security
      selectors:
        - matchBinaries: [{ operator: NotIn, values: [/usr/sbin/init] }]
          matchArgs: [{ index: 0, operator: Postfix, values: [sh] }]
          matchPIDs: [{ operator: NotIn, isNamespacePID: true, followForks: true, values: [1] }]
          matchActions: [{ action: Override, argError: -1 }]`),
  [
    `${cart} exec "/bin/bash" caller "/usr/bin/runc" lineage entered is denied`,
    `${cart} exec "/bin/bash" caller "/usr/bin/runc" lineage init is allowed`,
    `${cart} exec "/bin/bash" caller "/usr/sbin/init" lineage entered is allowed`,
    `${cart} exec "/bin/shx" caller "/usr/bin/runc" lineage entered is allowed`,
  ],
);

holds(
  'Tetragon: a policy that monitors enforces nothing',
  tracing(
    '  options: [{ name: policy-mode, value: monitor }]\n  kprobes: [{ call: sys_mount, selectors: [{ matchActions: [{ action: Sigkill }] }] }]',
  ),
  [`${cart} syscall mount is audited`, `${cart} syscall read is allowed`],
);

test.run();
