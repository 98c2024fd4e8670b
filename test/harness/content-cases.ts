// The places in the kernel that decide content, and the cases that are asked there: policies and events as the tests of each place make them.
import { verdictIn, verdictOfProcess } from '../../src/compiler/analysis/oracle.ts';
import type { Content } from '../../src/compiler/domains/domain.ts';
import { readClient } from '../../src/compiler/domains/tls/hello.ts';
import type { Verdict } from '../../src/compiler/ir/event.ts';
import type { Direction, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { type TransportProtocol, transportPoint } from '../../src/compiler/space/transport.ts';
import { typedPolicy } from './compile.ts';
import { contentOfQuery, randomDnsPolicy, randomDnsQuery } from './dns-policies.ts';
import { contentOfStart, execPrograms, randomExecPolicy } from './exec-cases.ts';
import { host, workload } from './governed.ts';
import { nextRequest, randomHttpPolicy } from './http-cases.ts';
import type { Random } from './random.ts';
import { randomStream, randomTlsPolicy } from './tls-cases.ts';

export type ContentPlace = {
  readonly domain: string;
  /** The next policy. */
  readonly policy: (source: Random) => string;
  /** What its next event says. */
  readonly contents: (source: Random) => readonly Content[];
  readonly verdict: (typed: TypedPolicy, content: Content) => Verdict;
};

type Way = { readonly domain: string; readonly direction: Direction; readonly protocol: TransportProtocol; readonly port: number };
const over =
  ({ domain, direction, protocol, port }: Way): ContentPlace['verdict'] =>
  (typed, content) =>
    verdictIn(typed, direction, { subject: workload, peer: host, point: transportPoint(protocol, port), request: { domain, content } });

const http = (direction: Direction): ContentPlace => ({
  domain: 'http',
  policy: (source) => randomHttpPolicy(source, direction),
  contents: (source) => [nextRequest(source, 16_384).read.content],
  verdict: over({ domain: 'http', direction, protocol: 'tcp', port: 80 }),
});
const dns = (protocol: 'udp' | 'tcp'): ContentPlace => ({
  domain: 'dns',
  policy: (source) => randomDnsPolicy(source, protocol),
  contents: (source) => [source.chance(0.05) ? { kind: 'undecidable', reason: 'ambiguousQuery' } : contentOfQuery(randomDnsQuery(source))],
  verdict: over({ domain: 'dns', direction: 'egress', protocol, port: 53 }),
});

/** By the program, or the pair of them, that decides there. */
export const contentPlaces: Readonly<Record<string, ContentPlace>> = {
  'requests that come': http('ingress'),
  'requests that go': http('egress'),
  'queries in packets': dns('udp'),
  'queries in streams': dns('tcp'),
  hellos: {
    domain: 'tls',
    policy: randomTlsPolicy,
    contents: (source) => readClient(randomStream(source)).hellos,
    verdict: over({ domain: 'tls', direction: 'ingress', protocol: 'tcp', port: 443 }),
  },
  starts: {
    domain: 'exec',
    policy: (source) => randomExecPolicy(source, '/f'),
    contents: () => execPrograms.map((name) => contentOfStart(`/f/${name}`)),
    verdict: (typed, content) => verdictOfProcess(typed, { kind: 'process', domain: 'exec', subject: workload, content }),
  },
};

/** A policy with some events, and what the oracle says of each. */
export function contentCase({ policy, contents, verdict }: ContentPlace, source: Random, events: number) {
  const typed = typedPolicy(policy(source));
  const all = Array.from({ length: events }, () => contents(source)).flat();
  return { typed, asked: all.map((content) => ({ content, verdict: verdict(typed, content) })) };
}
