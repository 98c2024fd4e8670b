// `l4` of a flow, read in place: protocol, destination port or ICMP type and code, and how a TCP connection begins.
import { type JsonScan, KeyTable } from './json-scan.ts';
import type { Draft } from './scan-line.ts';

const protocols = new KeyTable(['TCP', 'UDP', 'SCTP', 'ICMPv4', 'ICMPv6']);
const firstIcmp = 3;
const portKeys = new KeyTable(['source_port', 'destination_port', 'flags']);
const flagKeys = new KeyTable(['SYN', 'ACK']);
const icmpKeys = new KeyTable(['type', 'code']);

/** @throws Unusual for other protocols, or several */
export function scanLayer4(scan: JsonScan, draft: Draft): void {
  if (!scan.enter()) scan.fail();
  const place = scan.key(protocols);
  draft.protocol = protocols.names[place] ?? scan.fail();
  if (place < firstIcmp) scanPorts(scan, draft);
  else scanIcmp(scan, draft);
  if (scan.more()) scan.fail();
}

function scanPorts(scan: JsonScan, draft: Draft): void {
  if (!scan.enter()) return;
  do {
    switch (scan.key(portKeys)) {
      case 0:
        scan.whole();
        break;
      case 1:
        draft.port = scan.whole();
        if (draft.port > 0xffff) scan.fail();
        break;
      case 2:
        scanFlags(scan, draft);
        break;
      default:
        scan.fail();
    }
  } while (scan.more());
}

function scanFlags(scan: JsonScan, draft: Draft): void {
  draft.syn = false;
  draft.ack = false;
  if (!scan.enter()) return;
  do {
    const place = scan.key(flagKeys);
    const is = scan.truth();
    if (place === 0) draft.syn = is;
    else if (place === 1) draft.ack = is;
  } while (scan.more());
}

function scanIcmp(scan: JsonScan, draft: Draft): void {
  if (!scan.enter()) return;
  let [type, code] = [0, 0];
  do {
    switch (scan.key(icmpKeys)) {
      case 0:
        type = scan.whole();
        break;
      case 1:
        code = scan.whole();
        break;
      default:
        scan.fail();
    }
  } while (scan.more());
  if (type > 255 || code > 255) scan.fail();
  draft.port = type * 256 + code;
}
