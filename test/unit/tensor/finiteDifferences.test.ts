import {
  grads,
  mul,
  setBackend,
  sum,
  tensor,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { attention } from '../../../server/tensor/ops/attention.js';
import { linear } from '../../../server/tensor/ops/linear.js';
import { selectedLogProbs } from '../../../server/tensor/ops/logProbs.js';
import { rmsNorm } from '../../../server/tensor/ops/rmsNorm.js';
import { rotary } from '../../../server/tensor/ops/rotary.js';
import { swiglu } from '../../../server/tensor/ops/swiglu.js';
import { COMPILED, randomInputs, randomValues, startBackends } from './support.js';

beforeAll(startBackends);

type Op = (...inputs: Tensor2D[]) => Tensor;

const SEGMENTS = [
  { start: 0, end: 5, prefixStart: 0, prefixEnd: 0 },
  { start: 5, end: 9, prefixStart: 0, prefixEnd: 3 },
];
const OPS: [string, Op, number[][]][] = [
  ['linear', (x, w, b) => linear(x, w, b as unknown as Tensor1D), [[4, 6], [5, 6], [5]]],
  ['rmsNorm', (x, g) => rmsNorm(x, g as unknown as Tensor1D, 1e-6), [[4, 9], [9]]],
  ['rotary', (x) => rotary(x, Int32Array.of(0, 3, 90), 6, 10000), [[3, 12]]],
  [
    'swiglu',
    (g, u) => swiglu(g, u),
    [
      [3, 7],
      [3, 7],
    ],
  ],
  [
    'attention',
    (q, k, v) => attention(q, k, v, SEGMENTS, 4, 2),
    [
      [9, 24],
      [9, 12],
      [9, 12],
    ],
  ],
  [
    'selectedLogProbs',
    (h, w) => selectedLogProbs(h, w, Int32Array.of(3, -1, 0)).logProbs,
    [
      [3, 5],
      [11, 5],
    ],
  ],
];

describe.each(COMPILED)('%s', (backend) => {
  /** The slope along a random direction, of each input on its own. */
  test.each(OPS)('gradients of %s equal central differences', async (_name, op, shapes) => {
    await setBackend(backend);
    const inputs = randomInputs(shapes, 9);
    const tensors = inputs.map(({ values, shape }) => tensor(values, shape));
    const run = op as unknown as (...xs: Tensor[]) => Tensor;
    const weights = tensor(randomValues(run(...tensors).size, 8), run(...tensors).shape);
    const slopes = grads((...xs: Tensor[]) => sum(mul(run(...xs), weights)))(tensors);
    inputs.forEach(({ values, shape }, i) => {
      const direction = randomValues(values.length, 20 + i);
      const at = (step: number): number => {
        const moved = tensors.slice();
        moved[i] = tensor(
          values.map((x, j) => x + step * direction[j]),
          shape,
        );
        const outputs = run(...moved).dataSync<'float32'>();
        return outputs.reduce((total, y, j) => total + y * weights.dataSync()[j], 0);
      };
      const h = 4e-3;
      const expected = slopes[i]
        .dataSync<'float32'>()
        .reduce((total, slope, j) => total + slope * direction[j], 0);
      expect(Math.abs((at(h) - at(-h)) / (2 * h) - expected)).toBeLessThan(
        3e-3 * (1 + Math.abs(expected)),
      );
    });
  });
});
