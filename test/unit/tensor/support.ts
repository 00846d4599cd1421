import {
  grads,
  type Scalar,
  setBackend,
  tensor,
  type Tensor,
  type Tensor2D,
  tidy,
  variable,
} from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { type Addon, nativeAddon } from '../../../server/tensor/addon.js';
import { valueAndGrads } from '../../../server/tensor/autodiff.js';
import { type BackendName, initBackend } from '../../../server/tensor/backend.js';
import { weightedLogProbs } from '../../../server/tensor/ops/logProbs.js';
import { wasmAddon } from '../../../server/tensor/wasmAddon.js';
import { Random } from '../../../server/util/random.js';

/** The backends that run our kernels. */
export const COMPILED = ['native', 'wasm'] as const;

export function kernelsOf(backend: (typeof COMPILED)[number]): Addon {
  return backend === 'native' ? nativeAddon() : wasmAddon();
}

export function randomValues(size: number, seed: number, scale = 1): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: size }, () => random.normal() * scale);
}

export interface Input {
  shape: number[];
  values: Float32Array;
}

export function randomInputs(shapes: number[][], seed = 1): Input[] {
  return shapes.map((shape, i) => ({
    shape,
    values: randomValues(
      shape.reduce((a, b) => a * b, 1),
      seed * 100 + i,
    ),
  }));
}

export interface Outcome {
  value: Float32Array;
  grads: Float32Array[];
}

/** The value of an op and its gradients for a random upstream gradient, on one backend. */
export async function evaluate(
  backend: BackendName,
  op: (...inputs: Tensor[]) => Tensor,
  inputs: Input[],
): Promise<Outcome> {
  await setBackend(backend);
  return tidy(() => {
    const tensors = inputs.map(({ shape, values }) => tensor(values.slice(), shape));
    const value = op(...tensors);
    const dy = tensor(randomValues(value.size, 7), value.shape);
    const results = grads((...xs: Tensor[]) => op(...xs))(tensors, dy);
    return {
      value: value.dataSync<'float32'>().slice(),
      grads: results.map((g) => g.dataSync<'float32'>().slice()),
    };
  });
}

export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 2e-5,
): void {
  expect(actual.length).toBe(expected.length);
  let largest = 1e-3;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(actual[i] - expected[i]) <= tolerance * largest)) {
      expect.fail(`element ${i} of ${expected.length}: ${actual[i]}, expected ${expected[i]}`);
    }
  }
}

/** `native` and `wasm` against the composition on tfjs's CPU backend: value and every gradient. */
export async function expectSameOnBoth(
  op: (...inputs: Tensor[]) => Tensor,
  inputs: Input[],
  tolerance = 2e-5,
): Promise<void> {
  const plain = await evaluate('cpu', op, inputs);
  for (const backend of COMPILED) {
    const compiled = await evaluate(backend, op, inputs);
    expectClose(compiled.value, plain.value, tolerance);
    compiled.grads.forEach((g, i) => expectClose(g, plain.grads[i], tolerance));
  }
}

export async function startBackends(): Promise<void> {
  await initBackend('cpu');
  await initBackend('wasm', { threads: 2 });
  await initBackend('native', { threads: 2 });
}

/**
 * The weighted loss of random rows, its gradients, log-probabilities and entropies, on one backend: `added` to
 * an earlier gradient of the table, `shifted` as a sample of the vocabulary is.
 */
export function weightedLogProbsCase(
  n: number,
  width: number,
  vocab: number,
): (backend: BackendName, added: boolean, shifted: boolean) => Promise<Float32Array[]> {
  const targets = Int32Array.from({ length: n }, (_, i) => (i % 4 === 3 ? -1 : (i * 131) % vocab));
  // Some tokens weigh nothing, but have their log-probability all the same.
  const weights = randomValues(n, 3).map((x, i) => (i % 5 === 2 ? 0 : x));
  const inputs = randomInputs([
    [n, width],
    [vocab, width],
  ]);
  const earlier = randomValues(vocab * width, 4);
  const shift = randomValues(vocab, 5);
  return async (backend, added, shifted) => {
    await setBackend(backend);
    const [h, w] = inputs.map(({ shape, values }) => variable(tensor(values.slice(), shape)));
    const sums = added ? new Map([[w, tensor(earlier.slice(), w.shape)]]) : undefined;
    let scores: Float32Array[] = [];
    const loss = (): Scalar => {
      const { total, logProbs, entropy } = weightedLogProbs(
        h as Tensor2D,
        w as Tensor2D,
        targets,
        weights,
        shifted ? shift : null,
      );
      scores = [logProbs, entropy].map((x) => x.dataSync<'float32'>().slice());
      return total;
    };
    const { value, grads } = valueAndGrads(loss, [h, w], sums);
    const found = [value, grads.get(h)!, grads.get(w)!];
    return [...found.map((x) => x.dataSync<'float32'>().slice()), ...scores];
  };
}

/** Rows as the kernels quantise them: [-127, 127] times a scale each. */
export function quantizedRows(x: Float32Array, width: number): { q: number[]; scales: number[] } {
  const scales: number[] = [];
  const q: number[] = [];
  for (let start = 0; start < x.length; start += width) {
    const row = x.subarray(start, start + width);
    const top = row.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const inverse = top > 0 ? Math.fround(127 / top) : 0;
    scales.push(Math.fround(top / 127));
    for (const value of row) {
      const exact = Math.fround(value * inverse);
      const down = Math.floor(exact);
      const rest = exact - down;
      q.push(rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down);
    }
  }
  return { q, scales };
}
