import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../nativeBackend.js';
import type { NativeKernel } from './kernel.js';

const SUM = 0;
const MAX = 1;
const MIN = 2;

const batchMatMul: NativeKernel = {
  name: 'BatchMatMul',
  serves: ({ a, b }) => {
    const [x, y] = [a, b] as TensorInfo[];
    const batches = [x, y].map((t) => util.sizeFromShape(t.shape.slice(0, -2)));
    return (
      x.dtype === 'float32' &&
      y.dtype === 'float32' &&
      (batches[0] === batches[1] || batches.includes(1))
    );
  },
  run: ({ inputs: { a, b }, attrs, backend }) => {
    const [transposeA, transposeB] = [Boolean(attrs['transposeA']), Boolean(attrs['transposeB'])];
    const [rows, depth] = matrix(a.shape, transposeA);
    const [depthB, columns] = matrix(b.shape, transposeB);
    util.assert(
      depth === depthB,
      () => `matMul: inner sizes differ: [${a.shape.join()}] and [${b.shape.join()}].`,
    );
    const batchA = util.sizeFromShape(a.shape.slice(0, -2));
    const batchB = util.sizeFromShape(b.shape.slice(0, -2));
    const outer = backend_util.assertAndGetBroadcastShape(
      a.shape.slice(0, -2),
      b.shape.slice(0, -2),
    );
    const y = backend.allocate([...outer, rows, columns]);
    backend.addon.gemm(
      backend.floats(a),
      backend.floats(b),
      backend.floats(y),
      rows,
      columns,
      depth,
      transposeA,
      transposeB,
      Math.max(batchA, batchB),
      batchA === 1 ? 0 : rows * depth,
      batchB === 1 ? 0 : depth * columns,
      1,
      false,
      null,
    );
    return y;
  },
};

function matrix(shape: number[], transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

/** Reductions over neighbouring axes; others need a transposition first, which tfjs's kernel does. */
function reduction(name: string, op: number, mean: boolean, axisName: string): NativeKernel {
  return {
    name,
    serves: ({ x }, attrs) => {
      const { shape, dtype } = x as TensorInfo;
      const axes = axesOf(attrs[axisName], shape);
      const size = util.sizeFromShape(shape);
      return (
        dtype === 'float32' &&
        size > 0 &&
        axes.every((axis, i) => i === 0 || axis === axes[i - 1] + 1)
      );
    },
    run: ({ inputs: { x }, attrs, backend }) =>
      reduceAxes(
        backend,
        x,
        axesOf(attrs[axisName], x.shape),
        op,
        mean,
        Boolean(attrs['keepDims']),
      ),
  };
}

function axesOf(axis: unknown, shape: number[]): number[] {
  return util.parseAxisParam(axis as number | number[], shape).sort((a, b) => a - b);
}

function reduceAxes(
  backend: NativeBackend,
  x: TensorInfo,
  axes: number[],
  op: number,
  mean: boolean,
  keepDims: boolean,
): TensorInfo {
  if (axes.length === 0) {
    return backend.alias(x, x.shape);
  }
  const [first, last] = [axes[0], axes[axes.length - 1]];
  const outer = util.sizeFromShape(x.shape.slice(0, first));
  const count = util.sizeFromShape(x.shape.slice(first, last + 1));
  const inner = util.sizeFromShape(x.shape.slice(last + 1));
  const shape = x.shape.flatMap((size, d) =>
    d < first || d > last ? [size] : keepDims ? [1] : [],
  );
  const y = backend.allocate(shape);
  backend.addon.reduce(
    op,
    backend.floats(x),
    backend.floats(y),
    outer,
    count,
    inner,
    mean ? 1 / count : 1,
  );
  return y;
}

export const matrixKernels: NativeKernel[] = [
  batchMatMul,
  reduction('Sum', SUM, false, 'axis'),
  reduction('Mean', SUM, true, 'axis'),
  reduction('Max', MAX, false, 'reductionIndices'),
  reduction('Min', MIN, false, 'axis'),
];
