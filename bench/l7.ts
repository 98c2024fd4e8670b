// What decisions about requests cost: nginx under 0, 1, 100 and 10,000 HTTP rules beside nginx alone, and beside the same rules in
// haproxy and nginx as proxies; queries of a workload with rules about names beside those of one without.

import { counting, load, type Measured, programTime } from './l7/load.ts';
import { type Resolver, resolver, type Way } from './l7/queries.ts';
import { bare, governed, haproxy, isInstalled, nginxProxy, type Target } from './l7/servers.ts';
import { tlsFigures } from './l7/tls.ts';
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

/** `names`: of its figures; `every`: it is asked in each so many rounds. */
type Compared = { readonly key: string; readonly target: Target; readonly path: string; readonly names: Names; readonly every: number };
type Names = { readonly rate: string; readonly p50: string; readonly p99?: string };
const httpNames = (key: string): Names => ({
  rate: `http_rps_ratio_${key}`,
  p50: `http_p50_ratio_${key}`,
  p99: `http_p99_ratio_${key}`,
});
const proxyNames = (key: string): Names => ({ rate: `${key}_rps_ratio_100`, p50: `${key}_p50_ratio_100`, p99: `${key}_p99_ratio_100` });
const freeNames: Names = { rate: 'no_l7_rr_ratio', p50: 'no_l7_p50_ratio' };

async function proxies(): Promise<readonly Compared[]> {
  const paths = Array.from({ length: 100 }, (_, rule) => pathOf(rule));
  const backend = await bare('backend');
  const made: Compared[] = [];
  const add = (key: string, target: Target): void => void made.push({ key, target, path: asked(100), names: proxyNames(key), every: 2 });
  if (isInstalled('haproxy')) add('haproxy', await haproxy('haproxy', backend, paths));
  add('nginx', await nginxProxy('nginx', backend, paths));
  return made;
}

/** In the order in which they are asked: `free` right behind what it is compared with. */
async function workloads(): Promise<readonly Compared[]> {
  const made: Compared[] = [];
  for (const [size, rules] of Object.entries(sizes)) {
    const [http, other] = await governed([size, `${size}_free`], (ports) => policyText(rules, ports));
    if (!http || !other) throw new Error('no server');
    made.push({ key: size, target: http, path: asked(rules), names: httpNames(size), every: 1 });
    if (rules === 100) made.splice(1, 0, { key: 'free', target: other, path: asked(0), names: freeNames, every: 1 });
  }
  return made;
}

type Round = {
  readonly base: Measured;
  readonly of: ReadonlyMap<string, Measured>;
  readonly denied: number;
};
type World = { readonly base: Target; readonly others: readonly Compared[] };

/** Answered, all of it. */
function asks({ key, target, path }: Compared): Measured {
  const measured = load(target, path);
  if (measured.refused > 0) throw new Error(`${measured.refused} of ${measured.requests} requests were refused by ${key}`);
  return measured;
}

function deniedOf(target: Target): number {
  const { rate, requests, refused } = load(target, '/admin');
  if (refused < requests) throw new Error('a denied request was answered by the server');
  return rate;
}

function queriesOf(names: Resolver): { readonly bare: number; readonly ratio: number } {
  const [plain, own] = [names.bare(), names.governed()];
  if (own.lost > own.queries / 100) throw new Error(`${own.lost} of ${own.queries} queries were not answered`);
  return { bare: plain.rate, ratio: own.rate / plain.rate };
}

/** All in turn, each for a second. */
function roundOf({ base, others }: World, number: number): Round {
  const plain = load(base, asked(100));
  const of = new Map(others.filter(({ every }) => number % every === 0).map((one) => [one.key, asks(one)]));
  const hundred = others.find(({ key }) => key === '100');
  return { base: plain, of, denied: hundred ? deniedOf(hundred.target) : Number.NaN };
}

/** Ratios to bare; of the port without rules, to that of a policy without any. */
function ratios({ key, names }: Compared, rounds: readonly Round[]): Figures {
  const ratio = (value: (measured: Measured) => number): readonly number[] =>
    rounds.flatMap(({ base, of }) => {
      const [one, other] = [of.get(key), key === 'free' ? of.get('0') : base];
      return one && other ? [value(one) / value(other)] : [];
    });
  return {
    ...figure(
      names.rate,
      ratio(({ rate }) => rate),
    ),
    ...figure(
      names.p50,
      ratio(({ p50 }) => p50),
    ),
    ...(names.p99 === undefined
      ? {}
      : figure(
          names.p99,
          ratio(({ p99 }) => p99),
        )),
  };
}

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

const prefixOf = { link: 'dns', loopback: 'dns_loopback' } as const satisfies Record<Way, string>;

/** Queries by one way. */
async function dnsFigures(way: Way, count: number): Promise<Figures> {
  const names = await resolver(way);
  queriesOf(names);
  const rounds = Array.from({ length: count }, () => queriesOf(names));
  const [prefix, rate] = [prefixOf[way], median(rounds.map((one) => one.bare))];
  const before = names.programTime();
  const { queries } = counting(names.governed);
  const nanoseconds = (names.programTime() - before) / queries;
  return {
    [`${prefix}_bare_qps`]: rate,
    ...figure(
      `${prefix}_qps_ratio`,
      rounds.map(({ ratio }) => ratio),
    ),
    [`${prefix}_program_ns`]: nanoseconds,
    [`${prefix}_program_share`]: (nanoseconds * rate) / 1e9,
  };
}

async function httpFigures(count: number): Promise<Figures> {
  const base = await bare('bare');
  const others = [...(await workloads()), ...(await proxies())];
  const world: World = { base, others };
  roundOf(world, 0);
  const rounds = Array.from({ length: count }, (_, number) => roundOf(world, number));
  const rate = median(rounds.map((one) => one.base.rate));
  const own = counting(() => others.map((one) => ownTime(one, rate)));
  return Object.assign(
    { http_bare_rps: rate },
    ...others.map((one) => ratios(one, rounds)),
    figure(
      'denied_per_s',
      rounds.map(({ denied }) => denied),
    ),
    ...own,
  );
}

/** The parts of the bench, with what each needs; one alone: `POLICYC_BENCH=dns,tls npm run bench -- l7`. */
const parts: Readonly<Record<string, { readonly needs: readonly string[]; readonly measure: (count: number) => Promise<Figures> }>> = {
  http: { needs: ['nginx', 'wrk'], measure: httpFigures },
  dns: {
    needs: ['dnsmasq', 'dnsperf', 'ip', 'taskset'],
    measure: async (count) => ({ ...(await dnsFigures('link', count)), ...(await dnsFigures('loopback', count)) }),
  },
  tls: { needs: ['nginx', 'wrk', 'openssl'], measure: tlsFigures },
};

export async function l7Bench({ quick }: Options): Promise<Outcome> {
  const asked = process.env['POLICYC_BENCH']?.split(',');
  const figures: Record<string, number> = {};
  const leftOut: Record<string, string> = isInstalled('haproxy') ? {} : { haproxy_rps_ratio_100: 'haproxy is not installed' };
  for (const [name, { needs, measure }] of Object.entries(parts)) {
    if (asked && !asked.includes(name)) continue;
    const missing = needs.filter((program) => !isInstalled(program));
    if (missing.length > 0) leftOut[name] = `${missing.join(', ')}: not installed`;
    else Object.assign(figures, await measure(quick ? 3 : 30));
  }
  return { figures, leftOut };
}
