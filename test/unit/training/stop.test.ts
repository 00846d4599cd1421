import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TargetBatch } from '../../../server/model/loss.js';
import { initBackend } from '../../../server/tensor/backend.js';
import { GradientSum } from '../../../server/training/gradients.js';
import { learn, warmUp, type LoopHooks } from '../../../server/training/loop.js';
import { TrainingState, type Snapshot } from '../../../server/training/state.js';
import { SIMILARITIES, tiny } from './tiny.js';

beforeAll(async () => {
  await initBackend();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Calls before each micro-batch of a kind, and lets it go on. */
function onMicroBatch(kind: 'add' | 'addWeighted', before: (batch: TargetBatch) => void): void {
  const method = Object.getOwnPropertyDescriptor(GradientSum.prototype, kind)!;
  const own = method.value as (...given: unknown[]) => undefined;
  vi.spyOn(GradientSum.prototype, kind).mockImplementation(function (
    this: GradientSum,
    batch: TargetBatch,
    ...given: unknown[]
  ) {
    before(batch);
    return own.call(this, batch, ...given);
  });
}

/** A warm-up of many micro-batches a step, or learning after such a one. */
async function prepared(phase: 'warm-up' | 'learning', epochs = 1) {
  const parts = tiny({ microBatchTokens: 60, warmupBatchTokens: 600, epochs });
  const { examples, prompts, settings, policy } = parts;
  const state = new TrainingState(policy, settings, examples.length);
  const context = { model: policy.model, prompts, similarities: SIMILARITIES, settings };
  if (phase === 'learning') {
    await warmUp(state, parts, settings, { onStep: () => undefined });
    state.beginLearning();
  }
  const run = (hooks: LoopHooks) =>
    phase === 'warm-up'
      ? warmUp(state, parts, settings, hooks)
      : learn(state, context, examples, hooks);
  return { state, run };
}

describe('Stop', () => {
  it.each([
    { phase: 'warm-up', kind: 'addWeighted', epochs: 1, pass: 1 },
    { phase: 'learning', kind: 'add', epochs: 1, pass: 1 },
    { phase: 'learning', kind: 'add', epochs: 2, pass: 2 },
  ] as const)(
    'takes effect before the next micro-batch: $phase, pass $pass of $epochs',
    async ({ phase, kind, epochs, pass }) => {
      const { state, run } = await prepared(phase, epochs);
      const controller = new AbortController();
      const seen = new Map<TargetBatch, number>();
      let after = 0;
      onMicroBatch(kind, (batch) => {
        if (controller.signal.aborted) {
          after++;
        }
        const times = (seen.get(batch) ?? 0) + 1;
        seen.set(batch, times);
        if (seen.size > 1 && times === pass) {
          controller.abort();
        }
      });
      let saved: Snapshot = state.snapshot();
      const onStep = () => (saved = state.snapshot());
      expect(await run({ signal: controller.signal, onStep })).toBe('stopped');
      expect(controller.signal.aborted).toBe(true);
      expect(after).toBe(0);
      // The step has not happened.
      expect(state.snapshot()).toEqual(saved);
      state.dispose();
    },
  );
});
