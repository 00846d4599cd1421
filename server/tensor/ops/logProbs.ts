import {
  add,
  exp,
  logSoftmax,
  matMul,
  mul,
  neg,
  oneHot,
  registerGradient,
  sum,
  tensor1d,
  tidy,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { differentiating, gradientSum, wantsGradient } from '../autodiff.js';
import { QuantizedMatrix } from '../weights.js';
import { hasKernel, runKernel } from './kernel.js';
import { anyEmbedding, canQuantize, floats, type LinearWeight } from './quantizedLinear.js';
import type { VocabularySample } from './vocabularySample.js';

const LOG_PROBS = 'BatCoderSelectedLogProbs';
const QUANTIZED_LOG_PROBS = 'BatCoderQuantizedLogProbs';
const LOG_PROBS_GRAD = 'BatCoderSelectedLogProbsGrad';
const WEIGHTED_LOG_PROBS = 'BatCoderWeightedLogProbs';

export interface SelectedLogProbs {
  /** [N], differentiable; 0 where the target is negative */
  logProbs: Tensor1D;
  /** [N], nats, no gradient; 0 where the target is negative */
  entropy: Tensor1D;
}

/**
 * The log-probability of each token's target under softmax(hidden wᵀ), and the entropy of that
 * distribution. A negative target skips its row, which costs nothing on `native`.
 * @param hidden [N, D]
 * @param w [V, D]; quantised, its values are exact and only they are rounded
 * @param targets [N]
 */
export function selectedLogProbs(
  hidden: Tensor2D,
  w: LinearWeight,
  targets: Int32Array,
): SelectedLogProbs {
  if (w instanceof QuantizedMatrix) {
    return quantizedLogProbs(hidden, w, targets);
  }
  if (hasKernel(LOG_PROBS)) {
    const attrs = { targets, weightGrad: wantsGradient(w) };
    const [logProbs, entropy] = runKernel<Tensor1D[]>(LOG_PROBS, { hidden, w }, attrs);
    return { logProbs, entropy };
  }
  return selectedLogProbsComposition(hidden, w, targets);
}

function quantizedLogProbs(
  hidden: Tensor2D,
  matrix: QuantizedMatrix,
  targets: Int32Array,
): SelectedLogProbs {
  if (!canQuantize()) {
    return selectedLogProbsComposition(hidden, floats(matrix), targets);
  }
  const attrs = { targets, weightGrad: false, matrix };
  const [logProbs, entropy] = runKernel<Tensor1D[]>(QUANTIZED_LOG_PROBS, { hidden }, attrs);
  return { logProbs, entropy };
}

export interface WeightedLogProbs extends SelectedLogProbs {
  /** Sum of weight * log-probability, differentiable; the log-probabilities themselves are not. */
  total: Scalar;
}

/**
 * The weighted sum of the log-probabilities of each token's target, for a loss whose derivative by them is known
 * beforehand: on `native` one pass gives value and gradients, and the logits are computed once. There, within
 * `valueAndGrads`, `total` must be the loss itself.
 * @param hidden [N, D]
 * @param w [V, D]
 * @param targets [N]
 * @param weights [N]
 * @param shift [V], added to the logits
 * @param weightGrad whether w's gradient is wanted
 */
export function weightedLogProbs(
  hidden: Tensor2D,
  w: LinearWeight,
  targets: Int32Array,
  weights: Float32Array,
  shift: Float32Array | null = null,
  weightGrad = learns(w),
): WeightedLogProbs {
  if (differentiating() && hasKernel(WEIGHTED_LOG_PROBS)) {
    const [inputs, attrs] =
      w instanceof QuantizedMatrix
        ? [{ hidden }, { matrix: w, weightGrad }]
        : [
            { hidden, w },
            { weightGrad, sum: gradientSum(w) },
          ];
    const [total, logProbs, entropy] = runKernel<Tensor[]>(WEIGHTED_LOG_PROBS, inputs, {
      ...attrs,
      targets,
      weights,
      shift,
    });
    return {
      total: total as Scalar,
      logProbs: logProbs as Tensor1D,
      entropy: entropy as Tensor1D,
    };
  }
  const { logProbs, entropy } =
    shift === null
      ? selectedLogProbs(hidden, w, targets)
      : selectedLogProbsComposition(
          hidden,
          w instanceof QuantizedMatrix ? floats(w) : w,
          targets,
          shift,
        );
  return { total: sum<Scalar>(mul(logProbs, tensor1d(weights))), logProbs, entropy };
}

function learns(w: LinearWeight): boolean {
  return !(w instanceof QuantizedMatrix) && wantsGradient(w);
}

/**
 * {@link weightedLogProbs} with a sample of the vocabulary in place of all of it.
 * @param table [V, D]
 */
export function sampledLogProbs(
  hidden: Tensor2D,
  table: LinearWeight,
  { ids, shift, targets }: VocabularySample,
  weights: Float32Array,
): WeightedLogProbs {
  const rows = anyEmbedding(ids, table);
  return weightedLogProbs(hidden, rows, targets, weights, shift, learns(table));
}

function selectedLogProbsComposition(
  hidden: Tensor2D,
  w: Tensor2D,
  targets: Int32Array,
  shift: Float32Array | null = null,
): SelectedLogProbs {
  const logits = matMul(hidden, w, false, true); // [N, V]
  const all = logSoftmax(shift === null ? logits : add(logits, tensor1d(shift)));
  // oneHot leaves the row of a negative target zero, which is what such a row should give.
  const chosen = oneHot(tensor1d(targets, 'int32'), w.shape[0]);
  const logProbs = sum<Tensor1D>(mul(all, chosen), 1);
  const entropy = tidy(() => {
    const kept = tensor1d(Float32Array.from(targets, (t) => (t < 0 ? 0 : 1)));
    return mul<Tensor1D>(neg(sum(mul(exp(all), all), 1)), kept);
  });
  return { logProbs, entropy };
}

registerGradient({
  kernelName: LOG_PROBS,
  inputsToSave: ['hidden', 'w'],
  outputsToSave: [false, false, true],
  gradFunc: (dys, saved, attrs) => {
    const [dy] = dys as Tensor[];
    const [hidden, w, logSum] = saved;
    const sum = attrs['weightGrad'] ? gradientSum('w') : null;
    const grads = runKernel<Tensor2D[]>(
      LOG_PROBS_GRAD,
      { dy, hidden, w, logSum },
      { ...attrs, sum },
    );
    return { hidden: () => grads[0], w: () => grads[1] };
  },
});

registerGradient({
  kernelName: QUANTIZED_LOG_PROBS,
  inputsToSave: ['hidden'],
  outputsToSave: [false, false, true],
  gradFunc: (dys, saved, attrs) => {
    const [dy] = dys as Tensor[];
    const [hidden, logSum] = saved;
    return {
      hidden: () => runKernel<Tensor2D[]>(LOG_PROBS_GRAD, { dy, hidden, logSum }, attrs)[0],
    };
  },
});

registerGradient({
  kernelName: WEIGHTED_LOG_PROBS,
  outputsToSave: [false, false, false, true, true],
  gradFunc: (dys, saved) => {
    const [dy] = dys as Tensor[];
    if (dy.dataSync()[0] !== 1) {
      throw new Error('The sum of weightedLogProbs must be the loss itself.');
    }
    return { hidden: () => saved[0].clone(), w: () => saved[1].clone() };
  },
});
