import { overWorkgroup, rowEntry, type WebgpuKernel } from './kernel.js';

/** Threads that share a row. */
const THREADS = 64;
/** Rows whose gradients of the gain one thread adds before all are added: enough threads for small batches, too. */
const BLOCK = 32;

const PARAMS = `struct Params { rows: u32, width: u32, eps: f32 }`;
const ROW = `
  let start = row * p.width;
  var squares = 0.0;
  for (var i = thread; i < p.width; i += ${THREADS}u) { squares += x[start + i] * x[start + i]; }
  let scale = inverseSqrt(sumOver(squares, thread) / f32(p.width) + p.eps);`;
const FORWARD = `
  ${PARAMS}
  @group(0) @binding(0) var<storage, read> x: array<f32>;
  @group(0) @binding(1) var<storage, read> gain: array<f32>;
  @group(0) @binding(2) var<storage, read_write> y: array<f32>;
  @group(0) @binding(3) var<uniform> p: Params;
  ${overWorkgroup('sum', THREADS)}
  ${rowEntry(THREADS)}
    ${ROW}
    for (var i = thread; i < p.width; i += ${THREADS}u) { y[start + i] = x[start + i] * scale * gain[i]; }
  }`;

/** dx = scale (g dy - x scale² mean(g dy x)); keeps the scale of each row for the gain's gradient. */
const BACKWARD = `
  ${PARAMS}
  @group(0) @binding(0) var<storage, read> dy: array<f32>;
  @group(0) @binding(1) var<storage, read> x: array<f32>;
  @group(0) @binding(2) var<storage, read> gain: array<f32>;
  @group(0) @binding(3) var<storage, read_write> dx: array<f32>;
  @group(0) @binding(4) var<storage, read_write> scales: array<f32>;
  @group(0) @binding(5) var<uniform> p: Params;
  ${overWorkgroup('sum', THREADS)}
  ${rowEntry(THREADS)}
    ${ROW}
    var product = 0.0;
    for (var i = thread; i < p.width; i += ${THREADS}u) { product += dy[start + i] * gain[i] * x[start + i]; }
    let along = sumOver(product, thread) * scale * scale / f32(p.width);
    for (var i = thread; i < p.width; i += ${THREADS}u) {
      dx[start + i] = scale * (dy[start + i] * gain[i] - x[start + i] * along);
    }
    if (thread == 0u) { scales[row] = scale; }
  }`;

const GAIN_BLOCKS = `
  struct Params { rows: u32, width: u32 }
  @group(0) @binding(0) var<storage, read> dy: array<f32>;
  @group(0) @binding(1) var<storage, read> x: array<f32>;
  @group(0) @binding(2) var<storage, read> scales: array<f32>;
  @group(0) @binding(3) var<storage, read_write> parts: array<f32>; // [blocks, width]
  @group(0) @binding(4) var<uniform> p: Params;
  @compute @workgroup_size(${THREADS})
  fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x >= p.width) { return; }
    var sum = 0.0;
    for (var row = id.y * ${BLOCK}u; row < min(p.rows, (id.y + 1u) * ${BLOCK}u); row++) {
      sum += dy[row * p.width + id.x] * x[row * p.width + id.x] * scales[row];
    }
    parts[id.y * p.width + id.x] = sum;
  }`;

const GAIN_SUM = `
  struct Params { blocks: u32, width: u32 }
  @group(0) @binding(0) var<storage, read> parts: array<f32>;
  @group(0) @binding(1) var<storage, read_write> dgain: array<f32>;
  @group(0) @binding(2) var<uniform> p: Params;
  @compute @workgroup_size(${THREADS})
  fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x >= p.width) { return; }
    var sum = 0.0;
    for (var block = 0u; block < p.blocks; block++) { sum += parts[block * p.width + id.x]; }
    dgain[id.x] = sum;
  }`;

const rmsNorm: WebgpuKernel = {
  name: 'BatCoderRmsNorm',
  run: ({ inputs: { x, gain }, attrs, backend }) => {
    const [rows, width] = x.shape;
    const y = backend.allocate(x.shape);
    backend.dispatch({
      key: 'rmsNorm',
      code: () => FORWARD,
      buffers: [x, gain, y],
      ints: [rows, width],
      floats: [attrs['eps'] as number],
      workgroups: backend.grid(rows),
    });
    return y;
  },
};

const rmsNormGrad: WebgpuKernel = {
  name: 'BatCoderRmsNormGrad',
  run: ({ inputs: { dy, x, gain }, attrs, backend }) => {
    const [rows, width] = x.shape;
    const blocks = Math.ceil(rows / BLOCK);
    const dx = backend.allocate(x.shape);
    const scales = backend.allocate([rows]);
    backend.dispatch({
      key: 'rmsNormGrad',
      code: () => BACKWARD,
      buffers: [dy, x, gain, dx, scales],
      ints: [rows, width],
      floats: [attrs['eps'] as number],
      workgroups: backend.grid(rows),
    });
    const parts = backend.allocate([blocks, width]);
    const columns = Math.ceil(width / THREADS);
    backend.dispatch({
      key: 'rmsNormGainBlocks',
      code: () => GAIN_BLOCKS,
      buffers: [dy, x, scales, parts],
      ints: [rows, width],
      workgroups: [columns, blocks],
    });
    const dgain = backend.allocate(gain.shape);
    backend.dispatch({
      key: 'rmsNormGainSum',
      code: () => GAIN_SUM,
      buffers: [parts, dgain],
      ints: [blocks, width],
      workgroups: [columns],
    });
    backend.discard(scales, parts);
    return [dx, dgain];
  },
};

export const rmsNormKernels: WebgpuKernel[] = [rmsNorm, rmsNormGrad];
