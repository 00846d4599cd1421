import {
  add,
  registerGradient,
  sum,
  tensor2d,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { gradientSum } from '../autodiff.js';
import { QuantizedMatrix } from '../weights.js';
import { embedding } from './embedding.js';
import { hasKernel, runKernel } from './kernel.js';
import { linear } from './linear.js';

const LINEAR = 'BatCoderQuantizedLinear';
const LINEAR_GRAD = 'BatCoderQuantizedLinearGrad';
const EMBEDDING = 'BatCoderQuantizedEmbedding';

/** A weight as floats, or frozen in fewer bits: [out, in]. */
export type LinearWeight = Tensor2D | QuantizedMatrix;

/** Whether the backend in use computes with weights in 8 and 4 bits; others need them as floats. */
export function canQuantize(): boolean {
  return hasKernel(LINEAR);
}

/**
 * y = x wᵀ + bias with a frozen matrix. On `native` each row of x is rounded to 8 bits by its largest magnitude, and
 * in the gradient, dx = dy w, each row of dy; the composition rounds neither.
 * @param x [N, I]
 * @param w [O, I]
 * @returns [N, O]
 */
export function quantizedLinear(x: Tensor2D, w: QuantizedMatrix, bias: Tensor1D | null): Tensor2D {
  if (canQuantize()) {
    return runKernel<Tensor2D>(LINEAR, bias ? { x, bias } : { x }, { matrix: w });
  }
  return linear(x, floats(w), bias);
}

/**
 * `linear` or `quantizedLinear`, by what the weight is.
 * @param addend [N, O] or null, added to the result
 */
export function anyLinear(
  x: Tensor2D,
  w: LinearWeight,
  bias: Tensor1D | null = null,
  addend: Tensor2D | null = null,
): Tensor2D {
  if (!(w instanceof QuantizedMatrix)) {
    return linear(x, w, bias, addend);
  }
  const y = quantizedLinear(x, w, bias);
  return addend ? add(addend, y) : y;
}

/** Rows of a table in any form: [N, D]. A quantised table gets no gradient. */
export function anyEmbedding(ids: Int32Array, table: LinearWeight): Tensor2D {
  if (!(table instanceof QuantizedMatrix)) {
    return embedding(ids, table);
  }
  if (canQuantize()) {
    return runKernel<Tensor2D>(EMBEDDING, {}, { ids, matrix: table });
  }
  return embedding(ids, floats(table));
}

/** The matrix as a tensor, [out, in]. */
export function floats(w: QuantizedMatrix): Tensor2D {
  return tensor2d(w.dequantize(), w.shape as [number, number]);
}

registerGradient({
  kernelName: LINEAR,
  gradFunc: (dy, _saved, attrs) => ({
    x: () =>
      runKernel<Tensor2D>(LINEAR_GRAD, { dy: dy as Tensor2D }, { ...attrs, sum: gradientSum('x') }),
    bias: () => sum(dy as Tensor2D, 0),
  }),
});
