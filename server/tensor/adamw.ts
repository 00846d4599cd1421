import { keep, square, sum, tensor, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import { type AdamWCoefficients, kernelsInUse, nativeValues } from './addon.js';
import { freeArray, placeArray } from './kernelMemory.js';
import { hasKernel, runKernel } from './ops/kernel.js';
import { noteWritten } from './revisions.js';

export interface AdamWParameter {
  name: string;
  variable: Variable;
  /** Whether weight decay applies (not to gains and biases). */
  decay: boolean;
}

export interface AdamWOptions {
  lr: number;
  beta1?: number;
  beta2?: number;
  eps?: number;
  weightDecay?: number;
}

export interface StepOptions {
  /** Overrides the learning rate for this step. */
  lr?: number;
  /** Scales all gradients down so that their global norm is at most this. */
  clipNorm?: number;
}

const STEP = 'step';
const ADAMW = 'BatCoderAdamW';

/** A moment of a parameter: where the device has a kernel for the update, in its memory. */
type Moment = Float32Array | Tensor;

/**
 * Adam with decoupled weight decay (arXiv 1711.05101), bias-corrected. On `native`, `wasm` and `webgpu` the
 * variables' own memory is updated in place, which a tensor that shares it (a clone, a reshape) will see.
 */
export class AdamW {
  private readonly options: Required<AdamWOptions>;
  private readonly first = new Map<string, Moment>();
  private readonly second = new Map<string, Moment>();
  private steps = 0;

  constructor(
    private readonly params: readonly AdamWParameter[],
    options: AdamWOptions,
  ) {
    this.options = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, ...options };
    for (const { name, variable } of params) {
      this.first.set(name, momentOf(new Float32Array(variable.size)));
      this.second.set(name, momentOf(new Float32Array(variable.size)));
    }
  }

  /**
   * One update. A parameter that has no gradient in the map stays as it is.
   * @param grads by parameter name; they stay the caller's
   * @returns the global norm of the gradients before clipping
   */
  step(grads: ReadonlyMap<string, Tensor>, options: StepOptions = {}): { gradNorm: number } {
    const present = this.params.flatMap((param) => {
      const grad = grads.get(param.name);
      return grad ? [{ ...param, grad }] : [];
    });
    const gradNorm = Math.sqrt(sumOfSquares(present.map(({ grad }) => grad)));
    const { clipNorm } = options;
    const clip = clipNorm !== undefined && gradNorm > clipNorm ? clipNorm / gradNorm : 1;
    this.steps++;
    const { beta1, beta2, eps, weightDecay } = this.options;
    const lr = options.lr ?? this.options.lr;
    const rate = lr / (1 - beta1 ** this.steps);
    const rootCorrection = 1 / Math.sqrt(1 - beta2 ** this.steps);
    for (const { name, variable, decay, grad } of present) {
      const shrink = decay ? 1 - lr * weightDecay : 1;
      const [m, v] = [this.first.get(name)!, this.second.get(name)!];
      update(variable, grad, m, v, [clip, beta1, beta2, rate, rootCorrection, eps, shrink]);
    }
    return { gradNorm };
  }

  /** Everything that the next step depends on, by name; copies. */
  state(): Map<string, Float32Array> {
    const state = new Map<string, Float32Array>([[STEP, Float32Array.of(this.steps)]]);
    for (const { name } of this.params) {
      state.set(`${name}.m`, copyOf(this.first.get(name)!));
      state.set(`${name}.v`, copyOf(this.second.get(name)!));
    }
    return state;
  }

  /** @throws Error where the state lacks a parameter or its size differs */
  restore(state: ReadonlyMap<string, Float32Array>): void {
    const read = (key: string, size: number): Float32Array => {
      const values = state.get(key);
      if (values?.length !== size) {
        throw new Error(
          `The optimizer state does not fit this model: '${key}' has ${values?.length ?? 0} values, expected ${size}.`,
        );
      }
      return values;
    };
    const steps = read(STEP, 1)[0];
    const found = this.params.map(({ name, variable }) => ({
      name,
      m: read(`${name}.m`, variable.size),
      v: read(`${name}.v`, variable.size),
    }));
    this.steps = steps;
    for (const { name, m, v } of found) {
      this.first.set(name, withValues(this.first.get(name)!, m));
      this.second.set(name, withValues(this.second.get(name)!, v));
    }
  }

  /** Frees the moments; the variables stay. */
  dispose(): void {
    [...this.first.values(), ...this.second.values()].forEach(freeMoment);
    this.first.clear();
    this.second.clear();
  }
}

function momentOf(values: Float32Array): Moment {
  return hasKernel(ADAMW) ? keep(tensor(values)) : placeArray(values);
}

function freeMoment(moment: Moment): void {
  if (moment instanceof Float32Array) {
    freeArray(moment);
  } else {
    moment.dispose();
  }
}

/** The moment with these values; on a device another one. */
function withValues(moment: Moment, values: Float32Array): Moment {
  if (moment instanceof Float32Array) {
    moment.set(values);
    return moment;
  }
  moment.dispose();
  return keep(tensor(values.slice()));
}

function copyOf(moment: Moment): Float32Array {
  return moment instanceof Float32Array
    ? moment.slice()
    : Float32Array.from(moment.dataSync<'float32'>());
}

function sumOfSquares(grads: readonly Tensor[]): number {
  if (hasKernel(ADAMW)) {
    // All are on their way before the first is waited for.
    const sums = tidy(() => grads.map((grad) => sum(square(grad))));
    const total = sums.reduce((all, one) => all + one.dataSync()[0], 0);
    sums.forEach((one) => one.dispose());
    return total;
  }
  const squares = kernelsInUse()?.sumOfSquares ?? plainSumOfSquares;
  return grads.reduce((all, grad) => all + squares(nativeValues(grad)), 0);
}

function update(
  variable: Variable,
  grad: Tensor,
  m: Moment,
  v: Moment,
  coefficients: AdamWCoefficients,
): void {
  if (!(m instanceof Float32Array && v instanceof Float32Array)) {
    const inputs = { variable, grad, m: m as Tensor, v: v as Tensor };
    runKernel<Tensor>(ADAMW, inputs, { coefficients }).dispose();
    return;
  }
  const kernels = kernelsInUse();
  const values = kernels ? nativeValues(variable) : Float32Array.from(nativeValues(variable));
  (kernels?.adamw ?? plainUpdate)(values, nativeValues(grad), m, v, ...coefficients);
  if (kernels) {
    noteWritten(values);
  } else {
    const updated = tensor(values, variable.shape);
    variable.assign(updated);
    updated.dispose();
  }
}

function plainSumOfSquares(values: Float32Array): number {
  let total = 0;
  for (const value of values) {
    total += value * value;
  }
  return total;
}

function plainUpdate(
  values: Float32Array,
  grad: Float32Array,
  m: Float32Array,
  v: Float32Array,
  ...[clip, beta1, beta2, rate, rootCorrection, eps, shrink]: AdamWCoefficients
): void {
  for (let i = 0; i < values.length; i++) {
    const g = grad[i] * clip;
    m[i] += (1 - beta1) * (g - m[i]);
    v[i] += (1 - beta2) * (g * g - v[i]);
    values[i] = values[i] * shrink - (rate * m[i]) / (Math.sqrt(v[i]) * rootCorrection + eps);
  }
}
