// Workloads that there are, as manifests and inventories state them: what questions about concrete connections are asked of.
import { type Address, parseAddress } from '../space/address.ts';
import type { Labels } from '../space/labels.ts';
import type { TransportProtocol } from '../space/transport.ts';
import type { Transport } from './typed.ts';

/** Pods that verdicts cannot tell apart by what was stated of them: those of one Deployment, of one owner, or a single one. */
export type Workload = {
  readonly namespace?: string;
  /** Of the controller that makes the pods, where there is one. */
  readonly name: string;
  /** `Deployment`, `Pod` ...; absent where an inventory states no kinds. */
  readonly kind?: string;
  /** What selectors are asked of: `@namespace`, `@cluster` and the labels of the namespace too. */
  readonly labels: Labels;
  readonly namedPorts: readonly { readonly protocol: TransportProtocol; readonly name: string; readonly port: number }[];
  /** Where they are known; of several pods, all of theirs. */
  readonly addresses: readonly Address[];
  /** The pods use the network of their node, which no policy for workloads governs. */
  readonly onHostNetwork: boolean;
};

/** What an Ingress or a Route opens: the workloads behind its services, at their ports, to the ingress controller. */
export type Exposure = {
  /** `Ingress shop/web`. */
  readonly by: string;
  readonly namespace: string;
  /** Labels that the workloads have: the service's selector. */
  readonly selector: Labels;
  readonly transport: Transport;
};

/** What documents state beside policies, as questions about concrete connections need it. */
export type Stated = { readonly workloads: readonly Workload[]; readonly exposures: readonly Exposure[] };

/** `shop/cart[Deployment]`: the name in lists and graphs. */
export const workloadName = ({ namespace, name, kind }: Workload): string =>
  `${namespace === undefined ? '' : `${namespace}/`}${name}${kind === undefined ? '' : `[${kind}]`}`;

/** Those of the texts that are addresses. */
export const addressesIn = (texts: readonly unknown[]): readonly Address[] =>
  texts.flatMap((text) => (typeof text === 'string' ? (parseAddress(text) ?? []) : []));
