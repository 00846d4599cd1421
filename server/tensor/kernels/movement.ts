import { backend_util, slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../nativeBackend.js';
import type { NativeKernel } from './kernel.js';
import { collapse, stridesOf } from './shapes.js';

// Kernels that move data and compute nothing. The first three move none at all.

const identity: NativeKernel = {
  name: 'Identity',
  serves: ({ x }) => (x as TensorInfo).dtype !== 'complex64',
  run: ({ inputs: { x }, backend }) => backend.alias(x, x.shape),
};

const reshape: NativeKernel = {
  name: 'Reshape',
  serves: ({ x }) => (x as TensorInfo).dtype !== 'complex64',
  run: ({ inputs: { x }, attrs, backend }) => {
    const size = util.sizeFromShape(x.shape);
    const shape = util.inferFromImplicitShape(attrs['shape'] as number[], size);
    util.assert(
      util.sizeFromShape(shape) === size,
      () => `Cannot reshape [${x.shape.join()}] to [${shape.join()}].`,
    );
    return backend.alias(x, shape);
  },
};

const expandDims: NativeKernel = {
  name: 'ExpandDims',
  serves: ({ input }) => (input as TensorInfo).dtype !== 'complex64',
  run: ({ inputs: { input }, attrs, backend }) => {
    const shape = [...input.shape];
    const dim = attrs['dim'] as number;
    shape.splice(dim < 0 ? shape.length + 1 + dim : dim, 0, 1);
    return backend.alias(input, shape);
  },
};

const transpose: NativeKernel = {
  name: 'Transpose',
  run: ({ inputs: { x }, attrs, backend }) => {
    const perm = attrs['perm'] as number[];
    const shape = perm.map((axis) => x.shape[axis]);
    const from = stridesOf(x.shape);
    const y = backend.allocate(shape);
    const layout = collapse(
      shape,
      perm.map((axis) => from[axis]),
      stridesOf(shape),
    );
    backend.addon.copy(backend.floats(x), 0, backend.floats(y), 0, layout);
    return y;
  },
};

function copyRegion(
  backend: NativeBackend,
  x: TensorInfo,
  begin: number[],
  shape: number[],
): TensorInfo {
  const y = backend.allocate(shape);
  if (util.sizeFromShape(shape) > 0) {
    const strides = stridesOf(x.shape);
    const offset = begin.reduce((sum, at, d) => sum + at * strides[d], 0);
    backend.addon.copy(
      backend.floats(x),
      offset,
      backend.floats(y),
      0,
      collapse(shape, strides, stridesOf(shape)),
    );
  }
  return y;
}

const slice: NativeKernel = {
  name: 'Slice',
  run: ({ inputs: { x }, attrs, backend }) => {
    const [begin, size] = slice_util.parseSliceParams(
      x,
      attrs['begin'] as number[],
      attrs['size'] as number[],
    );
    slice_util.assertParamsValid(x, begin, size);
    return copyRegion(backend, x, begin, size);
  },
};

const splitV: NativeKernel = {
  name: 'SplitV',
  run: ({ inputs: { x }, attrs, backend }) => {
    const axis = util.parseAxisParam(attrs['axis'] as number, x.shape)[0];
    const sizes = backend_util.prepareSplitSize(
      x,
      attrs['numOrSizeSplits'] as number | number[],
      axis,
    );
    const begin = x.shape.map(() => 0);
    return sizes.map((size) => {
      const shape = x.shape.map((whole, d) => (d === axis ? size : whole));
      const part = copyRegion(backend, x, begin, shape);
      begin[axis] += size;
      return part;
    });
  },
};

const concat: NativeKernel = {
  name: 'Concat',
  run: ({ inputs, attrs, backend }) => {
    const parts = Object.values(inputs);
    const axis = util.parseAxisParam(attrs['axis'] as number, parts[0].shape)[0];
    const shape = backend_util.computeOutShape(
      parts.map((part) => part.shape),
      axis,
    );
    const y = backend.allocate(shape);
    const strides = stridesOf(shape);
    let at = 0;
    for (const part of parts) {
      if (util.sizeFromShape(part.shape) > 0) {
        const layout = collapse(part.shape, stridesOf(part.shape), strides);
        backend.addon.copy(backend.floats(part), 0, backend.floats(y), at * strides[axis], layout);
      }
      at += part.shape[axis];
    }
    return y;
  },
};

/** Repeats by strides of 0: each dimension becomes (repeats, size). */
const tile: NativeKernel = {
  name: 'Tile',
  serves: ({ x }) => {
    const { dtype, shape } = x as TensorInfo;
    return dtype === 'float32' && shape.length <= 3;
  },
  run: ({ inputs: { x }, attrs, backend }) => {
    const reps = attrs['reps'] as number[];
    const strides = stridesOf(x.shape);
    const y = backend.allocate(x.shape.map((size, d) => size * reps[d]));
    const dims = x.shape.flatMap((size, d) => [reps[d], size]);
    const from = x.shape.flatMap((_, d) => [0, strides[d]]);
    backend.addon.copy(
      backend.floats(x),
      0,
      backend.floats(y),
      0,
      collapse(dims, from, stridesOf(dims)),
    );
    return y;
  },
};

const fill: NativeKernel = {
  name: 'Fill',
  serves: (_inputs, attrs) =>
    typeof attrs['value'] === 'number' && (attrs['dtype'] ?? 'float32') === 'float32',
  run: ({ attrs, backend }) => {
    const y = backend.allocate(attrs['shape'] as number[]);
    backend.floats(y).fill(attrs['value'] as number);
    return y;
  },
};

function like(name: string, value: number): NativeKernel {
  return {
    name,
    run: ({ inputs: { x }, backend }) => {
      const y = backend.allocate(x.shape);
      backend.floats(y).fill(value);
      return y;
    },
  };
}

const gather: NativeKernel = {
  name: 'GatherV2',
  serves: ({ x, indices }, attrs) => {
    const [table, ids] = [x, indices] as TensorInfo[];
    return (
      table.dtype === 'float32' && ids.dtype === 'int32' && !attrs['axis'] && !attrs['batchDims']
    );
  },
  run: ({ inputs: { x, indices }, backend }) => {
    const y = backend.allocate([...indices.shape, ...x.shape.slice(1)]);
    const width = util.sizeFromShape(x.shape.slice(1));
    backend.addon.embedding(
      backend.floats(x),
      backend.values(indices) as Int32Array,
      backend.floats(y),
      width,
    );
    return y;
  },
};

const segmentSum: NativeKernel = {
  name: 'UnsortedSegmentSum',
  serves: ({ x, segmentIds }) => {
    const [values, ids] = [x, segmentIds] as TensorInfo[];
    return values.dtype === 'float32' && ids.dtype === 'int32' && ids.shape.length === 1;
  },
  run: ({ inputs: { x, segmentIds }, attrs, backend }) => {
    const y = backend.allocate([attrs['numSegments'] as number, ...x.shape.slice(1)]);
    const sums = backend.floats(y);
    sums.fill(0);
    const width = util.sizeFromShape(x.shape.slice(1));
    backend.addon.embeddingGrad(
      backend.floats(x),
      backend.values(segmentIds) as Int32Array,
      sums,
      width,
    );
    return y;
  },
};

export const movementKernels: NativeKernel[] = [
  identity,
  reshape,
  expandDims,
  transpose,
  slice,
  splitV,
  concat,
  tile,
  fill,
  like('ZerosLike', 0),
  like('OnesLike', 1),
  gather,
  segmentSum,
];
