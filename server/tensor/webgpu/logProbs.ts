import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { QuantizedMatrix } from '../weights.js';
import type { WebgpuBackend } from './backend.js';
import { gemm, type HalfMatrix } from './gemm.js';
import { overWorkgroup, type WebgpuKernel } from './kernel.js';
import { type LogitsBlock, scoreLogits, slopesOfLogits } from './logits.js';
import { halvesOf } from './quantized.js';
import { TargetRows } from './rows.js';

/** Logits that exist at a time: 64 MiB of them. Rows are taken in blocks of as many as that holds. */
const LOGITS = 1 << 24;
const THREADS = 256;

/** The output layer over the rows that have a target. */
interface OutputLayer {
  backend: WebgpuBackend;
  /** Of the rows that have a target. */
  hidden: TensorInfo;
  rows: TargetRows;
  w: TensorInfo | HalfMatrix;
  vocab: number;
  shift: TensorInfo | null;
}

function outputLayer(
  backend: WebgpuBackend,
  { hidden, w }: Record<string, TensorInfo>,
  attrs: Record<string, unknown>,
): OutputLayer {
  const rows = new TargetRows(backend, attrs['targets'] as Int32Array);
  const matrix = attrs['matrix'] as QuantizedMatrix | undefined;
  const vocab = (w ?? matrix).shape[0];
  const shift = (attrs['shift'] as Float32Array | null | undefined) ?? null;
  return {
    backend,
    hidden: rows.gather(hidden),
    rows,
    w: w ?? halvesOf(backend, matrix!),
    vocab,
    shift: shift && rows.use(backend.makeTensorInfo([vocab], 'float32', shift)),
  };
}

/** Computes the logits a block of rows at a time, and has something done with them. */
function eachBlock(
  { backend, hidden, rows, w, vocab, shift }: OutputLayer,
  work: (block: LogitsBlock) => void,
): void {
  const most = Math.max(1, Math.min(rows.count, Math.floor(LOGITS / vocab)));
  const logits = rows.use(backend.allocate([most, vocab]));
  const k = hidden.shape[1];
  for (let start = 0; start < rows.count; start += most) {
    const m = Math.min(most, rows.count - start);
    gemm(backend, {
      a: hidden,
      startA: start * k,
      b: w,
      transposeB: true,
      c: logits,
      m,
      n: vocab,
      k,
    });
    work({ logits, targets: rows.targets, shift, start, rows: m, vocab });
  }
}

/** Where gradients go. */
interface Gradients {
  /** Of the rows that have a target. */
  dHidden: TensorInfo;
  dw: TensorInfo | null;
  /** Whether dw is added to what is there. */
  accumulate: boolean;
}

function gradientsFor(
  { backend, hidden, vocab }: OutputLayer,
  { weightGrad, sum }: { weightGrad?: boolean; sum?: TensorInfo | null },
): Gradients {
  const shape = [vocab, hidden.shape[1]];
  const dHidden = backend.allocate(hidden.shape);
  if (!weightGrad) {
    return { dHidden, dw: null, accumulate: false };
  }
  // In place, unless another tensor shares the sum's data.
  if (!sum || backend.refCount(sum.dataId) > 1) {
    return { dHidden, dw: backend.allocate(shape), accumulate: false };
  }
  backend.changed(sum);
  return { dHidden, dw: backend.alias(sum, shape), accumulate: true };
}

/** Adds what a block of the logits' derivatives gives. */
function addGradients(
  { backend, hidden, w }: OutputLayer,
  { logits, start, rows, vocab }: LogitsBlock,
  { dHidden, dw, accumulate }: Gradients,
): void {
  const width = hidden.shape[1];
  const at = start * width;
  gemm(backend, { a: logits, b: w, c: dHidden, startC: at, m: rows, n: width, k: vocab });
  if (dw) {
    gemm(backend, {
      a: logits,
      transposeA: true,
      b: hidden,
      startB: at,
      c: dw,
      accumulate: accumulate || start > 0,
      m: vocab,
      n: width,
      k: rows,
    });
  }
}

type Run = WebgpuKernel['run'];

/**
 * The same for batches without any target, too: zeros.
 * @param shapes of the results before the weight's gradient
 */
function orZeros(
  shapes: (tokens: number, hidden: TensorInfo) => number[][],
  run: (...call: Parameters<Run>) => TensorInfo[],
): Run {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const targets = attrs['targets'] as Int32Array;
    if (targets.some((target) => target >= 0)) {
      return run(call);
    }
    const { weightGrad, sum } = attrs as { weightGrad?: boolean; sum?: TensorInfo | null };
    const zeros = (shape: number[]): TensorInfo =>
      backend.makeTensorInfo(shape, 'float32', new Float32Array(util.sizeFromShape(shape)));
    const results = shapes(targets.length, inputs['hidden']).map(zeros);
    const { w } = inputs;
    return weightGrad ? [...results, sum ? backend.alias(sum, w.shape) : zeros(w.shape)] : results;
  };
}

const selected: WebgpuKernel = {
  name: 'BatCoderSelectedLogProbs',
  run: orZeros(
    (tokens) => [[tokens], [tokens], [tokens]],
    ({ inputs, attrs, backend }) => {
      const layer = outputLayer(backend, inputs, attrs);
      const { rows } = layer;
      const [logProbs, entropy, logSum] = [0, 1, 2].map(() => backend.allocate([rows.count]));
      eachBlock(layer, (block) => scoreLogits(backend, block, { logProbs, entropy, logSum }));
      const results = [logProbs, entropy, logSum].map((each) => rows.scatter(each));
      rows.dispose();
      return results;
    },
  ),
};

const selectedGrad: WebgpuKernel = {
  name: 'BatCoderSelectedLogProbsGrad',
  run: orZeros(
    (_tokens, hidden) => [hidden.shape],
    ({ inputs, attrs, backend }) => {
      const layer = outputLayer(backend, inputs, attrs);
      const { rows } = layer;
      const [slopes, logSum] = [inputs['dy'], inputs['logSum']].map((each) => rows.gather(each));
      const gradients = gradientsFor(layer, attrs);
      eachBlock(layer, (block) => {
        slopesOfLogits(backend, block, { logSum, slopes });
        addGradients(layer, block, gradients);
      });
      const dHidden = rows.scatter(gradients.dHidden);
      rows.dispose();
      return gradients.dw ? [dHidden, gradients.dw] : [dHidden];
    },
  ),
};

const DOT = `
  struct Params { count: u32 }
  @group(0) @binding(0) var<storage, read> x: array<f32>;
  @group(0) @binding(1) var<storage, read> y: array<f32>;
  @group(0) @binding(2) var<storage, read_write> result: array<f32>;
  @group(0) @binding(3) var<uniform> p: Params;
  ${overWorkgroup('sum', THREADS)}
  @compute @workgroup_size(${THREADS})
  fn main(@builtin(local_invocation_index) thread: u32) {
    var sum = 0.0;
    for (var i = thread; i < p.count; i += ${THREADS}u) { sum += x[i] * y[i]; }
    let all = sumOver(sum, thread);
    if (thread == 0u) { result[0] = all; }
  }`;

/** The log-probabilities, and already the gradients of their sum with the given weights: the logits once. */
const weighted: WebgpuKernel = {
  name: 'BatCoderWeightedLogProbs',
  run: orZeros(
    (tokens, hidden) => [[], [tokens], [tokens], hidden.shape],
    ({ inputs, attrs, backend }) => {
      const layer = outputLayer(backend, inputs, attrs);
      const { rows } = layer;
      const weights = attrs['weights'] as Float32Array;
      const all = rows.use(backend.makeTensorInfo([weights.length], 'float32', weights));
      const slopes = rows.gather(all);
      const [logProbs, entropy, logSum] = [0, 1, 2].map(() => backend.allocate([rows.count]));
      const gradients = gradientsFor(layer, attrs);
      eachBlock(layer, (block) => {
        scoreLogits(backend, block, { logProbs, entropy, logSum });
        slopesOfLogits(backend, block, { logSum, slopes });
        addGradients(layer, block, gradients);
      });
      const total = backend.allocate([]);
      backend.dispatch({
        key: 'dot',
        code: () => DOT,
        buffers: [slopes, logProbs, total],
        ints: [rows.count],
        workgroups: [1],
      });
      const results = [logProbs, entropy, gradients.dHidden].map((each) => rows.scatter(each));
      rows.use(logSum);
      rows.dispose();
      return [total, ...results, ...(gradients.dw ? [gradients.dw] : [])];
    },
  ),
};

/** The same with the weight among the attributes: a tape saves inputs by name, and all must be there. */
const quantized: WebgpuKernel = { ...selected, name: 'BatCoderQuantizedLogProbs' };

export const logProbsKernels: WebgpuKernel[] = [selected, quantized, selectedGrad, weighted];
