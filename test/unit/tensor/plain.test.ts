import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { jsKernelCounts, resetJsKernelCounts } from '../../../server/tensor/counters.js';
import { BufferPool } from '../../../server/tensor/bufferPool.js';
import { SystemMemory } from '../../../server/tensor/kernelMemory.js';
import { broadcast, collapse } from '../../../server/tensor/kernels/shapes.js';
import {
  COMPILED,
  expectSameOnBoth,
  randomInputs,
  randomValues,
  startBackends,
} from './support.js';

beforeAll(startBackends);

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Checks an op and its gradients against tfjs's own kernels, and that none of these ran. */
async function check(op: Op, shapes: number[][], tolerance?: number): Promise<void> {
  resetJsKernelCounts();
  await expectSameOnBoth(op, randomInputs(shapes), tolerance);
  expect(jsKernelCounts()).toEqual({});
}

/** Values that take no part in the differentiation. */
const constant = (size: number) => tf.tensor1d(randomValues(size, 99));

const OPS: [string, Op, number[][]][] = [
  [
    'add',
    (a, b) => tf.add(a, b),
    [
      [3, 5],
      [3, 5],
    ],
  ],
  ['add of a row', (a, b) => tf.add(a, b), [[3, 5], [5]]],
  [
    'sub of a column',
    (a, b) => tf.sub(a, b),
    [
      [3, 5],
      [3, 1],
    ],
  ],
  ['mul of a scalar', (a, b) => tf.mul(a, b), [[70, 33], []]],
  [
    'mul of row and column',
    (a, b) => tf.mul(a, b),
    [
      [1, 40],
      [30, 1],
    ],
  ],
  [
    'mul in three dimensions',
    (a, b) => tf.mul(a, b),
    [
      [4, 1, 6],
      [1, 5, 6],
    ],
  ],
  ['div', (a, b) => tf.div(a, tf.add(tf.square(b), 1)), [[17], [17]]],
  ['minimum', (a, b) => tf.minimum(a, b), [[40], [40]]],
  ['maximum', (a, b) => tf.maximum(a, b), [[40], [40]]],
  [
    'many elements',
    (a, b) => tf.mul(a, b),
    [
      [200, 200],
      [200, 200],
    ],
  ],
  ['neg, exp, log', (x) => tf.log(tf.add(tf.exp(tf.neg(x)), 1)), [[9, 9]]],
  ['sigmoid', (x) => tf.sigmoid(x), [[50]]],
  ['clipByValue', (x) => tf.clipByValue(x, -0.5, 0.7), [[50]]],
  ['where', (a, b) => tf.where(tf.greater(constant(30), 0), a, tf.mul(b, 2)), [[30], [30]]],
  ['sum of all', (x) => tf.sum(x), [[7, 9]]],
  ['sum of many', (x) => tf.sum(x), [[500, 100]]],
  ['sum over rows', (x) => tf.sum(x, 0), [[7, 300]]],
  ['sum over columns', (x) => tf.sum(x, 1, true), [[7, 19]]],
  ['mean', (x) => tf.mean(x), [[4, 5]]],
  ['mean over an axis', (x) => tf.mean(x, 1), [[4, 5]]],
  ['addN', (a, b) => tf.addN([a, b, a]), [[6], [6]]],
  ['softmax', (x) => tf.softmax(x), [[5, 37]]],
  ['logSoftmax', (x) => tf.logSoftmax(x), [[5, 37]]],
  ['reshape', (x) => tf.mul(tf.reshape(x, [6, 2]), 2), [[3, 4]]],
  ['expandDims', (x) => tf.expandDims(x, 1), [[3, 4]]],
  ['transpose', (x) => tf.transpose(x, [2, 0, 1]), [[3, 4, 5]]],
  ['gather', (x) => tf.gather(x, tf.tensor1d([2, 0, 2], 'int32')), [[3, 4]]],
  [
    'matMul',
    (a, b) => tf.matMul(a, b, false, true),
    [
      [50, 20],
      [60, 20],
    ],
  ],
  [
    'matMul in batches',
    (a, b) => tf.matMul(a, b),
    [
      [3, 5, 6],
      [3, 6, 7],
    ],
  ],
  [
    'cast',
    (a, b) => tf.mul(tf.add(a, b), tf.cast(tf.lessEqual(constant(30), 0.2), 'float32')),
    [[30], [30]],
  ],
];

test.each(OPS)('%s', async (_name, op, shapes) => {
  await check(op, shapes);
});

test('slice, split, concat and tile', async () => {
  await check((x) => tf.tile(tf.concat(tf.split(x, [1, 3, 2], 1).reverse(), 1), [2, 1]), [[4, 6]]);
  // These gradients run kernels of tfjs's own.
  await expectSameOnBoth((x) => tf.slice(x, [1, 2], [2, 3]), randomInputs([[4, 6]]));
  const positive: Op = (x) => tf.add(tf.square(x), 1);
  await expectSameOnBoth(
    (x) => tf.add(tf.sqrt(positive(x)), tf.rsqrt(positive(x))),
    randomInputs([[20]]),
  );
});

describe.each(COMPILED)('on %s', (backend) => {
  test('exp is right over its whole range', async () => {
    await tf.setBackend(backend);
    const x = Float32Array.of(
      -200,
      -88,
      -87.2,
      -20,
      -1e-6,
      0,
      1e-6,
      1,
      20,
      88.7,
      89,
      NaN,
      Infinity,
      -Infinity,
    );
    const y = tf.exp(tf.tensor1d(x)).dataSync();
    x.forEach((value, i) => {
      const exact = Math.fround(Math.exp(value));
      if (value < -87.3) {
        expect(y[i]).toBe(0);
      } else if (Number.isFinite(exact)) {
        expect(Math.abs(y[i] - exact)).toBeLessThanOrEqual(3e-7 * exact);
      } else {
        expect(y[i]).toBe(exact);
      }
    });
  });

  test('values that were read stay as they were when their memory is used again', async () => {
    await tf.setBackend(backend);
    const a = tf.add(tf.ones([100]), 1);
    const read = a.dataSync();
    a.dispose();
    const b = tf.add(tf.ones([100]), 5);
    expect([...read]).toEqual(new Array(100).fill(2));
    b.dispose();
  });

  test('a JavaScript kernel that hands out a view does not share memory that is used again', async () => {
    await tf.setBackend(backend);
    const a = tf.add(tf.ones([8]), 1);
    // Reverse is not ours.
    const b = tf.reverse(tf.reverse(a));
    const c = tf.stridedSlice(a, [0], [4], [1]);
    a.dispose();
    const d = tf.add(tf.ones([8]), 9);
    expect([...b.dataSync(), ...c.dataSync()]).toEqual(new Array(12).fill(2));
    d.dispose();
  });
});

describe('shapes', () => {
  const dims = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
  test('a collapsed layout reaches the same elements in the same order', () => {
    const list = (shape: number[], strides: number[]): number[] =>
      shape.reduce(
        (offsets, size, d) =>
          offsets.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * strides[d])),
        [0],
      );
    fc.assert(
      fc.property(
        dims,
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 8, maxLength: 8 }),
        (shape, numbers) => {
          const [first, second] = [
            numbers.slice(0, shape.length),
            numbers.slice(4, 4 + shape.length),
          ];
          const layout = [...collapse(shape, first, second)];
          const rank = layout.length / 3;
          const [kept, a, b] = [0, 1, 2].map((part) =>
            layout.slice(part * rank, (part + 1) * rank),
          );
          expect(list(kept, a)).toEqual(list(shape, first));
          expect(list(kept, b)).toEqual(list(shape, second));
        },
      ),
    );
  });

  test('shapes that do not fit are refused', () => {
    expect(() => broadcast([2, 3], [2, 4])).toThrow();
  });
});

test('the pool lends aligned memory of the size asked for, and lends it again', () => {
  const pool = new BufferPool(new SystemMemory(() => 4));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300_000 }), (floats) => {
      const block = pool.take(floats);
      expect(block.sizeClass).toBeGreaterThanOrEqual(floats * 4);
      expect(block.sizeClass).toBeLessThanOrEqual(Math.max(64, floats * 4 * 1.25 + 64));
      expect(block.offset + block.sizeClass).toBeLessThanOrEqual(block.buffer.byteLength);
      pool.give(block);
      expect(pool.take(floats)).toBe(block);
      pool.give(block);
    }),
  );
  pool.clear();
  expect(pool.bytes).toBe(0);
});
