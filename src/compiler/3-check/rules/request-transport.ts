// A request block stands only where every packet that the rule matches is of a protocol that carries such requests
// (grammar/README.md, "Requests"): http needs tcp.
import type { Span } from '../../base/source.ts';
import type { Report } from '../../diagnostics/diagnostic.ts';
import type { DomainSpec } from '../../domains/domain.ts';
import type { Transport } from '../../ir/typed.ts';
import { equals, includes, intervals, subtract } from '../../space/interval.ts';
import { protocolOf, transportPoint, wholeProtocol } from '../../space/transport.ts';

/** Ports on which nearly everybody speaks TLS. */
const encryptedPorts = [443, 8443];

export type Carried = { readonly domain: DomainSpec; readonly span: Span; readonly transport: Transport | undefined };

/** Reports a request block on another protocol, on none, or on a port that is usually encrypted. `transport` undefined: no `at`. */
export function checkRequestTransport({ domain, span, transport }: Carried, report: Report): void {
  const needed = domain.over.join(' or ');
  const word = { domain: domain.name, needed };
  if (!transport) {
    report('check/needs-transport', span, { ...word, found: 'no `at`' });
    return;
  }
  const carried = intervals(domain.over.flatMap(wholeProtocol));
  const [other] = subtract(transport.points, carried);
  const named = transport.named.find(({ protocol }) => !domain.over.some((one) => one === protocol));
  const found = other ? protocolOf(other.low).protocol : named?.protocol;
  if (found) report('check/needs-transport', span, { ...word, found: `\`${found === 'other' ? 'another protocol' : found}\`` });
  else if (!equals(transport.points, carried)) warnEncrypted({ domain, span, transport }, report);
}

function warnEncrypted({ domain, span, transport }: Carried, report: Report): void {
  const port = encryptedPorts.find((one) =>
    domain.over.some((protocol) => includes(transport?.points ?? [], transportPoint(protocol, one))),
  );
  if (port !== undefined) report('check/encrypted-port', span, { domain: domain.name, port });
}
