import type { Segment } from '../../../server/tensor/segments.js';

/** Operations and their gradients in plain loops over doubles: what kernels that add up floats are compared with. */
export interface Exact {
  value: Float64Array;
  /** Of the inputs, in their order. */
  grads: Float64Array[];
}

type Values = ArrayLike<number>;

/** @param x [N, D] with D the length of `gain` */
export function exactRmsNorm(x: Values, gain: Values, eps: number, dy: Values): Exact {
  const width = gain.length;
  const value = new Float64Array(x.length);
  const dx = new Float64Array(x.length);
  const dgain = new Float64Array(width);
  for (let start = 0; start < x.length; start += width) {
    let squares = 0;
    for (let i = 0; i < width; i++) {
      squares += x[start + i] ** 2;
    }
    const scale = 1 / Math.sqrt(squares / width + eps);
    let product = 0;
    for (let i = 0; i < width; i++) {
      const at = start + i;
      value[at] = x[at] * scale * gain[i];
      dgain[i] += dy[at] * x[at] * scale;
      product += dy[at] * gain[i] * x[at];
    }
    for (let i = 0; i < width; i++) {
      const at = start + i;
      dx[at] = scale * dy[at] * gain[i] - (scale ** 3 / width) * product * x[at];
    }
  }
  return { value, grads: [dx, dgain] };
}

export function exactSwiglu(gate: Values, up: Values, dy: Values): Exact {
  const value = new Float64Array(gate.length);
  const dgate = new Float64Array(gate.length);
  const dup = new Float64Array(gate.length);
  for (let i = 0; i < gate.length; i++) {
    const sigmoid = 1 / (1 + Math.exp(-gate[i]));
    value[i] = gate[i] * sigmoid * up[i];
    dgate[i] = dy[i] * up[i] * sigmoid * (1 + gate[i] * (1 - sigmoid));
    dup[i] = dy[i] * gate[i] * sigmoid;
  }
  return { value, grads: [dgate, dup] };
}

/** @param x [N, H * headSize] with N the number of positions */
export function exactRotary(
  x: Values,
  positions: Values,
  headSize: number,
  theta: number,
  dy: Values,
): Exact {
  const value = new Float64Array(x.length);
  const dx = new Float64Array(x.length);
  const width = x.length / positions.length;
  const half = headSize / 2;
  for (let t = 0; t < positions.length; t++) {
    for (let head = 0; head < width; head += headSize) {
      for (let i = 0; i < half; i++) {
        const angle = positions[t] * theta ** ((-2 * i) / headSize);
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        const first = t * width + head + i;
        const second = first + half;
        value[first] = x[first] * cos - x[second] * sin;
        value[second] = x[second] * cos + x[first] * sin;
        dx[first] = dy[first] * cos + dy[second] * sin;
        dx[second] = dy[second] * cos - dy[first] * sin;
      }
    }
  }
  return { value, grads: [dx] };
}

/**
 * The log-probability of each target under softmax(hidden wᵀ): minus the cross-entropy; 0 where it is negative.
 * @param hidden [N, D]
 * @param w [V, D]
 * @param dy [N]
 */
export function exactLogProbs(hidden: Values, w: Values, targets: Int32Array, dy: Values): Exact {
  const width = hidden.length / targets.length;
  const vocab = w.length / width;
  const value = new Float64Array(targets.length);
  const dhidden = new Float64Array(hidden.length);
  const dw = new Float64Array(w.length);
  targets.forEach((target, t) => {
    if (target < 0) {
      return;
    }
    const logits = new Float64Array(vocab);
    for (let id = 0; id < vocab; id++) {
      for (let i = 0; i < width; i++) {
        logits[id] += hidden[t * width + i] * w[id * width + i];
      }
    }
    const top = Math.max(...logits);
    const logSum = top + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0));
    value[t] = logits[target] - logSum;
    for (let id = 0; id < vocab; id++) {
      const slope = dy[t] * ((id === target ? 1 : 0) - Math.exp(logits[id] - logSum));
      for (let i = 0; i < width; i++) {
        dhidden[t * width + i] += slope * w[id * width + i];
        dw[id * width + i] += slope * hidden[t * width + i];
      }
    }
  });
  return { value, grads: [dhidden, dw] };
}

/**
 * Causal attention, as `attention` of server/tensor/ops has it.
 * @param q [N, heads * headSize]
 * @param k [N, kvHeads * headSize]; `v`, too
 */
export function exactAttention(
  [q, k, v]: readonly Values[],
  segments: readonly Segment[],
  heads: number,
  kvHeads: number,
  dy: Values,
): Exact {
  const n = segments[segments.length - 1].end;
  const size = q.length / n / heads;
  const value = new Float64Array(q.length);
  const [dq, dk, dv] = [q, k, v].map((x) => new Float64Array(x.length));
  for (const { start, end, prefixStart, prefixEnd } of segments) {
    for (let t = start; t < end; t++) {
      const seen = [...range(prefixStart, prefixEnd), ...range(start, t + 1)];
      for (let head = 0; head < heads; head++) {
        const own = (t * heads + head) * size;
        const others = seen.map((s) => (s * kvHeads + Math.floor((head * kvHeads) / heads)) * size);
        const scores = others.map((other) => dot(q, own, k, other, size) / Math.sqrt(size));
        const top = scores.reduce((a, b) => Math.max(a, b));
        const powers = scores.map((score) => Math.exp(score - top));
        const total = powers.reduce((a, b) => a + b, 0);
        const weights = powers.map((power) => power / total);
        const slopes = others.map((other) => dot(dy, own, v, other, size));
        const mean = slopes.reduce((sum, slope, j) => sum + slope * weights[j], 0);
        others.forEach((other, j) => {
          const slope = (weights[j] * (slopes[j] - mean)) / Math.sqrt(size);
          for (let i = 0; i < size; i++) {
            value[own + i] += weights[j] * v[other + i];
            dv[other + i] += weights[j] * dy[own + i];
            dq[own + i] += slope * k[other + i];
            dk[other + i] += slope * q[own + i];
          }
        });
      }
    }
  }
  return { value, grads: [dq, dk, dv] };
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}

function dot(a: Values, startA: number, b: Values, startB: number, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) {
    sum += a[startA + i] * b[startB + i];
  }
  return sum;
}
