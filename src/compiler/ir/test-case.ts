// Events of `test` blocks as they were written: over a workload's selector they stand for every label set it matches.
import type { Address } from '../space/address.ts';
import type { Selector } from '../space/labels.ts';
import type { TransportPoint } from '../space/transport.ts';
import type { Content, ReservedName } from './event.ts';

export type TestEndpoint =
  | { readonly kind: 'workload'; readonly name: string; readonly selector: Selector }
  | { readonly kind: 'reserved'; readonly entities: readonly ReservedName[] }
  | { readonly kind: 'address'; readonly address: Address };

export type TestEvent =
  | {
      readonly kind: 'flow';
      readonly source: TestEndpoint;
      readonly destination: TestEndpoint;
      readonly point: TransportPoint;
      readonly request?: { readonly domain: string; readonly content: Content };
    }
  | { readonly kind: 'exec'; readonly subject: TestEndpoint; readonly content: Content };
