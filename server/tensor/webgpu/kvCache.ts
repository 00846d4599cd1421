import type { Tensor } from '@tensorflow/tfjs-core';
import { overWorkgroup, rowEntry, type WebgpuKernel } from './kernel.js';

const THREADS = 64;

/** Places of a cache that its kernels are told in `ints`, after their own count of rows. */
const PARAMS = `struct Params { rows: u32, kvHeads: u32, capacity: u32, size: u32, `;

/** places: for each token its row and its place in that. */
const APPEND = `
  ${PARAMS} }
  @group(0) @binding(0) var<storage, read> x: array<f32>; // [tokens, kvHeads, size]
  @group(0) @binding(1) var<storage, read> places: array<vec2i>;
  @group(0) @binding(2) var<storage, read_write> store: array<f32>; // [cache rows, kvHeads, capacity, size]
  @group(0) @binding(3) var<uniform> p: Params;
  ${rowEntry(THREADS)}
    let place = vec2u(places[row]);
    for (var i = thread; i < p.kvHeads * p.size; i += ${THREADS}u) {
      let at = ((place.x * p.kvHeads + i / p.size) * p.capacity + place.y) * p.size + i % p.size;
      store[at] = x[row * p.kvHeads * p.size + i];
    }
  }`;

/** Of each of the targets and heads a workgroup, which copies the first places of the source row. */
const COPY = `
  ${PARAMS} source: u32, length: u32 }
  @group(0) @binding(0) var<storage, read> targets: array<i32>;
  @group(0) @binding(1) var<storage, read_write> store: array<f32>;
  @group(0) @binding(2) var<uniform> p: Params;
  ${rowEntry(THREADS)}
    let head = p.capacity * p.size;
    let goal = (u32(targets[row / p.kvHeads]) * p.kvHeads + row % p.kvHeads) * head;
    let start = (p.source * p.kvHeads + row % p.kvHeads) * head;
    for (var i = thread; i < p.length * p.size; i += ${THREADS}u) { store[goal + i] = store[start + i]; }
  }`;

/**
 * A workgroup has one query of one head. Tile by tile a thread scores one key, then adds up its elements of the
 * values; the softmax is rescaled from tile to tile.
 */
const attendCode = (size: number): string => `
  const PER = ${Math.ceil(size / THREADS)}u;
  ${PARAMS} heads: u32, scale: f32 }
  @group(0) @binding(0) var<storage, read> q: array<f32>;
  @group(0) @binding(1) var<storage, read> places: array<vec2i>;
  @group(0) @binding(2) var<storage, read> keys: array<f32>;
  @group(0) @binding(3) var<storage, read> values: array<f32>;
  @group(0) @binding(4) var<storage, read_write> output: array<f32>;
  @group(0) @binding(5) var<uniform> p: Params;
  var<workgroup> query: array<f32, ${size}>;
  var<workgroup> weights: array<f32, ${THREADS}>;
  ${overWorkgroup('max', THREADS)}
  ${overWorkgroup('sum', THREADS)}
  ${rowEntry(THREADS)}
    let token = row / p.heads;
    let head = row % p.heads;
    let place = vec2u(places[token]);
    let seen = place.y + 1u;
    let start = (place.x * p.kvHeads + head * p.kvHeads / p.heads) * p.capacity * p.size;
    for (var d = thread; d < p.size; d += ${THREADS}u) { query[d] = q[row * p.size + d]; }
    var sums: array<f32, PER>;
    var top = -1e30;
    var total = 0.0;
    for (var first = 0u; first < seen; first += ${THREADS}u) {
      workgroupBarrier();
      var score = -1e30;
      if (first + thread < seen) {
        score = 0.0;
        for (var d = 0u; d < p.size; d++) {
          score += query[d] * keys[start + (first + thread) * p.size + d];
        }
        score *= p.scale;
      }
      let next = max(top, maxOver(score, thread));
      weights[thread] = exp(score - next);
      let weight = sumOver(weights[thread], thread);
      let shrink = exp(top - next);
      total = total * shrink + weight;
      for (var c = 0u; c < PER; c++) {
        let d = thread + c * ${THREADS}u;
        var sum = sums[c] * shrink;
        if (d < p.size) {
          for (var x = 0u; x < min(${THREADS}u, seen - first); x++) {
            sum += weights[x] * values[start + (first + x) * p.size + d];
          }
        }
        sums[c] = sum;
      }
      top = next;
    }
    for (var c = 0u; c < PER; c++) {
      let d = thread + c * ${THREADS}u;
      if (d < p.size) { output[row * p.size + d] = sums[c] / total; }
    }
  }`;

interface CacheAttrs {
  rows: Int32Array;
  positions: Int32Array;
  kvHeads: number;
  capacity: number;
  headSize: number;
}

function pairs({ rows, positions }: CacheAttrs): Int32Array {
  return Int32Array.from({ length: 2 * rows.length }, (_, i) =>
    i % 2 === 0 ? rows[i / 2] : positions[(i - 1) / 2],
  );
}

/** Stores tokens, in place. */
const append: WebgpuKernel = {
  name: 'BatCoderCacheAppend',
  run: ({ inputs: { x, store }, attrs, backend }) => {
    const cache = attrs as unknown as CacheAttrs;
    const places = backend.integers(pairs(cache));
    backend.changed(store);
    backend.dispatch({
      key: 'cacheAppend',
      code: () => APPEND,
      buffers: [x, places, store],
      ints: [cache.rows.length, cache.kvHeads, cache.capacity, cache.headSize],
      workgroups: backend.grid(cache.rows.length),
    });
    backend.discard(places);
    return backend.alias(store, store.shape);
  },
};

/** Copies the first places of a row to others, in place. */
const copy: WebgpuKernel = {
  name: 'BatCoderCacheCopy',
  run: ({ inputs: { store }, attrs, backend }) => {
    const { from: source, to, length } = attrs as { from: number; to: Int32Array; length: number };
    const [, kvHeads, capacity, size] = store.shape;
    const targets = backend.integers(to);
    backend.changed(store);
    backend.dispatch({
      key: 'cacheCopy',
      code: () => COPY,
      buffers: [targets, store],
      ints: [to.length * kvHeads, kvHeads, capacity, size, source, length],
      workgroups: backend.grid(to.length * kvHeads),
    });
    backend.discard(targets);
    return backend.alias(store, store.shape);
  },
};

const attend: WebgpuKernel = {
  name: 'BatCoderCacheAttend',
  run: ({ inputs: { q }, attrs, backend }) => {
    const cache = attrs as unknown as CacheAttrs & { keys: Tensor; values: Tensor };
    const { kvHeads, capacity, headSize } = cache;
    const heads = q.shape[1] / headSize;
    const rows = q.shape[0] * heads;
    const places = backend.integers(pairs(cache));
    const output = backend.allocate(q.shape);
    backend.dispatch({
      key: `cacheAttend ${headSize}`,
      code: () => attendCode(headSize),
      buffers: [q, places, cache.keys, cache.values, output],
      ints: [rows, kvHeads, capacity, headSize, heads],
      floats: [1 / Math.sqrt(headSize)],
      workgroups: backend.grid(rows),
    });
    backend.discard(places);
    return output;
  },
};

export const cacheKernels: WebgpuKernel[] = [append, copy, attend];
