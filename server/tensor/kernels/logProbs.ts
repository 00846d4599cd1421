import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { QuantizedMatrix } from '../weights.js';
import { gradientFor, type NativeKernel } from './kernel.js';
import { weightArgs } from './weights.js';

const selected: NativeKernel = {
  name: 'BatCoderSelectedLogProbs',
  run: ({ inputs: { hidden, w }, attrs, backend }) => {
    const targets = attrs['targets'] as Int32Array;
    const [logProbs, entropy, logSum] = [0, 1, 2].map(() => backend.allocate([targets.length]));
    backend.addon.logProbs(
      ...weightArgs(backend, w ?? (attrs['matrix'] as QuantizedMatrix)),
      backend.floats(hidden),
      targets,
      backend.floats(logSum),
      backend.floats(logProbs),
      backend.floats(entropy),
      null,
      null,
      null,
      false,
      null,
    );
    return [logProbs, entropy, logSum];
  },
};

const selectedGrad: NativeKernel = {
  name: 'BatCoderSelectedLogProbsGrad',
  run: ({ inputs: { dy, hidden, w, logSum }, attrs, backend }) => {
    const dHidden = backend.allocate(hidden.shape);
    const dw = attrs['weightGrad']
      ? gradientFor(backend, w.shape, attrs['sum'] as TensorInfo | null)
      : null;
    backend.addon.logProbsGrad(
      ...weightArgs(backend, w ?? (attrs['matrix'] as QuantizedMatrix)),
      backend.floats(hidden),
      attrs['targets'] as Int32Array,
      backend.floats(logSum),
      backend.floats(dy),
      backend.floats(dHidden),
      dw && dw.values,
      dw?.accumulate ?? false,
    );
    return dw ? [dHidden, dw.info] : [dHidden];
  },
};

/** The log-probabilities, and already the gradients of their sum with the given weights. */
const weighted: NativeKernel = {
  name: 'BatCoderWeightedLogProbs',
  run: ({ inputs: { hidden, w }, attrs, backend }) => {
    const targets = attrs['targets'] as Int32Array;
    const weights = attrs['weights'] as Float32Array;
    const [logProbs, entropy, logSum] = [0, 1, 2].map(() => backend.allocate([targets.length]));
    const dHidden = backend.allocate(hidden.shape);
    const dw = attrs['weightGrad']
      ? gradientFor(backend, w.shape, attrs['sum'] as TensorInfo | null)
      : null;
    const values = backend.floats(logProbs);
    backend.addon.logProbs(
      ...weightArgs(backend, w ?? (attrs['matrix'] as QuantizedMatrix)),
      backend.floats(hidden),
      targets,
      backend.floats(logSum),
      values,
      backend.floats(entropy),
      weights,
      backend.floats(dHidden),
      dw && dw.values,
      dw?.accumulate ?? false,
      attrs['shift'] as Float32Array | null,
    );
    backend.disposeData(logSum.dataId);
    const total = backend.allocate([]);
    backend.floats(total)[0] = weights.reduce((sum, weight, i) => sum + weight * values[i], 0);
    return [total, logProbs, entropy, dHidden, ...(dw ? [dw.info] : [])];
  },
};

/** The same with the weight among the attributes: tfjs saves inputs for the gradient by name, and all must be there. */
const quantized: NativeKernel = { ...selected, name: 'BatCoderQuantizedLogProbs' };

export const logProbsKernels: NativeKernel[] = [selected, quantized, selectedGrad, weighted];
