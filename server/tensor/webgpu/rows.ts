import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from './backend.js';
import { rowEntry } from './kernel.js';

const THREADS = 64;

const PICK = `
  struct Params { rows: u32, width: u32 }
  @group(0) @binding(0) var<storage, read> x: array<f32>;
  @group(0) @binding(1) var<storage, read> indices: array<i32>;
  @group(0) @binding(2) var<storage, read_write> y: array<f32>;
  @group(0) @binding(3) var<uniform> p: Params;
  ${rowEntry(THREADS)}
    let source = indices[row];
    for (var i = thread; i < p.width; i += ${THREADS}u) {
      var value = 0.0;
      if (source >= 0) { value = x[u32(source) * p.width + i]; }
      y[row * p.width + i] = value;
    }
  }`;

/** The rows of x at these places, and zeros for a negative one: [indices, width]. */
function pickRows(
  backend: WebgpuBackend,
  x: TensorInfo,
  indices: Int32Array,
  shape: number[],
): TensorInfo {
  const y = backend.allocate(shape);
  const places = backend.integers(indices);
  backend.dispatch({
    key: 'pickRows',
    code: () => PICK,
    buffers: [x, places, y],
    ints: [indices.length, shape.slice(1).reduce((a, b) => a * b, 1)],
    workgroups: backend.grid(indices.length),
  });
  backend.discard(places);
  return y;
}

/** The rows of a batch that have a target, brought together where others are among them. */
export class TargetRows {
  /** [count] the targets. */
  readonly targets: TensorInfo;
  readonly count: number;
  private readonly kept: Int32Array;
  private readonly used: TensorInfo[] = [];

  /** @param all of every row; negative: none */
  constructor(
    private readonly backend: WebgpuBackend,
    private readonly all: Int32Array,
  ) {
    this.kept = Int32Array.from(all.keys()).filter((row) => all[row] >= 0);
    this.count = this.kept.length;
    this.targets = this.use(backend.integers(all.filter((target) => target >= 0)));
  }

  /** [N, ...] to [count, ...]. */
  gather(x: TensorInfo): TensorInfo {
    return this.count === this.all.length
      ? x
      : this.use(pickRows(this.backend, x, this.kept, [this.count, ...x.shape.slice(1)]));
  }

  /** [count, ...] to [N, ...], with zeros for the rows without a target; x itself is used up. */
  scatter(x: TensorInfo): TensorInfo {
    if (this.count === this.all.length) {
      return x;
    }
    const places = new Int32Array(this.all.length).fill(-1);
    this.kept.forEach((row, place) => (places[row] = place));
    return pickRows(this.backend, this.use(x), places, [this.all.length, ...x.shape.slice(1)]);
  }

  /** A tensor that goes when these rows are done with. */
  use(tensor: TensorInfo): TensorInfo {
    this.used.push(tensor);
    return tensor;
  }

  dispose(): void {
    this.backend.discard(...this.used);
  }
}
