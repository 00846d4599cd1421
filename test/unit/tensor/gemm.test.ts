import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Addon } from '../../../server/tensor/addon.js';
import { COMPILED, expectClose, kernelsOf, randomValues, startBackends } from './support.js';

beforeAll(startBackends);

interface Product {
  m: number;
  n: number;
  k: number;
  transposeA: boolean;
  transposeB: boolean;
  /** What is added to the product: nothing, what c holds, or another matrix. */
  added: 'none' | 'c' | 'addend';
  bias: boolean;
  alpha: number;
  seed: number;
}

const size = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 70 }));
const product: fc.Arbitrary<Product> = fc.record({
  m: size,
  n: size,
  k: fc.oneof(size, fc.constantFrom(384, 385, 801)),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  added: fc.constantFrom('none', 'c', 'addend'),
  bias: fc.boolean(),
  alpha: fc.constantFrom(1, -0.5, 3),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

/** In double precision, term by term. */
function reference(
  p: Product,
  a: Float32Array,
  b: Float32Array,
  added: Float32Array,
  bias: Float32Array,
): Float64Array {
  const out = new Float64Array(p.m * p.n);
  for (let i = 0; i < p.m; i++) {
    for (let j = 0; j < p.n; j++) {
      let dot = 0;
      for (let t = 0; t < p.k; t++) {
        dot +=
          a[p.transposeA ? t * p.m + i : i * p.k + t] * b[p.transposeB ? j * p.k + t : t * p.n + j];
      }
      const at = i * p.n + j;
      out[at] = p.alpha * dot + (p.added === 'none' ? 0 : added[at]) + (p.bias ? bias[j] : 0);
    }
  }
  return out;
}

/** `shift` floats from an aligned start. */
function shifted(values: Float32Array, shift: number): Float32Array {
  const copy = new Float32Array(values.length + shift).subarray(shift);
  copy.set(values);
  return copy;
}

function compute(
  kernels: Addon,
  p: Product,
  shift: number,
): { actual: Float32Array; expected: Float64Array } {
  const a = shifted(randomValues(p.m * p.k, p.seed), shift);
  const b = shifted(randomValues(p.k * p.n, p.seed + 1), shift);
  const c = shifted(randomValues(p.m * p.n, p.seed + 2), shift);
  const bias = shifted(randomValues(p.n, p.seed + 3), shift);
  const addend = shifted(randomValues(p.m * p.n, p.seed + 4), shift);
  const expected = reference(p, a, b, p.added === 'c' ? c : addend, bias);
  kernels.gemm(
    a,
    b,
    c,
    p.m,
    p.n,
    p.k,
    p.transposeA,
    p.transposeB,
    1,
    0,
    0,
    p.alpha,
    p.added === 'c',
    p.bias ? bias : null,
    p.added === 'addend' ? addend : null,
  );
  return { actual: c, expected };
}

describe.each(COMPILED)('on %s', (backend) => {
  const kernels = () => kernelsOf(backend);

  test('any product in any transposition equals the sum in double precision', () => {
    fc.assert(
      fc.property(product, fc.integer({ min: 0, max: 3 }), (p, shift) => {
        const { actual, expected } = compute(kernels(), p, shift);
        expectClose(actual, expected, 1e-5);
      }),
      { numRuns: 100 },
    );
  });

  test('the same bits for any number of threads', () => {
    const addon = kernels();
    const [n, k] = [700, 500];
    const results = [1, 2, 3].map((threads) => {
      addon.setThreads(threads);
      return [300, 7].map((m) => {
        const c = new Float32Array(m * n);
        addon.gemm(
          randomValues(m * k, 1),
          randomValues(k * n, 2),
          c,
          m,
          n,
          k,
          m > 40,
          m < 40,
          1,
          0,
          0,
          1,
          false,
          null,
        );
        return Buffer.from(c.buffer);
      });
    });
    addon.setThreads(2);
    for (const [large, small] of results) {
      expect(large.equals(results[0][0]) && small.equals(results[0][1])).toBe(true);
    }
  });

  // Several blocks of rows, a second slab of columns, several passes of depth: sampled elements.
  test.each([
    [389, 4700, 40, false],
    [1100, 4610, 30, true],
    [200, 9300, 390, false],
  ])('%i x %i by %i equals the sums in double precision', (m, n, k, transposeB) => {
    const a = randomValues(m * k, 1);
    const b = randomValues(k * n, 2);
    const addend = randomValues(m * n, 3);
    const c = new Float32Array(m * n);
    kernels().gemm(a, b, c, m, n, k, false, transposeB, 1, 0, 0, 2, false, null, addend);
    const rows = [0, 1, 7, 8, 95, 191, 192, 193, Math.floor(m / 2), m - 2, m - 1];
    const columns = [0, 1, 47, 48, 959, 960, 4607, 4608, 4609, Math.floor(n / 2), n - 1];
    const places = rows.flatMap((i) => columns.map((j) => [i, j] as const));
    const expected = places.map(([i, j]) => {
      let dot = 0;
      for (let t = 0; t < k; t++) {
        dot += a[i * k + t] * b[transposeB ? j * k + t : t * n + j];
      }
      return 2 * dot + addend[i * n + j];
    });
    const actual = Float32Array.from(places, ([i, j]) => c[i * n + j]);
    expectClose(actual, Float64Array.from(expected), 1e-5);
  });

  test('batches, a repeated operand among them', () => {
    const [m, n, k, batch] = [5, 6, 7, 3];
    const a = randomValues(batch * m * k, 1);
    const b = randomValues(k * n, 2);
    const c = new Float32Array(batch * m * n);
    kernels().gemm(a, b, c, m, n, k, false, false, batch, m * k, 0, 1, false, null);
    const p: Product = {
      m: batch * m,
      n,
      k,
      transposeA: false,
      transposeB: false,
      added: 'none',
      bias: false,
      alpha: 1,
      seed: 0,
    };
    expectClose(c, reference(p, a, b, c, b), 1e-5);
  });

  test('arrays that are too small are refused', () => {
    const x = new Float32Array(12);
    const multiply = (m: number, n: number, k: number) =>
      kernels().gemm(x, x, x, m, n, k, false, false, 1, 0, 0, 1, false, null);
    expect(() => multiply(3, 4, 4)).toThrow('outside');
    expect(() => multiply(4, 4, 3)).toThrow('outside');
    expect(() =>
      kernels().gemm(
        x,
        x,
        [] as unknown as Float32Array,
        1,
        1,
        1,
        false,
        false,
        1,
        0,
        0,
        1,
        false,
        null,
      ),
    ).toThrow('Float32Array');
  });
});
