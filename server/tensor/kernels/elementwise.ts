import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type NativeKernel } from './kernel.js';
import { broadcast } from './shapes.js';

// The numbers are those of the enumerations in native/kernels.h.
const BINARY = { Add: 0, Sub: 1, Multiply: 2, RealDiv: 3, Maximum: 4, Minimum: 5 };
const COMPARE = { Greater: 0, GreaterEqual: 1, Less: 2, LessEqual: 3, Equal: 4, NotEqual: 5 };
const UNARY = {
  Neg: 0,
  Exp: 1,
  Log: 2,
  Sqrt: 3,
  Rsqrt: 4,
  Square: 5,
  Abs: 6,
  Sigmoid: 7,
  Tanh: 8,
  Reciprocal: 9,
};
const CLIP = 10;
const ADD = BINARY.Add;

const binary = Object.entries(BINARY).map(
  ([name, op]): NativeKernel => ({
    name,
    run: ({ inputs: { a, b }, backend }) => {
      const { shape, layout } = broadcast(a.shape, b.shape);
      const y = backend.allocate(shape);
      backend.addon.binary(op, layout, backend.floats(a), backend.floats(b), backend.floats(y));
      return y;
    },
  }),
);

const compare = Object.entries(COMPARE).map(
  ([name, op]): NativeKernel => ({
    name,
    run: ({ inputs: { a, b }, backend }) => {
      const { shape, layout } = broadcast(a.shape, b.shape);
      const y = new Uint8Array(util.sizeFromShape(shape));
      backend.addon.compare(op, layout, backend.floats(a), backend.floats(b), y);
      return backend.makeTensorInfo(shape, 'bool', y);
    },
  }),
);

const unary = Object.entries(UNARY).map(
  ([name, op]): NativeKernel => ({
    name,
    run: ({ inputs: { x }, backend }) => {
      const y = backend.allocate(x.shape);
      backend.addon.unary(op, backend.floats(x), backend.floats(y), 0, 0);
      return y;
    },
  }),
);

const clip: NativeKernel = {
  name: 'ClipByValue',
  run: ({ inputs: { x }, attrs, backend }) => {
    const y = backend.allocate(x.shape);
    backend.addon.unary(
      CLIP,
      backend.floats(x),
      backend.floats(y),
      attrs['clipValueMin'] as number,
      attrs['clipValueMax'] as number,
    );
    return y;
  },
};

const addN: NativeKernel = {
  name: 'AddN',
  run: ({ inputs, backend }) => {
    const terms = Object.values(inputs);
    const y = backend.allocate(terms[0].shape);
    const total = backend.floats(y);
    const layout = Int32Array.of(total.length, 1, 1);
    total.set(backend.floats(terms[0]));
    for (const term of terms.slice(1)) {
      backend.addon.binary(ADD, layout, total, backend.floats(term), total);
    }
    return y;
  },
};

const select: NativeKernel = {
  name: 'Select',
  serves: ({ condition, t, e }) => {
    const [c, a, b] = [condition, t, e] as TensorInfo[];
    return a.dtype === 'float32' && b.dtype === 'float32' && util.arraysEqual(c.shape, a.shape);
  },
  run: ({ inputs: { condition, t, e }, backend }) => {
    const y = backend.allocate(t.shape);
    backend.addon.select(
      backend.values(condition) as Uint8Array,
      backend.floats(t),
      backend.floats(e),
      backend.floats(y),
    );
    return y;
  },
};

const logicalAnd: NativeKernel = {
  name: 'LogicalAnd',
  serves: ({ a, b }) => util.arraysEqual((a as TensorInfo).shape, (b as TensorInfo).shape),
  run: ({ inputs: { a, b }, backend }) => {
    const y = new Uint8Array(util.sizeFromShape(a.shape));
    backend.addon.logicalAnd(backend.values(a) as Uint8Array, backend.values(b) as Uint8Array, y);
    return backend.makeTensorInfo(a.shape, 'bool', y);
  },
};

const logicalNot: NativeKernel = {
  name: 'LogicalNot',
  serves: () => true,
  run: ({ inputs: { x }, backend }) => {
    const y = new Uint8Array(util.sizeFromShape(x.shape));
    backend.addon.logicalNot(backend.values(x) as Uint8Array, y);
    return backend.makeTensorInfo(x.shape, 'bool', y);
  },
};

const cast: NativeKernel = {
  name: 'Cast',
  serves: ({ x }, attrs) => {
    const { dtype } = x as TensorInfo;
    return (
      dtype === attrs['dtype'] ||
      (attrs['dtype'] === 'float32' && (dtype === 'bool' || dtype === 'int32'))
    );
  },
  run: ({ inputs: { x }, attrs, backend }) => {
    if (x.dtype === attrs['dtype']) {
      return backend.alias(x, x.shape);
    }
    const y = backend.allocate(x.shape);
    if (x.dtype === 'bool') {
      backend.addon.bytesToFloats(backend.values(x) as Uint8Array, backend.floats(y));
    } else {
      backend.addon.intsToFloats(backend.values(x) as Int32Array, backend.floats(y));
    }
    return y;
  },
};

const softmax: NativeKernel = {
  name: 'Softmax',
  serves: ({ logits }, attrs) => {
    const { shape, dtype } = logits as TensorInfo;
    return dtype === 'float32' && attrs['dim'] === shape.length - 1;
  },
  run: ({ inputs: { logits }, backend }) => {
    const y = backend.allocate(logits.shape);
    backend.addon.softmax(
      backend.floats(logits),
      backend.floats(y),
      logits.shape[logits.shape.length - 1],
      false,
    );
    return y;
  },
};

const logSoftmax: NativeKernel = {
  name: 'LogSoftmax',
  serves: ({ logits }, attrs) => {
    const { shape, dtype } = logits as TensorInfo;
    return dtype === 'float32' && attrs['axis'] === shape.length - 1;
  },
  run: ({ inputs: { logits }, backend }) => {
    const y = backend.allocate(logits.shape);
    backend.addon.softmax(
      backend.floats(logits),
      backend.floats(y),
      logits.shape[logits.shape.length - 1],
      true,
    );
    return y;
  },
};

export const elementwiseKernels: NativeKernel[] = [
  ...binary,
  ...compare,
  ...unary,
  clip,
  addN,
  select,
  logicalAnd,
  logicalNot,
  cast,
  softmax,
  logSoftmax,
];
