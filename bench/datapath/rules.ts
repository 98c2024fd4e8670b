// The rules of the datapath bench: one workload that is asked, a thousand others, networks of both families, and rules of
// which no two are about the same peer and port. Peers and ports are drawn so that neither collapses into few classes.

/** Peers that are workloads, and ports. */
export const workloads = 1024;
export const ports = 256;
const firstPort = 1000;

export type RuleSet = {
  readonly rules: number;
  /** Policy text. */
  readonly text: string;
  readonly networks: number;
};

/** Workload `i`'s address: 172.16.0.0 and on. */
export const workloadAddress = (i: number): number => (172 << 24) + (16 << 16) + i;
/** Network `i`, a /24: 10.0.0.0 and on, or a /48 of 2001:db8::. */
export const networkAddress = (i: number): number => (10 << 24) + (i << 8);
const ipv4Text = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

/** Rule `i` is of peer (i mod peers) at port (i / peers): every peer has as many ports as every other. */
export function ruleSet(rules: number): RuleSet {
  const networks = Math.min(1024, Math.ceil(rules / 4));
  const peers = workloads + networks;
  const lines: string[] = [];
  for (let i = 0; i < rules; i++) {
    const peer = rules < peers ? Math.floor((i * peers) / rules) : i % peers;
    const port = firstPort + ((Math.floor(i / peers) * 37 + i * 11) % ports);
    const from = peer < workloads ? `w${peer}` : `${ipv4Text(networkAddress(peer - workloads))}/24`;
    lines.push(`    ${i % 16 === 15 ? 'deny' : 'allow'} from ${from} at tcp ${port}`);
  }
  const declared = Array.from({ length: workloads }, (_, i) => `workload w${i} = { app: "w${i}" }\n`);
  const text = `workload hot = { app: "hot" }\n${declared.join('')}policy p for hot {\n  ingress {\n${lines.join('\n')}\n  }\n}\n`;
  return { rules, text, networks };
}
