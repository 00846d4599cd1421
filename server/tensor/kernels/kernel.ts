import type { KernelFunc, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../nativeBackend.js';

/** A kernel of ours as tfjs calls it, with our types. */
interface NativeCall {
  inputs: Record<string, TensorInfo>;
  attrs: Record<string, unknown>;
  backend: NativeBackend;
}

export type NativeFunc = (call: NativeCall) => TensorInfo | TensorInfo[];

export interface NativeKernel {
  name: string;
  run: NativeFunc;
  /** Which calls it can serve; the others go to tfjs's own JavaScript kernel. Default: all inputs float32. */
  serves?: (inputs: NamedTensorInfoMap, attrs: Record<string, unknown>) => boolean;
}

export function allFloats(inputs: NamedTensorInfoMap): boolean {
  return Object.values(inputs).every((t) => !t || t.dtype === 'float32');
}

/** What tfjs registers: our function, seen through its loosely typed signature. */
export function asKernelFunc(run: NativeFunc): KernelFunc {
  return run as unknown as KernelFunc;
}

/** Where a gradient goes: a new tensor, or a sum that it is added to, where no other tensor shares the sum's data. */
export function gradientFor(
  backend: NativeBackend,
  shape: number[],
  sum: TensorInfo | null,
): { info: TensorInfo; values: Float32Array; accumulate: boolean } {
  const accumulate = sum !== null && backend.refCount(sum.dataId) === 1;
  const info = accumulate ? backend.alias(sum, shape) : backend.allocate(shape);
  return { info, values: backend.floats(info), accumulate };
}
