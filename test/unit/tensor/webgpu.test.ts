import {
  setBackend,
  tensor,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { initBackend } from '../../../server/tensor/backend.js';
import { attention } from '../../../server/tensor/ops/attention.js';
import { selectedLogProbs } from '../../../server/tensor/ops/logProbs.js';
import { anyEmbedding, quantizedLinear } from '../../../server/tensor/ops/quantizedLinear.js';
import { rmsNorm } from '../../../server/tensor/ops/rmsNorm.js';
import { type Segment, segmentsOf } from '../../../server/tensor/segments.js';
import { QuantizedMatrix } from '../../../server/tensor/weights.js';
import { onWebgpu, useBackend } from '../model/backends.js';
import {
  evaluate,
  expectClose,
  type Input,
  randomInputs,
  randomValues,
  weightedLogProbsCase,
} from './support.js';

type Op = (...inputs: Tensor[]) => Tensor;
const op = (f: (...inputs: Tensor2D[]) => Tensor): Op => f as unknown as Op;

/** A kernel against the composition on tfjs's CPU backend: value and every gradient. */
async function expectSame(f: Op, inputs: Input[], tolerance = 5e-5): Promise<void> {
  const plain = await evaluate('cpu', f, inputs);
  const gpu = await evaluate('webgpu', f, inputs);
  expectClose(gpu.value, plain.value, tolerance);
  gpu.grads.forEach((g, i) => expectClose(g, plain.grads[i], tolerance));
}

onWebgpu('a WGSL kernel', () => {
  beforeAll(async () => {
    await initBackend('cpu');
    await useBackend('webgpu');
  });

  test.each([
    [1, 1],
    [1, 4],
    [5, 3],
    [33, 48],
    [70, 129],
  ])('rmsNorm of [%i, %i]', async (n, width) => {
    await expectSame(
      op((x, g) => rmsNorm(x, g as unknown as Tensor1D, 0.1)),
      randomInputs([[n, width], [width]]),
    );
  });

  const shared: Segment[] = [
    { start: 0, end: 17, prefixStart: 0, prefixEnd: 0 },
    { start: 17, end: 20, prefixStart: 0, prefixEnd: 17 },
    { start: 20, end: 51, prefixStart: 0, prefixEnd: 10 },
    { start: 51, end: 66, prefixStart: 0, prefixEnd: 0 },
    { start: 66, end: 67, prefixStart: 51, prefixEnd: 66 },
  ];
  test.each([
    ['one token', segmentsOf([1]), 1, 1, 5],
    ['odd sizes', segmentsOf([3, 1, 17]), 2, 1, 5],
    ['several blocks', segmentsOf([40, 16, 33]), 3, 1, 5],
    ['grouped queries', segmentsOf([20, 30]), 6, 2, 5],
    ['tiles that the memory bounds', segmentsOf([9, 12]), 2, 1, 121],
    ['a shared prefix', shared, 4, 2, 5],
  ])('attention: %s', async (_name, segments, heads, kvHeads, size) => {
    const n = segments[segments.length - 1].end;
    await expectSame(
      op((q, k, v) => attention(q, k, v, segments, heads, kvHeads)),
      randomInputs([
        [n, heads * size],
        [n, kvHeads * size],
        [n, kvHeads * size],
      ]),
    );
  });

  describe('selectedLogProbs', () => {
    test.each([
      [1, 3, 5],
      [4, 1, 2],
      [20, 17, 300],
      [70, 32, 131],
    ])('%i tokens of width %i, %i in the vocabulary', async (n, width, vocab) => {
      const some = Int32Array.from({ length: n }, (_, i) => (i % 4 === 3 ? -1 : (i * 131) % vocab));
      const inputs = randomInputs([
        [n, width],
        [vocab, width],
      ]);
      for (const targets of [some, some.map(Math.abs), some.fill(-1)]) {
        await expectSame(
          op((h, w) => selectedLogProbs(h, w, targets).logProbs),
          inputs,
        );
        const entropy = op((h, w) => selectedLogProbs(h, w, targets).entropy);
        expectClose(await run('webgpu', entropy, inputs), await run('cpu', entropy, inputs), 5e-5);
      }
    });

    async function run(backend: string, f: Op, inputs: Input[]): Promise<Float32Array> {
      await setBackend(backend);
      return f(
        ...inputs.map(({ shape, values }) => tensor(values.slice(), shape)),
      ).dataSync<'float32'>();
    }
  });

  test.each([
    [1, 3, 5],
    [20, 17, 300],
    [130, 20, 67],
  ])('weightedLogProbs: %i tokens of width %i, %i in the vocabulary', async (n, width, vocab) => {
    const run = weightedLogProbsCase(n, width, vocab);
    for (const [added, shifted] of [
      [false, false],
      [true, true],
    ]) {
      const plain = await run('cpu', added, shifted);
      const gpu = await run('webgpu', added, shifted);
      gpu.forEach((values, i) => expectClose(values, plain[i], 5e-5));
    }
  });

  describe('with a frozen matrix in 16 bits', () => {
    test.each([
      ['int8', 1, 1, 1],
      ['int8', 3, 5, 7],
      ['int8', 11, 40, 35],
      ['int8', 70, 33, 65],
      ['int4', 17, 64, 9],
    ] as const)('%s: %i rows, %i to %i', async (kind, n, width, out) => {
      const matrix = QuantizedMatrix.quantize(randomValues(out * width, 2), [out, width], kind);
      const [x, b] = randomInputs([[n, width], [out]]);
      // As much as rounding to 11 bits takes.
      await expectSame(
        op((y, bias) => quantizedLinear(y, matrix, bias as unknown as Tensor1D)),
        [x, b],
        5e-4,
      );
    });

    test('rows of a table, and log-probabilities', async () => {
      const matrix = QuantizedMatrix.quantize(randomValues(31 * 7, 2), [31, 7], 'int8');
      const ids = Int32Array.of(3, 0, 30, 3);
      const rows: Float32Array[] = [];
      for (const backend of ['cpu', 'webgpu']) {
        await setBackend(backend);
        rows.push(anyEmbedding(ids, matrix).dataSync<'float32'>());
      }
      expectClose(rows[1], rows[0], 5e-4);
      await expectSame(
        op((h) => selectedLogProbs(h, matrix, Int32Array.of(1, -1, 30)).logProbs),
        randomInputs([[3, 7]]),
        5e-4,
      );
    });
  });
});
