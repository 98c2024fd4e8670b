// What the API server holds documents of cilium.io/v2 against (Cilium 1.21), as far as it decides about them. Values of labels and
// names of ports are looked at a second time, by the agent: validate.ts.
import type { Json, JsonObject } from '../importer.ts';
import { choice, exactlyOne, list, object, text } from '../shapes.ts';

const boolean = { type: 'boolean' };

// --- labels -----------------------------------------------------------------------------------------------------------

const labelValue = {
  type: 'string',
  maxLength: 63,
  pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$',
  title: 'a label value: at most 63 letters, digits, `-`, `_` and `.`',
};
const selector = object({
  matchLabels: { type: 'object', additionalProperties: labelValue },
  matchExpressions: list(
    object({ key: text, operator: choice('In', 'NotIn', 'Exists', 'DoesNotExist'), values: list(text) }, 'key', 'operator'),
  ),
});
const selectors = list(selector);

// --- peers ------------------------------------------------------------------------------------------------------------

/** As Go reads a prefix, bits behind the length and all. */
const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const prefix = {
  type: 'string',
  anyOf: [
    { pattern: `^(${octet}\\.){3}${octet}/(3[0-2]|[12]?[0-9])$` },
    { pattern: '^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$' },
  ],
  title: 'an address block (`10.0.0.0/8`)',
};
const prefixes = list(prefix);
const groupName = {
  type: 'string',
  maxLength: 253,
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
  title: 'the name of a CiliumCIDRGroup',
};
const prefixSet = {
  ...object({ cidr: prefix, cidrGroupRef: groupName, cidrGroupSelector: selector, except: prefixes }),
  ...exactlyOne('cidr', 'cidrGroupRef', 'cidrGroupSelector'),
};
const entity = choice(
  ...['all', 'world', 'cluster', 'cluster-mesh', 'host', 'init', 'ingress', 'unmanaged', 'remote-node', 'health', 'none', 'kube-apiserver'],
);
const group = object({
  aws: object({
    labels: { type: 'object', additionalProperties: text },
    region: text,
    securityGroupsIds: list(text),
    securityGroupsNames: list(text),
  }),
});
const name = { type: 'string', maxLength: 255, pattern: '^([-a-zA-Z0-9_]+[.]?)+$', title: 'a DNS name (`api.example.com`)' };
const pattern = { type: 'string', maxLength: 255, pattern: '^([-a-zA-Z0-9_*]+[.]?)+$', title: 'a pattern of DNS names (`*.example.com`)' };
const names = list({ ...object({ matchName: name, matchPattern: pattern }), ...exactlyOne('matchName', 'matchPattern') });
const service = object({
  k8sService: object({ namespace: text, serviceName: text }),
  k8sServiceSelector: object({ namespace: text, selector }, 'selector'),
});
/** Gone since 1.19; what may stand there is nothing. */
const gone = list(object({}), { maxItems: 0, title: 'nothing' });

// --- ports and requests -----------------------------------------------------------------------------------------------

const port = object({
  port: {
    type: 'string',
    pattern: '^[0-9]|[a-zA-Z](-?[a-zA-Z0-9])*$',
    title: 'a port as a text ("80", "http")',
  },
  endPort: { type: 'integer', minimum: 0, maximum: 65535 },
  protocol: choice('TCP', 'UDP', 'SCTP', 'VRRP', 'IGMP', 'GRE', 'IPIP', 'IPV6', 'ESP', 'AH', 'ANY'),
});
const secret = object({ name: text, namespace: text }, 'name');
const tls = object({ certificate: text, privateKey: text, trustedCA: text, secret }, 'secret');
const request = object({
  method: text,
  path: text,
  host: text,
  headers: list(text),
  headerMatches: list(
    object({ name: { type: 'string', minLength: 1 }, value: text, secret, mismatch: choice('LOG', 'ADD', 'DELETE', 'REPLACE') }, 'name'),
  ),
});
const plainPorts = list(port, { maxItems: 40 });
const portRule = object({
  ports: plainPorts,
  rules: { ...object({ http: list(request), dns: names }), ...exactlyOne('http', 'dns') },
  serverNames: list(pattern, { minItems: 1, uniqueItems: true }),
  terminatingTLS: tls,
  originatingTLS: tls,
  listener: object(
    {
      name: { type: 'string', minLength: 1 },
      priority: { type: 'integer', minimum: 1, maximum: 100 },
      envoyConfig: object(
        { kind: choice('CiliumEnvoyConfig', 'CiliumClusterwideEnvoyConfig'), name: { type: 'string', minLength: 1 } },
        'name',
      ),
    },
    'envoyConfig',
    'name',
  ),
});
const icmpTypeNames = [
  ...[
    'EchoReply',
    'DestinationUnreachable',
    'Redirect',
    'Echo',
    'RouterAdvertisement',
    'RouterSelection',
    'TimeExceeded',
    'ParameterProblem',
  ],
  ...['Timestamp', 'TimestampReply', 'Photuris', 'ExtendedEchoRequest', 'ExtendedEcho Reply', 'PacketTooBig', 'EchoRequest'],
  ...['MulticastListenerQuery', 'MulticastListenerReport', 'MulticastListenerDone', 'RouterSolicitation', 'NeighborSolicitation'],
  ...['NeighborAdvertisement', 'RedirectMessage', 'RouterRenumbering', 'ICMPNodeInformationQuery', 'ICMPNodeInformationResponse'],
  ...['InverseNeighborDiscoverySolicitation', 'InverseNeighborDiscoveryAdvertisement', 'HomeAgentAddressDiscoveryRequest'],
  ...['HomeAgentAddressDiscoveryReply', 'MobilePrefixSolicitation', 'MobilePrefixAdvertisement', 'DuplicateAddressRequestCodeSuffix'],
  ...['DuplicateAddressConfirmationCodeSuffix', 'ExtendedEchoReply'],
];
const icmp = object({
  fields: list(
    object(
      {
        family: choice('IPv4', 'IPv6'),
        type: {
          type: ['integer', 'string'],
          pattern: `^([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]|${icmpTypeNames.join('|')})$`,
          title: 'an ICMP type by number or name',
        },
      },
      'type',
    ),
    { maxItems: 40 },
  ),
});

// --- rules ------------------------------------------------------------------------------------------------------------

const peers = (from: 'from' | 'to', more: JsonObject): JsonObject => ({
  [`${from}Endpoints`]: selectors,
  [`${from}Requires`]: gone,
  [`${from}CIDR`]: prefixes,
  [`${from}CIDRSet`]: list(prefixSet),
  [`${from}Entities`]: list(entity),
  [`${from}Groups`]: list(group),
  [`${from}Nodes`]: selectors,
  ...(from === 'to' && { toServices: list(service) }),
  icmps: list(icmp),
  ...more,
});
const allowed = { toPorts: list(portRule), authentication: object({ mode: choice('disabled', 'required', 'test-always-fail') }, 'mode') };
const denied = { toPorts: list(object({ ports: plainPorts })) };

const rule: JsonObject = {
  ...object({
    endpointSelector: selector,
    nodeSelector: selector,
    ingress: list(object(peers('from', allowed))),
    ingressDeny: list(object(peers('from', denied))),
    egress: list(object(peers('to', { ...allowed, toFQDNs: names }))),
    egressDeny: list(object(peers('to', denied))),
    enableDefaultDeny: object({ ingress: boolean, egress: boolean }),
    labels: list(object({ key: text, value: text, source: text, cidr: {} }, 'key')),
    description: text,
    log: object({ value: { type: 'string', maxLength: 32, pattern: '^\\P{C}*$', title: 'at most 32 printable characters' } }),
  }),
  allOf: [
    exactlyOne('endpointSelector', 'nodeSelector'),
    {
      anyOf: ['ingress', 'ingressDeny', 'egress', 'egressDeny'].map((section): Json => ({ required: [section] })),
      title: 'at least one of `ingress`, `ingressDeny`, `egress`, `egressDeny`',
    },
  ],
};

const resource = (properties: JsonObject, ...required: readonly string[]): JsonObject =>
  object({ apiVersion: text, kind: text, metadata: { type: 'object' }, status: {}, ...properties }, ...required);

export const policySchema = resource({ spec: rule, specs: list(rule) });
export const groupSchema = resource({ spec: object({ externalCIDRs: list(prefix, { minItems: 0 }) }, 'externalCIDRs') }, 'spec');
