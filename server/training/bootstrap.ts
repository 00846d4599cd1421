import { Random } from '../util/random.js';

/** A mean with its 95 % interval. */
export interface Estimate {
  mean: number;
  low: number;
  high: number;
  count: number;
}

const RESAMPLES = 1000;

/** The 95 % percentile interval of a statistic, of which each call draws one sample more (Efron 1979). */
export function percentileInterval(draw: () => number): { low: number; high: number } {
  const drawn = Float64Array.from({ length: RESAMPLES }, draw).sort();
  return {
    low: drawn[Math.floor(RESAMPLES * 0.025)],
    high: drawn[Math.ceil(RESAMPLES * 0.975) - 1],
  };
}

/** The mean of a sample and its percentile bootstrap interval. The same values and seed give the same interval. */
export function bootstrap(values: readonly number[], seed: number): Estimate {
  const count = values.length;
  if (count === 0) {
    return { mean: 0, low: 0, high: 0, count };
  }
  const random = new Random(seed);
  const interval = percentileInterval(() => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      sum += values[random.int(count)];
    }
    return sum / count;
  });
  return { mean: values.reduce((sum, value) => sum + value, 0) / count, ...interval, count };
}
