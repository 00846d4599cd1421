import type { WebgpuBackend } from './backend.js';
import { type Gemm, HALF_AT } from './gemm.js';

/** From more rows on, tiles of both matrices cost less. */
export const FEW_ROWS = 16;
const LANES = 16;

/** A workgroup has 16 rows of b, of each of which 16 threads read neighbouring numbers: b is read once. */
const code = (rows: number, halves: boolean, bias: boolean): string => `
  const ROWS = ${rows}u;
  struct Params { m: u32, n: u32, k: u32 }
  @group(0) @binding(0) var<storage, read> a: array<f32>;
  @group(0) @binding(1) var<storage, read> b: array<${halves ? 'u32' : 'f32'}>;
  @group(0) @binding(2) var<storage, read_write> c: array<f32>;
  ${bias ? '@group(0) @binding(3) var<storage, read> bias: array<f32>;' : ''}
  @group(0) @binding(${bias ? 4 : 3}) var<uniform> p: Params;
  var<workgroup> parts: array<f32, ROWS * ${LANES * LANES}u>;
  ${halves ? HALF_AT : ''}

  @compute @workgroup_size(${LANES}, ${LANES})
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u,
          @builtin(local_invocation_index) thread: u32) {
    let column = group.x * ${LANES}u + local.y;
    let first = group.y * ROWS;
    var sums: array<f32, ROWS>;
    if (column < p.n) {
      for (var i = local.x; i < p.k; i += ${LANES}u) {
        let weight = ${halves ? 'halfAt(column * p.k + i)' : 'b[column * p.k + i]'};
        for (var r = 0u; r < min(ROWS, p.m - first); r++) {
          sums[r] += weight * a[(first + r) * p.k + i];
        }
      }
    }
    for (var r = 0u; r < ROWS; r++) { parts[(r * ${LANES}u + local.y) * ${LANES}u + local.x] = sums[r]; }
    workgroupBarrier();
    let row = first + thread / ${LANES}u;
    let mine = group.x * ${LANES}u + thread % ${LANES}u;
    if (thread < ROWS * ${LANES}u && row < p.m && mine < p.n) {
      var sum = ${bias ? 'bias[mine]' : '0.0'};
      for (var x = 0u; x < ${LANES}u; x++) { sum += parts[thread * ${LANES}u + x]; }
      c[row * p.n + mine] = sum;
    }
  }`;

/** c = a bᵀ + bias for a few rows of a, as decoding has them. */
export function fewRows(backend: WebgpuBackend, { a, b, c, bias, m, n, k }: Gemm): void {
  const rows = m === 1 ? 1 : m <= 4 ? 4 : 8;
  const halves = 'halves' in b;
  backend.dispatch({
    key: `fewRows ${rows} ${halves} ${bias !== undefined}`,
    code: () => code(rows, halves, bias !== undefined),
    buffers: [a, halves ? b.halves : b, c, ...(bias ? [bias] : [])],
    ints: [m, n, k],
    workgroups: [Math.ceil(n / LANES), Math.ceil(m / rows)],
  });
}
