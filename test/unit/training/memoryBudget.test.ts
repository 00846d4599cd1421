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
  planMemory,
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
    ['small', 1000, false],
    ['builtin', 3000, false],
    ['builtin', 3000, true],
  ] as const)('is what a step of the %s model takes', (size, vocab, recompute) => {
    const config = configForSize(size, vocab, 0);
    const need = memoryNeed(config, { lora: false, loraRank: 0 }, recompute);
    const policy = new Policy(Qwen2Model.init(config, 1), null);
    policy.model.recompute = recompute;
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

describe('planMemory', () => {
  const config = configForSize('builtin', 3000, 0);
  const settings = { lora: false, loraRank: 0, microBatchTokens: 2048 };
  const { fixed, perToken } = memoryNeed(config, settings, false);
  it.each([
    [2048, 2048, false],
    [600, 600, false],
    [400, 900, true],
  ])('with room for the activations of %i tokens', (room, least, recompute) => {
    const budget = fixed + (room + 0.5) * perToken;
    const plan = planMemory(budget, config, settings);
    expect(plan.recompute).toBe(recompute);
    expect(plan.microBatchTokens).toBeGreaterThanOrEqual(least);
    expect(plan.expected).toBeLessThanOrEqual(budget);
  });
  it('keeps them where few tokens are all that is asked for', () => {
    const plan = planMemory(fixed + 300 * perToken, config, { ...settings, microBatchTokens: 256 });
    expect(plan).toMatchObject({ microBatchTokens: 256, recompute: false });
  });
});

describe('withinMemory', () => {
  it('computes activations again, then halves until the step fits', async () => {
    const limit = { microBatchTokens: 2048 };
    const model = { recompute: false };
    const tried: [number, boolean][] = [];
    const step = () => {
      tried.push([limit.microBatchTokens, model.recompute]);
      return limit.microBatchTokens > 600
        ? Promise.reject(new OutOfMemoryError(''))
        : Promise.resolve(7);
    };
    expect(await withinMemory(limit, model, step)).toBe(7);
    expect(tried).toEqual([
      [2048, false],
      [2048, true],
      [1024, true],
      [512, true],
    ]);
  });
  it('gives up at the least, and at other errors at once', async () => {
    const limit = { microBatchTokens: 300 };
    const full = () => Promise.reject(new OutOfMemoryError('full'));
    await expect(withinMemory(limit, { recompute: false }, full)).rejects.toThrow('full');
    expect(limit.microBatchTokens).toBe(LEAST_MICRO_BATCH);
    const other = { microBatchTokens: 2048 };
    const model = { recompute: false };
    const bug = () => Promise.reject(new Error('bug'));
    await expect(withinMemory(other, model, bug)).rejects.toThrow('bug');
    expect(model.recompute).toBe(false);
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
