import {
  add,
  matMul,
  mul,
  registerGradient,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.js';
import { anyLinear, type LinearWeight } from './quantizedLinear.js';

const LORA_LINEAR = 'BatCoderLoraLinear';
const LORA_LINEAR_GRAD = 'BatCoderLoraLinearGrad';
const LORA_LINEAR_INPUT_GRAD = 'BatCoderLoraLinearInputGrad';

/**
 * A frozen linear layer with a low-rank adapter (LoRA, arXiv 2106.09685): y = x wᵀ + bias + scale (x aᵀ) bᵀ.
 * `w` and `bias` get no gradient.
 * @param x [N, I]
 * @param w [O, I]
 * @param bias [O] or null
 * @param a [r, I]
 * @param b [O, r]
 * @returns [N, O]
 */
export function loraLinear(
  x: Tensor2D,
  w: LinearWeight,
  bias: Tensor1D | null,
  a: Tensor2D,
  b: Tensor2D,
  scale: number,
): Tensor2D {
  if (hasKernel(LORA_LINEAR)) {
    const attrs = { base: w, bias, scale };
    return runKernel<Tensor2D[]>(LORA_LINEAR, { x, a, b }, attrs)[0];
  }
  const low = matMul(matMul(x, a, false, true), b, false, true);
  return add(anyLinear(x, w, bias), mul(low, scale));
}

registerGradient({
  kernelName: LORA_LINEAR,
  inputsToSave: ['x', 'a', 'b'],
  outputsToSave: [false, true],
  gradFunc: (dys, saved, attrs) => {
    const dy = (dys as unknown as Tensor2D[])[0]; // [N, O]
    const [x, a, b, low] = saved as Tensor2D[];
    const inputs = { dy, x, low, a, b };
    const [da, db, g] = runKernel<Tensor2D[]>(LORA_LINEAR_GRAD, inputs, attrs);
    return {
      x: () => runKernel<Tensor2D>(LORA_LINEAR_INPUT_GRAD, { dy, g, a }, attrs),
      a: () => da,
      b: () => db,
    };
  },
});
