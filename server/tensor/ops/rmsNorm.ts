import {
  add,
  mean,
  mul,
  registerGradient,
  rsqrt,
  square,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { gradientSum } from '../autodiff.js';
import { hasKernel, runCheapKernel, runKernel } from './kernel.js';

const RMS_NORM = 'BatCoderRmsNorm';
const RMS_NORM_GRAD = 'BatCoderRmsNormGrad';

/**
 * x / sqrt(mean(x²) + eps) * gain, by row (arXiv 1910.07467).
 * @param x [N, D]
 * @param gain [D]
 * @returns [N, D]
 */
export function rmsNorm(x: Tensor2D, gain: Tensor1D, eps: number): Tensor2D {
  if (hasKernel(RMS_NORM)) {
    return runCheapKernel<Tensor2D>(RMS_NORM, { x, gain }, { eps });
  }
  return rmsNormComposition(x, gain, eps);
}

function rmsNormComposition(x: Tensor2D, gain: Tensor1D, eps: number): Tensor2D {
  const scale = rsqrt(add(mean(square(x), 1, true), eps)); // [N, 1]
  return mul(mul(x, scale), gain);
}

registerGradient({
  kernelName: RMS_NORM,
  inputsToSave: ['x', 'gain'],
  gradFunc: (dy, saved, attrs) => {
    const [x, gain] = saved;
    const [dx, dgain] = runKernel<Tensor2D[]>(
      RMS_NORM_GRAD,
      { dy: dy as Tensor2D, x, gain },
      { ...attrs, sum: gradientSum('x') },
    );
    return { x: () => dx, gain: () => dgain };
  },
});
