import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from './backend.js';

/** Rows and columns of the result that a workgroup of 16 x 16 threads computes, and how deep it goes at a time. */
const TILE = 64;
const DEPTH = 16;
/** Those of a thread, which are 16 apart: neighbouring threads read neighbouring numbers. */
const EACH = TILE / 16;

/** A frozen matrix on the device: numbers of 16 bits, two in each word. */
export interface HalfMatrix {
  halves: GPUBuffer;
}

export interface Gemm {
  /** a [m, k], or [k, m] where it is transposed. */
  a: TensorInfo;
  transposeA?: boolean;
  /** b [n, k] where it is transposed, else [k, n]. */
  b: TensorInfo | HalfMatrix;
  transposeB?: boolean;
  /** c [m, n] = a b + bias, or added to what is there. */
  c: TensorInfo;
  bias?: TensorInfo;
  accumulate?: boolean;
  m: number;
  n: number;
  k: number;
  /** Numbers of a, b and c before the first that is meant. */
  startA?: number;
  startB?: number;
  startC?: number;
}

interface Variant {
  transposeA: boolean;
  transposeB: boolean;
  halves: boolean;
  bias: boolean;
}

/** What a matrix of 16-bit numbers needs in any shader that reads it: `halfAt(index)`. */
export const HALF_AT = `
  fn halfAt(index: u32) -> f32 {
    let pair = unpack2x16float(b[index / 2u]);
    return select(pair.x, pair.y, (index & 1u) == 1u);
  }`;

/** Threads that load a tile run along the rows of the stored matrix, so that they read neighbours. */
const code = ({ transposeA, transposeB, halves, bias }: Variant): string => `
  struct Params { m: u32, n: u32, k: u32, accumulate: u32, startA: u32, startB: u32, startC: u32 }
  @group(0) @binding(0) var<storage, read> a: array<f32>;
  @group(0) @binding(1) var<storage, read> b: array<${halves ? 'u32' : 'f32'}>;
  @group(0) @binding(2) var<storage, read_write> c: array<f32>;
  ${bias ? '@group(0) @binding(3) var<storage, read> bias: array<f32>;' : ''}
  @group(0) @binding(${bias ? 4 : 3}) var<uniform> p: Params;
  var<workgroup> tileA: array<f32, ${DEPTH * (TILE + 1)}>; // [depth, row]
  var<workgroup> tileB: array<f32, ${DEPTH * (TILE + 1)}>; // [depth, column]
  ${halves ? HALF_AT : ''}

  @compute @workgroup_size(16, 16)
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u,
          @builtin(local_invocation_index) thread: u32) {
    let row = group.y * ${TILE}u;
    let column = group.x * ${TILE}u;
    var sums: array<f32, ${EACH * EACH}>;
    for (var first = 0u; first < p.k; first += ${DEPTH}u) {
      workgroupBarrier();
      for (var e = thread; e < ${DEPTH * TILE}u; e += 256u) {
        ${place(transposeA)}
        var value = 0.0;
        if (row + x < p.m && first + y < p.k) {
          value = a[p.startA + ${transposeA ? '(first + y) * p.m + row + x' : '(row + x) * p.k + first + y'}];
        }
        tileA[y * ${TILE + 1}u + x] = value;
      }
      for (var e = thread; e < ${DEPTH * TILE}u; e += 256u) {
        ${place(!transposeB)}
        var value = 0.0;
        if (column + x < p.n && first + y < p.k) {
          let at = ${transposeB ? '(column + x) * p.k + first + y' : '(first + y) * p.n + column + x'};
          value = ${halves ? 'halfAt(p.startB + at)' : 'b[p.startB + at]'};
        }
        tileB[y * ${TILE + 1}u + x] = value;
      }
      workgroupBarrier();
      for (var depth = 0u; depth < ${DEPTH}u; depth++) {
        var right: array<f32, ${EACH}>;
        for (var j = 0u; j < ${EACH}u; j++) { right[j] = tileB[depth * ${TILE + 1}u + local.x + j * 16u]; }
        for (var i = 0u; i < ${EACH}u; i++) {
          let left = tileA[depth * ${TILE + 1}u + local.y + i * 16u];
          for (var j = 0u; j < ${EACH}u; j++) { sums[i * ${EACH}u + j] += left * right[j]; }
        }
      }
    }
    for (var i = 0u; i < ${EACH}u; i++) {
      let y = row + local.y + i * 16u;
      for (var j = 0u; j < ${EACH}u; j++) {
        let x = column + local.x + j * 16u;
        if (y < p.m && x < p.n) {
          let at = p.startC + y * p.n + x;
          var sum = sums[i * ${EACH}u + j]${bias ? ' + bias[x]' : ''};
          if (p.accumulate == 1u) { sum += c[at]; }
          c[at] = sum;
        }
      }
    }
  }`;

/** Which element of a tile comes e-th: rows of the stored matrix run along x or along y. */
function place(alongX: boolean): string {
  return alongX
    ? `let x = e % ${TILE}u; let y = e / ${TILE}u;`
    : `let y = e % ${DEPTH}u; let x = e / ${DEPTH}u;`;
}

/** Matrix product in f32; of a matrix in 16 bits each number is widened as it is read. */
export function gemm(
  backend: WebgpuBackend,
  { a, b, c, bias, m, n, k, startA = 0, startB = 0, startC = 0, ...options }: Gemm,
): void {
  const { transposeA = false, transposeB = false, accumulate = false } = options;
  const halves = 'halves' in b;
  backend.dispatch({
    key: `gemm ${transposeA} ${transposeB} ${halves} ${bias !== undefined}`,
    code: () => code({ transposeA, transposeB, halves, bias: bias !== undefined }),
    buffers: [a, halves ? b.halves : b, c, ...(bias ? [bias] : [])],
    ints: [m, n, k, Number(accumulate), startA, startB, startC],
    workgroups: [Math.ceil(n / TILE), Math.ceil(m / TILE)],
  });
}
