// What the demo tries, what has to come of it, and who has to decide it: a rule (found by its text in the policy) or
// the default deny of named policies.
import type { Attempt } from './agents.ts';
import { addresses, type Family, type Party } from './world.ts';

/** A rule, by a piece of its line; or the policies that brought default deny. */
export type Decider = { readonly kind: 'rule'; readonly text: string } | { readonly kind: 'default'; readonly policies: readonly string[] };
export type Expectation = { readonly what: string; readonly allowed: boolean; readonly by: Decider };
/** One attempt gives one outcome for each expectation: several for the requests of one connection. */
export type Case = { readonly who: string; readonly agent: string; readonly attempt: Attempt; readonly expected: readonly Expectation[] };

const rule = (text: string): Decider => ({ kind: 'rule', text });
const byDefault = (...policies: readonly string[]): Decider => ({ kind: 'default', policies });
const families: readonly Family[] = ['v4', 'v6'];

type Flow = {
  readonly from: Party;
  readonly to: Party;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly allowed: boolean;
  readonly by: Decider;
};

/** The outsiders are one process with two addresses each way. */
const agentOf = (from: Flow['from']) => (from === 'guest' ? 'office' : from);
const sourceOf = (from: Flow['from'], family: Family) => (from === 'guest' || from === 'office' ? { from: addresses[from][family] } : {});
const nameOf = (to: Party, family: Family) => (to === 'loopback' ? `postgres (${addresses.loopback[family]})` : to);

const flow = ({ from, to, protocol, port, allowed, by }: Flow): readonly Case[] =>
  families.map((family) => ({
    who: from,
    agent: agentOf(from),
    attempt: { kind: protocol, host: addresses[to][family], port, ...sourceOf(from, family) },
    expected: [{ what: `${nameOf(to, family)} ${protocol} ${port} ${family}`, allowed, by }],
  }));

type Conversation = {
  readonly from: Party;
  readonly to: Party;
  readonly port: number;
  readonly requests: readonly (readonly [request: string, allowed: boolean, by: Decider])[];
};

/** All requests on one connection, once for each family. */
const conversation = ({ from, to, port, requests }: Conversation): readonly Case[] =>
  families.map((family) => ({
    who: from,
    agent: agentOf(from),
    attempt: { kind: 'http', host: addresses[to][family], port, requests: requests.map(([request]) => request), ...sourceOf(from, family) },
    expected: requests.map(([request, allowed, by]) => ({ what: `${to} ${request} ${family}`, allowed, by })),
  }));

type Start = { readonly program: string; readonly args: readonly string[]; readonly allowed: boolean; readonly by: Decider };
const start = ({ program, args, allowed, by }: Start): Case => ({
  who: 'cart',
  agent: 'cart',
  attempt: { kind: 'exec', program, args },
  expected: [{ what: `starts ${program}`, allowed, by }],
});

const cartApi = rule('allow from storefront at tcp 8080 http');
const toResolver = { to: 'resolver', protocol: 'udp' } as const;
const toPostgres = { to: 'postgres', protocol: 'tcp' } as const;
const toCartShell = { to: 'cart', protocol: 'tcp', port: 22 } as const;

/** Everything; `foreign` is a program under /tmp. */
export const cases = (foreign: string): readonly Case[] => [
  ...conversation({
    from: 'storefront',
    to: 'cart',
    port: 8080,
    requests: [
      ['GET /cart/42', true, cartApi],
      ['DELETE /cart/42', false, byDefault('cart-access')],
      ['POST /cart/42/items', true, cartApi],
      ['GET /cart/42/../../etc', false, byDefault('cart-access')],
      ['GET /cart/7', true, cartApi],
    ],
  }),
  ...conversation({
    from: 'office',
    to: 'storefront',
    port: 80,
    requests: [
      ['GET /', true, rule('allow from world at tcp 80')],
      ['GET /admin/orders/7', true, rule('allow from world at tcp 80')],
    ],
  }),
  ...conversation({
    from: 'guest',
    to: 'storefront',
    port: 80,
    requests: [
      ['GET /', true, rule('allow from world at tcp 80')],
      ['GET /admin/orders/7', false, rule('deny from world except office at tcp 80 http')],
    ],
  }),
  ...flow({ from: 'cart', ...toPostgres, port: 5432, allowed: true, by: rule('allow from cart at pg') }),
  ...flow({ from: 'cart', ...toPostgres, port: 5433, allowed: false, by: byDefault('cart-access') }),
  ...flow({ from: 'storefront', ...toPostgres, port: 5432, allowed: false, by: byDefault('storefront-access') }),
  ...flow({ from: 'backup', to: 'loopback', protocol: 'tcp', port: 5432, allowed: false, by: rule('deny from backup at pg') }),
  ...flow({ from: 'office', ...toCartShell, allowed: true, by: rule('allow from office at tcp 22') }),
  ...flow({ from: 'guest', ...toCartShell, allowed: false, by: byDefault('cart-access') }),
  ...flow({ from: 'cart', to: 'office', protocol: 'tcp', port: 443, allowed: false, by: byDefault('cart-access') }),
  ...flow({ from: 'cart', ...toResolver, port: 53, allowed: true, by: rule('allow to resolver at [udp 53, tcp 53]') }),
  ...flow({ from: 'cart', ...toResolver, port: 5353, allowed: false, by: byDefault('cart-access') }),
  start({ program: '/usr/bin/curl', args: ['--version'], allowed: true, by: rule('allow exec "/usr/bin/curl"') }),
  start({ program: '/bin/sh', args: ['-c', 'true'], allowed: false, by: byDefault('cart-access') }),
  start({ program: foreign, args: [], allowed: false, by: rule('deny exec under "/tmp"') }),
];

/** The same request before and after the change. */
export const changedRequest = (allowed: boolean): Case => ({
  who: 'storefront',
  agent: 'storefront',
  attempt: { kind: 'http', host: addresses.cart.v4, port: 8080, requests: ['DELETE /cart/42'] },
  expected: [{ what: 'cart DELETE /cart/42 v4', allowed, by: allowed ? cartApi : byDefault('cart-access') }],
});
