import { tensor, variable, type Variable } from '@tensorflow/tfjs-core';
import type { TensorData } from './weights/safetensors.js';

/**
 * A variable that has the array as its memory (on a CPU backend). tfjs names it, since its own registry takes a
 * name only once and two models may live at a time.
 */
export function makeVariable(values: Float32Array, shape: number[]): Variable {
  const initial = tensor(values, shape);
  const made = variable(initial);
  initial.dispose();
  return made;
}

/** What a safetensors file is written from. */
export function tensorsOf(variables: ReadonlyMap<string, Variable>): Map<string, TensorData> {
  return new Map(
    [...variables].map(([name, v]) => [name, { shape: v.shape, data: v.dataSync<'float32'>() }]),
  );
}
