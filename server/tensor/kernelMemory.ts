import { backend } from '@tensorflow/tfjs-core';

/** A piece of memory for arrays that the kernels work on. */
export interface MemoryBlock {
  readonly buffer: ArrayBufferLike;
  /** Where its 64-byte aligned part begins, in bytes. */
  readonly offset: number;
}

/** Where the arrays of a backend's kernels lie. */
export interface KernelMemory {
  /**
   * At least `bytes`, with undefined content.
   * @throws RangeError where there is no more
   */
  take(bytes: number): MemoryBlock;
  /** Hands a block back; `bytes` as it was asked for. */
  give(block: MemoryBlock, bytes: number): void;
  /** Whether the kernels reach this array where it lies; any other is copied in and out at each call. */
  holds(array: ArrayBufferView): boolean;
}

/** JavaScript's own memory, which compiled kernels reach everywhere; the garbage collector frees it. */
export class SystemMemory implements KernelMemory {
  /** @param alignment floats from the start of an array to the next multiple of 64 bytes */
  constructor(private readonly alignment: (x: Float32Array) => number) {}

  take(bytes: number): MemoryBlock {
    const buffer = new ArrayBuffer(bytes + 64);
    return { buffer, offset: this.alignment(new Float32Array(buffer)) * 4 };
  }

  give(): void {}

  holds(): boolean {
    return true;
  }
}

type Numbers = Float32Array | Int32Array | Int8Array | Uint8Array;

function memoryInUse(): KernelMemory | undefined {
  return (backend() as { memoryOfKernels?: KernelMemory }).memoryOfKernels;
}

/**
 * The array itself where the kernels in use reach it, else a copy in their memory: for arrays that
 * many calls share (weights, optimizer state, caches). `freeArray` frees it.
 */
export function placeArray<T extends Numbers>(values: T): T {
  const memory = memoryInUse();
  if (!memory || memory.holds(values)) {
    return values;
  }
  const { buffer, offset } = memory.take(values.byteLength);
  const Kind = values.constructor as new (
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
  ) => T;
  const placed = new Kind(buffer, offset, values.length);
  placed.set(values);
  placedIn.set(placed, memory);
  return placed;
}

const placedIn = new WeakMap<Numbers, KernelMemory>();

/** Frees what `placeArray` copied; the array and its parts may not be used any more. */
export function freeArray(values: Numbers): void {
  const memory = placedIn.get(values);
  if (memory) {
    placedIn.delete(values);
    memory.give({ buffer: values.buffer, offset: values.byteOffset }, values.byteLength);
  }
}
