import { dispose, mul, sum, tensor1d, tidy, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import {
  lossAndGradients,
  sampledTargetLogProbs,
  targetLogProbs,
  weightedTargetLogProbs,
  type TargetBatch,
} from '../model/loss.js';
import type { SelectedLogProbs } from '../tensor/ops/logProbs.js';
import type { VocabularySample } from '../tensor/ops/vocabularySample.js';
import type { Qwen2Model } from '../model/transformer.js';

/** Log-probability and entropy of each token's target, both [N]; 0 where a token has no target. */
export interface TokenScores {
  logProbs: Float32Array;
  entropy: Float32Array;
}

/** Scores the targets of a packed batch without gradients. */
export function scoreTokens(model: Qwen2Model, batch: TargetBatch): TokenScores {
  return tidy(() => {
    const scores = targetLogProbs(model, batch);
    return { ...readScores(scores) };
  });
}

/**
 * Sums gradients over micro-batches, so that eight of one sequence are one of eight. The loss is given as its
 * derivative by the log-probabilities: each token's loss depends on its own alone, and so policy losses and
 * likelihood need nothing of tfjs but this one weighted sum.
 */
export class GradientSum {
  private readonly sums = new Map<string, Tensor>();

  constructor(private readonly model: Qwen2Model) {}

  /**
   * Runs a micro-batch forward and back and adds its gradients.
   * @param derivative of the loss by each log-probability, given the scores of this forward pass
   */
  add(batch: TargetBatch, derivative: (scores: TokenScores) => Float32Array): void {
    this.accumulate(() => {
      const scores = targetLogProbs(this.model, batch);
      const slopes = derivative(readScores(scores));
      return sum<Scalar>(mul(scores.logProbs, tensor1d(slopes)));
    });
  }

  /**
   * The same where the derivative does not depend on the scores: a quarter less work in the output layer.
   * @param slopes [N] the derivative of the loss by each log-probability
   * @param sample what stands for the whole vocabulary
   */
  addWeighted(
    batch: TargetBatch,
    slopes: Float32Array,
    sample: VocabularySample | null = null,
  ): TokenScores {
    let scores: TokenScores | null = null;
    this.accumulate(() => {
      const { total, ...parts } =
        sample === null
          ? weightedTargetLogProbs(this.model, batch, slopes)
          : sampledTargetLogProbs(this.model, batch, sample, slopes);
      scores = readScores(parts);
      return total;
    });
    return scores!;
  }

  private accumulate(loss: () => Scalar): void {
    const { gradients } = lossAndGradients(this.model, loss, this.sums);
    for (const [name, gradient] of gradients) {
      this.sums.set(name, gradient);
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

function readScores({ logProbs, entropy }: SelectedLogProbs): TokenScores {
  return { logProbs: read(logProbs), entropy: read(entropy) };
}

function read(values: Tensor): Float32Array {
  return Float32Array.from(values.dataSync<'float32'>());
}
