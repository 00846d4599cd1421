import type { Qwen2Config } from '../model/config.js';
import { parameterCount } from '../model/parameters.js';
import { OutOfMemoryError } from '../tensor/bufferPool.js';
import { MOST_PACKED_BYTES } from '../tensor/packedWeights.js';
import type { Settings } from './settings.js';

/** Bytes of a training run by what they depend on. */
export interface MemoryNeed {
  /** Weights, their packed form, reference, gradients and the optimizer's moments. */
  fixed: number;
  /** Of a forward and backward pass, for each of its tokens. */
  perToken: number;
}

const FLOAT = 4;
/** The pool's blocks are somewhat larger than what is asked for. */
const POOLED = 1.15;
/** Of the machine's memory: the editor and the person's other programs need the rest. */
const SHARE = 0.5;
/** Fewer tokens at a time than this, and the machine is too small for the model. */
export const LEAST_MICRO_BATCH = 128;
/** With at least this many tokens at a time, a token takes hardly more time than with thousands. */
const ENOUGH_TOKENS = 512;

/** What a run may take of a machine's memory. */
export function memoryBudget(machineBytes: number): number {
  return SHARE * machineBytes;
}

/**
 * What training takes, reckoned from the shapes; a test holds what a token takes against the memory that the kernels really took.
 * @param recompute whether the activations of a block are computed again in the backward pass
 */
export function memoryNeed(
  config: Qwen2Config,
  { lora, loraRank }: Pick<Settings, 'lora' | 'loraRank'>,
  recompute: boolean,
): MemoryNeed {
  const weights = parameterCount(config);
  const { layers, hiddenSize, innerSize, heads, kvHeads, headSize } = config;
  const keys = kvHeads * headSize;
  const pairs = layers * loraRank * (6 * hiddenSize + 2 * keys + 3 * innerSize);
  const trained = lora ? pairs : weights;
  // Sampling holds the weights a second time, packed.
  const packed = FLOAT * weights <= MOST_PACKED_BYTES ? weights : 0;
  // Kept by a block for its backward pass: both norms' inputs, q, k, v, the mixed values, gate and up.
  const block = 3 * hiddenSize + heads * headSize + 2 * keys + 2 * innerSize + heads;
  // What a block computes and lets go of again, forward or backward, at its widest.
  const passing = 4 * hiddenSize + 4 * innerSize;
  return {
    // Trained ones also have a reference, a gradient and two moments.
    fixed: FLOAT * (weights + packed + 4 * trained),
    perToken:
      POOLED * FLOAT * (passing + (recompute ? layers * hiddenSize + block : layers * block)),
  };
}

/**
 * Tokens of a forward and backward pass: as many as asked for, or as the budget has room for, but at least
 * `LEAST_MICRO_BATCH`.
 */
export function microBatchWithin(budget: number, need: MemoryNeed, asked: number): number {
  const room = Math.floor((budget - need.fixed) / need.perToken);
  return Math.max(LEAST_MICRO_BATCH, Math.min(asked, room));
}

/** How a run keeps within its memory. */
export interface MemoryPlan {
  budget: number;
  /** Bytes that it will take. */
  expected: number;
  microBatchTokens: number;
  recompute: boolean;
}

/**
 * Activations are computed again only where keeping them leaves room for so few tokens at a time that the time for
 * this is well spent.
 */
export function planMemory(
  budget: number,
  config: Qwen2Config,
  settings: Pick<Settings, 'lora' | 'loraRank' | 'microBatchTokens'>,
): MemoryPlan {
  const asked = settings.microBatchTokens;
  const plan = (recompute: boolean): MemoryPlan => {
    const need = memoryNeed(config, settings, recompute);
    const microBatchTokens = microBatchWithin(budget, need, asked);
    const expected = need.fixed + microBatchTokens * need.perToken;
    return { budget, expected, microBatchTokens, recompute };
  };
  const keeping = plan(false);
  return keeping.microBatchTokens < Math.min(asked, ENOUGH_TOKENS) ? plan(true) : keeping;
}

/**
 * Runs a step until it fits into the memory: then with activations computed again, then with fewer and fewer tokens
 * at a time.
 * @param limit where the number of tokens is kept
 * @param step leaves nothing behind when it fails
 * @throws OutOfMemoryError where even the fewest do not fit
 */
export async function withinMemory<T>(
  limit: { microBatchTokens: number },
  model: { recompute: boolean },
  step: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await step();
    } catch (error) {
      const least = limit.microBatchTokens <= LEAST_MICRO_BATCH;
      if (!(error instanceof OutOfMemoryError) || (model.recompute && least)) {
        throw error;
      }
      if (model.recompute) {
        const half = Math.floor(limit.microBatchTokens / 2);
        limit.microBatchTokens = Math.max(LEAST_MICRO_BATCH, half);
      }
      model.recompute = true;
    }
  }
}
