import { readSafetensors, writeSafetensors } from './safetensors.js';

/** Writes named arrays of 32-bit floats, without shapes, as safetensors: weights and optimizer of a checkpoint. */
export function writeArrays(file: string, arrays: ReadonlyMap<string, Float32Array>): void {
  writeSafetensors(
    file,
    new Map([...arrays].map(([name, data]) => [name, { shape: [data.length], data }])),
  );
}

/**
 * Reads all arrays of such a file.
 * @throws UserError naming the file where it is not sound
 */
export function readArrays(file: string): Map<string, Float32Array> {
  const opened = readSafetensors(file);
  try {
    return new Map([...opened.tensors].map(([name, tensor]) => [name, tensor.read()]));
  } finally {
    opened.close();
  }
}
