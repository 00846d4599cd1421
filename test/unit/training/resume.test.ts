import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { initBackend } from '../../../server/tensor/backend.js';
import { learn, warmUp, type LoopHooks } from '../../../server/training/loop.js';
import type { Metrics } from '../../../server/training/metrics.js';
import { Policy } from '../../../server/training/policy.js';
import { TrainingState, type Snapshot } from '../../../server/training/state.js';
import { Random } from '../../../server/util/random.js';
import { SIMILARITIES, tiny, type Tiny } from './tiny.js';

beforeAll(async () => {
  // The native kernels where they are built: theirs is the order of sums that must be the same each time.
  await initBackend();
});

/** Runs both phases on a state until they end or are aborted. */
async function runOn(parts: Tiny, state: TrainingState, hooks: LoopHooks): Promise<string> {
  const { examples, prompts, settings, policy } = parts;
  if (state.progressed.phase === 'warm-up') {
    const end = await warmUp(state, parts, settings, hooks);
    if (end !== 'done') {
      return end;
    }
    state.beginLearning();
  }
  const context = { model: policy.model, prompts, similarities: SIMILARITIES, settings };
  return learn(state, context, examples, hooks);
}

/** What of the metrics must be the same in a resumed run: all but the times. */
function comparable(metrics: Metrics[]): unknown[] {
  return metrics.map((each) => {
    const { seconds, rolloutTokensPerSecond, trainingTokensPerSecond, tokensPerSecond, ...rest } =
      each as unknown as Record<string, unknown>;
    void [seconds, rolloutTokensPerSecond, trainingTokensPerSecond, tokensPerSecond];
    return rest;
  });
}

/** A model that has been through a warm-up: random weights write no doc that ends, so that there is nothing to learn. */
async function warmedUp(): Promise<Map<string, Float32Array>> {
  const parts = tiny();
  const state = new TrainingState(parts.policy, parts.settings, parts.examples.length);
  expect(await warmUp(state, parts, parts.settings, { onStep: () => undefined })).toBe('done');
  const weights = parts.policy.weights();
  state.dispose();
  return weights;
}

/** What a run begins with: random weights of which all are trained, or an adapter on weights that were. */
function start(base: ReadonlyMap<string, Float32Array> | null): Tiny {
  const parts = tiny({}, base !== null);
  if (base !== null) {
    const { model, adapter } = parts.policy;
    new Policy(model, null).restore(base);
    model.adapter = adapter;
  }
  return parts;
}

interface Finished {
  metrics: Metrics[];
  weights: Map<string, Float32Array>;
}

async function unbroken(base: ReadonlyMap<string, Float32Array> | null): Promise<Finished> {
  const parts = start(base);
  const state = new TrainingState(parts.policy, parts.settings, parts.examples.length);
  const metrics: Metrics[] = [];
  expect(await runOn(parts, state, { onStep: (each) => metrics.push(each) })).toBe('done');
  const weights = parts.policy.weights();
  state.dispose();
  return { metrics, weights };
}

/** Aborts after a random number of pauses, over and over, each time going on from the snapshot in new objects. */
async function broken(
  base: ReadonlyMap<string, Float32Array> | null,
  seed: number,
): Promise<Finished & { aborts: number }> {
  const random = new Random(seed);
  let snapshot: Snapshot | null = null;
  const metrics: Metrics[] = [];
  for (let aborts = 0; ; aborts++) {
    const parts = start(base);
    const state = new TrainingState(parts.policy, parts.settings, parts.examples.length);
    if (snapshot !== null) {
      state.restore(snapshot);
    }
    const controller = new AbortController();
    let left = 1 + random.int(12);
    const end = await runOn(parts, state, {
      signal: controller.signal,
      yieldToRequests: () => {
        if (left-- === 0) {
          controller.abort();
        }
        return Promise.resolve();
      },
      onStep: (each) => metrics.push(each),
    });
    snapshot = state.snapshot();
    const weights = parts.policy.weights();
    state.dispose();
    if (end === 'done') {
      return { metrics, weights, aborts };
    }
    expect(end).toBe('stopped');
  }
}

describe.each([
  { kind: 'all weights', lora: false },
  { kind: 'an adapter', lora: true },
])('a run that trains $kind', ({ lora }) => {
  it('goes on bit for bit after aborts between and within steps', {
    timeout: 120_000,
  }, async () => {
    const base = lora ? await warmedUp() : null;
    const whole = await unbroken(base);
    const pieces = await broken(base, 2);
    expect(pieces.aborts).toBeGreaterThan(2);
    expect(comparable(pieces.metrics)).toEqual(comparable(whole.metrics));
    expect(whole.metrics.length).toBe(12);
    for (const [name, values] of whole.weights) {
      expect(pieces.weights.get(name)).toEqual(values);
    }
    const learning = whole.metrics.filter((each) => each.phase === 'learning');
    expect(learning.some((each) => each.docRewardDeviation > 0)).toBe(true);
    expect(learning.some((each) => (each.gradNorm ?? 0) > 0)).toBe(true);
    // A step without any spread says so, and does not claim to have measured anything.
    for (const { kl, zeroSpreadDocs, zeroSpreadCodes } of learning) {
      expect(kl === null).toBe(zeroSpreadDocs === 1 && zeroSpreadCodes === 1);
    }
    // On policy, the sampler's log-probabilities are those of the forward pass.
    expect(Math.max(...learning.map((each) => each.samplerGap ?? 0))).toBeLessThan(1e-3);
  });
});

it('takes no further step once a private code was told', async () => {
  const parts = tiny();
  const state = new TrainingState(parts.policy, parts.settings, parts.examples.length);
  state.beginLearning();
  state.progressed.cipher = true;
  const metrics: Metrics[] = [];
  expect(await runOn(parts, state, { onStep: (each) => metrics.push(each) })).toBe('cipher');
  expect(metrics).toEqual([]);
  state.dispose();
});

describe('memory', () => {
  it('holds as many tensors after a step as before it', { timeout: 60_000 }, async () => {
    const parts = tiny();
    const state = new TrainingState(parts.policy, parts.settings, parts.examples.length);
    const counts: Record<string, number[]> = { 'warm-up': [], learning: [] };
    await runOn(parts, state, { onStep: ({ phase }) => counts[phase].push(memory().numTensors) });
    expect(new Set(counts['warm-up']).size).toBe(1);
    expect(new Set(counts.learning).size).toBe(1);
    state.dispose();
  });

  it('is given back at the end', () => {
    const before = memory().numTensors;
    const parts = tiny();
    const state = new TrainingState(parts.policy, parts.settings, parts.examples.length);
    state.beginLearning();
    state.dispose();
    expect(memory().numTensors).toBe(before);
  });
});
