// Events of `test` blocks as they were written: over a workload's selector they stand for every label set it matches, and
// over a field that is left open for every value.
import type { WrittenContent } from '../domains/domain.ts';
import type { Address } from '../space/address.ts';
import type { Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import type { TransportPoint } from '../space/transport.ts';
import type { ReservedName } from './event.ts';

export type TestEndpoint =
  | { readonly kind: 'workload'; readonly name: string; readonly selector: Selector }
  | { readonly kind: 'reserved'; readonly entities: readonly ReservedName[] }
  /** `names`: the DNS names known for the address. */
  | { readonly kind: 'address'; readonly address: Address; readonly names: readonly string[] }
  /** Some address outside everything managed, known by one name of this domain: the line holds for every such name. */
  | { readonly kind: 'domain'; readonly name: string; readonly names: Pattern };

export type TestEvent =
  | {
      readonly kind: 'flow';
      readonly source: TestEndpoint;
      readonly destination: TestEndpoint;
      readonly point: TransportPoint;
      readonly request?: { readonly domain: string; readonly content: WrittenContent };
    }
  | { readonly kind: 'process'; readonly domain: string; readonly subject: TestEndpoint; readonly content: WrittenContent };
