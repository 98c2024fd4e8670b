// On ports on which nearly everybody speaks TLS, requests cannot be read: they are undecidable, and an allow rule about
// them never matches. Which ports those are says the domain.
import type { Report } from '../../diagnostics/diagnostic.ts';
import { includes } from '../../space/interval.ts';
import { transportPoint } from '../../space/transport.ts';
import type { Carried } from './request-transport.ts';

/** Warns of a request block on such a port. */
export function warnEncrypted({ domain, span, transport }: Carried, report: Report): void {
  const port = domain.encryptedPorts.find((one) =>
    domain.over.some((protocol) => includes(transport?.points ?? [], transportPoint(protocol, one))),
  );
  if (port !== undefined) report('check/encrypted-port', span, { domain: domain.name, port });
}
