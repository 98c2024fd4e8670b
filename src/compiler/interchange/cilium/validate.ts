// What Cilium's agent holds a policy against when it reads it, beyond the schema: a policy that it refuses is not applied at all.
import { formatPrefix, isIpv4, type Prefix, parsePrefix } from '../../space/address.ts';
import { type Field, has, itemsOf, member, textIn, textOf } from '../fields.ts';
import { entityText } from './entities.ts';
import { validateName } from './names.ts';
import { type Direction, type PeerKind, peerFields, peerKinds } from './peers.ts';
import type { Reading } from './reading.ts';
import { validatePorts } from './validate-ports.ts';
import { validateSelector } from './validate-selectors.ts';

/** Reports all that is wrong with a document whose values are of the right types. */
export function validate(root: Field, specs: readonly Field[], reading: Reading): void {
  const { kind } = reading.document;
  if (textOf(member(root, 'metadata'), 'name') === undefined) reading.refuse(['metadata'], `a ${kind} has a name`);
  if (!has(root, 'spec') && !has(root, 'specs')) reading.refuse([], 'an empty policy', 'write a `spec`');
  for (const spec of specs) validateSpec(spec, reading);
}

const sections = ['ingress', 'ingressDeny', 'egress', 'egressDeny'] as const;

function validateSpec(spec: Field, reading: Reading): void {
  const [endpoints, nodes] = [has(spec, 'endpointSelector'), has(spec, 'nodeSelector')];
  if (endpoints === nodes) reading.refuse(spec, `${endpoints ? 'both' : 'neither'} \`endpointSelector\` and \`nodeSelector\``);
  if (nodes && reading.document.kind === 'CiliumNetworkPolicy')
    reading.refuse(member(spec, 'nodeSelector'), 'nodes are governed by a CiliumClusterwideNetworkPolicy');
  for (const name of ['endpointSelector', 'nodeSelector']) validateSelector(member(spec, name), reading);
  if (sections.every((name) => itemsOf(spec, name).length === 0))
    reading.refuse(spec, 'no rule in `ingress`, `ingressDeny`, `egress` or `egressDeny`', 'an empty rule (`- {}`) isolates');
  for (const name of sections) {
    const direction = name.startsWith('ingress') ? 'ingress' : 'egress';
    for (const rule of itemsOf(spec, name)) validateRule(rule, { direction, isOfHost: nodes, isDeny: name.endsWith('Deny') }, reading);
  }
}

export type RuleKind = { readonly direction: Direction; readonly isOfHost: boolean; readonly isDeny: boolean };

function validateRule(rule: Field, kind: RuleKind, reading: Reading): void {
  const fields = peerFields[kind.direction];
  const list = (name: PeerKind): readonly Field[] => itemsOf(rule, fields[name]);
  const used = peerKinds.filter((name) => list(name).length > 0);
  if (used.length > 1)
    reading.refuse(
      rule,
      `peers of several kinds in one rule: ${used.map((name) => `\`${fields[name]}\``).join(', ')}`,
      'write a rule for each',
    );
  if (itemsOf(rule, 'icmps').length > 0 && itemsOf(rule, 'toPorts').length > 0)
    reading.refuse(member(rule, 'icmps'), '`icmps` beside `toPorts`', 'write a rule for each');
  if (list('Nodes').length > 0 && !reading.context.options.nodeLabels)
    reading.refuse(member(rule, fields.Nodes), 'rules about nodes need `--enable-node-selector-labels`');
  for (const selector of [...list('Endpoints'), ...list('Nodes')]) validateSelector(selector, reading);
  for (const block of list('CIDR')) validateBlock(block, reading);
  for (const set of list('CIDRSet')) validateBlockSet(set, reading);
  for (const entity of list('Entities'))
    if (entityText(textIn(entity) ?? '', reading.context.options) === undefined)
      reading.refuse(entity, `there is no entity \`${textIn(entity)}\``);
  for (const name of list('FQDNs')) validateName(name, reading);
  validatePorts(rule, kind, reading);
}

// --- addresses ------------------------------------------------------------------------------------------------------------

function validateBlock(field: Field, reading: Reading): Prefix | undefined {
  const prefix = parsePrefix(textIn(field) ?? '');
  if (!prefix) reading.refuse(field, `\`${textIn(field)}\` is no address block`);
  return prefix;
}

function validateBlockSet(set: Field, reading: Reading): void {
  const used = ['cidr', 'cidrGroupRef', 'cidrGroupSelector'].filter((name) => has(set, name));
  if (used.length !== 1) {
    reading.refuse(set, 'each entry is one of `cidr`, `cidrGroupRef` and `cidrGroupSelector`');
    return;
  }
  if (has(set, 'cidrGroupSelector')) validateSelector(member(set, 'cidrGroupSelector'), reading);
  const whole = has(set, 'cidr') ? validateBlock(member(set, 'cidr'), reading) : undefined;
  for (const field of itemsOf(set, 'except')) {
    const out = validateBlock(field, reading);
    if (whole && out && !isInside(out, whole)) reading.refuse(field, `${formatPrefix(out)} is not inside ${formatPrefix(whole)}`);
  }
}

/** Of the same family: no block of IPv6 holds one of IPv4. */
const isInside = (inner: Prefix, outer: Prefix): boolean =>
  isIpv4(inner.address) === isIpv4(outer.address) &&
  inner.length >= outer.length &&
  inner.address >> BigInt(128 - outer.length) === outer.address >> BigInt(128 - outer.length);
