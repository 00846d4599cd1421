import {
  add,
  concat,
  mul,
  neg,
  registerGradient,
  reshape,
  split,
  tensor,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.js';

const ROTARY = 'BatCoderRotary';

/**
 * Rotary position embedding (arXiv 2104.09864) in the layout of Hugging Face models: within a head,
 * element i turns with element i + headSize / 2 by the angle position * theta^(-2i / headSize).
 * @param x [N, H * headSize]
 * @param positions [N]
 * @returns [N, H * headSize]
 */
export function rotary(
  x: Tensor2D,
  positions: Int32Array,
  headSize: number,
  theta: number,
): Tensor2D {
  if (hasKernel(ROTARY)) {
    return runKernel<Tensor2D>(ROTARY, { x }, { positions, headSize, theta, inverse: false });
  }
  return rotaryComposition(x, positions, headSize, theta);
}

function rotaryComposition(
  x: Tensor2D,
  positions: Int32Array,
  headSize: number,
  theta: number,
): Tensor2D {
  const [n, width] = x.shape;
  const half = headSize / 2;
  const cosines = new Float32Array(n * half);
  const sines = new Float32Array(n * half);
  for (let t = 0; t < n; t++) {
    for (let i = 0; i < half; i++) {
      const angle = positions[t] * theta ** ((-2 * i) / headSize);
      cosines[t * half + i] = Math.cos(angle);
      sines[t * half + i] = Math.sin(angle);
    }
  }
  const cos = tensor(cosines, [n, 1, half]);
  const sin = tensor(sines, [n, 1, half]);
  const [first, second] = split<Tensor3D>(reshape(x, [n, width / headSize, headSize]), 2, 2); // [N, H, half]
  const turned = concat(
    [add(mul(first, cos), neg(mul(second, sin))), add(mul(second, cos), mul(first, sin))],
    2,
  );
  return reshape(turned, [n, width]);
}

registerGradient({
  kernelName: ROTARY,
  gradFunc: (dy, _saved, attrs) => ({
    x: () =>
      runKernel<Tensor2D>(ROTARY, { x: dy as Tensor2D }, { ...attrs, inverse: !attrs['inverse'] }),
  }),
});
