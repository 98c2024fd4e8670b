// A request block stands only where every packet that the rule matches is of a protocol that carries such requests
// (grammar/README.md, "Requests"): http needs tcp.
import type { Span } from '../../base/source.ts';
import type { Report } from '../../diagnostics/diagnostic.ts';
import type { DomainSpec } from '../../domains/domain.ts';
import type { Transport } from '../../ir/typed.ts';
import { equals, intervals, subtract } from '../../space/interval.ts';
import { protocolOf, wholeProtocol } from '../../space/transport.ts';
import { warnEncrypted } from './encrypted-port.ts';

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
