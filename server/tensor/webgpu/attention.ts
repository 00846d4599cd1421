import { QUERY_ENTRY, queryBlocks, tileConstants, tileOf } from './attentionTiles.js';
import { attentionGrad } from './attentionGrad.js';
import type { WebgpuKernel } from './kernel.js';

/**
 * A workgroup has a block of queries of one head; thread (j, i) the score of query i and key j of a tile, and every
 * T-th element of query i's result. The softmax is rescaled tile by tile (arXiv 2205.14135), so that no more than a
 * tile of scores exists at a time.
 */
const code = (tile: number, headSize: number): string => `
  ${tileConstants(tile, headSize)}
  @group(0) @binding(0) var<storage, read> q: array<f32>;
  @group(0) @binding(1) var<storage, read> k: array<f32>;
  @group(0) @binding(2) var<storage, read> v: array<f32>;
  @group(0) @binding(3) var<storage, read> blocks: array<i32>;
  @group(0) @binding(4) var<storage, read_write> output: array<f32>;
  @group(0) @binding(5) var<storage, read_write> logSum: array<f32>;
  @group(0) @binding(6) var<uniform> p: Params;
  var<workgroup> queries: array<f32, T * S>;
  var<workgroup> others: array<f32, T * S>; // keys, then values
  var<workgroup> scores: array<f32, T * T>;
  ${QUERY_ENTRY}
    let query = start + i;
    let there = query < end;
    for (var d = j; d < D; d += T) {
      var value = 0.0;
      if (there) { value = q[(query * p.heads + head) * D + d]; }
      queries[i * S + d] = value;
    }
    var sums: array<f32, PER>;
    var top = -1e30;
    var total = 0.0;
    for (var first = 0u; first < seen; first += T) {
      let mine = first + i;
      let row = (select(segment + mine - prefix, prefixStart + mine, mine < prefix) * p.kvHeads + kvHead) * D;
      workgroupBarrier();
      for (var d = j; d < D; d += T) {
        var value = 0.0;
        if (mine < seen) { value = k[row + d]; }
        others[i * S + d] = value;
      }
      workgroupBarrier();
      let key = first + j;
      var score = -1e30;
      if (there && key < seen && (key < prefix || segment + key - prefix <= query)) {
        var dot = 0.0;
        for (var d = 0u; d < D; d++) { dot += queries[i * S + d] * others[j * S + d]; }
        score = dot * p.scale;
      }
      scores[i * T + j] = score;
      workgroupBarrier();
      var next = top;
      for (var x = 0u; x < T; x++) { next = max(next, scores[i * T + x]); }
      for (var d = j; d < D; d += T) {
        var value = 0.0;
        if (mine < seen) { value = v[row + d]; }
        others[i * S + d] = value;
      }
      workgroupBarrier();
      scores[i * T + j] = exp(score - next);
      workgroupBarrier();
      let shrink = exp(top - next);
      total *= shrink;
      for (var c = 0u; c < PER; c++) { sums[c] *= shrink; }
      for (var x = 0u; x < T; x++) {
        let weight = scores[i * T + x];
        total += weight;
        for (var c = 0u; c < PER; c++) {
          let d = j + c * T;
          if (d < D) { sums[c] += weight * others[x * S + d]; }
        }
      }
      top = next;
    }
    if (there) {
      for (var c = 0u; c < PER; c++) {
        let d = j + c * T;
        if (d < D) { output[(query * p.heads + head) * D + d] = sums[c] / total; }
      }
      if (j == 0u) { logSum[query * p.heads + head] = top + log(total); }
    }
  }`;

const attention: WebgpuKernel = {
  name: 'BatCoderAttention',
  run: ({ inputs: { q, k, v }, attrs, backend }) => {
    const [segments, heads, kvHeads] = [
      attrs['segments'] as Int32Array,
      attrs['heads'] as number,
      attrs['kvHeads'] as number,
    ];
    const [tokens, width] = q.shape;
    const headSize = width / heads;
    const tile = tileOf(backend, headSize);
    const list = queryBlocks(segments, tile);
    const blocks = backend.integers(list);
    const output = backend.allocate(q.shape);
    const logSum = backend.allocate([tokens, heads]);
    backend.dispatch({
      key: `attention ${tile} ${headSize}`,
      code: () => code(tile, headSize),
      buffers: [q, k, v, blocks, output, logSum],
      ints: [heads, kvHeads, list.length / 5],
      floats: [1 / Math.sqrt(headSize)],
      workgroups: [...backend.grid(list.length / 5), heads],
    });
    backend.discard(blocks);
    return [output, logSum];
  },
};

export const attentionKernels: WebgpuKernel[] = [attention, attentionGrad];
