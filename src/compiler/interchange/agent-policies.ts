// The policies that say what the agent does by its settings (agent.ts): no document says it, so that a policy has to.
import type { NetworkRule, Policy, Rule, TypedPolicy } from '../ir/typed.ts';
import { equals } from '../space/interval.ts';
import { anyTransport } from '../space/transport.ts';
import type { ImportOptions } from './importer.ts';

type Say = (what: string, reason: string) => void;

/** Those that there are; what the agent would do, and no policy says, is told. */
export function policiesOfAgent({ policies, rules }: TypedPolicy, options: ImportOptions, say: Say): ReadonlySet<Policy> {
  const rulesOf = ({ id }: Policy): readonly Rule[] => rules.filter(({ policy }) => policy === id);
  const localhost = policies.filter((one) => isEverybody(one) && one.tier === 'fallback' && isFromHost(rulesOf(one)));
  const isolation = policies.filter((one) => isEverybody(one) && one.tier === 'normal' && isIsolated(one) && rulesOf(one).length === 0);
  const isAlways = options.enforcement === 'always';
  if (options.allowLocalhost && localhost.length === 0)
    say(
      'workloads that their host does not reach',
      'the agent lets it: say so by `policy allow-localhost for all tier fallback { ingress { allow from host } }`, or export for `--agent allow-localhost=policy`',
    );
  if (isAlways && isolation.length === 0)
    say('workloads that are not isolated', 'the agent isolates every one (`--agent enable-policy=always`)');
  if (options.enforcement === 'never') say('a policy', 'the agent enforces none (`--agent enable-policy=never`)');
  return new Set([...(options.allowLocalhost ? localhost : []), ...(isAlways ? isolation : [])]);
}

/** The agent's own endpoints may be of them. */
const isEverybody = ({ subject, audit, defaultDeny }: Policy): boolean =>
  !subject.host && !audit && defaultDeny.process.length === 0 && subject.workloads.some((one) => one.length === 0);
const isIsolated = ({ defaultDeny }: Policy): boolean => defaultDeny.ingress && defaultDeny.egress;

const isFromHost = (rules: readonly Rule[]): boolean =>
  rules.length > 0 && rules.every((rule) => rule.section === 'ingress' && isHostAllowed(rule));

function isHostAllowed({ action, audit, peers, transport, layer7, require }: NetworkRule): boolean {
  const others = [peers.selectors, peers.networks, peers.anyNetworks, peers.domains, peers.reserved ?? []];
  const isPlain = action === 'allow' && !audit && !layer7 && require.length === 0;
  return isPlain && peers.entities.join() === 'host' && others.every((list) => list.length === 0) && equals(transport.points, anyTransport);
}
