import {
  add,
  mul,
  setBackend,
  sum,
  tensor1d,
  tensor2d,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  variable,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { valueAndGrads } from '../../../server/tensor/autodiff.js';
import { jsKernelCounts, resetJsKernelCounts } from '../../../server/tensor/counters.js';
import { attention } from '../../../server/tensor/ops/attention.js';
import { embedding } from '../../../server/tensor/ops/embedding.js';
import { linear } from '../../../server/tensor/ops/linear.js';
import { loraLinear } from '../../../server/tensor/ops/lora.js';
import { selectedLogProbs, weightedLogProbs } from '../../../server/tensor/ops/logProbs.js';
import { rmsNorm } from '../../../server/tensor/ops/rmsNorm.js';
import { rotary } from '../../../server/tensor/ops/rotary.js';
import { swiglu } from '../../../server/tensor/ops/swiglu.js';
import { segmentsOf } from '../../../server/tensor/segments.js';
import {
  COMPILED,
  evaluate,
  expectClose,
  expectSameOnBoth,
  randomInputs,
  startBackends,
  weightedLogProbsCase,
} from './support.js';

type Op = (...inputs: Tensor[]) => Tensor;
const op = (f: (...inputs: Tensor2D[]) => Tensor): Op => f as unknown as Op;

beforeAll(startBackends);

describe('linear', () => {
  test.each([
    [1, 1, 1],
    [3, 5, 7],
    [41, 17, 33],
    [100, 64, 96],
    [64, 400, 49],
  ])('%i rows, %i to %i', async (n, depth, width) => {
    const inputs = randomInputs([[n, depth], [width, depth], [width]]);
    await expectSameOnBoth(
      op((x, w, b) => linear(x, w, b as unknown as Tensor1D)),
      inputs,
    );
    await expectSameOnBoth(
      op((x, w) => linear(x, w)),
      inputs.slice(0, 2),
    );
    const [addend] = randomInputs([[n, width]], 2);
    await expectSameOnBoth(
      op((x, w, b, y) => linear(x, w, b as unknown as Tensor1D, y)),
      [...inputs, addend],
    );
  });

  test.each([
    [1, 8, 8, 1],
    [45, 30, 50, 16],
  ])('with LoRA: %i rows, %i to %i, rank %i', async (n, depth, width, rank) => {
    const [w, bias, ...rest] = randomInputs([
      [width, depth],
      [width],
      [n, depth],
      [rank, depth],
      [width, rank],
      [n, width],
    ]);
    await expectSameOnBoth(
      op((x, a, b, y) => {
        const frozen = tensor2d(w.values, [width, depth]);
        return loraLinear(x, frozen, tensor1d(bias.values), a, b, 0.5, y);
      }),
      rest,
    );
    await expectSameOnBoth(
      op((x, a, b) => loraLinear(x, tensor2d(w.values, [width, depth]), null, a, b, 0.5)),
      rest.slice(0, 3),
    );
  });
});

test.each([
  [1, 4],
  [5, 3],
  [33, 48],
  [70, 129],
])('rmsNorm of [%i, %i]', async (n, width) => {
  await expectSameOnBoth(
    op((x, g) => rmsNorm(x, g as unknown as Tensor1D, 1e-6)),
    randomInputs([[n, width], [width]]),
    5e-5,
  );
});

test.each([
  [1, 1, 2],
  [7, 3, 10],
  [40, 6, 64],
])('rotary of %i tokens, %i heads of %i', async (n, heads, size) => {
  const positions = Int32Array.from({ length: n }, (_, i) => (i * 37) % 600);
  await expectSameOnBoth(
    op((x) => rotary(x, positions, size, 10000)),
    randomInputs([[n, heads * size]]),
    1e-5,
  );
});

test.each([
  [1, 1],
  [9, 31],
  [64, 320],
])('swiglu of [%i, %i]', async (n, width) => {
  await expectSameOnBoth(
    op((g, u) => swiglu(g, u)),
    randomInputs([
      [n, width],
      [n, width],
    ]),
  );
});

test('embedding adds the gradients of repeated ids', async () => {
  const ids = Int32Array.of(3, 0, 3, 3, 5, 0, 199);
  await expectSameOnBoth(
    op((table) => embedding(ids, table)),
    randomInputs([[200, 150]]),
  );
});

describe('attention', () => {
  const shared = [
    { start: 0, end: 37, prefixStart: 0, prefixEnd: 0 },
    { start: 37, end: 40, prefixStart: 0, prefixEnd: 37 },
    { start: 40, end: 141, prefixStart: 0, prefixEnd: 20 },
    { start: 141, end: 206, prefixStart: 0, prefixEnd: 0 },
    { start: 206, end: 207, prefixStart: 141, prefixEnd: 206 },
  ];
  test.each([
    ['one token', segmentsOf([1]), 1, 1, 4],
    ['odd sizes', segmentsOf([3, 1, 17]), 2, 1, 5],
    ['several blocks', segmentsOf([200, 65, 64]), 3, 1, 16],
    ['grouped queries', segmentsOf([70, 130]), 6, 2, 64],
    ['a shared prefix', shared, 4, 2, 20],
  ])('%s', async (_name, segments, heads, kvHeads, size) => {
    const n = segments[segments.length - 1].end;
    await expectSameOnBoth(
      op((q, k, v) => attention(q, k, v, segments, heads, kvHeads)),
      randomInputs([
        [n, heads * size],
        [n, kvHeads * size],
        [n, kvHeads * size],
      ]),
      5e-5,
    );
  });

  test.each(COMPILED)('a prefix gives what the whole sequence gives: %s', async (backend) => {
    // Two sequences with the same first 10 tokens, whole and with the prefix shared.
    const [q, k, v] = randomInputs(
      [
        [30, 16],
        [30, 8],
        [30, 8],
      ],
      5,
    );
    const repeat = (values: Float32Array, width: number) =>
      Float32Array.from([
        ...values.subarray(0, 20 * width),
        ...values.subarray(0, 10 * width),
        ...values.subarray(20 * width),
      ]);
    const packed = [
      { start: 0, end: 10, prefixStart: 0, prefixEnd: 0 },
      { start: 10, end: 20, prefixStart: 0, prefixEnd: 10 },
      { start: 20, end: 30, prefixStart: 0, prefixEnd: 10 },
    ];
    const short = await evaluate(
      backend,
      op((a, b, c) => attention(a, b, c, packed, 2, 1)),
      [q, k, v],
    );
    const long = await evaluate(
      backend,
      op((a, b, c) => attention(a, b, c, segmentsOf([20, 20]), 2, 1)),
      [q, k, v].map(({ shape, values }) => ({
        shape: [40, shape[1]],
        values: repeat(values, shape[1]),
      })),
    );
    expectClose(short.value.subarray(0, 20 * 16), long.value.subarray(0, 20 * 16));
    expectClose(short.value.subarray(20 * 16), long.value.subarray(30 * 16));
  });

  test('segments that do not cover the tokens are refused', async () => {
    const inputs = randomInputs([
      [6, 4],
      [6, 4],
      [6, 4],
    ]);
    await expect(
      evaluate(
        'native',
        op((q, k, v) => attention(q, k, v, segmentsOf([2, 3]), 1, 1)),
        inputs,
      ),
    ).rejects.toThrow('5 tokens of 6');
  });
});

describe('selectedLogProbs', () => {
  test.each([
    [1, 3, 5],
    [20, 17, 700],
    [50, 32, 1100],
  ])('%i tokens of width %i, %i in the vocabulary', async (n, width, vocab) => {
    const targets = Int32Array.from({ length: n }, (_, i) =>
      i % 4 === 3 ? -1 : (i * 131) % vocab,
    );
    const inputs = randomInputs([
      [n, width],
      [vocab, width],
    ]);
    await expectSameOnBoth(
      op((h, w) => selectedLogProbs(h, w, targets).logProbs),
      inputs,
      5e-5,
    );
    for (const all of [targets, targets.map((t) => Math.abs(t))]) {
      const plain = await evaluateEntropy('cpu', inputs, all);
      for (const backend of COMPILED) {
        expectClose(await evaluateEntropy(backend, inputs, all), plain, 5e-5);
      }
    }
  });

  async function evaluateEntropy(
    backend: 'cpu' | (typeof COMPILED)[number],
    inputs: ReturnType<typeof randomInputs>,
    targets: Int32Array,
  ) {
    await setBackend(backend);
    const [h, w] = inputs.map(({ shape, values }) => tensor2d(values, shape as [number, number]));
    return selectedLogProbs(h, w, targets).entropy.dataSync<'float32'>().slice();
  }
});

describe('weightedLogProbs', () => {
  test.each([
    [1, 3, 5],
    [20, 17, 700],
    [50, 49, 1100],
    [1000, 20, 130],
  ])('%i tokens of width %i, %i in the vocabulary', async (n, width, vocab) => {
    const run = weightedLogProbsCase(n, width, vocab);
    for (const [add, shifted] of [
      [false, false],
      [true, false],
      [true, true],
    ]) {
      const plain = await run('cpu', add, shifted);
      for (const backend of COMPILED) {
        (await run(backend, add, shifted)).forEach((values, i) =>
          expectClose(values, plain[i], 5e-5),
        );
      }
    }
  });

  test('refuses to be part of another loss', async () => {
    await setBackend('native');
    const h = variable(tensor2d([1, 2], [1, 2]));
    const w = tensor2d([1, 2, 3, 4], [2, 2]);
    const twice = (): Scalar =>
      mul<Scalar>(weightedLogProbs(h, w, Int32Array.of(1), Float32Array.of(1)).total, 2);
    expect(() => valueAndGrads(twice, [h])).toThrow('the loss itself');
  });
});

test.each(COMPILED)(
  'a step of a small transformer on %s runs no JavaScript kernel, and gives the same bits again',
  async (backend) => {
    const [n, width, heads, size, vocab] = [24, 32, 4, 8, 90];
    const ids = Int32Array.from({ length: n }, (_, i) => (i * 7) % vocab);
    const positions = Int32Array.from({ length: n }, (_, i) => i % 12);
    const inputs = randomInputs(
      [[vocab, width], [width], [width, width], [width, width], [width, width], [width, width]],
      3,
    );
    const step = op((table, gain, wq, wk, wv, wo) => {
      const x = embedding(ids, table);
      const h = rmsNorm(x, gain as unknown as Tensor1D, 1e-6);
      const q = rotary(linear(h, wq), positions, size, 10000);
      const k = rotary(linear(h, wk), positions, size, 10000);
      const mixed = attention(q, k, linear(h, wv), segmentsOf([12, 12]), heads, heads);
      const y = add<Tensor2D>(x, linear(swiglu(mixed, mixed), wo));
      const { logProbs, entropy } = selectedLogProbs(y, table, ids);
      return sum(mul(add(logProbs, mul(entropy, 0)), -1 / n));
    });
    const first = await evaluate(backend, step, inputs);
    resetJsKernelCounts();
    const second = await evaluate(backend, step, inputs);
    expect(jsKernelCounts()).toEqual({});
    expect(second).toEqual(first);
    const plain = await evaluate('cpu', step, inputs);
    expectClose(first.value, plain.value);
    first.grads.forEach((g, i) => expectClose(g, plain.grads[i], 1e-4));
  },
);
