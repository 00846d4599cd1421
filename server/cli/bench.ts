import { generate } from '../model/generation.js';
import { lossAndGradients, nextTokenLoss, trainableParameters } from '../model/loss.js';
import type { Qwen2Config } from '../model/config.js';
import { Qwen2Model } from '../model/transformer.js';
import { AdamW } from '../tensor/adamw.js';
import { nativeAddon } from '../tensor/addon.js';
import { type BackendReport, initBackend } from '../tensor/backend.js';
import { jsKernelCounts, resetJsKernelCounts } from '../tensor/counters.js';
import { segmentsOf } from '../tensor/segments.js';
import type { Command, Io, ParsedArgs } from './command.js';
import { UsageError } from '../util/errors.js';

interface Sizes {
  config: Qwen2Config;
  batch: number;
  length: number;
  rounds: number;
}

interface Measured {
  tokens: number;
  /** Of each round. */
  seconds: number[];
  /** Floating-point operations of a round. */
  work: number;
}

const integer = (name: string, summary: string) =>
  ({ name, value: 'integer', placeholder: 'N', min: 1, summary }) as const;

export const bench: Command = {
  name: 'bench',
  summary: 'measure how fast this machine trains or decodes with a model of random weights',
  usage: 'train|decode [--layers N] [--width N] [sizes] [--json]',
  example: 'batcoder bench train --layers 8 --width 384 --json',
  options: [
    integer('layers', 'blocks of the model (default 8)'),
    integer('width', 'width of the model (default 384)'),
    integer('inner', 'width inside the feed-forward block (default 8/3 of the width)'),
    integer('heads', 'attention heads (default: one for 64 of the width)'),
    integer('kv-heads', 'key-value heads (default 2, or 1)'),
    integer('vocab', 'size of the vocabulary (default 16384)'),
    integer('batch', 'sequences at a time (default 8; decode: 1)'),
    integer('length', 'tokens of a sequence (default 256; decode: 128 after a prompt of 32)'),
    integer('rounds', 'rounds measured, the median counts (default 5)'),
    integer('threads', 'threads of the native kernels (default: all cores)'),
  ],
  positionals: { min: 1, max: 1 },
  async run(args, io) {
    const what = args.positionals[0];
    if (what !== 'train' && what !== 'decode') {
      throw new UsageError(`bench measures 'train' or 'decode', not '${what}'.`);
    }
    const backend = await initBackend(undefined, { threads: args.number('threads') });
    const sizes = sizesOf(args, what);
    const model = Qwen2Model.init(sizes.config, 1);
    const parameters = [...model.variables().values()].reduce((sum, v) => sum + v.size, 0);
    io.note(
      `${what}: ${(parameters / 1e6).toFixed(1)} million parameters on ${backend.name} (${backend.reason})`,
    );
    resetJsKernelCounts();
    const measured =
      what === 'train'
        ? measureTraining(model, sizes, parameters, io)
        : await measureDecoding(model, sizes, parameters, io);
    const result = { what, parameters, ...summarize(measured, backend), ...sizesReported(sizes) };
    model.dispose();
    io.print(
      `${result.tokensPerSecond.toFixed(0)} tokens/s (best ${result.bestTokensPerSecond.toFixed(0)}), ` +
        `${result.gflops.toFixed(0)} GFLOP/s, ${(result.peakRssBytes / 2 ** 20).toFixed(0)} MiB at most`,
    );
    return result;
  },
};

function sizesOf(args: ParsedArgs, what: 'train' | 'decode'): Sizes {
  const training = what === 'train';
  const width = args.number('width') ?? 384;
  const heads = args.number('heads') ?? Math.max(1, Math.round(width / 64));
  const kvHeads = args.number('kv-heads') ?? (heads % 2 === 0 ? 2 : 1);
  if (width % heads !== 0 || heads % kvHeads !== 0 || (width / heads) % 2 !== 0) {
    throw new UsageError(
      `A width of ${width} does not divide into ${heads} heads of even size, ${kvHeads} of them key-value heads.`,
    );
  }
  const length = args.number('length') ?? (training ? 256 : 128);
  return {
    config: {
      vocabSize: args.number('vocab') ?? 16384,
      hiddenSize: width,
      innerSize: args.number('inner') ?? Math.round((width * 8) / 3),
      layers: args.number('layers') ?? 8,
      heads,
      kvHeads,
      headSize: width / heads,
      contextLength: Math.max(1024, length + PROMPT_TOKENS),
      ropeTheta: 10000,
      rmsNormEps: 1e-6,
      tiedEmbeddings: true,
      bosId: null,
      eosIds: [],
      padId: null,
    },
    batch: args.number('batch') ?? (training ? 8 : 1),
    length,
    rounds: args.number('rounds') ?? 5,
  };
}

function sizesReported({ config, batch, length }: Sizes) {
  const { layers, hiddenSize: width, innerSize: inner, heads, kvHeads, vocabSize: vocab } = config;
  return { layers, width, inner, heads, kvHeads, vocab, batch, length };
}

const PROMPT_TOKENS = 32;

/** Token ids without a pattern that a model could learn at once. */
function someIds(count: number, vocab: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 8) % vocab);
}

/** Whole steps: forward, backward and AdamW. */
function measureTraining(model: Qwen2Model, sizes: Sizes, parameters: number, io: Io): Measured {
  const { config, batch, length, rounds } = sizes;
  const tokens = batch * length;
  const ids = someIds(tokens, config.vocabSize);
  const packed = {
    ids,
    positions: ids.map((_, i) => i % length),
    segments: segmentsOf(new Array<number>(batch).fill(length)),
    targets: ids.map((_, i) => ids[(i + 1) % tokens]),
  };
  const weights = new Float32Array(tokens).fill(1 / tokens);
  const optimizer = new AdamW(trainableParameters(model), { lr: 1e-4 });
  const step = (): void => {
    const { gradients } = lossAndGradients(model, () => nextTokenLoss(model, packed, weights));
    optimizer.step(gradients, { clipNorm: 1 });
    gradients.forEach((gradient) => gradient.dispose());
  };
  const seconds = measureRounds(rounds, step, io);
  optimizer.dispose();
  // Three products for each weight and token, and causal attention's, of which half is seen.
  const attention = 6 * config.layers * batch * length * length * config.heads * config.headSize;
  return { tokens, seconds, work: 6 * parameters * tokens + attention };
}

function measureRounds(rounds: number, run: () => void, io: Io): number[] {
  const seconds: number[] = [];
  for (let round = 0; round <= rounds && !io.signal.aborted; round++) {
    const start = performance.now();
    run();
    // The first round warms up.
    if (round > 0) {
      seconds.push((performance.now() - start) / 1000);
    }
  }
  return seconds;
}

/** Sampling at temperature 1, the prompt's computation not counted. */
async function measureDecoding(
  model: Qwen2Model,
  sizes: Sizes,
  parameters: number,
  io: Io,
): Promise<Measured> {
  const { config, batch, length, rounds } = sizes;
  const prompt = [...someIds(PROMPT_TOKENS, config.vocabSize)];
  const prompts = Array.from({ length: batch }, () => prompt);
  const seconds: number[] = [];
  for (let round = 0; round <= rounds && !io.signal.aborted; round++) {
    let first = 0;
    await generate(model, prompts, {
      maxNewTokens: length + 1,
      seed: round,
      stop: () => {
        first ||= performance.now();
        return false;
      },
    });
    if (round > 0) {
      seconds.push((performance.now() - first) / 1000);
    }
  }
  const tokens = batch * length;
  return { tokens, seconds, work: 2 * parameters * tokens };
}

function summarize({ tokens, seconds, work }: Measured, backend: BackendReport) {
  const sorted = [...seconds].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? Infinity;
  const gflops = work / median / 1e9;
  const peak = backend.name === 'native' ? productPeak() : null;
  return {
    tokensPerSecond: tokens / median,
    bestTokensPerSecond: tokens / (sorted[0] ?? Infinity),
    secondsPerStep: median,
    rounds: seconds.length,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    gflops,
    peakGflops: peak,
    shareOfPeak: peak && gflops / peak,
    backend: backend.name,
    isa: backend.isa,
    threads: backend.threads,
    jsKernels: jsKernelCounts(),
  };
}

/** GFLOP/s of a large product, the median of several, in this same run. */
function productPeak(): number {
  const size = 1024;
  const [a, b, c] = [1, 2, 3].map(() => new Float32Array(size * size).fill(0.5));
  const rates: number[] = [];
  for (let i = 0; i < 15; i++) {
    const start = performance.now();
    nativeAddon().gemm(a, b, c, size, size, size, false, false, 1, 0, 0, 1, false, null);
    rates.push((2 * size ** 3) / ((performance.now() - start) * 1e6));
  }
  return rates.sort((x, y) => x - y)[rates.length >> 1];
}
