import { tidy, type Scalar, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { valueAndGrads } from '../tensor/autodiff.js';
import type { AdamWParameter } from '../tensor/adamw.js';
import {
  sampledLogProbs,
  selectedLogProbs,
  weightedLogProbs,
  type SelectedLogProbs,
  type WeightedLogProbs,
} from '../tensor/ops/logProbs.js';
import type { VocabularySample } from '../tensor/ops/vocabularySample.js';
import type { PackedBatch, Qwen2Model } from './transformer.js';

/** A packed batch with what each token should predict. */
export interface TargetBatch extends PackedBatch {
  /** [N] the next token; negative where nothing is predicted. */
  targets: Int32Array;
}

/** The log-probability of every target, differentiable, and the entropy of the distribution it is from: [N] each. */
export function targetLogProbs(model: Qwen2Model, batch: TargetBatch): SelectedLogProbs {
  return tidy(() => ({
    ...selectedLogProbs(model.hidden(batch), model.headWeight(), batch.targets),
  }));
}

/**
 * Next-token loss, -sum of weight * log p(target). For a mean over T targets each weighs 1 / T.
 * @param weights [N]; without effect where a target is negative
 */
export function nextTokenLoss(
  model: Qwen2Model,
  batch: TargetBatch,
  weights: Float32Array,
): Scalar {
  return weightedTargetLogProbs(
    model,
    batch,
    weights.map((weight) => -weight),
  ).total;
}

/**
 * The sum of weight * log p(target), differentiable, and the scores it is from: {@link weightedLogProbs}.
 * @param weights [N]; without effect where a target is negative
 */
export function weightedTargetLogProbs(
  model: Qwen2Model,
  batch: TargetBatch,
  weights: Float32Array,
): WeightedLogProbs {
  return tidy(() => ({
    ...weightedLogProbs(model.hidden(batch), model.headWeight(), batch.targets, weights),
  }));
}

/**
 * The same over a sample of the vocabulary, whose targets stand for the batch's.
 * @param weights [N]; without effect where a target is negative
 */
export function sampledTargetLogProbs(
  model: Qwen2Model,
  batch: PackedBatch,
  sample: VocabularySample,
  weights: Float32Array,
): WeightedLogProbs {
  return tidy(() => ({
    ...sampledLogProbs(model.hidden(batch), model.headWeight(), sample, weights),
  }));
}

/**
 * What training changes: the adapter's parameters where the model has one, else all of its own. Weight decay applies
 * to matrices, not to gains and biases.
 */
export function trainableParameters(model: Qwen2Model): AdamWParameter[] {
  if (!model.adapter && model.matrices().size > 0) {
    throw new Error('A quantised base is frozen: train an adapter, or dequantize() it first.');
  }
  const variables: ReadonlyMap<string, Variable> = (model.adapter ?? model).variables();
  return [...variables].map(([name, variable]) => ({ name, variable, decay: variable.rank > 1 }));
}

/**
 * The value of a loss over the model and its gradients by the trainable parameters, under their names. The caller
 * disposes the gradients.
 * @param sums gradients of earlier batches that these are added to, which uses them up
 */
export function lossAndGradients(
  model: Qwen2Model,
  loss: () => Scalar,
  sums: ReadonlyMap<string, Tensor> = new Map(),
): { loss: number; gradients: Map<string, Tensor> } {
  const parameters = trainableParameters(model);
  const { value, grads } = valueAndGrads(
    loss,
    parameters.map(({ variable }) => variable),
    new Map(
      parameters.flatMap(({ name, variable }) => {
        const sum = sums.get(name);
        return sum ? [[variable, sum] as const] : [];
      }),
    ),
  );
  const gradients = new Map(parameters.map(({ name, variable }) => [name, grads.get(variable)!]));
  const [number] = value.dataSync();
  value.dispose();
  return { loss: number, gradients };
}
