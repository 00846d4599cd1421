import {
  add,
  matMul,
  registerGradient,
  sum,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { gradientSum } from '../autodiff.js';
import { hasKernel, runKernel } from './kernel.js';

const LINEAR = 'BatCoderLinear';
const LINEAR_INPUT_GRAD = 'BatCoderLinearInputGrad';
const LINEAR_WEIGHT_GRAD = 'BatCoderLinearWeightGrad';

/**
 * y = x wᵀ + bias + addend.
 * @param x [N, I]
 * @param w [O, I], as checkpoints store it
 * @param bias [O] or null
 * @param addend [N, O] or null
 * @returns [N, O]
 */
export function linear(
  x: Tensor2D,
  w: Tensor2D,
  bias: Tensor1D | null = null,
  addend: Tensor2D | null = null,
): Tensor2D {
  if (hasKernel(LINEAR)) {
    return runKernel<Tensor2D>(LINEAR, { x, w, ...(bias && { bias }), ...(addend && { addend }) });
  }
  const y: Tensor2D = matMul(x, w, false, true);
  const shifted = bias ? add<Tensor2D>(y, bias) : y;
  return addend ? add(addend, shifted) : shifted;
}

registerGradient({
  kernelName: LINEAR,
  inputsToSave: ['x', 'w'],
  gradFunc: (dy, saved) => {
    const g = dy as Tensor2D; // [N, O]
    const [x, w] = saved as Tensor2D[];
    return {
      x: () => runKernel<Tensor2D>(LINEAR_INPUT_GRAD, { dy: g, w }, { sum: gradientSum('x') }),
      w: () => runKernel<Tensor2D>(LINEAR_WEIGHT_GRAD, { dy: g, x }, { sum: gradientSum('w') }),
      bias: () => sum(g, 0),
      addend: () => g,
    };
  },
});
