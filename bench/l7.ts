// What decisions about requests cost: nginx under 0, 1, 100 and 10,000 HTTP rules beside nginx alone, and beside the same rules in
// haproxy and nginx as proxies.

import { counting, load, type Measured, programTime } from './l7/load.ts';
import { bare, governed, haproxy, isInstalled, nginxProxy, type Target } from './l7/servers.ts';
import { type Figures, figure, median, type Options, type Outcome } from './measure.ts';

const sizes = { '0': 0, '1': 1, '100': 100, '10k': 10_000 } as const;
const pathOf = (rule: number): string => `/api/item${rule}`;
/** Neither the first rule nor the last. */
const asked = (rules: number): string => pathOf(rules >> 1);

/** Each path a rule of its own. The last port has no HTTP rule. */
function policyText(rules: number, ports: readonly number[]): string {
  const [first = 0, ...others] = ports;
  const lines = Array.from({ length: rules }, (_, rule) => `    allow at tcp ${first} http { GET "${pathOf(rule)}" }`);
  const open = (rules === 0 ? ports : others).map((port) => `    allow at tcp ${port}`);
  return `policy web for { app: "web" } {\n  ingress {\n${[...lines, ...open].join('\n')}\n  }\n}\n`;
}

type Compared = { readonly key: string; readonly target: Target; readonly path: string };

async function targets(): Promise<{ readonly base: Compared; readonly others: readonly Compared[]; readonly free: Compared }> {
  const plain = await bare('bare');
  const base = { key: 'bare', target: plain, path: asked(100) };
  const others: Compared[] = [];
  let free: Compared = base;
  for (const [size, rules] of Object.entries(sizes)) {
    const [http, other] = await governed([size, `${size}_free`], (ports) => policyText(rules, ports));
    if (!http || !other) throw new Error('no server');
    others.push({ key: size, target: http, path: asked(rules) });
    if (rules === 100) free = { key: 'free', target: other, path: '/' };
  }
  const paths = Array.from({ length: 100 }, (_, rule) => pathOf(rule));
  const backend = await bare('backend');
  if (isInstalled('haproxy')) others.push({ key: 'haproxy', target: await haproxy('haproxy', backend, paths), path: asked(100) });
  others.push({ key: 'nginx', target: await nginxProxy('nginx', backend, paths), path: asked(100) });
  return { base, others, free };
}

const names = (key: string): { readonly rate: string; readonly p50: string; readonly p99: string } =>
  key === 'haproxy' || key === 'nginx'
    ? { rate: `${key}_rps_ratio_100`, p50: `${key}_p50_ratio_100`, p99: `${key}_p99_ratio_100` }
    : { rate: `http_rps_ratio_${key}`, p50: `http_p50_ratio_${key}`, p99: `http_p99_ratio_${key}` };

/** Our programs' own time for one request, and what that is of the bare time for one. */
function ownTime({ key, target, path }: Compared, rate: number): Figures {
  const { loaded } = target;
  if (!loaded) return {};
  const reader = ['pol_stream_verdict'];
  const [all, own] = [programTime(loaded), programTime(loaded, reader)];
  const { requests } = load(target, path);
  const nanoseconds = (programTime(loaded) - all) / requests;
  return {
    [`http_program_ns_${key}`]: nanoseconds,
    [`http_reader_ns_${key}`]: (programTime(loaded, reader) - own) / requests,
    [`http_program_share_${key}`]: (nanoseconds * rate) / 1e9,
  };
}

function refuse(measured: Measured, { key }: Compared): void {
  if (measured.refused > 0) throw new Error(`${measured.refused} of ${measured.requests} requests were refused by ${key}`);
}

/** One round: all in turn, each for a second. */
function round(base: Compared, others: readonly Compared[]): readonly Measured[] {
  return [base, ...others].map((one) => {
    const measured = load(one.target, one.path);
    refuse(measured, one);
    return measured;
  });
}

function ratios(rounds: readonly (readonly Measured[])[], others: readonly Compared[]): Figures {
  const of = (place: number, value: (measured: Measured) => number): readonly number[] =>
    rounds.map((measured) => {
      const [first, one] = [measured[0], measured[place]];
      return first && one ? value(one) / value(first) : Number.NaN;
    });
  return Object.assign(
    {},
    ...others.map(({ key }, i) => {
      const { rate, p50, p99 } = names(key);
      return {
        ...figure(
          rate,
          of(i + 1, (one) => one.rate),
        ),
        ...figure(
          p50,
          of(i + 1, (one) => one.p50),
        ),
        ...figure(
          p99,
          of(i + 1, (one) => one.p99),
        ),
      };
    }),
  );
}

export async function l7Bench({ quick }: Options): Promise<Outcome> {
  for (const program of ['nginx', 'wrk'])
    if (!isInstalled(program)) return { figures: {}, leftOut: { '*': `${program} is not installed: apt-get install nginx haproxy wrk` } };
  const { base, others, free } = await targets();
  const zero = others.find(({ key }) => key === '0');
  const hundred = others.find(({ key }) => key === '100');
  if (!zero || !hundred) throw new Error('no servers');
  round(base, others);
  const measured: (readonly Measured[])[] = [];
  const frees: { readonly rate: number; readonly p50: number }[] = [];
  const denied: number[] = [];
  for (let i = 0; i < (quick ? 3 : 30); i++) {
    measured.push(round(base, others));
    const [one, other] = [load(free.target, free.path), load(zero.target, free.path)];
    frees.push({ rate: one.rate / other.rate, p50: one.p50 / other.p50 });
    const refused = load(hundred.target, '/admin');
    if (refused.refused < refused.requests) throw new Error('a denied request was answered by the server');
    denied.push(refused.rate);
  }
  const rate = median(measured.map(([first]) => first?.rate ?? Number.NaN));
  const own = counting(() => Object.assign({}, ...[...others, free].map((one) => ownTime(one, rate))));
  const leftOut: Record<string, string> = isInstalled('haproxy') ? {} : { haproxy_rps_ratio_100: 'haproxy is not installed' };
  return {
    figures: {
      http_bare_rps: rate,
      ...ratios(measured, others),
      ...figure('denied_per_s', denied),
      ...figure(
        'no_l7_rr_ratio',
        frees.map((one) => one.rate),
      ),
      ...figure(
        'no_l7_p50_ratio',
        frees.map((one) => one.p50),
      ),
      ...own,
    },
    leftOut,
  };
}
