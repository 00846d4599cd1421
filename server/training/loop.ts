import { Random } from '../util/random.js';
import { learningFraction, warmupFraction } from './budget.js';
import type { Example } from './examples.js';
import { learningStep } from './learningStep.js';
import { withinMemory } from './memoryBudget.js';
import type { Metrics } from './metrics.js';
import type { RolloutContext } from './rollout.js';
import { learningRateAt } from './schedule.js';
import type { Settings } from './settings.js';
import type { TrainingState } from './state.js';
import { WarmupData, warmupStep, type WarmupCorpus } from './warmup.js';

/** How a phase ended. */
export type PhaseEnd = 'done' | 'stopped' | 'cipher';

export interface LoopHooks {
  signal?: AbortSignal;
  /** Awaited between micro-steps: the editor's requests go first. */
  yieldToRequests?(): Promise<void>;
  /** Told after each step, when the state is whole and may be saved. */
  onStep(metrics: Metrics): void;
}

/** Lets others run, and ends the step where the run was aborted. */
function pauseOf(hooks: LoopHooks): () => Promise<void> {
  return async () => {
    await hooks.yieldToRequests?.();
    // A turn of the event loop: a signal handler or a message can be heard even with no hook.
    await new Promise((resolve) => setImmediate(resolve));
    hooks.signal?.throwIfAborted();
  };
}

/** Runs warm-up steps until their budget is spent. An aborted step leaves no trace. */
export async function warmUp(
  state: TrainingState,
  corpus: WarmupCorpus,
  settings: Settings,
  hooks: LoopHooks,
): Promise<PhaseEnd> {
  const { progressed } = state;
  const pause = pauseOf(hooks);
  const data = new WarmupData(corpus, settings, { ...progressed.position });
  for (let fraction = warmupFraction(settings, progressed); fraction < 1; ) {
    const began = performance.now();
    const learningRate = learningRateAt(settings.warmupLearningRate, fraction);
    const sequences = data.take(settings.warmupBatchTokens);
    try {
      const result = await withinMemory(progressed, state.policy.model, () =>
        warmupStep(
          state.policy,
          state.optimizer,
          sequences,
          { ...settings, microBatchTokens: progressed.microBatchTokens },
          learningRate,
          new Random(settings.seed * 104_729 + progressed.warmupSteps),
          pause,
        ),
      );
      const seconds = (performance.now() - began) / 1000;
      progressed.position = { ...data.position };
      progressed.epochs = data.epochs;
      progressed.warmupSteps++;
      progressed.warmupSeconds += seconds;
      progressed.tokens += result.tokens;
      hooks.onStep({
        phase: 'warm-up',
        step: progressed.warmupSteps,
        epoch: data.epochs,
        learningRate,
        tokensPerSecond: result.tokens / seconds,
        ...result,
      });
    } catch (error) {
      if (hooks.signal?.aborted) {
        return 'stopped';
      }
      throw error;
    }
    fraction = warmupFraction(settings, progressed);
  }
  return 'done';
}

/** Runs learning steps until their budget is spent, or the frozen reader tells a cipher. */
export async function learn(
  state: TrainingState,
  context: RolloutContext,
  examples: readonly Example[],
  hooks: LoopHooks,
): Promise<PhaseEnd> {
  const { progressed } = state;
  const { settings } = context;
  const pause = pauseOf(hooks);
  for (
    let fraction = learningFraction(settings, progressed);
    fraction < 1 && !progressed.cipher;
    fraction = learningFraction(settings, progressed)
  ) {
    const began = performance.now();
    const before = state.random.state;
    const learningRate = learningRateAt(settings.learningRate, fraction);
    try {
      const metrics = await learningStep(
        state,
        { ...context, signal: hooks.signal },
        examples,
        learningRate,
        pause,
      );
      progressed.learningSeconds += (performance.now() - began) / 1000;
      hooks.onStep(metrics);
    } catch (error) {
      if (hooks.signal?.aborted) {
        state.random = new Random(before);
        return 'stopped';
      }
      throw error;
    }
  }
  return progressed.cipher ? 'cipher' : 'done';
}
