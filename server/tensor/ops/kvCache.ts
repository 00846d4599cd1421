import {
  keep,
  type Tensor,
  tensor2d,
  type Tensor2D,
  type Tensor4D,
  zeros,
} from '@tensorflow/tfjs-core';
import { type Addon, kernelsInUse, nativeValues } from '../addon.js';
import { freeArray, placeArray } from '../kernelMemory.js';
import { hasKernel, runKernel } from './kernel.js';

const CACHE_ATTEND = 'BatCoderCacheAttend';
const CACHE_APPEND = 'BatCoderCacheAppend';
const CACHE_COPY = 'BatCoderCacheCopy';

/** A layer's keys or values: where the device has kernels for them, in its memory. */
type Store = Float32Array | Tensor4D;

/**
 * Keys and values of the tokens so far, for batched decoding with rows of different lengths.
 * A layer holds [rows, kvHeads, capacity, headSize] floats of each. No gradients.
 */
export class KvCache {
  private keys: Store[];
  private values: Store[];

  constructor(
    readonly layers: number,
    readonly rows: number,
    readonly capacity: number,
    readonly kvHeads: number,
    readonly headSize: number,
  ) {
    const shape: [number, number, number, number] = [rows, kvHeads, capacity, headSize];
    const size = rows * kvHeads * capacity * headSize;
    const stores = () =>
      Array.from(
        { length: layers },
        (): Store =>
          hasKernel(CACHE_APPEND) ? keep(zeros(shape)) : placeArray(new Float32Array(size)),
      );
    this.keys = stores();
    this.values = stores();
  }

  get bytes(): number {
    return this.layers * 2 * 4 * this.rows * this.kvHeads * this.capacity * this.headSize;
  }

  /**
   * Stores M tokens of one layer.
   * @param k [M, kvHeads * headSize], already rotated
   * @param v [M, kvHeads * headSize]
   * @param rows [M] the cache row of each token
   * @param positions [M] its place in that row, less than the capacity
   */
  append(layer: number, k: Tensor2D, v: Tensor2D, rows: Int32Array, positions: Int32Array): void {
    this.check(rows, positions);
    this.write(this.keys[layer], k, rows, positions);
    this.write(this.values[layer], v, rows, positions);
  }

  private write(store: Store, x: Tensor2D, rows: Int32Array, positions: Int32Array): void {
    const { kvHeads, capacity, headSize } = this;
    if (store instanceof Float32Array) {
      appender()(store, nativeValues(x), rows, positions, kvHeads, capacity, headSize);
    } else {
      const attrs = { rows, positions, kvHeads, capacity, headSize };
      runKernel<Tensor>(CACHE_APPEND, { x, store }, attrs).dispose();
    }
  }

  /**
   * Attention of M queries over cached tokens: query i sees the places 0 to positions[i] of rows[i].
   * @param q [M, heads * headSize], already rotated
   * @returns [M, heads * headSize]
   */
  attend(layer: number, q: Tensor2D, rows: Int32Array, positions: Int32Array): Tensor2D {
    this.check(rows, positions);
    if (hasKernel(CACHE_ATTEND)) {
      const { kvHeads, capacity, headSize } = this;
      const attrs = {
        keys: this.keys[layer],
        values: this.values[layer],
        rows,
        positions,
        kvHeads,
        capacity,
        headSize,
      };
      return runKernel<Tensor2D>(CACHE_ATTEND, { q }, attrs);
    }
    return this.attendPlainly(layer, q, rows, positions);
  }

  /** The same by plain loops: the reference of the native kernel, and what other backends run. */
  attendPlainly(layer: number, q: Tensor2D, rows: Int32Array, positions: Int32Array): Tensor2D {
    const [count, width] = q.shape;
    const { headSize, kvHeads, capacity } = this;
    const heads = width / headSize;
    const queries = nativeValues(q);
    const [keys, values] = [this.keys[layer], this.values[layer]].map(valuesOf);
    const out = new Float32Array(count * width);
    for (let i = 0; i < count; i++) {
      for (let h = 0; h < heads; h++) {
        const base = (rows[i] * kvHeads + Math.floor((h * kvHeads) / heads)) * capacity * headSize;
        attendOne(
          queries.subarray(i * width + h * headSize, i * width + (h + 1) * headSize),
          keys.subarray(base, base + (positions[i] + 1) * headSize),
          values.subarray(base, base + (positions[i] + 1) * headSize),
          out.subarray(i * width + h * headSize, i * width + (h + 1) * headSize),
        );
      }
    }
    return tensor2d(out, [count, width]);
  }

  /** Copies the first `length` places of one row to others, in all layers: a prompt shared by samples. */
  copyRow(from: number, to: readonly number[], length: number): void {
    const head = this.capacity * this.headSize;
    for (const store of [...this.keys, ...this.values]) {
      if (!(store instanceof Float32Array)) {
        const attrs = { from, to: Int32Array.from(to), length };
        runKernel<Tensor>(CACHE_COPY, { store }, attrs).dispose();
        continue;
      }
      for (const row of to) {
        for (let h = 0; h < this.kvHeads; h++) {
          const source = (from * this.kvHeads + h) * head;
          store.copyWithin(
            (row * this.kvHeads + h) * head,
            source,
            source + length * this.headSize,
          );
        }
      }
    }
  }

  dispose(): void {
    [...this.keys, ...this.values].forEach(freeStore);
    this.keys = [];
    this.values = [];
  }

  private check(rows: Int32Array, positions: Int32Array): void {
    for (let i = 0; i < rows.length; i++) {
      if (
        rows[i] < 0 ||
        rows[i] >= this.rows ||
        positions[i] < 0 ||
        positions[i] >= this.capacity
      ) {
        throw new Error(
          `Place ${positions[i]} of row ${rows[i]} is outside a cache of ${this.rows} rows of ${this.capacity} places.`,
        );
      }
    }
  }
}

function valuesOf(store: Store): Float32Array {
  return store instanceof Float32Array ? store : nativeValues(store);
}

function freeStore(store: Store): void {
  if (store instanceof Float32Array) {
    freeArray(store);
  } else {
    store.dispose();
  }
}

function appender(): Addon['cacheAppend'] {
  return kernelsInUse()?.cacheAppend ?? appendPlainly;
}

function appendPlainly(
  store: Float32Array,
  tokens: Float32Array,
  rows: Int32Array,
  positions: Int32Array,
  kvHeads: number,
  capacity: number,
  headSize: number,
): void {
  for (let i = 0; i < rows.length; i++) {
    for (let h = 0; h < kvHeads; h++) {
      const from = (i * kvHeads + h) * headSize;
      const to = ((rows[i] * kvHeads + h) * capacity + positions[i]) * headSize;
      store.set(tokens.subarray(from, from + headSize), to);
    }
  }
}

function attendOne(
  query: Float32Array,
  keys: Float32Array,
  values: Float32Array,
  out: Float32Array,
): void {
  const size = query.length;
  const count = keys.length / size;
  const weights = new Float64Array(count);
  let top = -Infinity;
  for (let s = 0; s < count; s++) {
    let dot = 0;
    for (let d = 0; d < size; d++) {
      dot += query[d] * keys[s * size + d];
    }
    weights[s] = dot / Math.sqrt(size);
    top = Math.max(top, weights[s]);
  }
  let total = 0;
  for (let s = 0; s < count; s++) {
    weights[s] = Math.exp(weights[s] - top);
    total += weights[s];
  }
  for (let s = 0; s < count; s++) {
    for (let d = 0; d < size; d++) {
      out[d] += (weights[s] / total) * values[s * size + d];
    }
  }
}
