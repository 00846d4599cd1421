import {
  add,
  dispose,
  keep,
  mul,
  sum,
  tensor1d,
  tidy,
  type Scalar,
  type Tensor,
} from '@tensorflow/tfjs-core';
import type { Qwen2Model } from '../model/transformer.js';
import { valueAndGrads } from '../tensor/autodiff.js';
import { selectedLogProbs } from '../tensor/ops/logProbs.js';
import type { TrainingBatch } from './batch.js';
import type { Trainable } from './policy.js';

/** Log-probability and entropy of each token's target, both [N]; 0 where a token has no target. */
export interface TokenScores {
  logProbs: Float32Array;
  entropy: Float32Array;
}

/** Scores the targets of a packed batch without gradients. */
export function scoreTokens(model: Qwen2Model, batch: TrainingBatch): TokenScores {
  return tidy(() => {
    const scores = selectedLogProbs(model.hidden(batch), model.headWeight(), batch.targets);
    return { logProbs: read(scores.logProbs), entropy: read(scores.entropy) };
  });
}

/**
 * Sums gradients over micro-batches, so that eight of one sequence are one of eight. The loss is given as its
 * derivative by the log-probabilities: each token's loss depends on its own alone, and so policy losses and
 * likelihood need nothing of tfjs but this one weighted sum.
 */
export class GradientSum {
  private readonly sums = new Map<string, Tensor>();

  constructor(
    private readonly model: Qwen2Model,
    private readonly trainable: readonly Trainable[],
  ) {}

  /**
   * Runs a micro-batch forward and back and adds its gradients.
   * @param derivative of the loss by each log-probability, given the scores of this forward pass
   */
  add(batch: TrainingBatch, derivative: (scores: TokenScores) => Float32Array): void {
    const { value, grads } = valueAndGrads(
      () => {
        const scores = selectedLogProbs(
          this.model.hidden(batch),
          this.model.headWeight(),
          batch.targets,
        );
        const slopes = derivative({
          logProbs: read(scores.logProbs),
          entropy: read(scores.entropy),
        });
        return sum(mul(scores.logProbs, tensor1d(slopes))) as Scalar;
      },
      this.trainable.map(({ variable }) => variable),
    );
    value.dispose();
    for (const { name, variable } of this.trainable) {
      const grad = grads.get(variable);
      if (grad === undefined) {
        continue;
      }
      const before = this.sums.get(name);
      this.sums.set(name, before === undefined ? grad : keep(tidy(() => add(before, grad))));
      if (before !== undefined) {
        dispose([before, grad]);
      }
    }
  }

  /** The sums by parameter name; they stay this object's. */
  get gradients(): ReadonlyMap<string, Tensor> {
    return this.sums;
  }

  dispose(): void {
    dispose([...this.sums.values()]);
    this.sums.clear();
  }
}

function read(values: Tensor): Float32Array {
  return Float32Array.from(values.dataSync<'float32'>());
}
