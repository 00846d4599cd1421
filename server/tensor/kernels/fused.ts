import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { gradientFor, type NativeKernel } from './kernel.js';

const linear: NativeKernel = {
  name: 'BatCoderLinear',
  run: ({ inputs: { x, w, bias, addend }, backend }) => {
    const [n, depth] = x.shape;
    const width = w.shape[0];
    util.assert(
      w.shape[1] === depth,
      () => `linear: input width ${depth}, weight expects ${w.shape[1]}.`,
    );
    const y = backend.allocate([n, width]);
    backend.addon.gemm(
      backend.floats(x),
      backend.floats(w),
      backend.floats(y),
      n,
      width,
      depth,
      false,
      true,
      1,
      0,
      0,
      1,
      false,
      bias ? backend.floats(bias) : null,
      addend ? backend.floats(addend) : null,
    );
    return y;
  },
};

/** dx = dy w, or added to a sum. */
const linearInputGrad: NativeKernel = {
  name: 'BatCoderLinearInputGrad',
  run: ({ inputs: { dy, w }, attrs, backend }) => {
    const [n, width] = dy.shape;
    const depth = w.shape[1];
    const sum = attrs['sum'] as TensorInfo | null;
    const { info, values, accumulate } = gradientFor(backend, [n, depth], sum);
    backend.addon.gemm(
      backend.floats(dy),
      backend.floats(w),
      values,
      n,
      depth,
      width,
      false,
      false,
      1,
      0,
      0,
      1,
      accumulate,
      null,
    );
    return info;
  },
};

/** dw = dyᵀ x, or added to a sum. */
const linearWeightGrad: NativeKernel = {
  name: 'BatCoderLinearWeightGrad',
  run: ({ inputs: { dy, x }, attrs, backend }) => {
    const [n, width] = dy.shape;
    const depth = x.shape[1];
    const { info, values, accumulate } = gradientFor(
      backend,
      [width, depth],
      attrs['sum'] as TensorInfo | null,
    );
    backend.addon.gemm(
      backend.floats(dy),
      backend.floats(x),
      values,
      width,
      depth,
      n,
      true,
      false,
      1,
      0,
      0,
      1,
      accumulate,
      null,
    );
    return info;
  },
};

const embedding: NativeKernel = {
  name: 'BatCoderEmbedding',
  run: ({ inputs: { table }, attrs, backend }) => {
    const ids = attrs['ids'] as Int32Array;
    const width = table.shape[1];
    const y = backend.allocate([ids.length, width]);
    backend.addon.embedding(backend.floats(table), ids, backend.floats(y), width);
    return y;
  },
};

const embeddingGrad: NativeKernel = {
  name: 'BatCoderEmbeddingGrad',
  run: ({ inputs: { dy }, attrs, backend }) => {
    const width = dy.shape[1];
    const { info, values, accumulate } = gradientFor(
      backend,
      [attrs['vocab'] as number, width],
      attrs['sum'] as TensorInfo | null,
    );
    if (!accumulate) {
      values.fill(0);
    }
    backend.addon.embeddingGrad(backend.floats(dy), attrs['ids'] as Int32Array, values, width);
    return info;
  },
};

const rmsNorm: NativeKernel = {
  name: 'BatCoderRmsNorm',
  run: ({ inputs: { x, gain }, attrs, backend }) => {
    const y = backend.allocate(x.shape);
    backend.addon.rmsNorm(
      backend.floats(x),
      backend.floats(gain),
      backend.floats(y),
      attrs['eps'] as number,
    );
    return y;
  },
};

const rmsNormGrad: NativeKernel = {
  name: 'BatCoderRmsNormGrad',
  run: ({ inputs: { dy, x, gain }, attrs, backend }) => {
    const dx = gradientFor(backend, x.shape, attrs['sum'] as TensorInfo | null);
    const dgain = backend.allocate(gain.shape);
    backend.addon.rmsNormGrad(
      backend.floats(dy),
      backend.floats(x),
      backend.floats(gain),
      dx.values,
      backend.floats(dgain),
      attrs['eps'] as number,
      dx.accumulate,
    );
    return [dx.info, dgain];
  },
};

const rotary: NativeKernel = {
  name: 'BatCoderRotary',
  run: ({ inputs: { x }, attrs, backend }) => {
    const y = backend.allocate(x.shape);
    const { positions, headSize, theta, inverse } = attrs as {
      positions: Int32Array;
      headSize: number;
      theta: number;
      inverse: boolean;
    };
    backend.addon.rotary(backend.floats(x), positions, backend.floats(y), headSize, theta, inverse);
    return y;
  },
};

const swiglu: NativeKernel = {
  name: 'BatCoderSwiglu',
  run: ({ inputs: { gate, up }, backend }) => {
    const y = backend.allocate(gate.shape);
    backend.addon.swiglu(backend.floats(gate), backend.floats(up), backend.floats(y));
    return y;
  },
};

const swigluGrad: NativeKernel = {
  name: 'BatCoderSwigluGrad',
  run: ({ inputs: { dy, gate, up }, backend }) => {
    const dgate = backend.allocate(gate.shape);
    const dup = backend.allocate(up.shape);
    backend.addon.swigluGrad(
      backend.floats(dy),
      backend.floats(gate),
      backend.floats(up),
      backend.floats(dgate),
      backend.floats(dup),
    );
    return [dgate, dup];
  },
};

interface AttentionAttrs {
  segments: Int32Array;
  heads: number;
  kvHeads: number;
}

const attention: NativeKernel = {
  name: 'BatCoderAttention',
  run: ({ inputs: { q, k, v }, attrs, backend }) => {
    const { segments, heads, kvHeads } = attrs as unknown as AttentionAttrs;
    const output = backend.allocate(q.shape);
    const logSum = backend.allocate([q.shape[0], heads]);
    backend.addon.attention(
      backend.floats(q),
      backend.floats(k),
      backend.floats(v),
      segments,
      heads,
      kvHeads,
      backend.floats(output),
      backend.floats(logSum),
    );
    return [output, logSum];
  },
};

const attentionGrad: NativeKernel = {
  name: 'BatCoderAttentionGrad',
  run: ({ inputs: { dy, q, k, v, output, logSum }, attrs, backend }) => {
    const { segments, heads, kvHeads } = attrs as unknown as AttentionAttrs;
    const dq = backend.allocate(q.shape);
    const dk = backend.allocate(k.shape);
    const dv = backend.allocate(v.shape);
    backend.addon.attentionGrad(
      backend.floats(q),
      backend.floats(k),
      backend.floats(v),
      segments,
      heads,
      kvHeads,
      backend.floats(output),
      backend.floats(logSum),
      backend.floats(dy),
      backend.floats(dq),
      backend.floats(dk),
      backend.floats(dv),
    );
    return [dq, dk, dv];
  },
};

const cacheAttend: NativeKernel = {
  name: 'BatCoderCacheAttend',
  run: ({ inputs: { q }, attrs, backend }) => {
    const { keys, values, rows, positions, kvHeads, capacity, headSize } = attrs as Record<
      string,
      number
    > & {
      keys: Float32Array;
      values: Float32Array;
      rows: Int32Array;
      positions: Int32Array;
    };
    const output = backend.allocate(q.shape);
    backend.addon.cacheAttend(
      backend.floats(q),
      keys,
      values,
      rows,
      positions,
      backend.floats(output),
      q.shape[1] / headSize,
      kvHeads,
      capacity,
      headSize,
    );
    return output;
  },
};

export const fusedKernels: NativeKernel[] = [
  linear,
  linearInputGrad,
  linearWeightGrad,
  embedding,
  embeddingGrad,
  rmsNorm,
  rmsNormGrad,
  rotary,
  swiglu,
  swigluGrad,
  attention,
  attentionGrad,
  cacheAttend,
];
