import {
  add,
  matMul,
  mul,
  registerGradient,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { gradientSum } from '../autodiff.js';
import { hasKernel, runKernel } from './kernel.js';

const LINEAR = 'BatCoderLinear';
const LINEAR_WEIGHT_GRAD = 'BatCoderLinearWeightGrad';
const LORA_LINEAR = 'BatCoderLoraLinear';
const LORA_LINEAR_INPUT_GRAD = 'BatCoderLoraLinearInputGrad';

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

/**
 * A frozen linear layer with a low-rank adapter (LoRA, arXiv 2106.09685): y = x wᵀ + bias + scale (x aᵀ) bᵀ.
 * `w` and `bias` get no gradient.
 * @param a [r, I]
 * @param b [O, r]
 */
export function loraLinear(
  x: Tensor2D,
  w: Tensor2D,
  bias: Tensor1D | null,
  a: Tensor2D,
  b: Tensor2D,
  scale: number,
): Tensor2D {
  if (hasKernel(LORA_LINEAR)) {
    return runKernel<Tensor2D>(LORA_LINEAR, bias ? { x, w, a, b, bias } : { x, w, a, b }, {
      scale,
    });
  }
  return loraLinearComposition(x, w, bias, a, b, scale);
}

function loraLinearComposition(
  x: Tensor2D,
  w: Tensor2D,
  bias: Tensor1D | null,
  a: Tensor2D,
  b: Tensor2D,
  scale: number,
): Tensor2D {
  const low = matMul(matMul(x, a, false, true), b, false, true);
  return add(linearComposition(x, w, bias), mul(low, scale));
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

function frozen(): Tensor {
  throw new Error(
    'loraLinear holds its base weight and bias fixed: train them through linear instead.',
  );
}

registerGradient({
  kernelName: LORA_LINEAR,
  inputsToSave: ['x', 'w', 'a', 'b'],
  gradFunc: (dy, saved, attrs) => {
    const g = dy as Tensor2D; // [N, O]
    const [x, w, a, b] = saved as Tensor2D[];
    const scale = attrs['scale'] as number;
    return {
      x: () => runKernel<Tensor2D>(LORA_LINEAR_INPUT_GRAD, { dy: g, w, a, b }, { scale }),
      a: () => matMul(mul(matMul(g, b), scale), x, true, false),
      b: () => matMul(g, mul(matMul(x, a, false, true), scale), true, false),
      w: frozen,
      bias: frozen,
    };
  },
});
