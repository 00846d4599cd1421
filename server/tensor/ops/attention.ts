import {
  add,
  concat,
  matMul,
  mul,
  registerGradient,
  type Rank,
  reshape,
  slice,
  softmax,
  tensor,
  type Tensor2D,
  type Tensor3D,
  transpose,
} from '@tensorflow/tfjs-core';
import { checkSegments, packSegments, type Segment } from '../segments.js';
import { hasKernel, runKernel } from './kernel.js';

const ATTENTION = 'BatCoderAttention';
const ATTENTION_GRAD = 'BatCoderAttentionGrad';

/**
 * Causal attention over packed segments, scores scaled by 1 / sqrt(headSize). Query head h reads
 * key-value head floor(h * kvHeads / heads).
 * @param q [N, heads * headSize]
 * @param k [N, kvHeads * headSize]
 * @param v [N, kvHeads * headSize]
 * @param segments cover the N tokens in order
 * @returns [N, heads * headSize]
 */
export function attention(
  q: Tensor2D,
  k: Tensor2D,
  v: Tensor2D,
  segments: readonly Segment[],
  heads: number,
  kvHeads: number,
): Tensor2D {
  checkSegments(segments, q.shape[0]);
  if (hasKernel(ATTENTION)) {
    const attrs = { segments: packSegments(segments), heads, kvHeads };
    return runKernel<Tensor2D[]>(ATTENTION, { q, k, v }, attrs)[0];
  }
  return attentionComposition(q, k, v, segments, heads, kvHeads);
}

function attentionComposition(
  q: Tensor2D,
  k: Tensor2D,
  v: Tensor2D,
  segments: readonly Segment[],
  heads: number,
  kvHeads: number,
): Tensor2D {
  const headSize = q.shape[1] / heads;
  const group = heads / kvHeads;
  const outputs = segments.map((segment): Tensor2D => {
    const length = segment.end - segment.start;
    const keys = split(rowsSeen(k, segment), kvHeads, headSize); // [KV, S, Dh]
    const values = split(rowsSeen(v, segment), kvHeads, headSize);
    const queries = reshape(split(rows(q, segment.start, segment.end), heads, headSize), [
      kvHeads,
      group * length,
      headSize,
    ]);
    const scores = mul(matMul(queries, keys, false, true), 1 / Math.sqrt(headSize));
    const seen = keys.shape[1];
    const masked = add(
      reshape(scores, [kvHeads, group, length, seen]),
      tensor(causalMask(length, seen), [1, 1, length, seen]),
    );
    const weights = reshape(softmax(masked), [kvHeads, group * length, seen]);
    const mixed = reshape(matMul(weights, values), [heads, length, headSize]);
    return reshape<Rank.R2>(transpose(mixed, [1, 0, 2]), [length, heads * headSize]);
  });
  return outputs.length === 1 ? outputs[0] : concat<Tensor2D>(outputs, 0);
}

function rows(x: Tensor2D, start: number, end: number): Tensor2D {
  return slice(x, [start, 0], [end - start, x.shape[1]]);
}

function rowsSeen(x: Tensor2D, { start, end, prefixStart, prefixEnd }: Segment): Tensor2D {
  const own = rows(x, start, end);
  return prefixEnd > prefixStart ? concat([rows(x, prefixStart, prefixEnd), own], 0) : own;
}

/** [T, heads * Dh] to [heads, T, Dh]. */
function split(x: Tensor2D, heads: number, headSize: number): Tensor3D {
  return transpose(reshape(x, [x.shape[0], heads, headSize]), [1, 0, 2]);
}

/** 0 where query t may see key s (the last `length` keys are its own segment's), else very negative. */
function causalMask(length: number, seen: number): Float32Array {
  const mask = new Float32Array(length * seen);
  const prefix = seen - length;
  for (let t = 0; t < length; t++) {
    mask.fill(-1e30, t * seen + prefix + t + 1, (t + 1) * seen);
  }
  return mask;
}

registerGradient({
  kernelName: ATTENTION,
  inputsToSave: ['q', 'k', 'v'],
  outputsToSave: [true, true],
  gradFunc: (dys, saved, attrs) => {
    const [dy] = dys as Tensor2D[];
    const [q, k, v, output, logSum] = saved;
    const [dq, dk, dv] = runKernel<Tensor2D[]>(
      ATTENTION_GRAD,
      { dy, q, k, v, output, logSum },
      attrs,
    );
    return { q: () => dq, k: () => dk, v: () => dv };
  },
});
