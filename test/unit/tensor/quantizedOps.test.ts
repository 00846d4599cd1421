import {
  mul,
  setBackend,
  sum,
  tensor1d,
  tensor2d,
  tidy,
  variable,
  type Scalar,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { valueAndGrads } from '../../../server/tensor/autodiff.js';
import { jsKernelCounts, resetJsKernelCounts } from '../../../server/tensor/counters.js';
import { selectedLogProbs, weightedLogProbs } from '../../../server/tensor/ops/logProbs.js';
import { loraLinear } from '../../../server/tensor/ops/lora.js';
import {
  anyEmbedding,
  anyLinear,
  floats,
  quantizedLinear,
  type LinearWeight,
} from '../../../server/tensor/ops/quantizedLinear.js';
import { QuantizedMatrix, type QuantizedKind } from '../../../server/tensor/weights.js';
import { COMPILED, expectClose, quantizedRows, randomValues, startBackends } from './support.js';

const matrix = (out: number, input: number, kind: QuantizedKind, seed = 1): QuantizedMatrix =>
  QuantizedMatrix.quantize(randomValues(out * input, seed), [out, input], kind);

/** Rounding rows of 8 bits changes a product by about 1 % of its deviation; this is the root mean square over all. */
function relativeError(actual: ArrayLike<number>, exact: ArrayLike<number>): number {
  let [off, all] = [0, 0];
  for (let i = 0; i < exact.length; i++) {
    off += (actual[i] - exact[i]) ** 2;
    all += exact[i] ** 2;
  }
  return Math.sqrt(off / all);
}

interface LoraRun {
  value: Float32Array;
  grads: Float32Array[];
}

/** Value and gradients by x, a and b of a LoRA layer for a random upstream gradient. */
function runLora(
  w: LinearWeight,
  [n, input, out, rank]: readonly number[],
  bias: boolean,
): LoraRun {
  const shapes = [
    [n, input],
    [rank, input],
    [out, rank],
  ] as [number, number][];
  const inputs = shapes.map((shape, i) =>
    variable(tensor2d(randomValues(shape[0] * shape[1], i + 5), shape)),
  );
  const [x, a, b] = inputs as unknown as Tensor2D[];
  const dy = tensor2d(randomValues(n * out, 9), [n, out]);
  const added = bias ? tensor1d(randomValues(out, 4)) : null;
  const y = tidy(() => loraLinear(x, w, added, a, b, 0.5));
  const { grads } = valueAndGrads(
    () => sum<Scalar>(mul(loraLinear(x, w, added, a, b, 0.5), dy)),
    inputs,
  );
  return {
    value: y.dataSync<'float32'>().slice(),
    grads: inputs.map((input) => grads.get(input)!.dataSync<'float32'>().slice()),
  };
}

const SHAPES = [
  [1, 8, 8, 1],
  [3, 33, 47, 3],
  [45, 30, 50, 16],
  [60, 64, 100, 16],
  [130, 96, 49, 20],
] as const;

describe.each(COMPILED)('on %s', (backend) => {
  beforeAll(async () => {
    await startBackends();
    await setBackend(backend);
  });

  describe.each(SHAPES)('LoRA: %i rows, %i to %i, rank %i', (...shape) => {
    const [, input, out] = shape;

    test('over 8 bits it is the composition of floats within the rounding of rows', () => {
      const w = matrix(out, input, 'int8');
      const quantized = runLora(w, shape, true);
      const exact = runLora(floats(w), shape, true);
      expect(relativeError(quantized.value, exact.value)).toBeLessThan(0.012);
      const [dx, da, db] = quantized.grads.map((g, i) => relativeError(g, exact.grads[i]));
      expect(dx).toBeLessThan(0.012);
      // Only the base is rounded.
      expect(da).toBeLessThan(1e-5);
      expect(db).toBeLessThan(1e-5);
    });

    test('over floats it is the composition on cpu', async () => {
      const w = randomValues(out * input, 1);
      const compiled = runLora(tensor2d(w, [out, input]), shape, true);
      await setBackend('cpu');
      const plain = runLora(tensor2d(w, [out, input]), shape, true);
      await setBackend(backend);
      expectClose(compiled.value, plain.value, 1e-4);
      compiled.grads.forEach((g, i) => expectClose(g, plain.grads[i], 1e-4));
    });
  });

  test('LoRA over 4 bits, without a bias', () => {
    const shape = [40, 64, 50, 16];
    const w = matrix(50, 64, 'int4');
    const quantized = runLora(w, shape, false);
    const exact = runLora(floats(w), shape, false);
    expect(relativeError(quantized.value, exact.value)).toBeLessThan(0.012);
    quantized.grads.forEach((g, i) => expectClose(g, exact.grads[i], 1e-4));
  });

  test.each([
    ['int8', 1, 40, 24],
    ['int8', 5, 33, 70],
    ['int8', 64, 300, 129],
    ['int4', 7, 33, 96],
  ] as const)(
    'quantizedLinear in %s and its gradient: %i rows, %i outputs, %i inputs',
    (kind, n, out, input) => {
      const w = matrix(out, input, kind);
      const x = variable(tensor2d(randomValues(n * input, 2), [n, input]));
      const dy = tensor2d(randomValues(n * out, 3), [n, out]);
      const run = async (name: string) => {
        await setBackend(name);
        const op = () => quantizedLinear(x, w, null);
        const { grads } = valueAndGrads(() => sum<Scalar>(mul(op(), dy)), [x]);
        return [tidy(op), grads.get(x)!].map((t) => t.dataSync<'float32'>().slice());
      };
      return run('cpu').then(async (exact) => {
        const rounded = await run(backend);
        rounded.forEach((values, i) => expect(relativeError(values, exact[i])).toBeLessThan(0.012));
      });
    },
  );

  test('the gradient by a row of 8 bits folds the scales of the weights before it rounds', () => {
    // Scales that differ by 10^4: rounding dy itself would lose the small ones' share altogether.
    const [out, input] = [64, 48];
    const w = matrix(out, input, 'int8');
    w.scales.forEach((_, i) => (w.scales[i] *= i % 2 ? 100 : 0.01));
    const x = variable(tensor2d(randomValues(50 * input, 2), [50, input]));
    const dy = randomValues(50 * out, 3).map((g, i) => (i % 2 ? g / 100 : g * 100));
    const upstream = tensor2d(dy, [50, out]);
    const grad = (w: LinearWeight) =>
      valueAndGrads(() => sum<Scalar>(mul(anyLinear(x as unknown as Tensor2D, w), upstream)), [x])
        .grads.get(x)!
        .dataSync();
    const [rounded, exact] = [grad(w), grad(floats(w))];
    expect(relativeError(rounded, exact)).toBeLessThan(0.012);
  });

  test.each([
    ['int8', 300, 64, 70],
    ['int8', 97, 30, 5],
    ['int8', 300, 129, 260],
    ['int4', 300, 64, 70],
  ] as const)(
    'a table and output layer in %s: %i words of width %i, %i tokens',
    (kind, vocab, width, tokens) => {
      const w = matrix(vocab, width, kind);
      const table = floats(w);
      const ids = Int32Array.of(0, vocab - 1, 7);
      expect(anyEmbedding(ids, w).dataSync()).toEqual(anyEmbedding(ids, table).dataSync());

      const targets = Int32Array.from({ length: tokens }, (_, i) =>
        i % 5 === 4 ? -1 : (i * 37) % vocab,
      );
      const weights = randomValues(tokens, 8);
      const run = (weight: LinearWeight, states: Float32Array) => {
        const hidden = variable(tensor2d(states, [tokens, width]));
        const h = hidden as unknown as Tensor2D;
        return [
          () => weightedLogProbs(h, weight, targets, weights).total,
          () => sum<Scalar>(mul(selectedLogProbs(h, weight, targets).logProbs, tensor1d(weights))),
        ].flatMap((loss) => {
          const { value, grads } = valueAndGrads(loss, [hidden]);
          return [value, grads.get(hidden)!].map((t) => t.dataSync<'float32'>().slice());
        });
      };
      const states = randomValues(tokens * width, 3, 0.3);
      const { q, scales } = quantizedRows(states, width);
      // The output layer rounds the hidden states to 8 bits as decoding does, and passes their gradient straight through.
      const rounded = Float32Array.from(q, (n, i) => n * scales[Math.floor(i / width)]);
      resetJsKernelCounts();
      const quantized = run(w, states);
      const exact = run(table, kind === 'int8' ? rounded : states);
      expect(jsKernelCounts()).toEqual({});
      quantized.forEach((values, i) => expectClose(values, exact[i]));
    },
  );
});
