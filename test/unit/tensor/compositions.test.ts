import {
  grad,
  scalar,
  sum,
  tensor2d,
  variable,
  tensor1d,
  mul,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { valueAndGrads } from '../../../server/tensor/autodiff.js';
import { initBackend } from '../../../server/tensor/backend.js';
import { attention } from '../../../server/tensor/ops/attention.js';
import { embedding } from '../../../server/tensor/ops/embedding.js';
import { rmsNorm } from '../../../server/tensor/ops/rmsNorm.js';
import { rotary } from '../../../server/tensor/ops/rotary.js';
import { selectedLogProbs } from '../../../server/tensor/ops/logProbs.js';
import { swiglu } from '../../../server/tensor/ops/swiglu.js';

beforeAll(async () => {
  await initBackend('cpu');
});

test('everything differentiates on cpu', () => {
  const n = 6;
  const x = tensor2d(
    Float32Array.from({ length: n * 8 }, (_, i) => Math.sin(i)),
    [n, 8],
  );
  const segs = [
    { start: 0, end: 2, prefixStart: 0, prefixEnd: 0 },
    { start: 2, end: 4, prefixStart: 0, prefixEnd: 2 },
    { start: 4, end: 6, prefixStart: 0, prefixEnd: 2 },
  ];
  const table = variable(
    tensor2d(
      Float32Array.from({ length: 80 }, (_, i) => Math.cos(i)),
      [10, 8],
    ),
  );
  const { value, grads } = valueAndGrads(() => {
    const h = embedding(Int32Array.of(1, 2, 3, 1, 2, 3), table as Tensor2D);
    const y = rmsNorm(h, tensor1d([1, 1, 1, 1, 1, 1, 1, 1]), 1e-6);
    const r = rotary(y, Int32Array.of(0, 1, 2, 3, 2, 3), 4, 10000);
    const a = attention(r, r, y, segs, 2, 2);
    const s = swiglu(a, mul(x, a));
    return sum(selectedLogProbs(s, table as Tensor2D, Int32Array.of(1, 2, 3, -1, 5, 6)).logProbs);
  }, [table]);
  expect(Number.isFinite(value.dataSync()[0])).toBe(true);
  expect(grads.get(table)!.shape).toEqual([10, 8]);
  void grad;
  void scalar;
});
