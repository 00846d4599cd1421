import '@tensorflow/tfjs-backend-cpu';
import {
  getKernelsForBackend,
  type KernelConfig,
  type KernelFunc,
  registerKernel,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { countJsKernel } from '../counters.js';
import type { NativeBackend } from '../nativeBackend.js';
import { elementwiseKernels } from './elementwise.js';
import { fusedKernels } from './fused.js';
import { allFloats, asKernelFunc } from './kernel.js';
import { logProbsKernels } from './logProbs.js';
import { matrixKernels } from './matrix.js';
import { movementKernels } from './movement.js';
import { weightKernels } from './weights.js';

const OURS = [
  ...fusedKernels,
  ...logProbsKernels,
  ...elementwiseKernels,
  ...matrixKernels,
  ...movementKernels,
  ...weightKernels,
];

/**
 * Registers all kernels of a backend that runs ours: those, and for the rest tfjs's own in
 * JavaScript, each run of which is counted.
 */
export function registerKernels(backendName: 'native' | 'wasm'): void {
  const fallbacks = new Map<string, KernelFunc>();
  for (const config of getKernelsForBackend('cpu')) {
    fallbacks.set(config.kernelName, counted(config));
  }
  for (const { name, run, serves = allFloats } of OURS) {
    const fallback = fallbacks.get(name);
    const native = asKernelFunc(run);
    fallbacks.set(
      name,
      fallback
        ? (call) =>
            serves(call.inputs, call.attrs as Record<string, unknown>)
              ? native(call)
              : fallback(call)
        : native,
    );
  }
  for (const [kernelName, kernelFunc] of fallbacks) {
    registerKernel({ kernelName, backendName, kernelFunc });
  }
}

/**
 * A JavaScript kernel may hand out a view of its input's memory, which the pool would give to the
 * next tensor while the view is still in use: such a result becomes a copy.
 */
function counted({ kernelName, kernelFunc }: KernelConfig): KernelFunc {
  return (call) => {
    countJsKernel(kernelName);
    const result = kernelFunc(call);
    const backend = call.backend as NativeBackend;
    const inputs = Object.values(call.inputs) as TensorInfo[];
    for (const info of Array.isArray(result) ? result : [result]) {
      detach(backend, info, inputs);
    }
    return result;
  };
}

function detach(backend: NativeBackend, info: TensorInfo, inputs: TensorInfo[]): void {
  const values = backend.values(info);
  const shared = inputs.some(
    (input) => input && input.dataId !== info.dataId && overlap(backend.values(input), values),
  );
  if (shared) {
    backend.data.get(info.dataId).values = values.slice();
  }
}

/** All views of the WebAssembly kernels' memory are of one memory, though each growth makes a new object of it. */
function overlap(a: ArrayBufferView | undefined, b: ArrayBufferView | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    (a.buffer === b.buffer || [a, b].every(({ buffer }) => buffer instanceof SharedArrayBuffer)) &&
    a.byteOffset < b.byteOffset + b.byteLength &&
    b.byteOffset < a.byteOffset + a.byteLength
  );
}
