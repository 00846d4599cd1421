import type { WebgpuKernel } from './kernel.js';

const THREADS = 256;

const UPDATE = `
  struct Params {
    count: u32,
    clip: f32, beta1: f32, beta2: f32, rate: f32, rootCorrection: f32, eps: f32, shrink: f32,
  }
  @group(0) @binding(0) var<storage, read_write> values: array<f32>;
  @group(0) @binding(1) var<storage, read> gradient: array<f32>;
  @group(0) @binding(2) var<storage, read_write> m: array<f32>;
  @group(0) @binding(3) var<storage, read_write> v: array<f32>;
  @group(0) @binding(4) var<uniform> p: Params;
  @compute @workgroup_size(${THREADS})
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
          @builtin(local_invocation_index) thread: u32) {
    let i = (group.x + group.y * groups.x) * ${THREADS}u + thread;
    if (i >= p.count) { return; }
    let g = gradient[i] * p.clip;
    m[i] += (1.0 - p.beta1) * (g - m[i]);
    v[i] += (1.0 - p.beta2) * (g * g - v[i]);
    values[i] = values[i] * p.shrink - p.rate * m[i] / (sqrt(v[i]) * p.rootCorrection + p.eps);
  }`;

/** One update of a parameter and its moments, in place: see AdamW. */
const update: WebgpuKernel = {
  name: 'BatCoderAdamW',
  run: ({ inputs: { variable, grad, m, v }, attrs, backend }) => {
    const count = variable.shape.reduce((a, b) => a * b, 1);
    [variable, m, v].forEach((each) => backend.changed(each));
    backend.dispatch({
      key: 'adamw',
      code: () => UPDATE,
      buffers: [variable, grad, m, v],
      ints: [count],
      floats: attrs['coefficients'] as number[],
      workgroups: backend.grid(Math.ceil(count / THREADS)),
    });
    return backend.alias(variable, variable.shape);
  },
};

export const adamwKernels: WebgpuKernel[] = [update];
