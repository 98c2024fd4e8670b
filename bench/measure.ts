// Samples -> figures. A figure is the median of its samples with the 95 % interval of the median (order statistics, so
// that nothing is assumed about the noise).
export type Figures = Readonly<Record<string, number>>;
/** What a bench gives; `leftOut` are the keys that cannot be had on this machine, with the reason. */
export type Outcome = { readonly figures: Figures; readonly leftOut: Readonly<Record<string, string>> };
/** `quick`: few samples and small inputs, to see that it works. */
export type Options = { readonly quick: boolean };

/** How often something is measured: until so many seconds are over, but so often at least and at most. */
export type Rounds = { readonly seconds: number; readonly atLeast: number; readonly atMost: number };

export function inRounds<T>({ seconds, atLeast, atMost }: Rounds, one: (round: number) => T): readonly T[] {
  const end = performance.now() + seconds * 1000;
  const results: T[] = [];
  while (results.length < atMost && (results.length < atLeast || performance.now() < end)) results.push(one(results.length));
  return results;
}

const sorted = (samples: readonly number[]) => [...samples].sort((a, b) => a - b);

export function median(samples: readonly number[]): number {
  const values = sorted(samples);
  const middle = values.length >> 1;
  const upper = values[middle] ?? Number.NaN;
  return values.length % 2 === 1 ? upper : ((values[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** `KEY`, `KEY_lo`, `KEY_hi`. */
export function figure(key: string, samples: readonly number[]): Figures {
  const values = sorted(samples);
  // Ranks n/2 -+ 1.96 sqrt(n)/2 enclose the median with 95 %.
  const spread = (1.96 * Math.sqrt(values.length)) / 2;
  const low = Math.max(0, Math.floor(values.length / 2 - spread));
  const high = Math.min(values.length - 1, Math.ceil(values.length / 2 + spread));
  return { [key]: median(values), [`${key}_lo`]: values[low] ?? Number.NaN, [`${key}_hi`]: values[high] ?? Number.NaN };
}

/** The exponent x of time ~ size^x: the slope of the line through the logarithms (least squares). */
export function exponent(points: readonly { readonly size: number; readonly time: number }[]): number {
  const xs = points.map(({ size }) => Math.log(size));
  const ys = points.map(({ time }) => Math.log(time));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, i) => sum + (x - mx) * ((ys[i] ?? 0) - my), 0);
  return covariance / xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
}

/** Tells whoever waits what is measured now; not on stdout, whose last line is the result. */
export const progress = (doing: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${doing}`);
