import {
  add,
  matMul,
  mul,
  keep,
  sqrt,
  square,
  sub,
  sum,
  tensor,
  tidy,
  transpose,
  div,
  type Scalar,
  type Tensor,
  type Tensor2D,
  type Variable,
} from '@tensorflow/tfjs-core';

export interface MuonParameter {
  name: string;
  /** [O, I] a matrix between hidden states; embeddings, gains and biases belong to AdamW. */
  variable: Variable;
}

export interface MuonOptions {
  lr: number;
  momentum?: number;
  weightDecay?: number;
}

/** Of the quintic iteration: steep at 0, and near 1 for all singular values after five rounds. */
const QUINTIC = [3.4445, -4.775, 2.0315] as const;
const ROUNDS = 5;
/** An update's elements get the root mean square that AdamW's usually have, so one rate serves both. */
const ADAMW_RMS = 0.2;

/**
 * Muon: momentum, made orthogonal by a Newton-Schulz iteration (Jordan et al. 2024), scaled as in
 * "Muon is Scalable for LLM Training" (arXiv 2502.16982, section 2.2).
 */
export class Muon {
  private readonly options: Required<MuonOptions>;
  private readonly momenta = new Map<string, Tensor2D>();

  constructor(
    private readonly params: readonly MuonParameter[],
    options: MuonOptions,
  ) {
    this.options = { momentum: 0.95, weightDecay: 0.01, ...options };
    for (const { name, variable } of params) {
      this.setMomentum(name, new Float32Array(variable.size), variable.shape);
    }
  }

  /** One update; a parameter without a gradient stays as it is. The gradients stay the caller's. */
  step(grads: ReadonlyMap<string, Tensor>, lr = this.options.lr): void {
    const { momentum, weightDecay } = this.options;
    for (const { name, variable } of this.params) {
      const grad = grads.get(name) as Tensor2D | undefined;
      if (grad === undefined) {
        continue;
      }
      const before = this.momenta.get(name)!;
      const velocity = tidy(() => keep(add<Tensor2D>(mul(before, momentum), grad)));
      const next = tidy(() => {
        // Nesterov's look ahead.
        const direction = orthogonal(add(grad, mul<Tensor2D>(velocity, momentum)));
        const size = ADAMW_RMS * Math.sqrt(Math.max(...variable.shape));
        return sub(mul(variable, 1 - lr * weightDecay), mul(direction, lr * size));
      });
      variable.assign(next);
      next.dispose();
      before.dispose();
      this.momenta.set(name, velocity);
    }
  }

  /** Everything that the next step depends on, by name; copies. */
  state(): Map<string, Float32Array> {
    return new Map(
      [...this.momenta].map(([name, m]) => [name, Float32Array.from(m.dataSync<'float32'>())]),
    );
  }

  /** @throws Error where the state lacks a parameter or its size differs */
  restore(state: ReadonlyMap<string, Float32Array>): void {
    for (const { name, variable } of this.params) {
      const values = state.get(name);
      if (values?.length !== variable.size) {
        throw new Error(`The optimizer state does not fit this model: '${name}'.`);
      }
      this.momenta.get(name)!.dispose();
      this.setMomentum(name, values.slice(), variable.shape);
    }
  }

  /** Frees the momenta; the variables stay. */
  dispose(): void {
    this.momenta.forEach((momentum) => momentum.dispose());
    this.momenta.clear();
  }

  private setMomentum(name: string, values: Float32Array, shape: number[]): void {
    this.momenta.set(name, keep(tensor(values, shape as [number, number])));
  }
}

/**
 * About U Vᵀ of a matrix's singular value decomposition: singular values between 0.7 and 1.2.
 * @param g [O, I]
 * @returns [O, I]
 */
export function orthogonal(g: Tensor2D): Tensor2D {
  const [a, b, c] = QUINTIC;
  return tidy(() => {
    const tall = g.shape[0] > g.shape[1];
    let x: Tensor2D = tall ? transpose(g) : g; // [S, L], the smaller side first
    x = div(x, add(sqrt(sum<Scalar>(square(x))), 1e-7));
    for (let round = 0; round < ROUNDS; round++) {
      const square: Tensor2D = matMul(x, x, false, true); // [S, S]
      const both: Tensor2D = add(mul(square, b), mul(matMul(square, square), c));
      x = add(mul(x, a), matMul(both, x));
    }
    return tall ? transpose(x) : x;
  });
}
