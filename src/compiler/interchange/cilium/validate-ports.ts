// Ports, ICMP types and requests of a rule as the agent takes them.
import { type Field, has, itemsOf, member, numberIn, textOf, textsIn } from '../fields.ts';
import { validateName } from './names.ts';
import { extended, icmpType, isServiceName, portNumber, protocolOf } from './ports.ts';
import type { Reading } from './reading.ts';
import type { RuleKind } from './validate.ts';

const most = 40;
const protocols = new Set(['tcp', 'udp', 'sctp', 'any', ...extended]);

export function validatePorts(rule: Field, kind: RuleKind, reading: Reading): void {
  for (const port of itemsOf(rule, 'toPorts')) validatePortRule(port, kind, reading);
  for (const icmp of itemsOf(rule, 'icmps')) {
    const fields = itemsOf(icmp, 'fields');
    if (fields.length > most) reading.refuse(member(icmp, 'fields'), `more than ${most} ICMP types`);
    for (const field of fields) validateIcmp(field, reading);
  }
}

function validateIcmp(field: Field, reading: Reading): void {
  const family = textOf(field, 'family') ?? 'IPv4';
  const { value } = member(field, 'type');
  if (family !== 'IPv4' && family !== 'IPv6' && family !== '') reading.refuse(member(field, 'family'), `there is no family \`${family}\``);
  else if (icmpType(field) === undefined) reading.refuse(member(field, 'type'), `${family} has no ICMP type \`${String(value)}\``);
}

/** Which requests one item of `toPorts` is about. */
type Requests = { readonly http: readonly Field[]; readonly dns: readonly Field[]; readonly isSome: boolean };

function validatePortRule(rule: Field, kind: RuleKind, reading: Reading): void {
  const ports = itemsOf(rule, 'ports');
  const [http, dns] = ['http', 'dns'].map((name) => itemsOf(member(rule, 'rules'), name));
  const requests: Requests = { http: http ?? [], dns: dns ?? [], isSome: (http ?? []).length + (dns ?? []).length > 0 };
  if (ports.length > most) reading.refuse(member(rule, 'ports'), `more than ${most} ports`);
  for (const port of ports) validatePort(port, requests, reading);
  if (requests.isSome) validateRequests(rule, kind, { requests, reading });
  const names = textsIn(member(rule, 'serverNames'));
  if (names.includes('')) reading.refuse(member(rule, 'serverNames'), 'an empty server name');
  if (names.length > 0 && requests.isSome && !has(rule, 'terminatingTLS'))
    reading.refuse(member(rule, 'serverNames'), '`serverNames` beside `rules`, without `terminatingTLS`');
  if (!has(rule, 'listener')) return;
  if (kind.direction === 'ingress') reading.refuse(member(rule, 'listener'), 'a listener on ingress');
  if (requests.isSome) reading.refuse(member(rule, 'listener'), 'a listener beside `rules`');
}

function validatePort(port: Field, { dns, isSome }: Requests, reading: Reading): void {
  const written = textOf(port, 'port') ?? '';
  const protocol = protocolOf(port);
  const number = portNumber(written);
  if (!protocols.has(protocol)) reading.refuse(member(port, 'protocol'), `there is no protocol \`${textOf(port, 'protocol')}\``);
  if (written === '') reading.refuse(port, 'a port is missing');
  else if (number === undefined && !isServiceName(written))
    reading.refuse(member(port, 'port'), `\`${written}\` is neither a port nor a name of one`);
  if (extended.includes(protocol) && written !== '' && number !== 0) reading.refuse(member(port, 'port'), `\`${protocol}\` has no ports`);
  if (isSome && number === 0) reading.refuse(member(port, 'port'), 'requests on port 0');
  if (isSome && dns.length === 0 && protocol !== 'tcp')
    reading.refuse(port, `requests over \`${protocol}\`: only over \`tcp\`, and those of DNS`);
  const end = numberIn(member(port, 'endPort')) ?? 0;
  if (dns.length > 0 && number !== undefined && end > number) reading.refuse(member(port, 'endPort'), 'DNS requests on a range of ports');
}

type Asked = { readonly requests: Requests; readonly reading: Reading };

function validateRequests(rule: Field, { direction, isOfHost }: RuleKind, { requests: { http, dns }, reading }: Asked): void {
  const rules = member(rule, 'rules');
  if (isOfHost && (direction === 'ingress' || http.length > 0))
    reading.refuse(rules, `requests in rules about nodes: only those of DNS, on egress`);
  if (dns.length > 0 && direction === 'ingress') reading.refuse(rules, 'DNS requests on ingress');
  if (dns.length > 0 && itemsOf(rule, 'ports').length === 0) reading.refuse(rules, 'DNS requests without a port');
  if (dns.length > 0 && http.length > 0) reading.refuse(rules, 'requests of two protocols in one rule');
  for (const name of dns) validateName(name, reading);
}
