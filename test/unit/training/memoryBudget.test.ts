import { backend, memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { configForSize } from '../../../server/model/presets.js';
import { Qwen2Model } from '../../../server/model/transformer.js';
import { AdamW } from '../../../server/tensor/adamw.js';
import { initBackend, limitMemory } from '../../../server/tensor/backend.js';
import { OutOfMemoryError } from '../../../server/tensor/bufferPool.js';
import type { NativeBackend } from '../../../server/tensor/nativeBackend.js';
import { packSequences } from '../../../server/training/batch.js';
import { GradientSum } from '../../../server/training/gradients.js';
import { learn, warmUp } from '../../../server/training/loop.js';
import {
  LEAST_MICRO_BATCH,
  memoryNeed,
  microBatchWithin,
  withinMemory,
} from '../../../server/training/memoryBudget.js';
import { Policy } from '../../../server/training/policy.js';
import { TrainingState } from '../../../server/training/state.js';
import { SIMILARITIES, tiny } from './tiny.js';

beforeAll(() => initBackend('native'));
afterEach(() => limitMemory(Infinity));

const pool = () => (backend() as NativeBackend).pool;

describe('memoryNeed', () => {
  it.each([
    ['small', 1000],
    ['builtin', 3000],
  ] as const)('is what a step of the %s model takes', (size, vocab) => {
    const config = configForSize(size, vocab, 0);
    const need = memoryNeed(config, { lora: false, loraRank: 0 });
    const policy = new Policy(Qwen2Model.init(config, 1), null);
    const optimizer = new AdamW(policy.trainable, { lr: 1e-3 });
    const measured = (tokens: number): number => {
      const ids = Array.from({ length: 128 }, (_, i) => i % vocab);
      const batch = packSequences(Array.from({ length: tokens / 128 }, () => ids));
      pool().clear();
      const before = pool().bytes;
      const gradients = new GradientSum(policy.model);
      gradients.addWeighted(batch, new Float32Array(batch.ids.length).fill(-1));
      gradients.dispose();
      return pool().bytes - before;
    };
    measured(256);
    const perToken = (measured(2048) - measured(1024)) / 1024;
    expect(need.perToken / perToken).toBeGreaterThan(0.9);
    expect(need.perToken / perToken).toBeLessThan(1.6);
    optimizer.dispose();
    policy.dispose();
  });
});

describe('microBatchWithin', () => {
  const need = { fixed: 1000, perToken: 10 };
  it('is what is asked for, what there is room for, or the least', () => {
    expect(microBatchWithin(1e6, need, 2048)).toBe(2048);
    expect(microBatchWithin(6000, need, 2048)).toBe(500);
    expect(microBatchWithin(500, need, 2048)).toBe(LEAST_MICRO_BATCH);
  });
});

describe('withinMemory', () => {
  it('halves until the step fits', async () => {
    const limit = { microBatchTokens: 2048 };
    const step = () =>
      limit.microBatchTokens > 600 ? Promise.reject(new OutOfMemoryError('')) : Promise.resolve(7);
    expect(await withinMemory(limit, step)).toBe(7);
    expect(limit.microBatchTokens).toBe(512);
  });
  it('gives up at the least, and at other errors at once', async () => {
    const limit = { microBatchTokens: 300 };
    const full = () => Promise.reject(new OutOfMemoryError('full'));
    await expect(withinMemory(limit, full)).rejects.toThrow('full');
    expect(limit.microBatchTokens).toBe(LEAST_MICRO_BATCH);
    const other = { microBatchTokens: 2048 };
    await expect(withinMemory(other, () => Promise.reject(new Error('bug')))).rejects.toThrow(
      'bug',
    );
    expect(other.microBatchTokens).toBe(2048);
  });
});

describe('a run that has too little memory', () => {
  it('goes on with fewer tokens at a time, and leaves no tensor behind', async () => {
    const parts = tiny({
      microBatchTokens: 4096,
      warmupBatchTokens: 1024,
      warmupSteps: 2,
      steps: 1,
    });
    const { examples, prompts, settings, policy } = parts;
    const state = new TrainingState(policy, settings, examples.length);
    const hooks = { onStep: () => undefined };
    pool().clear();
    const tensors = memory().numTensors;
    limitMemory(pool().bytes + 600_000);
    expect(await warmUp(state, parts, settings, hooks)).toBe('done');
    expect(memory().numTensors).toBe(tensors);
    const { microBatchTokens } = state.progressed;
    expect(microBatchTokens).toBeLessThan(4096);
    expect(microBatchTokens).toBeGreaterThanOrEqual(LEAST_MICRO_BATCH);

    state.beginLearning();
    const context = { model: policy.model, prompts, similarities: SIMILARITIES, settings };
    expect(await learn(state, context, examples, hooks)).toBe('done');
    expect(state.snapshot().progressed.microBatchTokens).toBeLessThanOrEqual(microBatchTokens);
    state.dispose();
  });
});
