import {
  BLOCK_ENTRY,
  keyBlocks,
  QUERY_ENTRY,
  queryBlocks,
  tileConstants,
  tileOf,
} from './attentionTiles.js';
import type { WebgpuKernel } from './kernel.js';

const THREADS = 64;

/** Of each token and head: the logarithm of the softmax's sum, and dy · output, by which dy is centred. */
const STATISTICS = `
  struct Params { count: u32, size: u32 }
  @group(0) @binding(0) var<storage, read> dy: array<f32>;
  @group(0) @binding(1) var<storage, read> output: array<f32>;
  @group(0) @binding(2) var<storage, read> logSum: array<f32>;
  @group(0) @binding(3) var<storage, read_write> statistics: array<vec2f>;
  @group(0) @binding(4) var<uniform> p: Params;
  @compute @workgroup_size(${THREADS})
  fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
          @builtin(local_invocation_index) thread: u32) {
    let at = (group.x + group.y * groups.x) * ${THREADS}u + thread;
    if (at >= p.count) { return; }
    var dot = 0.0;
    for (var d = at * p.size; d < (at + 1u) * p.size; d++) { dot += dy[d] * output[d]; }
    statistics[at] = vec2f(logSum[at], dot);
  }`;

const INPUTS = `
  @group(0) @binding(0) var<storage, read> q: array<f32>;
  @group(0) @binding(1) var<storage, read> k: array<f32>;
  @group(0) @binding(2) var<storage, read> v: array<f32>;
  @group(0) @binding(3) var<storage, read> dy: array<f32>;
  @group(0) @binding(4) var<storage, read> statistics: array<vec2f>;
  @group(0) @binding(5) var<storage, read> blocks: array<i32>;
  var<workgroup> queries: array<f32, T * S>;
  var<workgroup> dys: array<f32, T * S>;
  var<workgroup> keys: array<f32, T * S>;
  var<workgroup> values: array<f32, T * S>;

  // A query's weight on a key, and the derivative of the loss by their score.
  fn weightAndSlope(query: u32, key: u32, statistic: vec2f, scale: f32) -> vec2f {
    var score = 0.0;
    var product = 0.0;
    for (var d = 0u; d < D; d++) {
      score += queries[query * S + d] * keys[key * S + d];
      product += dys[query * S + d] * values[key * S + d];
    }
    let weight = exp(score * scale - statistic.x);
    return vec2f(weight, weight * (product - statistic.y) * scale);
  }`;

/** The blocks and threads are those of the forward pass. */
const queryCode = (tile: number, headSize: number): string => `
  ${tileConstants(tile, headSize)}
  ${INPUTS}
  @group(0) @binding(6) var<storage, read_write> dq: array<f32>;
  @group(0) @binding(7) var<uniform> p: Params;
  var<workgroup> slopes: array<f32, T * T>;
  ${QUERY_ENTRY}
    let query = start + i;
    let there = query < end;
    let own = (query * p.heads + head) * D;
    var statistic = vec2f(0.0);
    if (there) { statistic = statistics[query * p.heads + head]; }
    for (var d = j; d < D; d += T) {
      var pair = vec2f(0.0);
      if (there) { pair = vec2f(q[own + d], dy[own + d]); }
      queries[i * S + d] = pair.x;
      dys[i * S + d] = pair.y;
    }
    var sums: array<f32, PER>;
    for (var first = 0u; first < seen; first += T) {
      let mine = first + i;
      let row = (select(segment + mine - prefix, prefixStart + mine, mine < prefix) * p.kvHeads + kvHead) * D;
      workgroupBarrier();
      for (var d = j; d < D; d += T) {
        var pair = vec2f(0.0);
        if (mine < seen) { pair = vec2f(k[row + d], v[row + d]); }
        keys[i * S + d] = pair.x;
        values[i * S + d] = pair.y;
      }
      workgroupBarrier();
      let key = first + j;
      var slope = 0.0;
      if (there && key < seen && (key < prefix || segment + key - prefix <= query)) {
        slope = weightAndSlope(i, j, statistic, p.scale).y;
      }
      slopes[i * T + j] = slope;
      workgroupBarrier();
      for (var x = 0u; x < T; x++) {
        for (var c = 0u; c < PER; c++) {
          let d = j + c * T;
          if (d < D) { sums[c] += slopes[i * T + x] * keys[x * S + d]; }
        }
      }
    }
    if (there) {
      for (var c = 0u; c < PER; c++) {
        let d = j + c * T;
        if (d < D) { dq[own + d] = sums[c]; }
      }
    }
  }`;

/** A workgroup has a block of keys of one key-value head; thread (j, i) is for key i and query j of a tile. */
const keyCode = (tile: number, headSize: number): string => `
  ${tileConstants(tile, headSize)}
  ${INPUTS}
  @group(0) @binding(6) var<storage, read_write> dk: array<f32>;
  @group(0) @binding(7) var<storage, read_write> dv: array<f32>;
  @group(0) @binding(8) var<uniform> p: Params;
  var<workgroup> both: array<vec2f, T * T>;
  ${BLOCK_ENTRY}
    let start = u32(blocks[block * 4u]);
    let end = u32(blocks[block * 4u + 1u]);
    let firstEntry = u32(blocks[block * 4u + 2u]);
    let lastEntry = u32(blocks[block * 4u + 3u]);
    let kvHead = group.z;
    let heads = p.heads / p.kvHeads;
    let key = start + i;
    let there = key < end;
    let own = (key * p.kvHeads + kvHead) * D;
    for (var d = j; d < D; d += T) {
      var pair = vec2f(0.0);
      if (there) { pair = vec2f(k[own + d], v[own + d]); }
      keys[i * S + d] = pair.x;
      values[i * S + d] = pair.y;
    }
    var keySums: array<f32, PER>;
    var valueSums: array<f32, PER>;
    for (var entry = firstEntry; entry < lastEntry; entry += 5u) {
      let firstQuery = u32(blocks[entry]);
      let lastQuery = u32(blocks[entry + 1u]);
      let seen = there && key >= u32(blocks[entry + 2u]) && key < u32(blocks[entry + 3u]);
      let causal = blocks[entry + 4u] == 1;
      for (var head = kvHead * heads; head < (kvHead + 1u) * heads; head++) {
        for (var first = firstQuery; first < lastQuery; first += T) {
          let mine = first + i;
          workgroupBarrier();
          for (var d = j; d < D; d += T) {
            var pair = vec2f(0.0);
            let at = (mine * p.heads + head) * D + d;
            if (mine < lastQuery) { pair = vec2f(q[at], dy[at]); }
            queries[i * S + d] = pair.x;
            dys[i * S + d] = pair.y;
          }
          workgroupBarrier();
          let query = first + j;
          var pair = vec2f(0.0);
          if (seen && query < lastQuery && (!causal || key <= query)) {
            pair = weightAndSlope(j, i, statistics[query * p.heads + head], p.scale);
          }
          both[i * T + j] = pair;
          workgroupBarrier();
          for (var x = 0u; x < T; x++) {
            let one = both[i * T + x];
            for (var c = 0u; c < PER; c++) {
              let d = j + c * T;
              if (d < D) {
                valueSums[c] += one.x * dys[x * S + d];
                keySums[c] += one.y * queries[x * S + d];
              }
            }
          }
        }
      }
    }
    if (there) {
      for (var c = 0u; c < PER; c++) {
        let d = j + c * T;
        if (d < D) {
          dk[own + d] = keySums[c];
          dv[own + d] = valueSums[c];
        }
      }
    }
  }`;

export const attentionGrad: WebgpuKernel = {
  name: 'BatCoderAttentionGrad',
  run: ({ inputs: { dy, q, k, v, output, logSum }, attrs, backend }) => {
    const [segments, heads, kvHeads] = [
      attrs['segments'] as Int32Array,
      attrs['heads'] as number,
      attrs['kvHeads'] as number,
    ];
    const [tokens, width] = q.shape;
    const headSize = width / heads;
    const tile = tileOf(backend, headSize);
    const floats = [1 / Math.sqrt(headSize)];
    const [dq, dk, dv] = [q, k, v].map(({ shape }) => backend.allocate(shape));
    const statistics = backend.allocate([tokens * heads, 2]);
    backend.dispatch({
      key: 'attentionStatistics',
      code: () => STATISTICS,
      buffers: [dy, output, logSum, statistics],
      ints: [tokens * heads, headSize],
      workgroups: backend.grid(Math.ceil((tokens * heads) / THREADS)),
    });
    const list = queryBlocks(segments, tile);
    const ofQueries = backend.integers(list);
    backend.dispatch({
      key: `attentionQueryGrad ${tile} ${headSize}`,
      code: () => queryCode(tile, headSize),
      buffers: [q, k, v, dy, statistics, ofQueries, dq],
      ints: [heads, kvHeads, list.length / 5],
      floats,
      workgroups: [...backend.grid(list.length / 5), heads],
    });
    const { count, blocks } = keyBlocks(segments, tile);
    const ofKeys = backend.integers(blocks);
    backend.dispatch({
      key: `attentionKeyGrad ${tile} ${headSize}`,
      code: () => keyCode(tile, headSize),
      buffers: [q, k, v, dy, statistics, ofKeys, dk, dv],
      ints: [heads, kvHeads, count],
      floats,
      workgroups: [...backend.grid(count), kvHeads],
    });
    backend.discard(statistics, ofQueries, ofKeys);
    return [dq, dk, dv];
  },
};
