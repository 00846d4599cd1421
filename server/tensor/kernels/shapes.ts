import { backend_util } from '@tensorflow/tfjs-core';

/** Strides of a row-major shape, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

/**
 * Dimensions with two sets of strides, with neighbours joined where both run on, in the form that
 * the addon reads: dims, strides of the first, strides of the second.
 */
export function collapse(
  dims: readonly number[],
  first: readonly number[],
  second: readonly number[],
): Int32Array {
  const kept: [number, number, number][] = [];
  for (let d = 0; d < dims.length; d++) {
    if (dims[d] === 1) {
      continue;
    }
    const last = kept[kept.length - 1];
    if (last && last[1] === first[d] * dims[d] && last[2] === second[d] * dims[d]) {
      kept[kept.length - 1] = [last[0] * dims[d], first[d], second[d]];
    } else {
      kept.push([dims[d], first[d], second[d]]);
    }
  }
  if (kept.length === 0) {
    kept.push([1, 1, 1]);
  }
  return Int32Array.from([
    ...kept.map((k) => k[0]),
    ...kept.map((k) => k[1]),
    ...kept.map((k) => k[2]),
  ]);
}

/** The output's shape of an elementwise kernel, and the strides of both operands in it. */
export function broadcast(
  a: readonly number[],
  b: readonly number[],
): { shape: number[]; layout: Int32Array } {
  if (a.length === b.length && a.every((size, d) => size === b[d])) {
    const count = a.reduce((x, y) => x * y, 1);
    return { shape: [...a], layout: Int32Array.of(count, 1, 1) };
  }
  const shape = backend_util.assertAndGetBroadcastShape([...a], [...b]);
  return { shape, layout: collapse(shape, stridesWithin(a, shape), stridesWithin(b, shape)) };
}

/** Strides of `shape` repeated to `whole`: 0 where it is broadcast. */
function stridesWithin(shape: readonly number[], whole: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const missing = whole.length - shape.length;
  return whole.map((_, d) => (d < missing || shape[d - missing] === 1 ? 0 : strides[d - missing]));
}
