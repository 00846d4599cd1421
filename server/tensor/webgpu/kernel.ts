import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from './backend.js';

/** A kernel of ours as tfjs calls it, with our types. */
export interface WebgpuKernel {
  name: string;
  run: (call: {
    inputs: Record<string, TensorInfo>;
    attrs: Record<string, unknown>;
    backend: WebgpuBackend;
  }) => TensorInfo | TensorInfo[];
}

/** How the numbers of a workgroup become one. */
const COMBINE = { sum: 'a + b', max: 'max(a, b)' } as const;

/**
 * WGSL of `NAMEOver(value, thread)`, which gives every thread of a workgroup the sum or maximum of all their values.
 * @param threads a power of two
 */
export function overWorkgroup(name: keyof typeof COMBINE, threads: number): string {
  return `
    var<workgroup> ${name}Parts: array<f32, ${threads}>;
    fn ${name}Pair(a: f32, b: f32) -> f32 { return ${COMBINE[name]}; }
    fn ${name}Over(value: f32, thread: u32) -> f32 {
      ${name}Parts[thread] = value;
      workgroupBarrier();
      for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
        if (thread < half) { ${name}Parts[thread] = ${name}Pair(${name}Parts[thread], ${name}Parts[thread + half]); }
        workgroupBarrier();
      }
      let all = ${name}Parts[0];
      workgroupBarrier();
      return all;
    }`;
}

/** The head of a shader of which each workgroup has a row: `row`, `thread` and an end for those beyond `p.rows`. */
export function rowEntry(threads: number): string {
  return `@compute @workgroup_size(${threads})
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
          @builtin(local_invocation_index) thread: u32) {
    let row = group.x + group.y * groups.x;
    if (row >= p.rows) { return; }`;
}
