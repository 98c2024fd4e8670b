// pol_event as it comes out of the ring -> a value with names. Numbers that this version does not know are an error of
// ours (the programs come from the same build), never of the traffic.
import {
  eventDomain,
  eventProtocol,
  hubbleVerdict,
  layouts,
  limits,
  matchType,
  section,
  undecidableReason,
} from '../../compiler/ir/abi.ts';
import { decode } from '../../compiler/ir/layout.ts';
import { type Address, addressOfBytes } from '../../compiler/space/address.ts';
import { type DnsAnswer, dnsAnswer } from './dns-answer.ts';
import { dnsQuestion } from './dns-question.ts';
import { tlsNames } from './tls-names.ts';

export type EventDirection = keyof typeof section;
export type EventProtocol = keyof typeof eventProtocol;
export type EventMatch = keyof typeof matchType;
export type EventVerdict = keyof typeof hubbleVerdict;
export type EventDomain = keyof typeof eventDomain;
export type EventReason = keyof typeof undecidableReason;

/** `latency`: nanoseconds from the verdict on the request to the status. */
export type RequestResponse = { readonly status: number; readonly latency: bigint };

/** One verdict, for people to look at. */
export type VerdictEvent = {
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly time: bigint;
  readonly cause: number;
  readonly revision: number;
  /** Endpoint ids; `peer` 0: the address alone. */
  readonly subject: number;
  readonly peer: number;
  /** Of the packet, as it went; zero for exec. */
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  /** icmp: type * 256 + code; other: the protocol number. */
  readonly destinationPort: number;
  readonly direction: EventDirection;
  readonly protocol: EventProtocol;
  readonly match: EventMatch;
  readonly verdict: EventVerdict;
  readonly domain: EventDomain;
  readonly reason: EventReason;
  readonly tcpFlags: number;
  /** 0 where the hook does not know it. */
  readonly pid: number;
  readonly uid: number;
  /** http: `METHOD SP path`; dns: the name that is asked for; tls: the server name; exec: path. Bytes that are no UTF-8 are shown as U+FFFD. */
  readonly text: string;
  /** dns: number of the type that is asked for. */
  readonly queryType?: number;
  /** dns: what was answered; absent for a query. */
  readonly answer?: DnsAnswer;
  /** tls: the protocols that are offered. */
  readonly protocols?: readonly string[];
  /** dns: what carried the query. */
  readonly carrier?: EventProtocol;
  /** http: which request of which connection. */
  readonly request?: string;
  /** http: the event tells the response of the request; ends and time are the response's. */
  readonly response?: RequestResponse;
  /** The kernel kept only the beginning of the text. */
  readonly textCut: boolean;
};

/** Name of a number in one of the tables of abi.ts. */
export function nameOfNumber<Names extends string>(table: Readonly<Record<Names, number>>, number: number): Names {
  for (const name in table) if (table[name] === number) return name;
  throw new Error(`policyd bug: no name for ${number} among ${Object.keys(table).join(', ')}`);
}

function textOf(
  domain: EventDomain,
  isAnswer: boolean,
  bytes: Uint8Array,
): Pick<VerdictEvent, 'text' | 'queryType' | 'answer' | 'protocols'> {
  if (domain === 'tls') {
    const { serverName = '', protocols } = tlsNames(bytes);
    return { text: serverName, protocols };
  }
  if (domain !== 'dns') return { text: new TextDecoder().decode(bytes) };
  const { question, answer = undefined } = isAnswer ? dnsAnswer(bytes) : { question: dnsQuestion(bytes) };
  const { name, type } = question;
  return { text: name, ...(type !== undefined && { queryType: type }), ...(answer && { answer }) };
}

/** Name of a request, by the numbers that the kernel gives it. */
export const requestName = (connection: number, request: number): string => `${connection}/${request}`;

/** Decodes one record of the ring; `view` begins at it. */
export function verdictEventOf(view: DataView): VerdictEvent {
  const raw = decode(layouts.event, view);
  const number = (value: number | bigint | Uint8Array): number => (typeof value === 'object' ? 0 : Number(value));
  const bytes = (value: number | bigint | Uint8Array): Uint8Array => (typeof value === 'object' ? value : new Uint8Array());
  const length = number(raw.text_length);
  const domain = nameOfNumber(eventDomain, number(raw.domain));
  return {
    time: typeof raw.time === 'bigint' ? raw.time : 0n,
    cause: number(raw.cause),
    revision: number(raw.revision),
    subject: number(raw.subject),
    peer: number(raw.peer),
    source: addressOfBytes(bytes(raw.source)),
    destination: addressOfBytes(bytes(raw.destination)),
    sourcePort: number(raw.source_port),
    destinationPort: number(raw.destination_port),
    direction: nameOfNumber(section, number(raw.direction)),
    protocol: nameOfNumber(eventProtocol, number(raw.protocol)),
    match: nameOfNumber(matchType, number(raw.match)),
    verdict: nameOfNumber(hubbleVerdict, number(raw.verdict)),
    domain,
    reason: nameOfNumber(undecidableReason, number(raw.reason)),
    tcpFlags: number(raw.tcp_flags),
    pid: number(raw.pid),
    uid: number(raw.uid),
    ...textOf(domain, number(raw.is_answer) === 1, bytes(raw.text).subarray(0, Math.min(length, limits.eventText))),
    ...(domain === 'http' && { request: requestName(number(raw.connection), number(raw.request)) }),
    ...(domain === 'dns' && { carrier: nameOfNumber(eventProtocol, number(raw.carrier)) }),
    textCut: length > limits.eventText,
  };
}
