import { backend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import { assetPath } from '../util/assets.js';

/** What the C++ addon exports; server/tensor/native/addon.cc lists the same in the same order. */
export interface Addon {
  /** Instruction set of the kernels in use: avx512, avx2, neon or base. */
  isa(): string;
  threads(): number;
  setThreads(count: number): void;
  cacheAppend(
    store: Float32Array,
    tokens: Float32Array,
    rows: Int32Array,
    positions: Int32Array,
    kvHeads: number,
    capacity: number,
    headSize: number,
  ): void;
  sumOfSquares(values: Float32Array): number;
  adamw(
    values: Float32Array,
    grad: Float32Array,
    m: Float32Array,
    v: Float32Array,
    clip: number,
    beta1: number,
    beta2: number,
    rate: number,
    rootCorrection: number,
    eps: number,
    shrink: number,
  ): void;
}

let loaded: Addon | null = null;

/**
 * The addon, loaded once in each thread.
 * @throws Error where it was not built or does not load here
 */
export function nativeAddon(): Addon {
  if (!loaded) {
    const file = assetPath('native', 'batcoder.node');
    loaded = createRequire(file)(file) as Addon;
  }
  return loaded;
}

interface DataHolder {
  data?: { get(dataId: object): { values?: unknown } };
}

/**
 * The float values of a tensor: on `cpu` and `native` its own memory, elsewhere a copy.
 * Only for reading, save for kernels that update a variable in place.
 */
export function nativeValues(tensor: Tensor | TensorInfo): Float32Array {
  const holder = backend() as DataHolder;
  const values = holder.data?.get(tensor.dataId).values;
  return values instanceof Float32Array ? values : (tensor as Tensor).dataSync<'float32'>();
}
