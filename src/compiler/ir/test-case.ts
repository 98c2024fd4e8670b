// Events of `test` blocks as they were written: over a workload's selector they stand for every label set it matches, over
// an entity for every endpoint that has the name, and over a field that is left open for every value.
import type { WrittenContent } from '../domains/domain.ts';
import type { Address, AddressSet } from '../space/address.ts';
import type { Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import type { TransportSet } from '../space/transport.ts';
import type { ReservedName } from './event.ts';
import type { NamedPort } from './typed.ts';

export type TestEndpoint =
  /** `except`: addresses that it does not have. */
  | { readonly kind: 'workload'; readonly name: string; readonly selector: Selector; readonly except?: AddressSet }
  /** Every endpoint that has this name, and none of `except`. */
  | { readonly kind: 'reserved'; readonly name: ReservedName; readonly except: readonly ReservedName[] }
  /** `names`: the DNS names known for the address. */
  | { readonly kind: 'address'; readonly address: Address; readonly names: readonly string[] }
  /** Some address outside everything managed, known by one name of this domain: the line holds for every such name. */
  | { readonly kind: 'domain'; readonly name: string; readonly names: Pattern };

export type TestEvent =
  | {
      readonly kind: 'flow';
      readonly source: TestEndpoint;
      readonly destination: TestEndpoint;
      /** One point; of an ICMP type every code of it. */
      readonly points: TransportSet;
      /** The port that the destination has under this name: every number that it can be, which are the points. */
      readonly portName?: NamedPort;
      readonly request?: { readonly domain: string; readonly content: WrittenContent };
    }
  | { readonly kind: 'process'; readonly domain: string; readonly subject: TestEndpoint; readonly content: WrittenContent };
