import '../gradients.js';
import {
  engine,
  getBackend,
  getKernel,
  type NamedAttrMap,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { markCheap } from '../autodiff.js';

/** Whether the backend in use has this kernel; where it has not, an op runs its composition. */
export function hasKernel(name: string): boolean {
  return getKernel(name, getBackend()) !== undefined;
}

/**
 * Runs a registered kernel of the backend in use, on the tape if one is recorded.
 * Attributes may hold typed arrays, which tfjs hands on as they are.
 */
export function runKernel<T extends Tensor | Tensor[]>(
  name: string,
  inputs: Record<string, Tensor>,
  attrs: Record<string, unknown> = {},
): T {
  return engine().runKernel(name, inputs, attrs as NamedAttrMap);
}

/** The same for a kernel that takes little time and whose gradient saves all inputs, in their order: see `lean`. */
export function runCheapKernel<T extends Tensor>(
  name: string,
  inputs: Record<string, Tensor>,
  attrs: Record<string, unknown> = {},
): T {
  const output = runKernel<T>(name, inputs, attrs);
  const names = Object.keys(inputs);
  markCheap(output, (saved) =>
    runKernel(name, Object.fromEntries(names.map((input, i) => [input, saved[i]])), attrs),
  );
  return output;
}
