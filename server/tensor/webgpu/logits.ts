import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from './backend.js';
import { overWorkgroup, rowEntry } from './kernel.js';

const THREADS = 128;

/** A block of logits [rows, vocab], the first of which is row `start` of the per-row tensors. */
export interface LogitsBlock {
  logits: TensorInfo;
  targets: TensorInfo;
  /** [vocab], added to the logits; null: nothing. */
  shift: TensorInfo | null;
  start: number;
  rows: number;
  vocab: number;
}

/** What both kernels begin with; the shift, where there is one, comes after their own `count` buffers. */
const inputs = (shifted: boolean, count: number): string => `
  struct Params { rows: u32, vocab: u32, start: u32 }
  @group(0) @binding(0) var<storage, read_write> logits: array<f32>;
  @group(0) @binding(1) var<storage, read> targets: array<i32>;
  ${shifted ? `@group(0) @binding(${count + 2}) var<storage, read> shift: array<f32>;` : ''}
  @group(0) @binding(${count + (shifted ? 3 : 2)}) var<uniform> p: Params;
  fn logit(row: u32, id: u32) -> f32 { return logits[row * p.vocab + id]${shifted ? ' + shift[id]' : ''}; }`;

const scoresCode = (shifted: boolean): string => `
  ${inputs(shifted, 3)}
  @group(0) @binding(2) var<storage, read_write> logProbs: array<f32>;
  @group(0) @binding(3) var<storage, read_write> entropy: array<f32>;
  @group(0) @binding(4) var<storage, read_write> logSum: array<f32>;
  ${overWorkgroup('max', THREADS)}
  ${overWorkgroup('sum', THREADS)}
  ${rowEntry(THREADS)}
    var largest = -3e38;
    for (var id = thread; id < p.vocab; id += ${THREADS}u) { largest = max(largest, logit(row, id)); }
    let top = maxOver(largest, thread);
    var weight = 0.0;
    var weighted = 0.0;
    for (var id = thread; id < p.vocab; id += ${THREADS}u) {
      let below = logit(row, id) - top;
      weight += exp(below);
      weighted += exp(below) * below;
    }
    let total = sumOver(weight, thread);
    let mean = sumOver(weighted, thread) / total;
    if (thread == 0u) {
      let at = p.start + row;
      logProbs[at] = logit(row, u32(targets[at])) - top - log(total);
      entropy[at] = log(total) - mean;
      logSum[at] = top + log(total);
    }
  }`;

const slopesCode = (shifted: boolean): string => `
  ${inputs(shifted, 2)}
  @group(0) @binding(2) var<storage, read> logSum: array<f32>;
  @group(0) @binding(3) var<storage, read> slopes: array<f32>;
  ${rowEntry(THREADS)}
    let at = p.start + row;
    let slope = slopes[at];
    for (var id = thread; id < p.vocab; id += ${THREADS}u) {
      let here = select(0.0, 1.0, id == u32(targets[at]));
      logits[row * p.vocab + id] = slope * (here - exp(logit(row, id) - logSum[at]));
    }
  }`;

/** Of each row the log-probability of its target, the entropy and the logarithm of the softmax's sum. */
export function scoreLogits(
  backend: WebgpuBackend,
  block: LogitsBlock,
  { logProbs, entropy, logSum }: Record<'logProbs' | 'entropy' | 'logSum', TensorInfo>,
): void {
  run(backend, block, 'scoreLogits', scoresCode, [logProbs, entropy, logSum]);
}

/** Puts in the place of the logits the derivative of the sum of slope * log-probability by them. */
export function slopesOfLogits(
  backend: WebgpuBackend,
  block: LogitsBlock,
  { logSum, slopes }: Record<'logSum' | 'slopes', TensorInfo>,
): void {
  run(backend, block, 'slopesOfLogits', slopesCode, [logSum, slopes]);
}

function run(
  backend: WebgpuBackend,
  { logits, targets, shift, start, rows, vocab }: LogitsBlock,
  name: string,
  code: (shifted: boolean) => string,
  own: TensorInfo[],
): void {
  backend.dispatch({
    key: `${name} ${shift !== null}`,
    code: () => code(shift !== null),
    buffers: [logits, targets, ...own, ...(shift ? [shift] : [])],
    ints: [rows, vocab, start],
    workgroups: backend.grid(rows),
  });
}
