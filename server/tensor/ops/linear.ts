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
const LINEAR_WEIGHT_GRAD = 'BatCoderLinearWeightGrad';

/**
 * y = x wᵀ + bias.
 * @param x [N, I]
 * @param w [O, I], as checkpoints store it
 * @param bias [O] or null
 * @returns [N, O]
 */
export function linear(x: Tensor2D, w: Tensor2D, bias?: Tensor1D | null): Tensor2D {
  if (hasKernel(LINEAR)) {
    return runKernel<Tensor2D>(LINEAR, bias ? { x, w, bias } : { x, w });
  }
  return linearComposition(x, w, bias);
}

function linearComposition(x: Tensor2D, w: Tensor2D, bias?: Tensor1D | null): Tensor2D {
  const y: Tensor2D = matMul(x, w, false, true);
  return bias ? add(y, bias) : y;
}

registerGradient({
  kernelName: LINEAR,
  inputsToSave: ['x', 'w'],
  gradFunc: (dy, saved) => {
    const g = dy as Tensor2D; // [N, O]
    const [x, w] = saved as Tensor2D[];
    return {
      x: () => matMul(g, w),
      w: () => runKernel<Tensor2D>(LINEAR_WEIGHT_GRAD, { dy: g, x }, { sum: gradientSum('w') }),
      bias: () => sum(g, 0),
    };
  },
});
