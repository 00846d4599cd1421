import {
  add,
  matMul,
  mul,
  registerGradient,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { gradientSum } from '../autodiff.js';
import { QuantizedMatrix } from '../weights.js';
import { hasKernel, runKernel } from './kernel.js';
import { anyLinear, type LinearWeight } from './quantizedLinear.js';

const LORA_LINEAR = 'BatCoderLoraLinear';
const QUANTIZED_LORA_LINEAR = 'BatCoderQuantizedLoraLinear';
const LORA_LINEAR_GRAD = 'BatCoderLoraLinearGrad';
const LORA_LINEAR_INPUT_GRAD = 'BatCoderLoraLinearInputGrad';

/**
 * A frozen linear layer with a low-rank adapter (LoRA, arXiv 2106.09685): y = x wᵀ + bias + scale (x aᵀ) bᵀ + addend.
 * `w` and `bias` get no gradient.
 * @param x [N, I]
 * @param w [O, I]
 * @param bias [O] or null
 * @param a [r, I]
 * @param b [O, r]
 * @param addend [N, O] or null
 * @returns [N, O]
 */
export function loraLinear(
  x: Tensor2D,
  w: LinearWeight,
  bias: Tensor1D | null,
  a: Tensor2D,
  b: Tensor2D,
  scale: number,
  addend: Tensor2D | null = null,
): Tensor2D {
  if (hasKernel(LORA_LINEAR)) {
    const added = addend && { addend };
    const [y] =
      w instanceof QuantizedMatrix
        ? runKernel<Tensor2D[]>(
            QUANTIZED_LORA_LINEAR,
            { x, a, b, ...added },
            { matrix: w, bias, scale },
          )
        : runKernel<Tensor2D[]>(LORA_LINEAR, { x, a, b, w, ...added }, { bias, scale });
    return y;
  }
  const low = matMul(matMul(x, a, false, true), b, false, true);
  return add(anyLinear(x, w, bias, addend), mul(low, scale));
}

function frozen(): Tensor {
  throw new Error('loraLinear holds its base weight fixed: train it through linear instead.');
}

for (const kernelName of [LORA_LINEAR, QUANTIZED_LORA_LINEAR]) {
  const base = kernelName === LORA_LINEAR ? ['w'] : [];
  registerGradient({
    kernelName,
    inputsToSave: ['x', 'a', 'b', ...base],
    outputsToSave: [false, true],
    gradFunc: (dys, saved, attrs) => {
      const dy = (dys as unknown as Tensor2D[])[0]; // [N, O]
      const [x, a, b] = saved;
      const low = saved[saved.length - 1]; // [N, r]
      const w: Record<string, Tensor> = base.length > 0 ? { w: saved[3] } : {};
      const [da, db, g] = runKernel<Tensor2D[]>(LORA_LINEAR_GRAD, { dy, x, low, a, b }, attrs);
      return {
        x: () =>
          runKernel<Tensor2D>(
            LORA_LINEAR_INPUT_GRAD,
            { dy, g, a, ...w },
            { ...attrs, sum: gradientSum('x') },
          ),
        a: () => da,
        b: () => db,
        addend: () => dy,
        w: frozen,
      };
    },
  });
}
