// The same rules for nftables and iptables, in a network namespace: one rule each, and in the form that serves them best.
import { execFileSync } from 'node:child_process';
import { ipv4Text, networkAddress, type RuleEntry, type RuleSet, workloadAddress, workloads } from './rules.ts';

/** Puts rules in force in the namespace `space`. */
export type Firewall = (space: string, rules: RuleSet) => void;

const inSpace = (space: string, command: readonly string[], input: string): void =>
  void execFileSync('ip', ['netns', 'exec', space, ...command], { input, stdio: ['pipe', 'ignore', 'pipe'], maxBuffer: 1 << 28 });

const isWorkload = ({ peer }: RuleEntry): boolean => peer < workloads;
const addressText = ({ peer }: RuleEntry): string => ipv4Text(peer < workloads ? workloadAddress(peer) : networkAddress(peer - workloads));
const blockText = (entry: RuleEntry): string => `${addressText(entry)}${isWorkload(entry) ? '' : '/24'}`;

/** Known connections pass first, as everybody writes it. */
const nftTable = (declared: string, rules: string): string =>
  `table inet bench {\n${declared}chain input { type filter hook input priority 0; policy drop; ct state established,related accept\n${rules}}\n}\n`;

export const nftRules: Firewall = (space, { entries }) => {
  const rules = entries.map((entry) => `ip saddr ${blockText(entry)} tcp dport ${entry.port} ${entry.allow ? 'accept' : 'drop'}\n`);
  inSpace(space, ['nft', '-f', '-'], nftTable('', rules.join('')));
};

export const nftSets: Firewall = (space, { entries }) => {
  const map = (name: string, own: readonly RuleEntry[]): string => {
    const elements = own.map((entry) => `${addressText(entry)} . ${entry.port} : ${entry.allow ? 'accept' : 'drop'}`);
    const listed = elements.length === 0 ? '' : `elements = { ${elements.join(', ')} }`;
    return `map ${name} { type ipv4_addr . inet_service : verdict; ${listed} }\n`;
  };
  const declared =
    map('hosts', entries.filter(isWorkload)) +
    map(
      'nets',
      entries.filter((entry) => !isWorkload(entry)),
    );
  const rules = 'ip saddr . tcp dport vmap @hosts\nip saddr & 255.255.255.0 . tcp dport vmap @nets\n';
  inSpace(space, ['nft', '-f', '-'], nftTable(declared, rules));
};

const iptables = (space: string, rules: readonly string[]): void => {
  const known = '-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT';
  const text = `*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n${[known, ...rules].join('\n')}\nCOMMIT\n`;
  inSpace(space, ['iptables-restore'], text);
};

export const iptablesRules: Firewall = (space, { entries }) => {
  const rules = entries.map(
    (entry) => `-A INPUT -s ${blockText(entry)} -p tcp --dport ${entry.port} -j ${entry.allow ? 'ACCEPT' : 'DROP'}`,
  );
  iptables(space, rules);
};

export const iptablesSets: Firewall = (space, { entries }) => {
  const size = Math.max(1024, entries.length * 2);
  const sets = (['allow', 'deny'] as const).flatMap((name) => [
    `create ${name}_hosts hash:ip,port maxelem ${size}`,
    `create ${name}_nets hash:net,port maxelem ${size}`,
  ]);
  const members = entries.map((entry) => {
    const name = `${entry.allow ? 'allow' : 'deny'}_${isWorkload(entry) ? 'hosts' : 'nets'}`;
    return `add ${name} ${blockText(entry)},tcp:${entry.port}`;
  });
  inSpace(space, ['ipset', 'restore'], `${[...sets, ...members].join('\n')}\n`);
  const rule = (set: string, verdict: string): string => `-A INPUT -p tcp -m set --match-set ${set} src,dst -j ${verdict}`;
  iptables(space, [rule('allow_hosts', 'ACCEPT'), rule('deny_hosts', 'DROP'), rule('allow_nets', 'ACCEPT'), rule('deny_nets', 'DROP')]);
};
