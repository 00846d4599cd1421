import { nativeAddon } from '../../tensor/addon.js';
import type { BackendReport } from '../../tensor/backend.js';
import { jsKernelCounts } from '../../tensor/counters.js';
import { median } from './rounds.js';

/** What was measured, before anything is divided. */
export interface Measured {
  /** Of a round. */
  tokens: number;
  /** Of each round. */
  seconds: number[];
  /** Floating-point operations of a round, by the model's arithmetic: what is computed twice counts once. */
  work: number;
}

export interface Summary {
  tokensPerSecond: number;
  bestTokensPerSecond: number;
  secondsPerStep: number;
  rounds: number;
  peakRssBytes: number;
  gflops: number;
  /** Of a large product in this same run; null where the backend is another than `native`. */
  peakGflops: number | null;
  shareOfPeak: number | null;
  backend: string;
  isa: string | null;
  threads: number;
  /** How often each JavaScript kernel ran: none should. */
  jsKernels: Record<string, number>;
}

export function summarize({ tokens, seconds, work }: Measured, backend: BackendReport): Summary {
  const middle = median(seconds);
  const gflops = work / middle / 1e9;
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  const peak = backend.name === 'native' ? productPeak() : null;
  return {
    tokensPerSecond: tokens / middle,
    bestTokensPerSecond: tokens / Math.min(...seconds),
    secondsPerStep: middle,
    rounds: seconds.length,
    peakRssBytes,
    gflops,
    peakGflops: peak,
    shareOfPeak: peak && gflops / peak,
    backend: backend.name,
    isa: backend.isa,
    threads: backend.threads,
    jsKernels: jsKernelCounts(),
  };
}

/** For people. */
export function line({
  tokensPerSecond,
  bestTokensPerSecond,
  gflops,
  peakRssBytes,
}: Summary): string {
  return (
    `${tokensPerSecond.toFixed(0)} tokens/s (best ${bestTokensPerSecond.toFixed(0)}), ` +
    `${gflops.toFixed(0)} GFLOP/s, ${(peakRssBytes / 2 ** 20).toFixed(0)} MiB at most`
  );
}

/** GFLOP/s of a large product, the median of several. */
function productPeak(): number {
  const size = 1024;
  const [a, b, c] = [1, 2, 3].map(() => new Float32Array(size * size).fill(0.5));
  const rates: number[] = [];
  for (let i = 0; i < 15; i++) {
    const start = performance.now();
    nativeAddon().gemm(a, b, c, size, size, size, false, false, 1, 0, 0, 1, false, null);
    rates.push((2 * size ** 3) / ((performance.now() - start) * 1e6));
  }
  return median(rates);
}
