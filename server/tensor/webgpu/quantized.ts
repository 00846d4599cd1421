import type { TensorInfo } from '@tensorflow/tfjs-core';
import { toHalves } from '../../util/halfFloat.js';
import type { QuantizedMatrix } from '../weights.js';
import type { WebgpuBackend } from './backend.js';
import { FEW_ROWS, fewRows } from './fewRows.js';
import { gemm, HALF_AT, type HalfMatrix } from './gemm.js';
import { rowEntry, type WebgpuKernel } from './kernel.js';

const THREADS = 64;

const kept = new WeakMap<QuantizedMatrix, HalfMatrix>();

/**
 * A frozen matrix in the memory of the device, where it stays as long as the matrix itself. Its integers times their
 * scales are rounded to 16-bit floats, by 0.05 % at most; inputs and sums have 32 bits.
 */
export function halvesOf(backend: WebgpuBackend, matrix: QuantizedMatrix): HalfMatrix {
  let found = kept.get(matrix);
  if (!found) {
    const values = matrix.dequantize();
    const words = new Uint32Array(Math.ceil(values.length / 2));
    toHalves(values, new Uint16Array(words.buffer, 0, values.length));
    found = { halves: backend.constant(words) };
    kept.set(matrix, found);
  }
  return found;
}

const EMBEDDING = `
  struct Params { rows: u32, width: u32 }
  @group(0) @binding(0) var<storage, read> b: array<u32>;
  @group(0) @binding(1) var<storage, read> ids: array<i32>;
  @group(0) @binding(2) var<storage, read_write> y: array<f32>;
  @group(0) @binding(3) var<uniform> p: Params;
  ${HALF_AT}
  ${rowEntry(THREADS)}
    let start = u32(ids[row]) * p.width;
    for (var i = thread; i < p.width; i += ${THREADS}u) { y[row * p.width + i] = halfAt(start + i); }
  }`;

const linear: WebgpuKernel = {
  name: 'BatCoderQuantizedLinear',
  run: ({ inputs, attrs, backend }) => {
    const { x, bias } = inputs as { x: TensorInfo; bias?: TensorInfo };
    const matrix = attrs['matrix'] as QuantizedMatrix;
    const [out, width] = matrix.shape;
    const [rows] = x.shape;
    const y = backend.allocate([rows, out]);
    const b = halvesOf(backend, matrix);
    const multiply = rows <= FEW_ROWS ? fewRows : gemm;
    multiply(backend, { a: x, b, transposeB: true, c: y, bias, m: rows, n: out, k: width });
    return y;
  },
};

const linearGrad: WebgpuKernel = {
  name: 'BatCoderQuantizedLinearGrad',
  run: ({ inputs: { dy }, attrs, backend }) => {
    const matrix = attrs['matrix'] as QuantizedMatrix;
    const [out, width] = matrix.shape;
    const [rows] = dy.shape;
    const dx = backend.allocate([rows, width]);
    gemm(backend, { a: dy, b: halvesOf(backend, matrix), c: dx, m: rows, n: width, k: out });
    return dx;
  },
};

const embedding: WebgpuKernel = {
  name: 'BatCoderQuantizedEmbedding',
  run: ({ attrs, backend }) => {
    const matrix = attrs['matrix'] as QuantizedMatrix;
    const list = attrs['ids'] as Int32Array;
    const y = backend.allocate([list.length, matrix.shape[1]]);
    const ids = backend.integers(list);
    backend.dispatch({
      key: 'quantizedEmbedding',
      code: () => EMBEDDING,
      buffers: [halvesOf(backend, matrix).halves, ids, y],
      ints: [list.length, matrix.shape[1]],
      workgroups: backend.grid(list.length),
    });
    backend.discard(ids);
    return y;
  },
};

export const quantizedKernels: WebgpuKernel[] = [linear, linearGrad, embedding];
