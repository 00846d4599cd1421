import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { attention } from '../../../server/tensor/ops/attention.js';
import { selectedLogProbs } from '../../../server/tensor/ops/logProbs.js';
import { rmsNorm } from '../../../server/tensor/ops/rmsNorm.js';
import { rotary } from '../../../server/tensor/ops/rotary.js';
import { swiglu } from '../../../server/tensor/ops/swiglu.js';
import { segmentsOf } from '../../../server/tensor/segments.js';
import {
  type Exact,
  exactAttention,
  exactLogProbs,
  exactRmsNorm,
  exactRotary,
  exactSwiglu,
} from './float64.js';
import {
  COMPILED,
  evaluate,
  expectClose,
  randomInputs,
  randomValues,
  startBackends,
  weightedLogProbsCase,
} from './support.js';

beforeAll(startBackends);

/** As large as the value is, for 24 bits and sums of some hundred terms. */
const TOLERANCE = 5e-6;

describe.each(COMPILED)('%s computes what doubles give', (backend) => {
  async function compare(
    op: (...inputs: Tensor2D[]) => Tensor,
    shapes: number[][],
    exact: (inputs: Float32Array[], dy: Float32Array) => Exact,
  ): Promise<void> {
    const inputs = randomInputs(shapes, 3);
    const found = await evaluate(backend, op as (...inputs: Tensor[]) => Tensor, inputs);
    const expected = exact(
      inputs.map(({ values }) => values),
      randomValues(found.value.length, 7),
    );
    expectClose(found.value, expected.value, TOLERANCE);
    expect(found.grads.length).toBe(expected.grads.length);
    found.grads.forEach((grad, i) => expectClose(grad, expected.grads[i], TOLERANCE));
  }

  test.each([
    // Without eps the norm of one number has no slope, and rounding would be all that is left.
    [1, 1, 0.5],
    [5, 3, 1e-6],
    [33, 48, 1e-6],
    [70, 129, 1e-6],
    [3, 1000, 1e-5],
  ])('rmsNorm of [%i, %i], eps %d', async (n, width, eps) => {
    await compare(
      (x, gain) => rmsNorm(x, gain as Tensor as Tensor1D, eps),
      [[n, width], [width]],
      ([x, gain], dy) => exactRmsNorm(x, gain, eps, dy),
    );
  });

  test.each([
    [1, 1],
    [9, 31],
    [64, 320],
    [3, 1025],
  ])('swiglu of [%i, %i]', async (n, width) => {
    await compare(
      swiglu,
      [
        [n, width],
        [n, width],
      ],
      ([gate, up], dy) => exactSwiglu(gate, up, dy),
    );
  });

  test.each([
    [1, 1, 2],
    [7, 3, 10],
    [13, 1, 34],
    [40, 6, 64],
  ])('rotary of %i tokens, %i heads of %i', async (n, heads, size) => {
    const positions = Int32Array.from({ length: n }, (_, i) => (i * 37) % 600);
    await compare(
      (x) => rotary(x, positions, size, 10000),
      [[n, heads * size]],
      ([x], dy) => exactRotary(x, positions, size, 10000, dy),
    );
  });

  test.each([
    [1, 1, 1],
    [1, 3, 5],
    [20, 17, 700],
    [50, 32, 1100],
    [9, 65, 33],
  ])('softmax and cross-entropy: %i tokens of width %i, %i in the vocabulary', async (...sizes) => {
    const [n, width, vocab] = sizes;
    const targets = Int32Array.from({ length: n }, (_, i) =>
      i % 4 === 3 ? -1 : (i * 131) % vocab,
    );
    const exact = ([h, w]: Float32Array[], dy: Float32Array) => exactLogProbs(h, w, targets, dy);
    await compare(
      (h, w) => selectedLogProbs(h, w, targets).logProbs,
      [
        [n, width],
        [vocab, width],
      ],
      exact,
    );
    // The inputs, targets and weights of that case.
    const [total, dHidden, dTable, logProbs] = await weightedLogProbsCase(n, width, vocab)(
      backend,
      false,
      false,
    );
    const weights = randomValues(n, 3).map((x, i) => (i % 5 === 2 ? 0 : x));
    const inputs = randomInputs([
      [n, width],
      [vocab, width],
    ]).map(({ values }) => values);
    const expected = exact(inputs, weights);
    expectClose(logProbs, expected.value, TOLERANCE);
    expectClose(total, [expected.value.reduce((sum, x, i) => sum + x * weights[i], 0)], TOLERANCE);
    expectClose(dHidden, expected.grads[0], TOLERANCE);
    expectClose(dTable, expected.grads[1], TOLERANCE);
  });

  const shared = [
    { start: 0, end: 37, prefixStart: 0, prefixEnd: 0 },
    { start: 37, end: 40, prefixStart: 0, prefixEnd: 37 },
    { start: 40, end: 141, prefixStart: 0, prefixEnd: 20 },
    { start: 141, end: 142, prefixStart: 0, prefixEnd: 0 },
    { start: 142, end: 143, prefixStart: 141, prefixEnd: 142 },
  ];
  test.each([
    ['one token', segmentsOf([1]), 1, 1, 1],
    ['odd sizes', segmentsOf([3, 1, 17]), 2, 1, 5],
    ['several blocks', segmentsOf([200, 65]), 3, 1, 16],
    ['grouped queries', segmentsOf([70, 33]), 6, 2, 64],
    ['a shared prefix', shared, 4, 2, 20],
  ] as const)('attention: %s', async (_name, segments, heads, kvHeads, size) => {
    const n = segments[segments.length - 1].end;
    await compare(
      (q, k, v) => attention(q, k, v, segments, heads, kvHeads),
      [
        [n, heads * size],
        [n, kvHeads * size],
        [n, kvHeads * size],
      ],
      (inputs, dy) => exactAttention(inputs, segments, heads, kvHeads, dy),
    );
  });
});
