// What a recorded flow is for policy: an event with what was decided then, or none, and why. A reply, an error about another flow, a
// socket that is translated are no events: the flow that they belong to is (grammar/README.md, "State").
import type { RecordedFlow, RecordedProcess } from './record.ts';

/** Why a record is no event, or not known well enough to be one. */
export const notJudged = {
  reply: 'replies, which belong to the flows that they answer',
  related: 'errors about other flows, and their ends',
  translation: 'sockets that are translated to a backend: the flow to the backend is an event',
  control: 'neighbour and multicast discovery, which are no events',
  'no direction': 'not recorded whether it is a reply (`is_reply`)',
  'no identity': 'not recorded who one of the ends is',
  'no labels': 'not recorded which labels one of the ends has',
  'no place': 'not recorded which cluster an end is in, or which labels its namespace has, for which the policies ask',
  'no address': 'not recorded which address one of the ends has',
  'no port': 'not recorded which protocol or port',
  'no request': 'a protocol of requests that is not known here',
  'no subject': 'not recorded whose process it is',
  'too many': 'more different flows than are kept apart',
} as const;
export type NotJudged = keyof typeof notJudged;

/** What was decided then. `other`: dropped for a reason that is not policy's. `none`: seen before anything was decided. */
export type Recorded = 'allowed' | 'denied' | 'audited' | 'other' | 'none';
export const recordedKinds: readonly Recorded[] = ['allowed', 'denied', 'audited', 'other', 'none'];

const policyReasons: ReadonlySet<string> = new Set(['POLICY_DENIED', 'POLICY_DENY', 'AUTH_REQUIRED', '133', '181', '189']);
const message = { drop: 1, trace: 4, verdict: 5 };
/** Points of observation that a packet passes before policy is asked: from-endpoint to from-network, from-crypto. */
const isBefore = (subType: number): boolean => (subType >= 5 && subType <= 10) || subType === 12;

/** What a flow's record says of the verdict then. */
export function recordedOf(flow: RecordedFlow): Recorded {
  switch (flow.verdict) {
    case 'FORWARDED':
    case 'REDIRECTED':
      return flow.eventType === message.trace && isBefore(flow.subType) ? 'none' : 'allowed';
    case 'AUDIT':
      return 'audited';
    case 'DROPPED':
      return isPolicyDrop(flow) ? 'denied' : 'other';
    default:
      return 'none';
  }
}

function isPolicyDrop({ dropReason, layer7, eventType, subType }: RecordedFlow): boolean {
  if (dropReason !== '') return policyReasons.has(dropReason);
  return layer7 !== undefined || eventType === message.verdict || (eventType === message.drop && policyReasons.has(String(subType)));
}

export function recordedProcess({ verdict }: RecordedProcess): Recorded {
  if (verdict === 'DROPPED') return 'denied';
  return verdict === 'AUDIT' ? 'audited' : verdict === 'FORWARDED' ? 'allowed' : 'none';
}

/** Is the record about the beginning of a flow? Where it does not say so itself: only by what begins one, and by what is asked of policy. */
export function skipped(flow: RecordedFlow): NotJudged | undefined {
  if (flow.type === 'SOCK' || flow.verdict === 'TRANSLATED') return 'translation';
  if (flow.isReply === true) return 'reply';
  // What our own export says of a connection that a refused request, or a new policy, ended.
  if (flow.traceReason === 'RELATED' || flow.attribution.reason === 'poisonedConnection') return 'related';
  if (flow.traceReason === 'REPLY') return 'reply';
  if (isErrorAbout(flow)) return 'related';
  if (flow.layer7) return flow.layer7.type === 'RESPONSE' ? 'reply' : undefined;
  if (flow.isReply === false || flow.eventType === message.verdict || recordedOf(flow) === 'denied') return undefined;
  if (flow.protocol === 'TCP' && flow.syn) return flow.ack ? 'reply' : undefined;
  return 'no direction';
}

/** ICMP errors are about flows, unless they were decided as flows; echo replies answer one. */
function isErrorAbout(flow: RecordedFlow): boolean {
  const { protocol, port, isReply } = flow;
  const type = port >> 8;
  if (flow.traceReason === 'NEW' || flow.eventType === message.verdict || recordedOf(flow) === 'denied') return false;
  if (protocol === 'ICMPv4') return (isReply === undefined && type === 0) || type === 3 || type === 11 || type === 12;
  return protocol === 'ICMPv6' && ((isReply === undefined && type === 129) || (type >= 1 && type <= 4));
}
