import { mul, registerGradient, sigmoid, type Tensor2D } from '@tensorflow/tfjs-core';
import { hasKernel, runCheapKernel, runKernel } from './kernel.js';

const SWIGLU = 'BatCoderSwiglu';
const SWIGLU_GRAD = 'BatCoderSwigluGrad';

/**
 * silu(gate) * up (arXiv 2002.05202).
 * @param gate [N, F]
 * @param up [N, F]
 * @returns [N, F]
 */
export function swiglu(gate: Tensor2D, up: Tensor2D): Tensor2D {
  if (hasKernel(SWIGLU)) {
    return runCheapKernel<Tensor2D>(SWIGLU, { gate, up });
  }
  return swigluComposition(gate, up);
}

function swigluComposition(gate: Tensor2D, up: Tensor2D): Tensor2D {
  return mul(mul(gate, sigmoid(gate)), up);
}

registerGradient({
  kernelName: SWIGLU,
  inputsToSave: ['gate', 'up'],
  gradFunc: (dy, saved) => {
    const [gate, up] = saved;
    const [dgate, dup] = runKernel<Tensor2D[]>(SWIGLU_GRAD, { dy: dy as Tensor2D, gate, up });
    return { gate: () => dgate, up: () => dup };
  },
});
