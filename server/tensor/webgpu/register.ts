import { type KernelFunc, registerKernel } from '@tensorflow/tfjs-core';
import { adamwKernels } from './adamw.js';
import { attentionKernels } from './attention.js';
import { cacheKernels } from './kvCache.js';
import { logProbsKernels } from './logProbs.js';
import { quantizedKernels } from './quantized.js';
import { rmsNormKernels } from './rmsNorm.js';

/** Registers our kernels in WGSL; what has none runs its composition by tfjs's own kernels. */
export function registerWebgpuKernels(): void {
  for (const { name, run } of [
    ...rmsNormKernels,
    ...adamwKernels,
    ...cacheKernels,
    ...attentionKernels,
    ...logProbsKernels,
    ...quantizedKernels,
  ]) {
    registerKernel({
      kernelName: name,
      backendName: 'webgpu',
      kernelFunc: run as unknown as KernelFunc,
    });
  }
}
