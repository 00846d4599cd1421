import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { WeightArgs } from '../addon.js';
import type { NativeBackend } from '../nativeBackend.js';
import { QuantizedMatrix, WEIGHT_KINDS } from '../weights.js';
import { gradientFor, type NativeKernel } from './kernel.js';

/** How the addon's functions take a weight. */
export function weightArgs(backend: NativeBackend, w: TensorInfo | QuantizedMatrix): WeightArgs {
  const [out, input] = w.shape;
  return w instanceof QuantizedMatrix
    ? [WEIGHT_KINDS[w.kind], w.values, w.scales, out, input]
    : [WEIGHT_KINDS.f32, backend.floats(w), null, out, input];
}

function checkWidth(op: string, x: TensorInfo, expected: number): void {
  util.assert(
    x.shape[1] === expected,
    () => `${op}: input width ${x.shape[1]}, weight expects ${expected}.`,
  );
}

const quantizedLinear: NativeKernel = {
  name: 'BatCoderQuantizedLinear',
  run: ({ inputs: { x, bias }, attrs, backend }) => {
    const matrix = attrs['matrix'] as QuantizedMatrix;
    checkWidth('quantizedLinear', x, matrix.shape[1]);
    const y = backend.allocate([x.shape[0], matrix.shape[0]]);
    const added = bias ? backend.floats(bias) : null;
    backend.addon.linearWeight(
      ...weightArgs(backend, matrix),
      backend.floats(x),
      backend.floats(y),
      added,
      false,
    );
    return y;
  },
};

const quantizedLinearGrad: NativeKernel = {
  name: 'BatCoderQuantizedLinearGrad',
  run: ({ inputs: { dy }, attrs, backend }) => {
    const matrix = attrs['matrix'] as QuantizedMatrix;
    const shape = [dy.shape[0], matrix.shape[1]];
    const dx = gradientFor(backend, shape, attrs['sum'] as TensorInfo | null);
    backend.addon.linearWeightGrad(
      ...weightArgs(backend, matrix),
      backend.floats(dy),
      dx.values,
      dx.accumulate,
    );
    return dx.info;
  },
};

const quantizedEmbedding: NativeKernel = {
  name: 'BatCoderQuantizedEmbedding',
  run: ({ attrs, backend }) => {
    const matrix = attrs['matrix'] as QuantizedMatrix;
    const ids = attrs['ids'] as Int32Array;
    const y = backend.allocate([ids.length, matrix.shape[1]]);
    backend.addon.weightRows(...weightArgs(backend, matrix), ids, backend.floats(y));
    return y;
  },
};

const loraLinear: NativeKernel = {
  name: 'BatCoderLoraLinear',
  run: ({ inputs: { x, a, b, w, addend }, attrs, backend }) => {
    const base = w ?? (attrs['matrix'] as QuantizedMatrix);
    const bias = attrs['bias'] as TensorInfo | null;
    checkWidth('loraLinear', x, base.shape[1]);
    const low = backend.allocate([x.shape[0], a.shape[0]]);
    const y = backend.allocate([x.shape[0], base.shape[0]]);
    backend.addon.lora(
      ...weightArgs(backend, base),
      backend.floats(x),
      bias && backend.floats(bias),
      backend.floats(a),
      backend.floats(b),
      attrs['scale'] as number,
      backend.floats(low),
      backend.floats(y),
      addend ? backend.floats(addend) : null,
    );
    return [y, low];
  },
};

/** The same with the base among the attributes: a tape saves inputs by name, and all must be there. */
const quantizedLoraLinear: NativeKernel = { ...loraLinear, name: 'BatCoderQuantizedLoraLinear' };

const loraLinearGrad: NativeKernel = {
  name: 'BatCoderLoraLinearGrad',
  run: ({ inputs: { dy, x, low, a, b }, attrs, backend }) => {
    const da = backend.allocate(a.shape);
    const db = backend.allocate(b.shape);
    const g = backend.allocate(low.shape);
    backend.addon.loraGrad(
      backend.floats(dy),
      backend.floats(x),
      backend.floats(low),
      backend.floats(b),
      attrs['scale'] as number,
      a.shape[0],
      backend.floats(da),
      backend.floats(db),
      backend.floats(g),
    );
    return [da, db, g];
  },
};

const loraLinearInputGrad: NativeKernel = {
  name: 'BatCoderLoraLinearInputGrad',
  run: ({ inputs: { dy, g, a, w }, attrs, backend }) => {
    const base = w ?? (attrs['matrix'] as QuantizedMatrix);
    const shape = [dy.shape[0], base.shape[1]];
    const dx = gradientFor(backend, shape, attrs['sum'] as TensorInfo | null);
    backend.addon.loraInputGrad(
      ...weightArgs(backend, base),
      backend.floats(dy),
      backend.floats(g),
      backend.floats(a),
      dx.values,
      dx.accumulate,
    );
    return dx.info;
  },
};

export const weightKernels: NativeKernel[] = [
  quantizedLinear,
  quantizedLinearGrad,
  quantizedEmbedding,
  loraLinear,
  quantizedLoraLinear,
  loraLinearGrad,
  loraLinearInputGrad,
];
