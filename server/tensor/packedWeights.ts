import type { Addon, WeightArgs } from './addon.js';
import { SystemMemory } from './kernelMemory.js';
import { revisionOf } from './revisions.js';

interface Packed {
  bytes: Uint8Array;
  revision: number;
}

/** A model whose packed weights would take more goes without. */
export const MOST_PACKED_BYTES = 2 ** 30;

const packed = new WeakMap<object, Packed>();

/** Bytes of what `packedWeight` gives; 0 where that is null. */
export function packedBytes(addon: Addon, weight: WeightArgs): number {
  const [kind, , , out, input] = weight;
  return addon.packedBytes(kind, out, input);
}

/**
 * A frozen weight in the panels that the addon's products of several rows read (native/simd/linear_panels.cc, int8.cc):
 * a second copy, made once, made again where the numbers have changed, and freed with the array of its values.
 * @returns null where products read such weights as they lie
 */
export function packedWeight(addon: Addon, weight: WeightArgs): Uint8Array | null {
  const [, values] = weight;
  const revision = revisionOf(values);
  const known = packed.get(values);
  if (known?.revision === revision) {
    return known.bytes;
  }
  const size = packedBytes(addon, weight);
  if (size === 0) {
    return null;
  }
  const bytes = known?.bytes ?? aligned(addon, size);
  addon.packWeight(...weight, bytes);
  packed.set(values, { bytes, revision });
  return bytes;
}

function aligned(addon: Addon, size: number): Uint8Array {
  const { buffer, offset } = new SystemMemory(addon.alignment).take(size);
  return new Uint8Array(buffer, offset, size);
}
