import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { nativeAddon, type WeightArgs } from '../../../server/tensor/addon.js';
import { packedWeight } from '../../../server/tensor/packedWeights.js';
import { noteWritten } from '../../../server/tensor/revisions.js';
import { QuantizedMatrix, WEIGHT_KINDS } from '../../../server/tensor/weights.js';
import { assetPath } from '../../../server/util/assets.js';
import { expectClose, quantizedRows, randomValues } from './support.js';

const addon = nativeAddon();

/** What the kernel must give to the last bit with int8: exact integer sums, then one scale. */
function int8Reference(x: Float32Array, w: QuantizedMatrix, rows: number): Float32Array {
  const [out, input] = w.shape;
  const { q, scales } = quantizedRows(x, input);
  const y = new Float32Array(rows * out);
  for (let i = 0; i < rows; i++) {
    for (let o = 0; o < out; o++) {
      let sum = 0;
      for (let k = 0; k < input; k++) {
        sum += q[i * input + k] * w.values[o * input + k];
      }
      y[i * out + o] = Math.fround(sum) * Math.fround(scales[i] * w.scales[o]);
    }
  }
  return y;
}

function run(
  x: Float32Array,
  w: QuantizedMatrix,
  rows: number,
  bias?: Float32Array,
  panels: Uint8Array | null = null,
): Float32Array {
  const [out, input] = w.shape;
  const y = new Float32Array(rows * out);
  const kind = WEIGHT_KINDS[w.kind];
  addon.linearWeight(kind, w.values, w.scales, out, input, x, y, bias ?? null, false, panels);
  return y;
}

/** An array that starts one element into its memory, so that nothing lies aligned. */
function shifted<T extends Float32Array | Int8Array | Uint8Array>(values: T): T {
  const moved = new (values.constructor as new (length: number) => T)(values.length + 1);
  moved.set(values, 1);
  return moved.subarray(1) as T;
}

/** A weight as `packWeight` leaves it; null where the kernels read it as it lies. */
function packed(
  kind: number,
  w: Float32Array | Int8Array,
  scales: Float32Array | null,
  out: number,
  input: number,
) {
  const bytes = new Uint8Array(addon.packedBytes(kind, out, input));
  if (bytes.length === 0) {
    return null;
  }
  addon.packWeight(kind, w, scales, out, input, bytes);
  return bytes;
}

const SHAPES = [
  [1, 1, 1],
  [1, 7, 5],
  [3, 16, 64],
  [1, 48, 384],
  [2, 33, 129],
  [4, 49, 68],
  [5, 50, 100],
  [7, 97, 192],
  [15, 16, 64],
  [17, 31, 67],
  [32, 100, 96],
  [70, 130, 260],
  [130, 65, 1027],
];

describe('int8 products', () => {
  test.each(SHAPES)('%i rows, %i outputs, %i inputs: every bit', (rows, out, input) => {
    const w = QuantizedMatrix.quantize(randomValues(out * input, 1), [out, input], 'int8');
    const x = randomValues(rows * input, 2);
    expect(run(x, w, rows)).toEqual(int8Reference(x, w, rows));
    const moved = new QuantizedMatrix('int8', w.shape, shifted(w.values), shifted(w.scales));
    expect(run(shifted(x), moved, rows)).toEqual(int8Reference(x, w, rows));
    const panels = packed(WEIGHT_KINDS.int8, w.values as Int8Array, w.scales, out, input);
    expect(run(x, w, rows, undefined, panels)).toEqual(int8Reference(x, w, rows));
  });
});

test.each([{ BATCODER_VNNI: '0' }, { BATCODER_ISA: 'avx2' }, { BATCODER_ISA: 'base' }])(
  'int8 products have the same bits with %o',
  (env) => {
    const script = `
      const addon = require(${JSON.stringify(assetPath('native', 'batcoder.node'))});
      const make = (n, s) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * s));
      const hash = require('node:crypto').createHash('sha256');
      for (const [rows, out, input] of ${JSON.stringify(SHAPES)}) {
        const w = Int8Array.from(make(out * input, 1), (x) => x * 127.9);
        const y = new Float32Array(rows * out);
        addon.linearWeight(1, w, make(out, 2), out, input, make(rows * input, 3), y, null, false);
        hash.update(y);
      }
      console.log(hash.digest('hex'));`;
    const run = (settings: Record<string, string | undefined>) =>
      execFileSync(process.execPath, ['-e', script], {
        encoding: 'utf8',
        env: { ...process.env, ...settings },
      });
    expect(run(env)).toBe(run({}));
  },
);

const INT4_SHAPES = [
  [1, 1, 32],
  [1, 48, 384],
  [3, 33, 160],
  [4, 4, 64],
  [17, 50, 96],
  [40, 7, 1024],
];

test.each(INT4_SHAPES)('int4 products: %i rows, %i outputs, %i inputs', (rows, out, input) => {
  const w = QuantizedMatrix.quantize(randomValues(out * input, 1), [out, input], 'int4');
  const x = randomValues(rows * input, 2);
  const { q, scales } = quantizedRows(x, input);
  const values = w.dequantize();
  const expected = Float32Array.from({ length: rows * out }, (_, at) => {
    const [i, o] = [Math.floor(at / out), at % out];
    let sum = 0;
    for (let k = 0; k < input; k++) {
      sum += q[i * input + k] * values[o * input + k];
    }
    return sum * scales[i];
  });
  const y = run(x, w, rows);
  expectClose(y, expected);
  const moved = new QuantizedMatrix('int4', w.shape, shifted(w.values), shifted(w.scales));
  expect(run(shifted(x), moved, rows)).toEqual(y);
  for (let i = 0; i < rows; i++) {
    const alone = run(x.slice(i * input, (i + 1) * input), w, 1);
    expect(alone).toEqual(y.slice(i * out, (i + 1) * out));
  }
});

test.each([{ BATCODER_VNNI: '0' }, { BATCODER_ISA: 'avx2' }, { BATCODER_ISA: 'base' }])(
  'int4 products are the same, but for roundings, with %o',
  (env) => {
    const script = `
      const addon = require(${JSON.stringify(assetPath('native', 'batcoder.node'))});
      const make = (n, s) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * s));
      const all = [];
      for (const [rows, out, input] of ${JSON.stringify(INT4_SHAPES)}) {
        const w = Uint8Array.from(make(out * input / 2, 1), (x) => x * 127 + 128);
        const y = new Float32Array(rows * out);
        const scales = make(out * input / 32, 2);
        addon.linearWeight(2, w, scales, out, input, make(rows * input, 3), y, null, false);
        all.push(...y);
      }
      console.log(JSON.stringify(all));`;
    const run = (settings: Record<string, string | undefined>) =>
      Float32Array.from(
        JSON.parse(
          execFileSync(process.execPath, ['-e', script], {
            encoding: 'utf8',
            env: { ...process.env, ...settings },
          }),
        ) as number[],
      );
    expectClose(run(env), run({}));
  },
);

describe.each(['as they lie', 'packed'])('float products with weights %s', (form) => {
  test.each([
    [1, 1, 1],
    [3, 17, 5],
    [9, 33, 16],
    [33, 100, 32],
    [2, 40, 33],
    [5, 13, 384],
    [40, 97, 391],
    [31, 49, 801],
  ])('%i rows, %i outputs, %i inputs, each row as if alone', (rows, out, input) => {
    const w = shifted(randomValues(out * input, 1));
    const x = shifted(randomValues(rows * input, 2));
    const bias = shifted(randomValues(out, 3));
    const start = randomValues(rows * out, 4);
    const y = start.slice();
    const kind = WEIGHT_KINDS.f32;
    const panels = form === 'packed' ? packed(kind, w, null, out, input) : null;
    addon.linearWeight(kind, w, null, out, input, x, y, bias, true, panels);
    expectClose(
      y,
      start.map((value, at) => {
        const [i, o] = [Math.floor(at / out), at % out];
        let sum = value + bias[o];
        for (let k = 0; k < input; k++) {
          sum += x[i * input + k] * w[o * input + k];
        }
        return sum;
      }),
    );
    for (let first = 0, count = 1; first < rows; first += count, count = (count % 7) + 1) {
      const part = start.slice(first * out, (first + count) * out);
      const some = x.slice(first * input, (first + count) * input);
      addon.linearWeight(kind, w, null, out, input, some, part, bias, true, panels);
      expect(part).toEqual(y.slice(first * out, (first + count) * out));
    }
  });
});

test('a weight is packed once, and again where its numbers have changed', () => {
  const w = randomValues(50 * 3, 1);
  const weight: WeightArgs = [WEIGHT_KINDS.f32, w, null, 50, 3];
  const product = (): Float32Array => {
    const y = new Float32Array(50);
    addon.linearWeight(
      ...weight,
      Float32Array.of(1, 0, 0),
      y,
      null,
      false,
      packedWeight(addon, weight),
    );
    return y;
  };
  expect(product()[49]).toBe(w[147]);
  const first = packedWeight(addon, weight);
  expect(packedWeight(addon, weight)).toBe(first);
  w[147] = 5;
  noteWritten(w);
  expect(product()[49]).toBe(5);
  const four = QuantizedMatrix.quantize(randomValues(64, 1), [2, 32], 'int4');
  expect(packedWeight(addon, [WEIGHT_KINDS.int4, four.values, four.scales, 2, 32])).toBe(null);
});

test('a packed form of the wrong size is refused', () => {
  const w = randomValues(12, 1);
  const y = new Float32Array(4);
  const packedWith = (bytes: number) => () =>
    addon.linearWeight(0, w, null, 4, 3, w.subarray(0, 3), y, null, false, new Uint8Array(bytes));
  expect(packedWith(4)).toThrow('outside');
  expect(() => addon.packWeight(0, w, null, 4, 3, new Uint8Array(4))).toThrow('outside');
});

test.each(['int8', 'int4'] as const)('%s products add a bias, and to what is there', (kind) => {
  const [rows, out, input] = [3, 37, 96];
  const w = QuantizedMatrix.quantize(randomValues(out * input, 1), [out, input], kind);
  const x = randomValues(rows * input, 2);
  const bias = randomValues(out, 3);
  const start = randomValues(rows * out, 4);
  const plain = run(x, w, rows);
  expectClose(
    run(x, w, rows, bias),
    plain.map((y, i) => y + bias[i % out]),
  );
  const y = start.slice();
  addon.linearWeight(WEIGHT_KINDS[kind], w.values, w.scales, out, input, x, y, bias, true);
  expectClose(
    y,
    plain.map((value, i) => value + bias[i % out] + start[i]),
  );
});

test('a row that holds an infinity or a NaN gives NaN', () => {
  const w = QuantizedMatrix.quantize(randomValues(3 * 32, 1), [3, 32], 'int8');
  for (const bad of [Infinity, -Infinity, NaN]) {
    const x = randomValues(64, 2);
    x[40] = bad;
    const y = run(x, w, 2);
    expect(y.subarray(0, 3).every(Number.isFinite)).toBe(true);
    expect(y.subarray(3).every(Number.isNaN)).toBe(true);
  }
});

test.each(['int8', 'int4'] as const)('rows of an %s matrix', (kind) => {
  const w = QuantizedMatrix.quantize(randomValues(5 * 64, 1), [5, 64], kind);
  const y = new Float32Array(3 * 64);
  const ids = Int32Array.of(4, 0, 4);
  addon.weightRows(WEIGHT_KINDS[kind], w.values, w.scales, 5, 64, ids, y);
  const all = w.dequantize();
  expect(y).toEqual(
    Float32Array.from([...ids].flatMap((id) => [...all.subarray(id * 64, id * 64 + 64)])),
  );
});

describe('quantising', () => {
  test.each([
    ['int8', 0.5],
    ['int4', 1],
  ] as const)('%s is off by no more than %f of a scale', (kind, most) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer(), (out, seed) => {
        const values = randomValues(out * 64, seed, 10 ** (seed % 20));
        const w = QuantizedMatrix.quantize(values, [out, 64], kind);
        const perScale = values.length / w.scales.length;
        w.dequantize().forEach((x, i) => {
          const scale = Math.abs(w.scales[Math.floor(i / perScale)]);
          expect(Math.abs(x - values[i])).toBeLessThanOrEqual(scale * most * 1.0001);
        });
      }),
    );
  });

  test('zeros stay zeros', () => {
    for (const kind of ['int8', 'int4'] as const) {
      const zeros = new Float32Array(64);
      expect(QuantizedMatrix.quantize(zeros, [2, 32], kind).dequantize()).toEqual(zeros);
    }
  });

  test('arrays that do not fit are refused', () => {
    const scales = new Float32Array(2);
    expect(() => new QuantizedMatrix('int8', [2, 3], new Int8Array(5), scales)).toThrow(
      'cannot have 5',
    );
    expect(() => new QuantizedMatrix('int8', [2, 3], new Uint8Array(6), scales)).toThrow('cannot');
    expect(() => new QuantizedMatrix('int4', [2, 30], new Uint8Array(30), scales)).toThrow(
      'multiple of 32',
    );
  });
});
